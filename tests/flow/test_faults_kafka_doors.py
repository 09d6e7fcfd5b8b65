"""Faults at Kafka's doors: rights that are missing, topics that are deleted, passwords that are wrong or run out."""
import re
import unittest

import kit
from kafka_line import KafkaLine

USERS = {"weir-adapter": "a1", "weir-broker": "b1", "root": "r1"}


class DoorsTest(KafkaLine):
    cluster = {"listeners": ("SASL_PLAINTEXT",), "users": USERS, "acls": True,
               "settings": {"super.users": "User:ANONYMOUS;User:root"}}
    topics_now = False

    def setUp(self):
        super().setUp()
        programs = (("adapter", "weir-adapter"), ("broker", "weir-broker"), ("operator", "root"), ("admin", "root"))
        self.option(nodes=self.kafka.address_of("SASL_PLAINTEXT").split(","), append_timeout="8s",
                    sasl={"mechanism": "SCRAM-SHA-512"},
                    users={program: {"username": name, "password": self.secret(name, USERS[name])}
                           for program, name in programs})
        self.site.write_config()
        self.site.weir("topics", "create", check=False)  # 1: the right that only Kafka's own tool can give is missing
        self.acl("--add", "--allow-principal", "User:weir-broker", "--operation", "Write", "--operation", "Describe",
                 "--transactional-id", self.prefix + "journey")

    def secret(self, name, password):
        self.site.write(f"keys/{name}.password", password + "\n", 0o600)
        return f"file:keys/{name}.password"

    def acl(self, *argv):
        self.kafka.tool("AclCommand", "--bootstrap-server", self.kafka.address, "--force", *argv)

    def deny(self, user, topic):
        """While it is there, whatever else is allowed."""
        words = ("--deny-principal", f"User:{user}", "--operation", "Write", "--topic", self.prefix + topic)
        self.acl("--add", *words)
        return lambda: self.acl("--remove", *words)

    def delete(self, topic):
        self.kafka.tool("TopicCommand", "--bootstrap-server", self.kafka.address, "--delete", "--topic",
                        self.prefix + topic)

    def told(self, process, pattern):
        kit.wait_until(lambda: re.search(pattern, process.log()), 60,
                       lambda: f"{process.name} tells {pattern}: {process.log()[-1500:]}")

    def hears_try_later(self, feed):
        kit.wait_until(lambda: any(r.get("code") == "AR" for r in list(feed.ledger.rows)), 60, "senders hear \"try later\"")

    def route_stands(self, stop, text, mend):
        """The journey's units are whole: it stands, loudly, while intake goes on; then all is delivered."""
        site = self.site.start()
        self.settle(self.feed())
        mended = stop()
        feed = self.feed(answer_time=30)
        self.told(site.broker(), text)
        kit.wait_until(feed.done, 60, "intake goes on")
        kit.wait_until(lambda: site.broker().get("/ready")[0] == 503, 20, "/ready says no")
        self.assertRegex(site.weir("status").stdout, r"stands.*flow\.route\.analytics")
        mend(mended)
        self.settle(feed)
        kit.wait_until(lambda: site.broker().get("/ready")[0] == 200, 20, "/ready says yes")

    def test_right_to_a_route_is_missing(self):
        """Row 25: the right to write a route is withdrawn: the journey stands and says so, senders are
        still acknowledged; it goes on by itself once the right is back."""
        self.route_stands(lambda: self.deny("weir-broker", "flow.route.analytics"),
                          r"journey.unit .*flow\.route\.analytics: Kafka refuses user weir-broker the topic; give the "
                          "user an ACL", lambda back: back())

    def test_topic_of_a_route_is_deleted(self):
        """Row 25: the topic of a route is deleted: the journey stands and names it, senders are still acknowledged; it
        goes on by itself once the topic is made again."""
        self.route_stands(lambda: self.delete("flow.route.analytics"),
                          r"journey.unit .*flow\.route\.analytics: Kafka has no such topic",
                          lambda _: self.site.weir("topics", "create", check=False))

    def test_right_to_intake_is_missing(self):
        """Row 25: the adapter may no longer write flow.reported: "try later", and why in the log, never an ACK;
        it goes on by itself once the right is back."""
        site = self.site.start()
        self.settle(self.feed())
        back = self.deny("weir-adapter", "flow.reported")
        feed = self.feed(answer_time=30)
        self.hears_try_later(feed)
        self.told(site.adapter(), "stream.failed .*refuses user weir-adapter the topic; give the user an ACL")
        answered = set(feed.ledger.answered)
        back()
        self.settle(feed)
        self.assertTrue(answered <= feed.ledger.answered)

    def test_topic_of_intake_is_deleted(self):
        """Row 25: flow.reported is deleted: "try later", never an ACK; made again, all goes on, and the journey tells that
        its place is gone."""
        site = self.site.start()
        self.settle(self.feed())
        self.delete("flow.reported")
        feed = self.feed(patients=10, length=4, answer_time=30)  # fewer than before: the old place is past the end
        self.hears_try_later(feed)
        self.told(site.adapter(), r"stream\.failed .*flow\.reported: Kafka has no such topic")
        site.weir("topics", "create", check=False)
        self.settle(feed)
        self.told(site.broker(), "alarm.position_lost")

    def made_anew(self, topic, group, stop, resume):
        """The topic is deleted, made again, and has grown past the group's place before its reader looks again."""
        site = self.site.start()
        self.settle(self.feed(patients=10, length=4))
        stop()
        before = self.ends(topic)
        self.delete(topic)
        feed = self.feed(patients=60, length=6, connections=8, answer_time=30)
        self.told(site.broker() if topic.startswith("flow.route") else site.adapter(), "no such topic")
        site.weir("topics", "create", check=False)
        kit.wait_until(feed.done, 120, "intake goes on")
        kit.wait_until(lambda: all(self.ends(topic).get(p, 0) > end for p, end in before.items() if end), 60,
                       "it is longer than the old one was")
        resume()
        kit.wait_until(lambda: re.search(rf"alarm\.position_lost .*group {re.escape(group)}, .*made anew",
                                         site.broker().log()), 60,
                       lambda: f"it is told: {site.broker().log()[-2000:]}")
        self.settle(feed)

    def test_topic_of_intake_is_deleted_and_grows(self):
        """Row 25: flow.reported is deleted, made again and longer than before when the journey looks again: that is told,
        and nothing of the new one is passed over."""
        self.property(topic_metadata_refresh_interval_ms="15000")  # the journey's reader looks late
        self.site.write_config()
        self.made_anew("flow.reported", "journey", lambda: None, lambda: None)

    def test_topic_of_a_paused_consumer_is_deleted_and_grows(self):
        """Row 25: the same for the route of a consumer that is paused meanwhile."""
        weir = self.site.weir
        self.made_anew("flow.route.all", "deliver.http", lambda: weir("pause", "consumer", "http"),
                       lambda: weir("resume", "consumer", "http"))

    def password(self, name, password):
        self.kafka.tool("ConfigCommand", "--bootstrap-server", self.kafka.address, "--alter", "--entity-type", "users",
                        "--entity-name", name, "--add-config", f"SCRAM-SHA-512=[password={password}]")

    def test_wrong_password_at_the_start(self):
        """Row 29: the password is wrong from the start: a clear error, no crash, "try later"; right after a restart."""
        site = self.site
        self.secret("weir-adapter", "wrong")
        site.start("broker")
        site.write_config()
        site.adapter().start()
        line = kit.wait_until(lambda: [x for x in site.adapter().log().splitlines() if "uthentication" in x], 60,
                              lambda: f"it is told: {site.adapter().log()[-2000:]}")
        self.assertNotIn("wrong", line[0].replace("is wrong", ""))
        self.secret("weir-adapter", USERS["weir-adapter"])
        site.adapter().stop()
        site.adapter().start()
        self.settle(self.feed())

    def test_somebody_looks_with_a_wrong_password(self):
        """Row 29: who looks hears that the password is wrong, and whose, not that there is no connection."""
        self.secret("root", "wrong")
        done = self.site.weir("tail", "--since", "10m", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "Kafka refuses the user name or password of user root")
        self.assertNotIn("no connection", done.stderr)

    def test_password_runs_out(self):
        """Row 29: the password is changed and the connections break, as when a token runs out: "try later" with a clear
        error; with the new one after a restart all goes on."""
        site = self.site.start()
        self.settle(self.feed())
        self.addCleanup(self.password, "weir-adapter", USERS["weir-adapter"])
        self.password("weir-adapter", "a2")
        self.kafka[0].stop()
        self.kafka[0].start()
        feed = self.feed(answer_time=30)
        self.hears_try_later(feed)
        self.told(site.adapter(), "stream.failed .*uthentication")
        self.told(site.adapter(), "user name or password of user weir-adapter")
        self.secret("weir-adapter", "a2")
        done = site.weir("reload", check=False)  # what is on its way stays with the old one
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("a change of it takes a restart", done.stdout + done.stderr)
        self.assertEqual(site.adapter().stop(), 0)
        site.adapter().start()
        self.settle(feed)


if __name__ == "__main__":
    unittest.main()
