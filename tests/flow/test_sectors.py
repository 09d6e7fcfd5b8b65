"""weir simulate ambulance, community, mental-health: what each says it meant is what the shipped maps make of it, people
go from one sector to the next, and nothing is lost where an adapter is killed. And ./run itself."""
import collections
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import unittest

import checker
import demo
import kit

# By the end of a file's name: who sent it.
SOURCES = {
    "acute": {"hl7": "demo-pas"},
    "ambulance": {"json": "demo-cad", "fhir.json": "demo-bars", "csv": "demo-epcr"},
    "community": {"hl7": "demo-care-pas", "fhir.json": "demo-care", "csv": "demo-csds"},
    "mental-health": {"hl7": "demo-mental-pas", "away.hl7": "demo-away-pas", "fhir.json": "demo-bed-desk",
                      "csv": "demo-mhsds"},
}
OTHERS = ("ambulance", "community", "mental-health")


def simulate(*argv, check=True):
    done = subprocess.run([kit.program("weir"), "simulate", *map(str, argv)], capture_output=True, text=True,
                          timeout=120 * kit.SLOWER, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"weir simulate {argv}: exit {done.returncode}: {done.stderr}")
    return done


class Told(unittest.TestCase):
    """Into folders, without any adapter."""

    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)

    def told(self, sector, *argv):
        """(folder, the ledger's rows of what was made)"""
        folder = self.site.path(f"{sector}-{len(os.listdir(self.site.path('.')))}")
        ledger = folder + ".ledger"
        simulate(sector, "--out", folder + "/", "--ledger", ledger, *argv)
        return folder, [r for r in checker.read_rows(ledger) if r["row"] == "made"]

    @staticmethod
    def bytes_of(folder):
        found = {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                found[name] = f.read()
        return found

    def test_the_same_options_give_the_same_bytes(self):
        for sector in OTHERS:
            first = self.bytes_of(self.told(sector, "--hours", 12, "--seed", 5)[0])
            self.assertEqual(first, self.bytes_of(self.told(sector, "--hours", 12, "--seed", 5)[0]), sector)
            self.assertNotEqual(first, self.bytes_of(self.told(sector, "--hours", 12, "--seed", 6)[0]), sector)

    def test_numbers_are_of_those_that_are_never_issued(self):
        for sector in OTHERS:
            text = b"".join(self.bytes_of(self.told(sector, "--hours", 12)[0]).values()).decode()
            numbers = set(re.findall(r"\b[0-9]{10}\b", text)) - {"2000000001", "2000000002"}  # services of BaRS
            self.assertGreater(len(numbers), 20, sector)
            self.assertEqual({n[:3] for n in numbers}, {"999"}, sector)

    def test_a_patient_goes_from_sector_to_sector(self):
        ways = collections.defaultdict(list)
        for sector in SOURCES:
            for row in self.told(sector, "--hours", 60, "--hospitals", 1)[1]:
                who = row.get("person") or row["patient"]
                ways[who] += [t for t in row["types"] if t not in ways[who]]

        def some(*types):
            self.assertTrue([w for w, seen in ways.items() if set(types) <= set(seen)], types)

        some("ambulance.conveying", "ambulance.handed_over", "emergency.arrived", "patient.admitted", "discharge.ready",
             "patient.discharged", "referral.received", "caseload.started", "contact.completed")
        some("emergency.departed", "crisis.contact", "placement.requested", "placement.accepted", "patient.admitted")
        some("urgent_community.requested", "ambulance.alternative_pathway", "urgent_community.responded")

    def test_who_is_placed_elsewhere_comes_back(self):
        _, made = self.told("mental-health", "--hours", 300, "--hospitals", 1)
        stays = collections.defaultdict(list)
        for row in made:
            if row["trigger"] in ("Task", "A01", "A03", "MHS105"):
                stays[row["person"]].append((row["control_id"][0] if row["trigger"][0] == "A" else "", row["trigger"]))
        whole = [("", "Task"), ("", "Task"), ("N", "A01"), ("", "MHS105"), ("N", "A03"), ("M", "A01")]
        self.assertTrue([s for s in stays.values() if s[:len(whole)] == whole])

    def test_what_it_meant_is_what_the_maps_make_of_it(self):
        for sector in SOURCES:
            folder, made = self.told(sector, "--hours", 26, "--from", 7)
            got = collections.defaultdict(list)
            for event in self.translated(sector, folder):
                got[event["data"]["origin"]["sha256"]].append(event)
            self.assertGreater(len(made), 100, sector)
            for row in made:
                events = got[row["sha256"]]
                self.assertEqual({e["type"] for e in events}, {*row["types"], row.get("again")} - {None}, row)
                words = {q for e in events for q in e["data"].get("quality", [])}
                left = "emergency.left_before_seen" in row["types"]  # its code 12 is a disposal, no method
                self.assertLessEqual(words, {"date_only", "nhs_number_untraced"} |
                                     ({"unmapped_code:care.discharge_method"} if left else set()), row)

    def translated(self, sector, folder):
        """The events of all that lies in the folder; JSON as one document a line, CSV file after file."""
        inputs = collections.defaultdict(list)
        for name, data in self.bytes_of(folder).items():
            end, kind = name.split(".", 1)[1], name.rstrip("0123456789-.csv")
            rows = inputs[end, kind if end == "csv" else ""]
            rows += [r for r in data.splitlines() if r not in rows] if end == "csv" else [data]
        for (end, _), parts in inputs.items():
            between = b"" if end.endswith("hl7") else b"\n"
            yield from translate(self.site, SOURCES[sector][end], between.join(parts).decode())

    def test_what_is_no_use(self):
        for argv, why in ((["ambulance"], "--out FOLDER/"), (["ambulance", "127.0.0.1:1"], "nothing of sector ambulance"),
                          (["--json", "http://x/"], "nothing of sector acute"), (["community", "--odd", "--out", "x/"], "acute"),
                          (["mental-health", "--fhir", "http://x/", "--out", "x/"], "not both"),
                          (["nowhere", "127.0.0.1:1"], "too many")):
            done = simulate(*argv, check=False)
            self.assertEqual(done.returncode, 64, argv)
            self.assertIn(why, done.stderr, argv)
        for argv, why in ((["community", "--fhir", "ftp://x/"], "http://HOST"), (["ambulance", "--drop", "/nowhere/"], "/nowhere/")):
            done = simulate(*argv, check=False)
            self.assertNotIn(done.returncode, (0, 64), argv)
            self.assertIn(why, done.stderr, argv)

    def test_the_tables_of_the_region_are_those_of_its_senders(self):
        """config/demo/region-tables.csv: made with `weir simulate SECTOR --wards`."""
        want = {line for sector in SOURCES for line in simulate(sector, "--wards").stdout.splitlines()}
        with open(os.path.join(demo.REGION, "region-tables.csv"), encoding="ascii") as f:
            lines = f.read().splitlines()
        self.assertEqual(lines[0], "table,key,value")
        self.assertEqual(set(lines), want)


def translate(site, source, text):
    site.write("in", text)
    env = dict(os.environ, WEIR_DATA=site.path("data"), WEIR_KEYS=site.path("keys"))
    done = subprocess.run([kit.program("weir"), "translate", "-c", os.path.join(demo.REGION, "region.yaml"), "--source",
                           source, site.path("in")], env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{source}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Door(http.server.ThreadingHTTPServer):
    """An HTTP server that answers by a rule: rule(body, how often it came) gives the status."""

    def __init__(self, rule):
        super().__init__(("127.0.0.1", 0), Handler)
        self.rule, self.seen, self.taken, self.paths = rule, collections.Counter(), [], set()
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/in"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.seen[body] += 1
            self.server.paths.add((self.path, self.headers["Content-Type"]))
            status = self.server.rule(body, self.server.seen[body])
            if status < 300:
                self.server.taken.append(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Sent(unittest.TestCase):
    """Over HTTP and into drop folders, to whatever answers."""

    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.ledger = self.site.path("ledger.ndjson")

    def door(self, rule):
        door = Door(rule)
        self.addCleanup(door.close)
        return door

    def made(self):
        return [r for r in checker.read_rows(self.ledger) if r["row"] == "made"]

    def test_what_was_not_taken_is_sent_again_in_order(self):
        door = self.door(lambda body, n: 503 if n == 1 and b"on_scene" in body else 204)
        done = simulate("ambulance", "--json", door.url, "--messages", 300, "--ledger", self.ledger)
        self.assertIn("300 messages", done.stderr)
        self.assertEqual(door.paths, {("/in", "application/json")})
        at = {body: i for i, body in reversed(list(enumerate(door.taken)))}
        self.assertEqual(len(at), 300)
        lines = collections.defaultdict(list)
        for body in door.taken:
            status = json.loads(body)
            lines[status["incident"]].append(status["at"])
        for incident, times in lines.items():
            self.assertEqual(times, sorted(times), incident)

    def test_a_refusal_is_told(self):
        door = self.door(lambda body, n: 422 if door.seen.total() == 7 else 204)
        done = simulate("ambulance", "--json", door.url, "--messages", 20, "--connections", 1, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 answered wrongly", done.stderr)
        self.assertIn("status 422", done.stderr)

    def test_it_gives_up_when_told(self):
        done = simulate("community", "--fhir", f"http://127.0.0.1:{kit.free_port()}/fhir", "--messages", 3, "--from", 9,
                        "--give-up", "300ms", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("3 unanswered", done.stderr)

    def test_notices_of_hospitals(self):
        """Each is what the maps make of it; without --fhir hospitals send HL7 v2 alone."""
        door = self.door(lambda body, n: 200)
        simulate("acute", "--fhir", door.url, "--messages", 40, "--ledger", self.ledger)
        self.assertEqual(door.paths, {("/in/$process-message", "application/fhir+json")})
        events = translate(self.site, "demo-notices", b"\n".join(door.taken).decode())
        got = collections.Counter(e["type"] for e in events)
        want = collections.Counter(t for row in self.made() for t in row["types"])
        self.assertEqual(set(want), {"discharge.assessment_requested", "discharge.notified"})
        repeats = sum(door.seen.values()) - len(door.seen)
        self.assertEqual(got.total(), want.total() + repeats)

    def drop(self, answer):
        """Its files are answered by a thread: answer(rows of a file) gives its report's `result`."""
        folder, over = self.site.path("drop"), threading.Event()
        for part in ("", "done", "bad"):
            os.mkdir(os.path.join(folder, part))
        files = {}

        def read():
            while not over.wait(0.02):
                for name in sorted(os.listdir(folder)):
                    path = os.path.join(folder, name)
                    if name.startswith(".") or not name.endswith(".csv") or name in files or os.path.isdir(path):
                        continue
                    with open(path, encoding="utf-8") as f:
                        files[name] = f.read().splitlines()
                    result = answer(files[name])
                    with open(path + ".tmp", "w", encoding="ascii") as f:
                        json.dump({"result": result}, f)
                    os.rename(path + ".tmp", os.path.join(folder, result, name + ".report.json"))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self.addCleanup(reader.join)
        self.addCleanup(over.set)
        return folder + "/", files

    def test_files_hold_each_row_and_those_of_the_file_before(self):
        folder, files = self.drop(lambda rows: "done")
        simulate("ambulance", "--drop", folder, "--hours", 6, "--ledger", self.ledger)
        new, before = [], []
        for rows in files.values():
            self.assertEqual(rows[1:1 + len(before)], before)
            before = rows[1 + len(before):]
            new += before
        self.assertEqual(len(new), len(self.made()))
        self.assertEqual(len(set(new)), len(new))

    def test_a_file_that_was_not_taken_is_told(self):
        folder, _ = self.drop(lambda rows: "bad" if len(rows) > 3 else "done")
        done = simulate("ambulance", "--drop", folder, "--hours", 3, "--ledger", self.ledger, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("see its report in bad/", done.stderr)

    def test_nobody_reads_the_folder(self):
        os.mkdir(self.site.path("drop"))
        done = simulate("ambulance", "--drop", self.site.path("drop/"), "--hours", 3, "--give-up", "300ms", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn(" 0 unanswered", done.stderr)


class Run(unittest.TestCase):
    """./run once it is built: tests/flow/demo.py."""

    def start(self, seconds):
        self.folder = self.site.path("demo")
        self.out = open(self.site.path("out"), "w+", encoding="utf-8")
        self.addCleanup(self.out.close)
        run = subprocess.Popen([sys.executable, "-B", os.path.join(kit.TOP, "tests/flow/demo.py"), "--for", f"{seconds}s",
                                "--free-ports", "--folder", self.folder], stdout=self.out, stderr=subprocess.STDOUT)
        self.addCleanup(run.wait)
        self.addCleanup(run.terminate)
        return run

    def said(self):
        self.out.seek(0)
        return self.out.read()

    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)

    def adapters(self):
        """The pids of the adapters of this run."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    argv = f.read().decode().split("\0")
            except OSError:
                continue
            if argv[0].endswith("weir-adapter") and self.folder + "/weir.yaml" in argv:
                found.append(int(pid))
        return found

    def test_all_four_sectors_are_seen_and_all_is_delivered(self):
        run = self.start(8)
        self.assertEqual(run.wait(150 * kit.SLOWER), 0, self.said()[-3000:])
        said = self.said()
        for sector in demo.SECTORS:
            self.assertRegex(said, rf"weir simulate {sector}: [1-9][0-9]* messages .* 0 answered wrongly, 0 unanswered")
            self.assertIn(f"{sector} in", said)
        self.assertEqual(said.count("the checker finds all that was sent, in order"), 2)
        self.assertIn("one patient's way, 999", said)

    def test_adapters_that_are_killed_lose_nothing(self):
        run = self.start(10)
        kit.wait_until(lambda: "weir is up" in self.said(), 60, "it is up")
        kit.wait_until(lambda: self.said().count("urn:nhs:ods:ZZA") > 3, 60, "the ambulance service is heard")
        pids = self.adapters()
        self.assertEqual(len(pids), 4)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(run.wait(150 * kit.SLOWER), 0, self.said()[-3000:])
        self.assertRegex(self.said(), r"weir simulate ambulance: .* [1-9][0-9]* reconnects")


if __name__ == "__main__":
    unittest.main()
