"""Promise 6: who a patient is stands in the values that may hold it, and nowhere else.

Everything that the product writes is searched for what tells who a patient is: logs, metrics, status, keys and headers of every record,
the attributes of every event, the audit log, what a route without identifiers gives to its readers, error answers.
"""
import json
import os
import sqlite3
import unittest

import kit
from mllp import Client

# Each is in the messages below and nowhere else. The control id is among them: it can be a hospital number.
SECRETS = {"NHS number": b"9990001073", "hospital number": b"MRN77123", "family": b"ZQFAMILY", "given": b"ZQGIVEN", "visit": b"VISIT8842",
           "birth date": b"19481203", "birth date in an event": b"1948-12-03", "street": b"ZQSTREET", "postcode": b"ZZ9 9ZZ",
           "control id": b"CTRLZQ", "retired number": b"OLDZQ55", "kin": b"ZQKIN"}
PID = ("PID|1||MRN77123^^^RZZ^MR~9990001073^^^NHS^NH||ZQFAMILY^ZQGIVEN||19481203|F|||1 ZQSTREET^^TOWN^^ZZ9 9ZZ\r"
       "NK1|1|ZQKIN^Kim|SPO\r")


def message(trigger, n, pv1="", extra=""):
    return (f"MSH|^~\\&|PAS|RZZ|WEIR|REGION|2026030209{n:02}00||ADT^{trigger}|CTRLZQ{n}|P|2.4\r"
            f"EVN|{trigger}|2026030209{n:02}00\r" + PID + extra + pv1).encode()


PV1 = ("PV1|1|I|{ward}^BAY2^05^RZZ01|21||||||300||||19|||||VISIT8842^^^RZZ^VN|||||||||||||||||{out}|||||||20260302090500|{gone}\r")
MESSAGES = [
    message("A01", 1, PV1.format(ward="W1", out="|", gone="")),
    message("A02", 2, PV1.format(ward="W2", out="|", gone="")),
    message("A08", 3, PV1.format(ward="W2", out="|", gone="")),
    message("A40", 4, extra="MRG|OLDZQ55^^^RZZ^MR\r"),
    message("A40", 5),                                        # refused: no MRG
    message("A77", 6, PV1.format(ward="W1", out="|", gone="")),  # unmapped
    message("A03", 7, PV1.format(ward="W2", out="1|19", gone="20260302095900")),
    message("A01", 8, PV1.format(ward="W1", out="|", gone="")).replace(b"19481203", b"19481399"),
    b"MSH|^~\\&|PAS|RZZ|||garbage ZQFAMILY MRN77123",
    b"ZQFAMILY ZQGIVEN 9990001073",
]


def records(path):
    """(topic, key, headers, value) of every record of a stream file."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for number, topic in db.execute("SELECT id, name FROM topic").fetchall():
            for row in db.execute(f"SELECT key, headers, value FROM record_{number}"):
                yield (topic, *[bytes(v) if isinstance(v, bytes) else str(v or "").encode() for v in row])
    finally:
        db.close()


class Leaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site(consumers={"open": kit.file_consumer("open.ndjson", route="analytics"),
                                       "all": kit.file_consumer("all.ndjson")})
        cls.addClassCleanup(cls.site.close)
        cls.site.config["log_level"] = "debug"
        cls.site.start()
        client = Client("127.0.0.1", cls.site.port)
        cls.answers = [client.ask(m) for m in MESSAGES]
        kit.wait_until(lambda: len(kit.read_ndjson(cls.site.path("all.ndjson"))) >= 6, 20, "events at the file")
        kit.wait_until(lambda: len(kit.read_ndjson(cls.site.path("open.ndjson"))) >= 6, 20, "events for analysts")
        cls.site.weir("tail", "-n", "5", "--no-follow", "--reveal")

    def clean(self, text, where):
        if isinstance(text, str):
            text = text.encode()
        for what, secret in SECRETS.items():
            self.assertNotIn(secret, text, f"{what} stands in {where}")

    def test_the_secrets_are_in_the_values(self):
        values = b"".join(value for name in ("acute", "broker") for _, _, _, value in self.rows(name))
        for what in ("NHS number", "hospital number", "family", "control id"):
            self.assertIn(SECRETS[what], values, "the search would find nothing otherwise")

    def rows(self, name):
        return records(os.path.join(self.site.data, f"{name}.db"))

    def test_logs_and_metrics(self):
        for name, process in self.site.processes.items():
            self.clean(process.log(), f"the log of {name}")
            for path in ("/metrics", "/health", "/ready", "/version"):
                self.clean(process.get(path)[1], f"{path} of {name}")
        self.clean(self.site.weir("status", "--json").stdout, "weir status")
        self.clean(self.site.weir("rejected", "list").stdout, "weir rejected list")
        self.clean(self.site.weir("parked", "list").stdout, "weir parked list")
        self.clean(self.site.weir("tail", "-n", "50", "--no-follow", "--json").stdout, "weir tail")

    def test_keys_and_headers(self):
        """CloudEvents row 3."""
        for name in ("acute", "broker"):
            for topic, key, headers, _ in self.rows(name):
                self.clean(key, f"a key of {topic}")
                self.clean(headers, f"a header of {topic}")

    def test_audit(self):
        found = 0
        for name in ("acute", "broker"):
            for topic, _, _, value in self.rows(name):
                if topic in ("flow.audit", "flow.state"):
                    found += 1
                    self.clean(value, topic)
        self.assertGreater(found, 0)

    def test_attributes_of_events(self):
        """CloudEvents row 3."""
        for line in kit.read_ndjson(self.site.path("all.ndjson")):
            attributes = {k: v for k, v in line.items() if k != "data"}
            self.clean(json.dumps(attributes), "the attributes of an event")

    def test_a_route_without_identifiers(self):
        with open(self.site.path("open.ndjson"), "rb") as f:
            self.clean(f.read(), "the route analytics")

    def test_answers_hold_no_value_but_the_control_id(self):
        codes = [code for code, _, _ in self.answers]
        self.assertIn("AE", codes)
        for _, control_id, answer in self.answers:
            self.clean(answer.replace((control_id or "").encode(), b""), "an answer")


if __name__ == "__main__":
    unittest.main()
