"""Messages as they were received, to an MLLP receiver, where the stream stands on Kafka: three partitions, found again
by their sums."""
import unittest

import kit
import mllp
import node
from receiver import Receiver
from test_adapter import admit

MESSAGES = 60


def setUpModule():
    global nodes
    nodes = node.Kafka()
    unittest.addModuleCleanup(nodes.close)
    nodes.start()


class OriginalsOnKafka(unittest.TestCase):
    def test_each_message_once_byte_for_byte(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        site = kit.Site(routes={"all": {"keep": ["all", "data.care.legal_status"], "identifiers": True, "restricted": True}})
        self.addCleanup(site.close)
        site.use_kafka(nodes.address, plaintext=True)
        site.config["stream"]["record_max"] = "8MiB"
        site.config["sources"]["test-pas"]["mllp"]["frame_max"] = "2MiB"
        site.config["consumers"]["beds"] = {"route": "all", "kind": "mllp", "format": "original",
                                            "mllp": {"to": f"127.0.0.1:{receiver.port}", "connections": 2}}
        site.make_topics()
        site.start()
        client = mllp.Client("127.0.0.1", site.port)
        self.addCleanup(client.close)
        sent = [admit(f"k{i}", n=i + 1) for i in range(MESSAGES)]
        for message in sent:
            self.assertEqual(client.ask(message)[0], "AA")
        kit.wait_until(lambda: set(receiver.messages()) >= set(sent), 60,
                       lambda: f"{len(set(receiver.messages()))} of {MESSAGES}; {site.weir('status').stdout}")
        self.assertEqual(sorted(receiver.messages()), sorted(sent))
        self.assertEqual(kit.parked(site, "beds"), [])


if __name__ == "__main__":
    unittest.main()
