#!/usr/bin/python3
"""The whole product on sample data: what ./run starts once everything is built.

`weir run` supervises the four adapters and the broker of config/demo/region.yaml (with an HTTP consumer
beside its file); for each sector a `weir simulate` sends what its systems say, over MLLP, HTTP and as files;
`weir tail` shows the events. At the end the independent checker compares what was acknowledged, by every
sector and in every way, with what both consumers hold.
With --kafka the stream is not a file but a Kafka node that tests/kafka starts.
"""
import argparse
import collections
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time

import yaml

import checker
import kit

sys.path.insert(1, os.path.join(kit.TOP, "tests", "kafka"))
import node  # noqa: E402

SPEED = 120  # two minutes a second
HOSPITALS = 2
FROM_HOUR = 8  # a morning: arrivals, clinics, theatres
SKIPPED = 77
REGION = os.path.join(kit.TOP, "config", "demo")
SECTORS = ("acute", "ambulance", "community", "mental-health")
# What each sector's senders are told: option of weir simulate ("": HOST:PORT) and source.
WAYS = {"acute": {"": "demo-pas", "--fhir": "demo-notices"},
        "ambulance": {"--json": "demo-cad", "--fhir": "demo-bars", "--drop": "demo-epcr"},
        "community": {"": "demo-care-pas", "--fhir": "demo-care", "--drop": "demo-csds"},
        "mental-health": {"": "demo-mental-pas", "--away": "demo-away-pas", "--fhir": "demo-bed-desk",
                          "--drop": "demo-mhsds"}}


def expanded(text):
    """${NAME:-preset} as weir reads it."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda m: os.environ.get(m[1], m[2]), text)


class Demo:
    def __init__(self, folder, seconds, free_ports=False):
        self.folder, self.seconds, self.free_ports = folder, seconds, free_ports
        self.data = os.path.join(folder, "data")
        self.config = os.path.join(folder, "weir.yaml")
        self.http_file = os.path.join(folder, "http-consumer.ndjson")
        self.file = os.path.join(self.data, "demo.ndjson")
        self.children = []
        self.kafka = None
        self.stopping = threading.Event()
        self.ended_early = None

    def prepare(self):
        """A fresh folder with keys and a config made from the shipped one."""
        shutil.rmtree(self.folder, ignore_errors=True)
        keys = os.path.join(self.folder, "keys")
        os.makedirs(keys, mode=0o700)
        os.mkdir(self.data)
        for name in ("pseudonym", "audit"):
            path = os.path.join(keys, f"{name}.key")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
                f.write(secrets.token_hex(32) + "\n")

    def ledger_file(self, sector):
        return os.path.join(self.folder, f"sent-{sector}.ndjson")

    def use_kafka(self):
        """A node of its own, and the shipped settings for one."""
        self.kafka = node.Kafka(folder=os.path.join(self.folder, "kafka"))
        self.kafka.start()
        os.environ["WEIR_KAFKA"] = self.kafka.address

    def make_topics(self):
        subprocess.run([kit.program("weir"), "topics", "create", "--config", self.config], check=True)

    def write_config(self, url):
        with open(os.path.join(REGION, "region.yaml"), encoding="utf-8") as f:
            site = yaml.safe_load(f)
        site["data"] = self.data
        if self.kafka:
            with open(os.path.join(REGION, "kafka.yaml"), encoding="utf-8") as f:
                site.update(yaml.safe_load(f))
        site["keys"] = {"kid": "k1"}
        for name in ("pseudonym", "audit"):
            site["keys"][name] = f"file:{self.folder}/keys/{name}.key"
        site["table_files"] = [os.path.join(REGION, name) for name in site["table_files"]]
        self.place_sources(site)
        site["consumers"]["demo-file"]["file"]["path"] = self.file
        site["consumers"]["demo-http"] = {"route": "demo", "kind": "http",
                                          "http": {"url": url, "allow_private": True}}
        for consumer in site["consumers"].values():
            consumer.setdefault("start", "earliest")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("# made by ./run from config/demo/region.yaml: an HTTP consumer more, folders of its own\n")
            yaml.safe_dump(site, f, sort_keys=False)

    def place_sources(self, site):
        """Where each source takes what is sent: its address as `weir simulate` wants it."""
        self.to = {}
        if self.free_ports:
            site.pop("listen")
        for name, source in site["sources"].items():
            door = next(source[kind] for kind in ("mllp", "http", "fhir", "folder") if kind in source)
            if "folder" in source:
                door["path"] = self.to[name] = os.path.join(self.data, "drop", name)
                os.makedirs(door["path"])
                continue
            door["listen"] = f"127.0.0.1:{kit.free_port()}" if self.free_ports else expanded(door["listen"])
            path = {"http": "/cad", "fhir": "/fhir"}
            kind = next(k for k in ("mllp", "http", "fhir") if k in source)
            self.to[name] = door["listen"] if kind == "mllp" else "http://" + door["listen"] + path[kind]

    def child(self, *argv, **more):
        # a group of its own: Ctrl-C reaches this program only, which stops the others in order
        popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, **more)
        self.children.append(popen)
        return popen

    def start(self):
        consumer = self.child(sys.executable, "-B", os.path.join(kit.TOP, "tests/flow/consumer.py"),
                              "--out", self.http_file, stdout=subprocess.PIPE, text=True)
        url = consumer.stdout.readline().strip()
        self.write_config(url)
        if self.kafka:
            self.make_topics()
        log = open(os.path.join(self.folder, "weir.log"), "ab")
        self.weir = self.child(kit.program("weir"), "run", "--config", self.config, stdout=log,
                               stderr=log)
        kit.wait_until(lambda: all(self.up(name) for name in (*SECTORS, "broker")), 60, "weir run is up")
        tell = [f"{sector + ' in':17}" + ", ".join(self.short(to) for to in self.targets(sector).values())
                for sector in SECTORS]
        print(f"""
