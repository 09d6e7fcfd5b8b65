"""Promise 3 with the stream on Kafka: a final NAK is said once Kafka holds the message and every reason in flow.rejected, never before;
from there it is retried once the map is mended, whatever was killed in between."""
import kit
import mllp
from kafka_line import KafkaLine
from test_rejected import STRICT, admit

WITHOUT_IT = b"PV1-20"  # what STRICT misses, as the reason names it


class RejectedOnKafkaTest(KafkaLine):
    def setUp(self):
        super().setUp()
        self.site.config["sources"]["test-pas"]["overlays"] = [self.site.write("strict.yaml", STRICT)]

    def ask(self, message):
        with mllp.Client("127.0.0.1", self.site.port, timeout=30) as client:
            return client.ask(message)[0]

    def heard(self, message):
        """The first answer that is not "try later"."""
        return kit.wait_until(lambda: (code := self.ask(message)) != "AR" and code, 30, "it is taken or refused")

    def refused(self):
        """(bytes, header values) of what flow.rejected holds for a reader of committed records."""
        return [(r.value, b" ".join(value for _, value in r.headers)) for r in self.records("flow.rejected")]

    def test_kept_before_the_answer_and_retried(self):
        """Whoever hears the final NAK finds message and reason in flow.rejected, the adapter killed right behind its answer or not;
        retried with a mended map it is delivered."""
        self.site.start()
        for n in range(5):
            self.assertEqual(self.heard(admit(f"bad{n}", n)), "AE")
            self.site.adapter().kill()
            mine = [reasons for value, reasons in self.refused() if value == admit(f"bad{n}", n)]
            self.assertEqual(len(mine), 1)
            self.assertIn(WITHOUT_IT, mine[0])
            self.site.start("acute")
        self.site.config["sources"]["test-pas"].pop("overlays")
        self.site.write_config()
        self.site.weir("reload")
        self.assertIn("5 resolved (5 events), 0 stay", self.site.weir("rejected", "retry", "--all").stdout)
        want = [f"bad{n}" for n in range(5)]
        kit.wait_until(lambda: all({e["control_id"] for e in events} == set(want) for events in self.got()), 60,
                       "all of them are delivered")
        self.assertEqual(sorted(e["control_id"] for e in self.file.update()), want)
        self.assertEqual(self.site.weir("rejected", "list", "--json").stdout, "")

    def test_no_final_nak_without_kafka(self):
        """While Kafka stands still the same message hears "try later"; the final NAK comes once Kafka has it."""
        self.option(append_timeout="2s")
        self.site.start()
        self.assertEqual(self.heard(admit("before", 1)), "AE")
        self.kafka[0].pause()
        self.addCleanup(self.kafka[0].resume)
        self.assertEqual([self.ask(admit("during", 2)) for _ in range(2)], ["AR", "AR"])
        self.kafka[0].resume()
        self.assertEqual(self.heard(admit("during", 2)), "AE")
        self.assertIn(admit("during", 2), [value for value, _ in self.refused()])
