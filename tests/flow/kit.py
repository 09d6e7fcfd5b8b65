"""What the flow tests share: a site of its own per test, its processes, and waiting for a state.

A test waits for what it needs with wait_until and a deadline; nothing sleeps for a fixed time.
"""
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import yaml

from consumer import Consumer  # noqa: F401  (re-exported for the tests)

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("WEIR_BUILD", os.path.join(TOP, "build"))
SLOWER = float(os.environ.get("WEIR_TEST_SLOWER", "1"))  # for valgrind and crowded machines


class TimedOut(AssertionError):
    pass


def wait_until(predicate, deadline, what):
    """Returns the first true value of predicate(); TimedOut after `deadline` seconds."""
    end = time.monotonic() + deadline * SLOWER
    pause = 0.002
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise TimedOut(f"not within {deadline:g} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def program(name):
    for folder in ("adapters", "broker", "cli", "."):
        path = os.path.join(BUILD, folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{name} is not in {BUILD}: build first, or set WEIR_BUILD")


def read_ndjson(path):
    """The complete lines of a file as objects; a last line without its end is still being written."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as f:
        data = f.read()
    return [json.loads(line) for line in data[:data.rfind(b"\n") + 1].splitlines() if line]


def get(url):
    """(status, text) of a GET; (0, "") where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()
    except (OSError, ValueError):
        return 0, ""


class Ndjson:
    """A file of events that grows: update() reads what is new and returns all of it so far, each kept
    as keep(event)."""

    def __init__(self, path, keep=lambda event: event):
        self.path, self.keep, self.events, self.at = path, keep, [], 0

    def update(self):
        if os.path.exists(self.path):
            with open(self.path, "rb") as f:
                f.seek(self.at)
                data = f.read()
            end = data.rfind(b"\n") + 1
            self.at += end
            self.events += [self.keep(json.loads(line)) for line in data[:end].splitlines() if line]
        return self.events


class Process:
    """A product program with its output in a file."""

    def __init__(self, site, name, argv, env=None):
        self.site, self.name, self.argv = site, name, argv
        self.log_path = os.path.join(site.dir, f"{name}.log")
        self.env = dict(os.environ, **(env or {}))
        self.popen = None

    def start(self):
        for stale in ("http",):
            path = os.path.join(self.site.data, "run", f"{self.name}.{stale}")
            if os.path.exists(path):
                os.unlink(path)
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env=self.env)
        return self

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def kill(self):
        """kill -9, and no goodbye."""
        if self.running():
            self.popen.send_signal(signal.SIGKILL)
        if self.popen:
            self.popen.wait()

    def stop(self, within=30):
        """SIGTERM; returns the exit code."""
        if self.running():
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(within * SLOWER)
        except subprocess.TimeoutExpired:
            self.popen.send_signal(signal.SIGABRT)
            self.popen.wait()
            raise TimedOut(f"{self.name} did not stop within {within} s of SIGTERM") from None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def url(self, path):
        with open(os.path.join(self.site.data, "run", f"{self.name}.http"), encoding="ascii") as f:
            return f"http://{f.read().strip()}{path}"

    def get(self, path):
        """(status, text) of a path on the health port; (0, "") while nobody answers there."""
        try:
            return get(self.url(path))
        except OSError:
            return 0, ""

    def healthy(self):
        if not self.running():
            raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n"
                                 + self.log()[-2000:])
        return self.get("/health")[0] == 200

    def metric(self, name, **labels):
        """The sum of the samples of that name whose labels match; None where there is none."""
        total = None
        for line in self.get("/metrics")[1].splitlines():
            head, _, value = line.rpartition(" ")
            base, _, rest = head.partition("{")
            if base == name and all(f'{k}="{v}"' in rest for k, v in labels.items()):
                total = (total or 0.0) + float(value)
        return total

    def status(self, name):
        """That line of the kernel's account of its memory, in bytes."""
        with open(f"/proc/{self.popen.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith(f"{name}:"):
                    return int(line.split()[1]) * 1024
        return 0

    def rss(self):
        """Resident bytes."""
        return self.status("VmRSS")

    def peak(self):
        """The most resident bytes since the start, or since forget_peak()."""
        return self.status("VmHWM")

    def forget_peak(self):
        with open(f"/proc/{self.popen.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")

    def cpu(self):
        """CPU seconds so far."""
        with open(f"/proc/{self.popen.pid}/stat", encoding="ascii") as f:
            parts = f.read().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


IDENTIFIERS = {"*/NHS/NH": "nhs_number", "*/RZZ/MR": "mrn", "*/RZZ/VN": "visit"}
LOCATIONS = {"RZZ01/ED": "ed", "RZZ01/SDEC": "sdec", "RZZ01/AMU": "assessment",
             "RZZ01/W1": "ward", "RZZ01/W2": "ward", "RZZ01/W3": "ward", "RZZ01/ITU": "critical_care"}


class Site:
    """A data directory, keys and a config of its own; closing stops what runs and removes it all.

    `with Site(consumers={...}) as site:`; change site.config before start()."""

    def __init__(self, consumers=None, routes=None, where=None):
        self.dir = tempfile.mkdtemp(prefix="weir-flow-", dir=where)
        self.data = os.path.join(self.dir, "data")
        self.config_path = os.path.join(self.dir, "weir.yaml")
        self.port = free_port()
        self.processes = {}
        self.keep = bool(os.environ.get("WEIR_TEST_KEEP"))
        os.mkdir(os.path.join(self.dir, "keys"))
        for name in ("pseudonym", "audit"):
            self.write(f"keys/{name}.key", secrets.token_hex(32) + "\n", 0o600)
        self.config = {
            "data": self.data,
            "log_level": "info",
            "stream": {"kind": "embedded", "free_min": "16MiB"},
            "keys": {"kid": "t1", "pseudonym": "file:keys/pseudonym.key",
                     "audit": "file:keys/audit.key"},
            "listen": {"acute": "127.0.0.1:0", "broker": "127.0.0.1:0"},
            "tables": {"identifier": IDENTIFIERS, "location": LOCATIONS},
            "sources": {"test-pas": {
                "adapter": "acute", "ods": "RZZ", "system": "test", "timezone": "Europe/London",
                "pl": "ward^bay^bed^site", "test_numbers": True,
                "mllp": {"listen": f"127.0.0.1:{self.port}", "allow": ["127.0.0.1"]}}},
            "routes": routes or {"analytics": {},
                                 "all": {"keep": ["all"], "identifiers": True}},
            "consumers": consumers or {},
        }

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_config(self):
        self.write("weir.yaml", yaml.safe_dump(self.config, sort_keys=False))

    def use_kafka(self, nodes, **more):
        """The stream stands on these nodes ("host:port,…"), under a prefix that no other test has; topics
        are made by make_topics()."""
        self.config["stream"] = {"kind": "kafka", "kafka": {
            "nodes": nodes.split(","), "prefix": f"t{secrets.token_hex(4)}.", "partitions": 3, "replicas": 1,
            "min_insync": 1, "allow_unsafe": True, **more}}
        return self

    def topic(self, name):
        """As the nodes know it."""
        return self.config["stream"]["kafka"]["prefix"] + name

    def make_topics(self):
        self.write_config()
        return self.weir("topics", "create")

    def adapter(self):
        return self._process("acute", [program("weir-adapter"), "acute", "--config",
                                       self.config_path])

    def broker(self):
        return self._process("broker", [program("weir-broker"), "--config", self.config_path])

    def relay(self):
        return self._process("relay", [program("weir-relay"), "--config", self.config_path])

    def another(self, role, name):
        """One more of that role, not started: another("broker", "broker-2")."""
        argv = [program("weir-broker")] if role == "broker" else [program("weir-adapter"), role]
        return self._process(name, [*argv, "--name", name, "--config", self.config_path])

    def _process(self, name, argv):
        if name not in self.processes:
            self.processes[name] = Process(self, name, argv)
        return self.processes[name]

    def start(self, *names):
        """Writes the config and starts the named processes (both unless named); waits for health."""
        self.write_config()
        started = [getattr(self, {"acute": "adapter"}.get(n, n))() for n in names or ("acute", "broker")]
        started = [p for p in started if not p.running()]
        for p in started:
            p.start()
        for p in started:
            wait_until(p.healthy, 20, f"{p.name} is healthy")
        return self

    def weir(self, *argv, stdin=None, check=True, timeout=60):
        """Runs the operator's command on this site's config."""
        done = subprocess.run([program("weir"), *argv, "--config", self.config_path],
                              input=stdin, capture_output=True, text=True,
                              timeout=timeout * SLOWER, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"weir {' '.join(argv)}: exit {done.returncode}: {done.stderr}")
        return done

    def close(self):
        problems = []
        for p in self.processes.values():
            if p.popen is not None:
                try:
                    p.stop()
                except TimedOut as e:
                    problems.append(str(e))
                text = p.log()
                for mark in ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer"):
                    if mark in text:
                        at = text.index(mark)
                        problems.append(f"{p.name}: {text[max(0, at - 100):at + 3000]}")
        if self.keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if problems:
            raise AssertionError("\n".join(problems))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.close()
        except AssertionError:
            if kind is None:
                raise


def http_consumer(consumer, route="all", **more):
    """The config of a consumer that delivers to this Consumer object."""
    return {"route": route, "kind": "http", "start": "earliest",
            "http": {"url": consumer.url, "allow_private": True, **more.pop("http", {})}, **more}


def file_consumer(path, route="all", **more):
    return {"route": route, "kind": "file", "start": "earliest", "file": {"path": path}, **more}


def parked(site, consumer):
    """Rows of `weir parked list --json` of that consumer: {event, type, state, reason, attempts, since}."""
    out = site.weir("parked", "list", "--consumer", consumer, "--json").stdout
    return [json.loads(line) for line in out.splitlines() if line]