weir is up: an adapter for each sector, the broker, senders for all of them (two minutes a second).
  {(chr(10) + "  ").join(tell)}
  try it           weir send {self.to['demo-pas']} config/demo/morning.hl7
  HTTP consumer    {url}, keeps {os.path.relpath(self.http_file)}
  file consumer    {os.path.relpath(self.file)}
  health           {self.address('ambulance')}/health and {self.address('broker')}/metrics
  log              {os.path.relpath(log.name)}
  command          {os.path.relpath(kit.program('weir'))} status -c {os.path.relpath(self.config)}
{self.kafka_lines()}""", flush=True)
        self.tail = self.child(kit.program("weir"), "tail", "--config", self.config)

    def targets(self, sector):
        return {option: self.to[source] for option, source in WAYS[sector].items()}

    @staticmethod
    def short(to):
        """As it is shown: folders from here, MLLP by its name."""
        return os.path.relpath(to) if to.startswith("/") else to if "://" in to else "MLLP " + to

    def kafka_lines(self):
        if not self.kafka:
            return ""
        return (f"  Kafka           {self.kafka.address}, release {self.kafka.release}; one node: not for data that matters\n"
                f"  analysts        kcat -b {self.kafka.address} -t demo.flow.route.analytics -o beginning -e\n")

    def up(self, name):
        if self.weir.poll() is not None:
            with open(os.path.join(self.folder, "weir.log"), encoding="utf-8", errors="replace") as f:
                raise AssertionError(f"weir run ended with {self.weir.returncode}:\n{f.read()[-3000:]}")
        return os.path.exists(os.path.join(self.data, "run", f"{name}.http")) and \
            kit.get(self.address(name) + "/health")[0] == 200

    def address(self, name):
        with open(os.path.join(self.data, "run", f"{name}.http"), encoding="ascii") as f:
            return "http://" + f.read().strip()

    def sender(self, sector):
        argv = [kit.program("weir"), "simulate", sector, "--speed", str(SPEED), "--hours", "8000", "--hospitals",
                str(HOSPITALS), "--from", str(FROM_HOUR), "--give-up", "15s", "--ledger", self.ledger_file(sector)]
        for option, to in self.targets(sector).items():
            argv += [option, to] if option else [to]
        return self.child(*argv, stderr=subprocess.PIPE, text=True)

    def feed(self):
        """All sectors send until the time is over or somebody says stop; returns how their commands ended."""
        senders = [self.sender(sector) for sector in SECTORS]
        end = time.monotonic() + self.seconds if self.seconds else None
        while not self.over(end) and all(s.poll() is None for s in senders):
            self.stopping.wait(0.1)
        for sender in senders:
            sender.terminate()  # it waits for the answers that are due
        print(flush=True)
        for sender in senders:
            print(sender.communicate(timeout=60)[1].strip(), flush=True)
        return [sender.returncode for sender in senders]

    def over(self, end):
        if self.weir.poll() is not None:
            self.ended_early = f"weir run ended by itself with {self.weir.returncode}"
        return self.stopping.is_set() or self.ended_early or (end and time.monotonic() >= end)

    def check(self, codes):
        """True where both consumers hold all that was acknowledged, of every sector and in every way."""
        def there(path):
            return {checker.brief(e)["control_id"] for e in kit.read_ndjson(path)}

        problems = [self.ended_early] if self.ended_early else []
        facts = checker.Facts()
        for sector in SECTORS:
            rows = checker.read_rows(self.ledger_file(sector))
            facts.add(rows)
            if not any(row["row"] == "answer" for row in rows):
                problems.append(f"{sector}: nothing was answered")
        try:
            kit.wait_until(lambda: all(facts.acknowledged <= there(p) for p in (self.http_file, self.file)),
                           20, "the consumers have everything")
        except kit.TimedOut as e:
            problems.append(str(e))
        print(f"sent {len(facts.sent)} messages and rows, {len(facts.acknowledged)} acknowledged", flush=True)
        if any(codes) or facts.acknowledged != facts.sent:
            problems.append(f"not everything that was sent was acknowledged (weir simulate ended with {codes})")
        for name, path in (("HTTP consumer", self.http_file), ("file", self.file)):
            problems += self.check_consumer(name, facts, kit.read_ndjson(path))
        self.show_journey(kit.read_ndjson(self.file))
        for p in problems:
            print(f"  {p}")
        return not problems

    @staticmethod
    def show_journey(events):
        """The patient of whom most sectors told, as he went from one to the other."""
        ways = collections.defaultdict(dict)
        for e in events:
            if number := e["data"].get("patient", {}).get("nhs_number"):
                ways[number][e["id"]] = e
        number = max(ways, default=None,
                     key=lambda n: tuple(len(set(v)) for v in zip(*((e["data"]["sector"], e["type"]) for e in ways[n].values()))))
        if number:
            way = sorted(ways[number].values(), key=lambda e: e.get("time", ""))[:12]
            print(f"one patient's way, {number}:")
            for e in way:
                print(f"  {e.get('time', 'no time'):25} {e['data']['sector']:14} {e['type']}")

    @staticmethod
    def check_consumer(name, facts, events):
        found = checker.check(facts, [checker.brief(e) for e in events])
        sectors = collections.Counter(e["data"].get("sector") for e in events)
        print(f"{name}: {len(events)} events, {len({e['id'] for e in events})} different ("
              + ", ".join(f"{sector} {n}" for sector, n in sorted(sectors.items())) + "): "
              + ("the checker finds all that was sent, in order" if not found else "PROBLEMS"))
        return [f"{name}: {p}" for p in found]

    def stop(self):
        """Consumers last: what is under way is drained first."""
        for popen in reversed(self.children):
            if popen.poll() is None:
                popen.terminate()
            try:
                popen.wait(20)
            except subprocess.TimeoutExpired:
                print(f"{popen.args[0]} did not stop; killed", file=sys.stderr)
                popen.kill()
                popen.wait()
        if self.kafka:
            self.kafka.close()


def seconds_of(text):
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1])
    return float(text[:-1]) * unit if unit else float(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--for", dest="seconds", type=seconds_of, default=0,
                        help="end by itself after this time (20s, 2m); without it: until Ctrl-C")
    parser.add_argument("--kafka", action="store_true", help="the stream on a Kafka node that is started for it")
    parser.add_argument("--free-ports", action="store_true", help="not the ports of config/demo/region.yaml")
    parser.add_argument("--folder", default=os.path.join(kit.TOP, "build", "demo"))
    o = parser.parse_args()
    demo = Demo(os.path.realpath(o.folder), o.seconds, o.free_ports)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: demo.stopping.set())
    demo.prepare()
    try:
        if o.kafka:
            demo.use_kafka()
        demo.start()
        good = demo.check(demo.feed())
    except node.Unavailable as e:
        print(f"run: SKIPPED, no Kafka here: {e}", file=sys.stderr)
        return SKIPPED
    except (AssertionError, OSError, subprocess.CalledProcessError) as e:
        print(f"run: {e}", file=sys.stderr)
        good = False
    finally:
        demo.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
