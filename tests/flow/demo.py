#!/usr/bin/python3
"""The whole product on sample data: what ./run starts once everything is built.

`weir run` supervises adapter and broker of config/weir.yaml (with an HTTP consumer beside its file);
`weir simulate` sends what several hospitals say, over MLLP; `weir tail` shows the events.
At the end the independent checker compares what was acknowledged with what both consumers hold.
With --kafka the stream is not a file but a Kafka node that tests/kafka starts.
"""
import argparse
import os
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

MESSAGES_PER_SECOND = 12
HOSPITALS = 3
FROM_HOUR = 8  # a morning: arrivals, clinics, theatres
SKIPPED = 77


class Demo:
    def __init__(self, folder, seconds):
        self.folder, self.seconds = folder, seconds
        self.data = os.path.join(folder, "data")
        self.config = os.path.join(folder, "weir.yaml")
        self.http_file = os.path.join(folder, "http-consumer.ndjson")
        self.file = os.path.join(self.data, "demo.ndjson")
        self.ledger_file = os.path.join(folder, "sent.ndjson")
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

    def wards(self):
        path = os.path.join(self.folder, "wards.csv")
        with open(path, "w", encoding="ascii") as f:
            subprocess.run([kit.program("weir"), "simulate", "--wards", "--hospitals", str(HOSPITALS)],
                           stdout=f, check=True)
        return path

    def use_kafka(self):
        """A node of its own, and the shipped settings for one."""
        self.kafka = node.Kafka(folder=os.path.join(self.folder, "kafka"))
        self.kafka.start()
        os.environ["WEIR_KAFKA"] = self.kafka.address

    def make_topics(self):
        subprocess.run([kit.program("weir"), "topics", "create", "--config", self.config], check=True)

    def write_config(self, url):
        with open(os.path.join(kit.TOP, "config", "weir.yaml"), encoding="utf-8") as f:
            site = yaml.safe_load(f)
        site["data"] = self.data
        if self.kafka:
            with open(os.path.join(kit.TOP, "config", "demo", "kafka.yaml"), encoding="utf-8") as f:
                site.update(yaml.safe_load(f))
        for name in ("pseudonym", "audit"):
            site["keys"][name] = f"file:{self.folder}/keys/{name}.key"
        site["routes"]["demo"].pop("when", None)  # all of them, so that all can be counted
        site["table_files"] = [self.wards()]
        site["consumers"]["demo-file"]["file"]["path"] = self.file
        site["consumers"]["demo-http"] = {"route": "demo", "kind": "http",
                                          "http": {"url": url, "allow_private": True}}
        for consumer in site["consumers"].values():
            consumer.setdefault("start", "earliest")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("# made by ./run from config/weir.yaml: an HTTP consumer more, folders of its own\n")
            yaml.safe_dump(site, f, sort_keys=False)

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
        kit.wait_until(lambda: self.up("acute") and self.up("broker"), 30, "weir run is up")
        port = os.environ.get("WEIR_DEMO_PORT", "2575")
        self.port = int(port)
        print(f"""
weir is up.
  HL7 v2 in       MLLP 127.0.0.1:{port}   (try: weir send 127.0.0.1:{port} config/demo/morning.hl7)
  HTTP consumer   {url}, keeps {os.path.relpath(self.http_file)}
  file consumer   {os.path.relpath(self.file)}
  health          {self.address('acute')}/health and {self.address('broker')}/metrics
  log             {os.path.relpath(log.name)}
  command         {os.path.relpath(kit.program('weir'))} status -c {os.path.relpath(self.config)}
{self.kafka_lines()}""", flush=True)
        self.tail = self.child(kit.program("weir"), "tail", "--config", self.config)

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

    def feed(self):
        """Hospitals send until the time is over or somebody says stop; returns how their command ended."""
        sender = self.child(kit.program("weir"), "simulate", "--rate", str(MESSAGES_PER_SECOND), "--hours", "8000",
                            "--hospitals", str(HOSPITALS), "--from", str(FROM_HOUR), "--give-up", "15s",
                            "--ledger", self.ledger_file, f"127.0.0.1:{self.port}",
                            stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + self.seconds if self.seconds else None
        while not self.over(end) and sender.poll() is None:
            self.stopping.wait(0.1)
        sender.terminate()  # it waits for the answers that are due
        said = sender.communicate(timeout=60)[1]
        print("\n" + said.strip(), flush=True)
        return sender.returncode

    def over(self, end):
        if self.weir.poll() is not None:
            self.ended_early = f"weir run ended by itself with {self.weir.returncode}"
        return self.stopping.is_set() or self.ended_early or (end and time.monotonic() >= end)

    def check(self, sender_code):
        """True where both consumers hold all that was acknowledged."""
        def there(path):
            return {e["data"]["origin"].get("control_id") for e in kit.read_ndjson(path)}

        problems = [self.ended_early] if self.ended_early else []
        facts = checker.Facts(checker.read_rows(self.ledger_file))
        try:
            kit.wait_until(lambda: all(facts.acknowledged <= there(p) for p in (self.http_file, self.file)),
                           20, "the consumers have everything")
        except kit.TimedOut as e:
            problems.append(str(e))
        print(f"sent {len(facts.sent)} messages, {len(facts.acknowledged)} acknowledged", flush=True)
        if sender_code != 0 or not facts.acknowledged or facts.acknowledged != facts.sent:
            problems.append(f"not every message that was sent was acknowledged (weir simulate ended with {sender_code})")
        for name, path in (("HTTP consumer", self.http_file), ("file", self.file)):
            events = [checker.brief(e) for e in kit.read_ndjson(path)]
            found = checker.check(facts, events)
            print(f"{name}: {len(events)} events, {len({e['id'] for e in events})} different: "
                  + ("the checker finds all that was sent, in order" if not found else "PROBLEMS"))
            problems += [f"{name}: {p}" for p in found]
        for p in problems:
            print(f"  {p}")
        return not problems

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
    parser.add_argument("--folder", default=os.path.join(kit.TOP, "build", "demo"))
    o = parser.parse_args()
    demo = Demo(os.path.realpath(o.folder), o.seconds)
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
