"""What the shipped maps make: each event of each case is valid by the schema of its type, as ajv reads it, and there is a case of
every type that an adapter can make of what is sent."""
import collections
import os
import sys
import unittest
from pathlib import Path

import kit

sys.path[:0] = [os.path.join(kit.TOP, "tests", "cases")]

import check  # noqa: E402
from test_asyncapi import ajv, load  # noqa: E402

ELSEWHERE = {"event.retracted"}  # weir retranslate makes it: tests/flow/test_retranslate.py


class MadeEvents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool = os.path.join(kit.BUILD, "tests", "cases", "translate_case")
        cls.made = [(message, event) for folder, messages in check.cases().items()
                    for message, result in zip(messages, check.translate(tool, Path(kit.TOP, "adapters"), folder.name, messages))
                    for event in result["events"]]

    def test_they_are_valid(self):
        """CloudEvents row 1."""
        said = ajv([event for _, event in self.made])
        wrong = collections.Counter(f"{message.parent.name}/{message.stem}: {event['type']}: {what}"
                                    for (message, event), what in zip(self.made, said) if what != "ok")
        self.assertEqual(dict(wrong), {})

    def test_there_is_one_of_every_type(self):
        made = {event["type"] for _, event in self.made}
        by_adapters = {row["type"] for row in load("types.json")["types"] if "adapter" in row["by"] and "sender" not in row}
        self.assertGreater(len(by_adapters), 90)
        self.assertEqual(by_adapters - made - ELSEWHERE, set())


if __name__ == "__main__":
    unittest.main()
