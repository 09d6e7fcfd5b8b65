"""What the people who run it look at: health, ready, metrics, version; and that no patient is in it."""
import os
import re
import shutil
import sqlite3
import subprocess
import time
import unittest

import feed as feeds
import kit
from consumer import Answer, Consumer, OK

PROMTOOL = os.environ.get("WEIR_PROMTOOL") or shutil.which("promtool")


class WatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.http = Consumer(answer=lambda event, _: Answer(422)
                            if event["data"]["origin"]["control_id"] == "w.3.2" else OK)
        cls.addClassCleanup(cls.http.close)
        cls.site = kit.Site()
        cls.addClassCleanup(cls.site.close)
        cls.site.config["log_level"] = "debug"
        cls.site.config["consumers"] = {"http": kit.http_consumer(cls.http)}
        cls.site.start()
        cls.queues = feeds.plan("w", 30, 6, 3, merges=0)
        cls.feed = feeds.Feed(cls.site.port, cls.queues).start()
        kit.wait_until(cls.feed.done, 60, "the feed ends")
        kit.wait_until(lambda: len(kit.parked(cls.site, "http")) == 5, 30, "one patient is parked")

    def processes(self):
        return self.site.adapter(), self.site.broker()

    def test_health_ready_version(self):
        for process in self.processes():
            for path in ("/health", "/ready", "/version"):
                status, text = process.get(path)
                self.assertEqual(status, 200, f"{process.name} {path}: {text}")
            self.assertEqual(process.get("/no-such-page")[0], 404)

    @unittest.skipUnless(PROMTOOL, "promtool is not here")
    def test_metrics_are_as_prometheus_wants_them(self):
        for process in self.processes():
            text = process.get("/metrics")[1]
            done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True,
                                  text=True, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), process.name)

    def test_metrics_say_when_and_how_old(self):
        adapter, broker = (p.get("/metrics")[1] for p in self.processes())
        at = self.site.adapter().metric("weir_source_last_message_timestamp_seconds", source="test-pas")
        self.assertLess(abs(time.time() - at), 300)
        self.assertNotEqual(at % 10, 0, "to the millisecond")
        self.assertRegex(broker, r'(?m)^weir_\w*oldest\w*seconds\{[^}]*consumer="http"[^}]*\} ')
        for text in (adapter, broker):
            for line in text.splitlines():
                if not line.startswith("#"):
                    self.assertTrue(line.startswith(("weir_", "process_")), line)

    def test_status_in_words_and_json(self):
        self.assertIn("test-pas", self.site.weir("status").stdout)
        self.assertIn("test-pas", self.site.weir("status", "--json").stdout)

    def secrets(self):
        """Words of patients that must stand nowhere but in values: numbers, names of this feed."""
        words = set()
        for queue in self.queues:
            for m in queue:
                pid = next(line for line in m.data.decode().split("\r") if line.startswith("PID"))
                fields = pid.split("|")
                words |= {r.split("^")[0] for r in fields[3].split("~")}
                words |= {fields[5].split("^")[0]}
        return {w for w in words if len(w) > 3}

    def assert_clean(self, text, where):
        # Ids and pseudonyms are random letters: a short name turns up in them now and then.
        text = re.sub(r"\bt1:[A-Za-z0-9_-]+|[A-Za-z0-9_-]{22,}", "*", text)
        for word in self.secrets():
            self.assertNotIn(word.lower(), text.lower(), where)

    def test_no_patient_in_logs_metrics_and_what_the_command_shows(self):
        for process in self.processes():
            self.assert_clean(process.log(), f"log of {process.name}")
            for path in ("/metrics", "/health", "/ready"):
                self.assert_clean(process.get(path)[1], f"{process.name}{path}")
        for verb in (("status",), ("status", "--json"), ("parked", "list"), ("rejected", "list"),
                     ("tail", "--no-follow", "-n", "50")):
            self.assert_clean(self.site.weir(*verb).stdout, " ".join(verb))

    def test_no_patient_in_keys_headers_and_audit(self):
        """All that the engine stores but the values of records; the values of the audit, too."""
        for name in ("acute.db", "broker.db"):
            path = os.path.join(self.site.data, name)
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            self.addCleanup(db.close)
            topics = dict(db.execute("SELECT id, name FROM topic"))
            self.assertTrue(topics)
            for number, topic in topics.items():
                columns = "key, headers" + (", value" if topic == "flow.audit" else "")
                seen = [v.decode("utf-8", "replace") for row in
                        db.execute(f"SELECT {columns} FROM record_{number}") for v in row if v]
                self.assert_clean("\n".join(seen), f"{name}: {topic}")
            for row in db.execute("SELECT grp, topic, part FROM position"):
                self.assert_clean(" ".join(row), f"{name}: positions")

    def test_analytics_holds_no_identifier(self):
        path = self.site.path("analytics.ndjson")
        self.site.config["consumers"]["counts"] = kit.file_consumer(path, route="analytics")
        self.assertEqual(self.site.broker().stop(), 0)
        self.site.start("broker")
        want = {r["id"] for r in self.http.records}
        kit.wait_until(lambda: want <= {e["id"] for e in kit.read_ndjson(path)}, 30,
                       "analytics has every event")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.assert_clean(text, "analytics")
        self.assertNotIn("control_id", text)


if __name__ == "__main__":
    unittest.main()
