"""The operator's command as its user meets it: every verb as a process, on a site of its own."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import kit

ADMIT = ("MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302091500||ADT^A01|CLI{n:04}|P|2.4\r"
         "EVN|A01|20260302091400\r"
         "PID|1||D{n:05}^^^RZZ^MR~9990001006^^^NHS^NH||SAMPLE^Ada||19510412|F\r"
         "PV1|1|I|W1^BAY2^05^RZZ01|21||||||300||||19|||||V{n:05}^^^RZZ^VN|||||||||||||||||||||||||20260302090500\r")
BAD = "MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302091500||ADT^A40|CLIBAD{n}|P|2.4\rEVN|A40|20260302091400\r" \
      "PID|1||D00001^^^RZZ^MR||SAMPLE^Ada\r"
SECRETS = ("9990001006", "SAMPLE", "Ada", "D00001", "1951-04-12")
VERBS = ("run", "check", "codes", "doctor", "events", "explain", "frames", "inspect", "pause", "parked", "rejected", "relay", "reload", "resume", "retranslate", "routes", "send", "simulate", "status", "tail", "test",
         "translate")


class Help(unittest.TestCase):
    def test_every_verb_has_help_with_an_example(self):
        for verb in VERBS:
            done = subprocess.run([kit.program("weir"), verb, "--help"], capture_output=True, text=True, check=True)
            self.assertIn("Example: weir " + verb, done.stdout)

    def test_wrong_use_is_told(self):
        for argv in ([], ["nonsense"], ["tail", "--nonsense"], ["tail", "-n", "x"], ["send", "127.0.0.1:1"], ["translate"]):
            done = subprocess.run([kit.program("weir"), *argv], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 64, argv)
            self.assertTrue(done.stderr)


    def test_the_option_that_is_wrong_is_named(self):
        for argv, says in ((["pause", "consumer", "x", "--nonsense"], "--nonsense is not an option here"), (["pause", "consumer", "x", "-q"], "-q is not an option here"),
                           (["pause", "consumer", "x", "--json"], "--json is not an option here"), (["tail", "--json=3"], "--json takes no value"),
                           (["pause", "consumer", "x", "--timeout", "soon"], "--timeout cannot be read"), (["tail", "-n", "x"], "-n cannot be read"),
                           (["simulate", "127.0.0.1:1", "--nonsense"], "--nonsense is not an option here"), (["status", "nonsense"], "nonsense: nothing more is expected")):
            done = subprocess.run([kit.program("weir"), *argv], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 64, argv)
            self.assertIn(says, done.stderr)
        done = subprocess.run([kit.program("weir"), "simulate", "--date", "2026-02-30", "--messages", "1"], capture_output=True, text=True, check=False)
        self.assertIn("is no date", done.stderr)

    def test_help_of_a_verb(self):
        one, other = (subprocess.run([kit.program("weir"), *argv], capture_output=True, text=True, check=True).stdout for argv in (["help", "tail"], ["tail", "--help"]))
        self.assertEqual(one, other)

    def test_output_that_is_not_written_is_no_success(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([kit.program("weir"), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn("cannot be written", done.stderr)
        for streams in (">&-", "<&- >&-"):
            done = subprocess.run(["sh", "-c", f'"$0" --help {streams}', kit.program("weir")], stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 74, streams)


class WithoutProcesses(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.write_config()

    def test_check_is_fine_or_says_where(self):
        self.assertIn("fine", self.site.weir("check").stdout)
        self.site.config["routes"]["all"]["when"] = "type = 'patient.admited'"
        self.site.write_config()
        done = self.site.weir("check", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"weir\.yaml:\d+:\d+: ")
        self.assertIn("patient.admitted", done.stderr)

    def test_a_drop_folder_is_looked_at(self):
        drop = self.site.path("drop")
        self.site.config["sources"]["test-pas"]["folder"] = {"path": drop}
        self.refused_at_its_place("there is no folder " + drop)
        os.mkdir(drop)
        self.assertIn("fine", self.site.weir("check").stdout)
        self.assertEqual(os.listdir(drop), [])

    def test_every_file_is_checked(self):
        done = subprocess.run([kit.program("weir"), "check", self.site.path("none.yaml"), self.site.config_path, self.site.path("gone.yaml")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("fine", done.stdout)
        self.assertRegex(done.stderr, r"(?s)none\.yaml.*gone\.yaml")

    def test_an_unknown_key_is_refused_with_the_nearest_one(self):
        self.site.config["sources"]["test-pas"]["timezon"] = "Europe/London"
        self.site.write_config()
        done = self.site.weir("check", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("timezone", done.stderr)

    def refused_at_its_place(self, says):
        self.site.write_config()
        done = self.site.weir("check", check=False)
        self.assertEqual(done.returncode, 78, done.stdout)
        self.assertRegex(done.stderr, r"weir\.yaml:\d+:")
        self.assertIn(says, done.stderr)

    def test_a_table_that_would_never_be_found_is_refused(self):
        for name, key, value, says in (("location", "RZZ01/W9", "wrad", "did you mean ward"),
                                       ("location", "W9", "ward", "site/ward"),
                                       ("identifier", "*/RZZ/PI", "vist", "did you mean visit"),
                                       ("main_specialty", "LUNG", "34O", "no such code; did you mean 340?"),
                                       ("admission_method", "EMERG", "emergency", "no such code"),
                                       ("identifier", "RZZ/PI", "mrn", "source/authority/type")):
            with self.subTest(key=key, value=value):
                self.site.config["tables"].setdefault(name, {})[key] = value
                self.refused_at_its_place(says)
                del self.site.config["tables"][name][key]

    def test_a_zone_that_does_not_exist_is_refused(self):
        self.site.config["sources"]["test-pas"]["timezone"] = "Europe/Londno"
        self.refused_at_its_place("Europe/Londno")

    def test_an_empty_file_is_no_success(self):
        empty = self.site.write("empty.hl7", "")
        done = self.site.weir("translate", empty, check=False)
        self.assertEqual(done.returncode, 65)
        self.assertIn("empty.hl7: is empty", done.stderr)

    def test_a_port_that_cannot_be_is_not_cut_to_one_that_can(self):
        done = self.site.weir("send", "127.0.0.1:99999", self.site.write("one.hl7", ADMIT.format(n=1)), check=False)
        self.assertEqual(done.returncode, 65)
        self.assertIn("65535", done.stderr)

    def test_identity_is_not_given_away_by_a_typo(self):
        del self.site.config["routes"]["all"]["identifiers"]
        self.site.write_config()
        done = self.site.weir("check", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("identifiers", done.stderr)

    def test_translate(self):
        good = self.site.write("good.hl7", ADMIT.format(n=1) + ADMIT.format(n=2))
        done = self.site.weir("translate", good)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([e["type"] for e in events], ["patient.admitted"] * 2)
        self.assertEqual(events[0]["data"]["patient"]["nhs_number"], "9990001006")
        self.assertEqual(self.site.weir("translate", good).stdout, done.stdout, "the same again, the same ids")

    def test_a_word_that_the_schema_does_not_allow_is_flagged_not_sent(self):
        with open(self.site.path("overlay.yaml"), "w", encoding="utf-8") as f:
            f.write("groups: {care: {data.care.pathway: PV1-10.1}}\n")
        self.site.config["sources"]["test-pas"]["overlays"] = ["overlay.yaml"]
        self.site.write_config()
        for specialty, pathway, quality in (("300", None, True), ("2", "2", False)):
            event = json.loads(self.site.weir("translate", "-", stdin=ADMIT.format(n=1).replace("|300|", f"|{specialty}|")).stdout)
            self.assertEqual(event["data"]["care"].get("pathway"), pathway)
            self.assertEqual("unmapped_code:care.pathway" in event["data"].get("quality", []), quality)

    def test_a_message_does_not_steer_the_terminal(self):
        for argv, message in ((["--explain"], ADMIT.format(n=1).replace("|W1^", "|W\x1b[31m1^")), ([], ADMIT.format(n=1).replace("A01|CLI", "Z\x1b[31m|CLI"))):
            done = self.site.weir("translate", *argv, "-", stdin=message)
            self.assertIn("?[31m", done.stdout + done.stderr)
            self.assertNotIn("\x1b", done.stdout + done.stderr)

    def test_translate_refuses_one_message_and_goes_on(self):
        mixed = self.site.write("mixed.hl7", BAD.format(n=1) + ADMIT.format(n=3))
        done = self.site.weir("translate", "--source", "test-pas", mixed, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn("mixed.hl7: message 1", done.stderr)
        self.assertIn("MRG", done.stderr)
        alone = self.site.write("alone.hl7", BAD.format(n=1))
        done = self.site.weir("translate", "--source", "test-pas", alone, check=False)
        self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1), done.stderr)

    def test_translate_reads_standard_input_and_frames(self):
        framed = "\x0b" + ADMIT.format(n=4) + "\x1c\r"
        done = self.site.weir("translate", "-", stdin=framed)
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_reading_verbs_say_so_where_no_data_is(self):
        done = self.site.weir("tail", "--no-follow", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no data there yet", done.stderr)

    def test_a_process_without_standard_streams_gives_their_numbers_to_nothing_else(self):
        def close_all():
            for fd in range(3):
                os.close(fd)
        with subprocess.Popen([kit.program("weir-adapter"), "--config", self.site.config_path, "acute"], preexec_fn=close_all) as adapter:
            self.addCleanup(adapter.kill)
            kit.wait_until(lambda: os.path.exists(self.site.path("data/run/acute.sock")), 10, "the control socket of the adapter")
            self.assertEqual([os.readlink(f"/proc/{adapter.pid}/fd/{fd}") for fd in range(3)], ["/dev/null"] * 3)
            adapter.terminate()


class WithProcesses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site(consumers={"out": kit.file_consumer("out.ndjson")})
        cls.addClassCleanup(cls.site.close)
        cls.site.start()
        cls.address = f"127.0.0.1:{cls.site.port}"
        text = "".join(ADMIT.format(n=n) for n in range(1, 21)) + BAD.format(n=1) + BAD.format(n=2)
        cls.file = cls.site.write("feed.hl7", text)
        cls.sent = cls.site.weir("send", cls.address, cls.file, check=False)
        kit.wait_until(lambda: len(kit.read_ndjson(cls.site.path("out.ndjson"))) >= 20, 20, "20 events at the file")

    def test_send_prints_each_ack(self):
        lines = self.sent.stdout.splitlines()
        self.assertEqual(self.sent.returncode, 1, "two of them are refused")
        self.assertEqual(lines[:20], [f"CLI{n:04} AA" for n in range(1, 21)])
        for line in lines[20:]:
            self.assertRegex(line, r"^CLIBAD\d AE ")

    def test_send_says_when_nobody_listens(self):
        done = self.site.weir("send", f"127.0.0.1:{kit.free_port()}", self.file, check=False)
        self.assertEqual(done.returncode, 75)
        self.assertIn("refused", done.stderr)

    def test_tail_shows_the_last_masked(self):
        out = self.site.weir("tail", "-n", "5", "--no-follow").stdout
        self.assertEqual(len(out.splitlines()), 5)
        self.assertIn("patient.admitted", out)
        self.assertIn("RZZ01/W1", out)
        for secret in SECRETS:
            self.assertNotIn(secret, out)

    def test_tail_json_is_masked_unless_revealed(self):
        masked = self.site.weir("tail", "-n", "20", "--no-follow", "--json").stdout
        self.assertEqual(len(masked.splitlines()), 20)
        for secret in SECRETS:
            self.assertNotIn(secret, masked)
        self.assertIn("recordedtime", json.loads(masked.splitlines()[0]))
        shown = self.site.weir("tail", "-n", "20", "--no-follow", "--json", "--reveal").stdout
        self.assertIn("9990001006", shown)
        audited = self.audit("broker")
        self.assertTrue(any("reveal" in a for a in audited), audited)

    def topic(self, *argv):
        return self.site.weir("tail", "--no-follow", "--since", "1h", "--topic", *argv).stdout

    def test_tail_of_any_topic_is_masked(self):
        for topic in ("flow.messages", "flow.reported", "flow.rejected", "flow.events", "flow.route.all",
                      "flow.parked", "flow.audit", "flow.state", "flow.ids", "flow.control"):
            for argv in ([topic], [topic, "--json"]):
                out = self.topic(*argv)
                for secret in SECRETS:
                    self.assertNotIn(secret, out, topic)
        out = self.topic("flow.messages")
        self.assertIn("verdict=events", out)
        self.assertIn("MSH|^~\\&|", out)
        self.assertIn("reasons=", self.topic("flow.rejected"))
        self.assertIn("process.start", self.topic("flow.audit"))
        self.assertGreaterEqual(len(self.topic("flow.route.all").splitlines()), 20)
        row = json.loads(self.topic("flow.messages", "--json").splitlines()[0])
        self.assertEqual((row["topic"], row["key"], "value" in row), ("flow.messages", "test-pas", False))

    def test_tail_of_messages_is_revealed_and_audited(self):
        out = self.topic("flow.messages", "--reveal")
        self.assertIn("9990001006", out)
        self.assertTrue(any("flow.messages" in a for a in self.audit("broker") if "reveal" in a))

    def test_tail_since(self):
        self.assertGreaterEqual(len(self.topic("flow.events").splitlines()), 20)
        out = self.site.weir("tail", "--no-follow", "--since", "2199-01-01T00:00:00Z").stdout
        self.assertEqual(out, "")
        out = self.site.weir("tail", "--no-follow", "--since", "2001-01-01T00:00:00+01:00").stdout
        self.assertGreaterEqual(len(out.splitlines()), 20)

    def test_tail_says_what_cannot_be(self):
        for argv, code, words in ((["--topic", "flow.evnts"], 65, "flow.route.<name>"),
                                  (["--topic", "flow.route.none"], 65, "no route 'none'"),
                                  (["--topic", "flow.messages", "--where", "TRUE"], 65, "no events"),
                                  (["--since", "yesterday"], 64, "2h"),
                                  (["--since", "1h", "-n", "3"], 64, "one of them")):
            done = self.site.weir("tail", "--no-follow", *argv, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)

    def audit(self, writer):
        import sqlite3
        db = sqlite3.connect(f"file:{self.site.data}/{writer}.db?mode=ro", uri=True)
        try:
            rows = db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'record_%'").fetchall()
            found = []
            for (table,) in rows:
                for (value,) in db.execute(f"SELECT value FROM {table}"):
                    text = bytes(value).decode("utf-8", "replace")
                    if '"action"' in text:
                        found.append(text)
            return found
        finally:
            db.close()

    def test_tail_where(self):
        out = self.site.weir("tail", "-n", "50", "--no-follow", "--where", "type = 'patient.discharged'").stdout
        self.assertEqual(out, "")
        done = self.site.weir("tail", "--no-follow", "--where", "type = ", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("--where, character", done.stderr)

    def test_tail_where_is_no_way_round_the_mask(self):
        for rule in ("data.patient.family = 'SAMPLE'", "type = 'patient.admitted' AND data.patient.ids.value = 'D00001'",
                     "UPPER(data.patient.family) LIKE 'SAM%'", "data.patient.nhs_number IN ('9990001006')"):
            done = self.site.weir("tail", "-n", "5", "--no-follow", "--where", rule, check=False)
            self.assertEqual(done.returncode, 65, rule)
            self.assertEqual(done.stdout, "")
            self.assertIn("--reveal", done.stderr)
        told = self.site.weir("tail", "-n", "5", "--no-follow", "--where", "EXISTS data.patient.nhs_number").stdout
        self.assertEqual(len(told.splitlines()), 5, "whether there is one tells nobody's name")
        shown = self.site.weir("tail", "-n", "5", "--no-follow", "--reveal", "--where", "data.patient.family = 'SAMPLE'").stdout
        self.assertEqual(len(shown.splitlines()), 5)

    def test_tail_ends_when_nobody_reads_it(self):
        popen = subprocess.Popen([kit.program("weir"), "tail", "-n", "1", "--config", self.site.config_path],
                                 stdout=subprocess.PIPE, text=True)
        self.assertIn("patient.admitted", popen.stdout.readline())
        popen.stdout.close()  # `| head -1`, or a pager that was left: no further event is needed
        try:
            self.assertIsNotNone(popen.wait(20))
        finally:
            popen.kill()
            popen.wait()

    def test_a_second_run_is_refused(self):
        import fcntl
        with open(os.path.join(self.site.data, "run", "run.lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("4711")
            lock.flush()
            done = self.site.weir("run", check=False)
        self.assertEqual(done.returncode, 75)
        self.assertIn("process 4711 holds the lock", done.stderr)

    def test_tail_follows(self):
        popen = subprocess.Popen([kit.program("weir"), "tail", "--json", "--config", self.site.config_path],
                                 stdout=subprocess.PIPE, text=True)
        try:
            more = self.site.write("more.hl7", ADMIT.format(n=77))

            def arrived():
                # Sent again until the tail, which starts at the end as it then is, has seen one.
                self.site.weir("send", self.address, self.site.write(
                    "more.hl7", ADMIT.format(n=int.from_bytes(os.urandom(2), "big") % 90000 + 100)))
                import select
                return select.select([popen.stdout], [], [], 0.2)[0]
            kit.wait_until(arrived, 20, "an event at the tail")
            self.assertIn("patient.admitted", popen.stdout.readline())
            self.assertTrue(more)
        finally:
            popen.terminate()
            popen.wait()
            popen.stdout.close()

    def test_status(self):
        out = self.site.weir("status").stdout
        self.assertIn("acute", out)
        self.assertIn("broker", out)
        self.assertIn("test-pas", out)
        rows = [json.loads(line) for line in self.site.weir("status", "--json").stdout.splitlines()]
        self.assertEqual([r["process"] for r in rows], ["acute", "broker"])
        self.assertTrue(all(r["up"] for r in rows))
        self.assertEqual(rows[0]["status"]["sources"][0]["refused"], 2)

    def test_rejected_folds_repeats_and_masks(self):
        rows = [json.loads(line) for line in self.site.weir("rejected", "list", "--json").stdout.splitlines()]
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["count"], 2)
        self.assertEqual(rows[0]["source"], "test-pas")
        self.assertIn("MRG", rows[0]["reasons"])
        out = self.site.weir("rejected", "show", rows[0]["newest"]).stdout
        self.assertIn("PID|9||x99999^^^xxx^xx", out)
        for secret in SECRETS:
            self.assertNotIn(secret, out)
        shown = self.site.weir("rejected", "show", rows[0]["newest"], "--reveal").stdout
        self.assertIn("SAMPLE", shown)
        done = self.site.weir("rejected", "show", "acute/999999", check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_a_terminal_shows_a_rejected_message_line_by_line(self):
        """A bare CR would write each segment over the one before."""
        import pty
        newest = json.loads(self.site.weir("rejected", "list", "--json").stdout.splitlines()[0])["newest"]
        master, slave = pty.openpty()
        try:
            subprocess.run([kit.program("weir"), "rejected", "show", newest, "--reveal", "--config", self.site.config_path],
                           stdout=slave, check=True, timeout=60)
            shown = os.read(master, 65536).decode()
        finally:
            os.close(master)
            os.close(slave)
        self.assertIn("\nPID|1||", shown)
        self.assertNotRegex(shown, r"\r(?!\n)")

    def test_a_list_of_what_does_not_exist_is_not_empty(self):
        for argv, says in ((["parked", "list", "--consumer", "nobody"], "no consumer 'nobody'"), (["rejected", "list", "--source", "nobody"], "no source 'nobody'")):
            done = self.site.weir(*argv, check=False)
            self.assertEqual(done.returncode, 65, done.stderr)
            self.assertIn(says, done.stderr)

    def test_nothing_is_unrouted(self):
        self.assertIn("some route took each event", self.site.weir("routes", "--unrouted").stdout)

    def test_parked_is_empty(self):
        self.assertIn("nothing is parked", self.site.weir("parked", "list").stdout)
        done = self.site.weir("parked", "release", "no-such-event", "--consumer", "out", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(done.stderr)

    def test_metrics_and_logs_carry_no_patient(self):
        for name in ("acute", "broker"):
            text = self.site.processes[name].get("/metrics")[1] + self.site.processes[name].log()
            self.assertTrue(re.search(r"^weir_", text, re.M))
            for secret in SECRETS:
                self.assertNotIn(secret, text)


class TheExampleRunsAsItIs(unittest.TestCase):
    def test_its_other_sources_are_right_too(self):
        """Those that stand in it as comments."""
        with tempfile.TemporaryDirectory(prefix="weir-example-") as folder:
            shutil.copytree(os.path.join(kit.TOP, "config"), folder + "/config")
            os.makedirs(folder + "/data/pas-history")
            path = folder + "/config/weir.yaml"
            with open(path, encoding="utf-8") as f:
                head, sources, rest = re.split(r"^(sources:.*?)(?=^routes:)", f.read(), flags=re.M | re.S)
            with open(path, "w", encoding="utf-8") as f:
                f.write(head + re.sub(r"^  # ", "  ", sources, flags=re.M) + rest)
            env = dict(os.environ, WEIR_DATA=folder + "/data", WEIR_MAPS=os.path.join(kit.TOP, "adapters"), WEIR_KEYS=folder)
            for key in ("pseudonym.key", "audit.key"):
                with open(os.path.join(folder, key), "w", encoding="ascii") as f:
                    f.write("a key of the tests, of no use elsewhere")
                os.chmod(os.path.join(folder, key), 0o600)
            done = subprocess.run([kit.program("weir"), "check", path], env=env, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"[3-9] sources")

    def test_keys_are_made_once_and_never_replaced(self):
        with tempfile.TemporaryDirectory(prefix="weir-example-") as folder:
            env = dict(os.environ, WEIR_DATA=folder + "/data", WEIR_KEYS=folder + "/keys", WEIR_DEMO_PORT=str(kit.free_port()))
            config = os.path.join(kit.TOP, "config", "weir.yaml")
            run = [kit.program("weir"), "run", "-c", config]
            feed = os.path.join(kit.TOP, "config", "demo", "one.hl7")
            popen = subprocess.Popen(run, env=env, stderr=subprocess.PIPE, text=True)
            try:
                send = [kit.program("weir"), "send", "127.0.0.1:" + env["WEIR_DEMO_PORT"], feed]
                kit.wait_until(lambda: subprocess.run(send, env=env, capture_output=True, check=False).returncode == 0, 20, "AA")
            finally:
                popen.terminate()
                err = popen.communicate()[1]
            self.assertIn("made " + folder + "/keys/pseudonym.key", err)
            self.assertEqual(os.stat(folder + "/keys/pseudonym.key").st_mode & 0o777, 0o600)
            os.unlink(folder + "/keys/pseudonym.key")
            done = subprocess.run(run, env=env, capture_output=True, text=True, check=False, timeout=30)
            self.assertEqual(done.returncode, 75)
            self.assertIn("put the old key back", done.stderr)


class RevealWithoutOwner(unittest.TestCase):
    def test_the_operator_file_takes_the_record(self):
        with kit.Site() as site:
            site.start()
            feed = site.write("one.hl7", ADMIT.format(n=1))
            site.weir("send", f"127.0.0.1:{site.port}", feed)
            kit.wait_until(lambda: site.weir("tail", "-n", "1", "--no-follow").stdout, 20, "the event")
            for p in site.processes.values():
                p.stop()
            out = site.weir("tail", "-n", "1", "--no-follow", "--json", "--reveal").stdout
            self.assertIn("9990001006", out)
            self.assertTrue(os.path.exists(os.path.join(site.data, "operator.db")))


if __name__ == "__main__":
    unittest.main()
