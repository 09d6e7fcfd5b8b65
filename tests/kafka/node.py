#!/usr/bin/python3
"""Apache Kafka nodes for tests: KRaft, each node controller and broker, ready in seconds, gone with the test.

    with node.Kafka() as kafka:                      # one node; kafka.address is "127.0.0.1:23456"
    with node.Kafka(nodes=3) as kafka:               # min.insync.replicas 2; kafka[0].kill(), .start(), .pause()
    node.Kafka(listeners=("SASL_SSL",), users={"analyst": "secret"}, acls=True)

For a shell: node.py start --dir DIR [--nodes 3] …; node.py address --dir DIR; node.py stop --dir DIR.
The plain listener is always there: the nodes talk by it, and who comes by it may do everything.
"""
import argparse
import ctypes
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import certs
import jars
from jars import Unavailable  # noqa: F401  (for those who skip)

PR_SET_PDEATHSIG = 1
CLUSTER = "weirTestsAAAAAAAAAAAAA"  # 16 bytes in base64, as format wants it
JVM = ["-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC",
       "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"]
LOG4J = """log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n
"""
BED = {"auto.create.topics.enable": "true", "num.partitions": "1", "message.max.bytes": "80000000",
       "socket.request.max.bytes": "200000000"}  # settings that the stream's conformance suite wants
SECRET_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class NotReady(AssertionError):
    pass


def free_port(host):
    """A port that nobody listens on (host None: a namespace, where nobody does), below those that outgoing
    connections are given: a node that is started again has to get its own back."""
    while True:
        port = random.randrange(15000, 32000)
        if host is None:
            return port
        with socket.socket() as s:
            try:
                s.bind((host, port))
                return port
            except OSError:
                continue


def own_folder():
    """A temporary folder that tells whose it is; those whose maker was killed are removed."""
    at = tempfile.gettempdir()
    for name in os.listdir(at):
        pid = re.match(r"weir-kafka-(\d+)-", name)
        if pid and not os.path.exists(f"/proc/{pid[1]}"):
            shutil.rmtree(os.path.join(at, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"weir-kafka-{os.getpid()}-")


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def properties(pairs):
    return "".join(f"{name}={value}\n" for name, value in pairs.items())


def java(release, main, *argv, jvm=()):
    return ["java", *JVM, *jvm, "-cp", jars.class_path(release), main, *argv]


def release_number(release):
    return tuple(int(n) for n in release.split("."))


class Node:
    """One node: controller and broker. start() waits until it takes requests."""

    def __init__(self, kafka, number, host):
        self.kafka, self.number, self.host = kafka, number, host
        self.dir = os.path.join(kafka.dir, f"node{number}")
        self.log_path = os.path.join(kafka.dir, f"node{number}.log")
        self.ports = {name: free_port(None if kafka.net else host) for name in ("CONTROLLER", "PLAINTEXT", *kafka.listeners)}
        self.popen = None
        self.before = kafka.net.inside(number - 1) if kafka.net else []

    def address(self, listener="PLAINTEXT"):
        return f"{self.host}:{self.ports[listener]}"

    def settings(self):
        names = [name for name in self.ports if name != "CONTROLLER"]
        out = {
            "node.id": self.number,
            "process.roles": "broker,controller",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": ",".join(f"{n.number}@{n.address('CONTROLLER')}" for n in self.kafka.nodes),
            "inter.broker.listener.name": "PLAINTEXT",
            "listeners": ",".join(f"{name}://{self.address(name)}" for name in self.ports),
            "advertised.listeners": ",".join(f"{name}://{self.address(name)}" for name in names),
            "listener.security.protocol.map": ",".join(
                ["CONTROLLER:PLAINTEXT", *(f"{name}:{name}" for name in names)]),
            "log.dirs": self.dir,
        }
        return out

    def prepare(self):
        """What `kafka-storage format` leaves, without a JVM for it: the first metadata is the same for all
        of a release and kept."""
        os.makedirs(self.dir, exist_ok=True)
        with open(os.path.join(self.dir, "meta.properties"), "w", encoding="ascii") as f:
            f.write(properties({"version": 1, "cluster.id": CLUSTER, "node.id": self.number}))
        shutil.copy(self.kafka.first_metadata, os.path.join(self.dir, "bootstrap.checkpoint"))
        self.config = os.path.join(self.kafka.dir, f"node{self.number}.properties")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(properties({**self.kafka.common(), **self.settings(), **self.kafka.more}))

    def launch(self):
        jvm = [f"-Dlog4j.configuration=file:{self.kafka.log4j}", *self.kafka.jvm]
        with open(self.log_path, "ab") as log:
            self.said = log.tell()
            self.popen = subprocess.Popen(
                [*self.before, *java(self.kafka.release, "kafka.Kafka", self.config, jvm=jvm)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent)

    def log(self):
        """What it has said since it was started last."""
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            f.seek(self.said)
            return f.read()

    def ready(self):
        if not self.running():
            raise NotReady(f"Kafka node {self.number} ended with {self.popen.returncode}:\n{self.log()[-3000:]}")
        return "Kafka Server started" in self.log()

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while not self.ready():
            if time.monotonic() > end:
                raise NotReady(f"Kafka node {self.number} is not up after {seconds} s:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        return self

    def start(self):
        self.launch()
        return self.wait_ready()

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def stop(self, seconds=60):
        """SIGTERM: leaders move away first where others can take them; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.popen.wait(seconds)

    def kill(self):
        """kill -9."""
        if self.popen:
            self.signal(signal.SIGKILL)
            self.popen.wait()

    def pause(self):
        """Stands still from here on: the signal alone leaves its threads running until one of them gets a CPU."""
        if self.running():
            self.signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.popen.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self):
        self.signal(signal.SIGCONT)


class Kafka:
    """A cluster in a temporary folder. Nothing of it outlives close() or the process that made it.

    listeners: beside PLAINTEXT: "SSL", "SASL_PLAINTEXT", "SASL_SSL"; users: name to password, for PLAIN
    and SCRAM; acls: refuse what no ACL allows (who comes by PLAINTEXT stays free); settings: of the
    server, over those here; hosts: the address of each node; net: Nets whose namespaces they live in."""

    def __init__(self, nodes=1, release=jars.NEW, listeners=(), users=None, acls=False, settings=None, folder=None,
                 hosts=None, heap=None, net=None):
        self.release, self.listeners, self.users, self.acls = release, tuple(listeners), users or {}, acls
        self.net = net
        if net:
            hosts = net.hosts
        self.jvm = [f"-Xmx{heap}"] if heap else []
        self.more = settings or {}
        self.own_dir = folder is None
        self.dir = folder or own_folder()
        self.certs = certs.Certificates(os.path.join(self.dir, "tls")) if self.has("SSL") else None
        self.nodes = []
        for i in range(nodes):
            self.nodes.append(Node(self, i + 1, hosts[i] if hosts else "127.0.0.1"))
        self.log4j = os.path.join(self.dir, "log4j.properties")

    def has(self, part):
        return any(part in name for name in self.listeners)

    def __getitem__(self, i):
        return self.nodes[i]

    def __iter__(self):
        return iter(self.nodes)

    def address_of(self, listener):
        """host:port of each node, for a client of that listener."""
        return ",".join(n.address(listener) for n in self.nodes)

    @property
    def address(self):
        return self.address_of("PLAINTEXT")

    def common(self):
        """What all nodes share: small, and quick to notice a node that is gone."""
        n = min(3, len(self.nodes))
        safe = 2 if n > 1 else 1
        out = {
            "num.network.threads": 2, "num.io.threads": 4, "background.threads": 2,
            "num.partitions": 3, "default.replication.factor": n, "min.insync.replicas": safe,
            "auto.create.topics.enable": "false", "delete.topic.enable": "true",
            "offsets.topic.num.partitions": 3, "offsets.topic.replication.factor": n,
            "transaction.state.log.num.partitions": 3, "transaction.state.log.replication.factor": n,
            "transaction.state.log.min.isr": safe,
            "group.initial.rebalance.delay.ms": 0,
            "broker.session.timeout.ms": 4000, "broker.heartbeat.interval.ms": 500,
            "replica.lag.time.max.ms": 4000, "replica.socket.timeout.ms": 4000, "request.timeout.ms": 4000,
            "replica.fetch.wait.max.ms": 200,
            "controller.quorum.election.timeout.ms": 1000, "controller.quorum.fetch.timeout.ms": 2000,
            "controlled.shutdown.max.retries": 1, "controlled.shutdown.retry.backoff.ms": 200,
            "log.cleaner.dedupe.buffer.size": 4194304, "log.index.size.max.bytes": 1048576,
        }
        out.update(self.security())
        return out

    def security(self):
        out = {}
        if self.acls:
            # the authorizer asks the listener by which the nodes talk too: its nameless user is free
            out.update({"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                        "allow.everyone.if.no.acl.found": "false", "super.users": "User:ANONYMOUS"})
        if self.has("SSL"):
            out.update({"ssl.keystore.type": "PEM", "ssl.keystore.location": self.certs.server,
                        "ssl.truststore.type": "PEM", "ssl.truststore.location": self.certs.ca,
                        "ssl.client.auth": "requested"})
        for listener in self.listeners:
            if "SASL" in listener:
                out.update(self.sasl(f"listener.name.{listener.lower()}"))
        return out

    def mechanisms(self):
        """SCRAM came to KRaft with 3.5."""
        return SECRET_MECHANISMS if release_number(self.release) >= (3, 5) else SECRET_MECHANISMS[:1]

    def sasl(self, at):
        known = "".join(f' user_{name}="{password}"' for name, password in self.users.items())
        out = {f"{at}.sasl.enabled.mechanisms": ",".join(self.mechanisms()),
               f"{at}.plain.sasl.jaas.config":
               f"org.apache.kafka.common.security.plain.PlainLoginModule required{known};"}
        for name in self.mechanisms()[1:]:
            out[f"{at}.{name.lower()}.sasl.jaas.config"] = \
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return out

    def scram(self):
        """--add-scram … of format, for each user and mechanism."""
        out = []
        if self.has("SASL"):
            for name, password in sorted(self.users.items()):
                for mechanism in self.mechanisms()[1:]:
                    out += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
        return out

    def format(self):
        """The first metadata of such a cluster; a JVM takes a second for it, so that it is kept."""
        more = self.scram()
        folder = jars.cache("kafka", self.release)
        mark = hashlib.sha256("\0".join(more).encode()).hexdigest()[:16]
        kept = os.path.join(folder, f"bootstrap-{mark}.checkpoint")
        with jars.Locked(folder, "format"):
            if not os.path.exists(kept):
                with tempfile.TemporaryDirectory(prefix="weir-kafka-format-") as scratch:
                    os.rename(self.format_in(scratch, more), kept)
        return kept

    def format_in(self, scratch, more):
        config = os.path.join(scratch, "format.properties")
        with open(config, "w", encoding="ascii") as f:
            f.write(properties({
                "node.id": 1, "process.roles": "broker,controller", "controller.listener.names": "CONTROLLER",
                "controller.quorum.voters": "1@127.0.0.1:1", "advertised.listeners": "PLAINTEXT://127.0.0.1:2",
                "listeners": "CONTROLLER://127.0.0.1:1,PLAINTEXT://127.0.0.1:2",
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
                "log.dirs": os.path.join(scratch, "data")}))
        done = subprocess.run(java(self.release, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", config,
                                   *more),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        out = os.path.join(scratch, "data", "bootstrap.checkpoint")
        if done.returncode != 0 or not os.path.exists(out):
            raise NotReady(f"kafka-storage format: {done.stdout[-2000:]}")
        return out

    def start(self):
        """Starts every node and waits for all of them."""
        os.makedirs(self.dir, exist_ok=True)
        jars.class_path(self.release)
        if not shutil.which("java"):
            raise Unavailable("java is not installed (Debian: default-jre-headless)")
        if self.certs:
            self.certs.make([n.host for n in self.nodes])
        self.first_metadata = self.format()
        with open(self.log4j, "w", encoding="ascii") as f:
            f.write(LOG4J)
        for node in self.nodes:
            node.prepare()
            node.launch()
        for node in self.nodes:
            node.wait_ready()
        return self

    def tool(self, name, *argv, check=True):
        """One of Kafka's own commands, by the last part of its class: what it printed."""
        main = jars.find_class(self.release, name)
        done = subprocess.run(java(self.release, main, *argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{name} {' '.join(argv)}: {done.stdout[-2000:]}")
        return done.stdout

    def topic(self, name, partitions=1, **settings):
        """Makes a topic by Kafka's own command."""
        more = [word for key, value in settings.items() for word in ("--config", f"{key.replace('_', '.')}={value}")]
        self.tool("TopicCommand", "--bootstrap-server", self.address, "--create", "--topic", name,
                  "--partitions", str(partitions), *more)

    def allow(self, user, operations, topic=None, group=None, prefixed=False):
        """Lets a user of the SASL listeners do that to a topic or a group."""
        words = [w for o in operations for w in ("--operation", o)]
        where = ["--topic", topic] if topic else ["--group", group]
        self.tool("AclCommand", "--bootstrap-server", self.address, "--add", "--allow-principal", f"User:{user}",
                  *words, *where, *(["--resource-pattern-type", "prefixed"] if prefixed else []))

    def close(self):
        for node in self.nodes:
            node.kill()
        if self.own_dir and not os.environ.get("WEIR_TEST_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()


# ---- the command ----

def pair(text):
    name, _, value = text.partition("=")
    return name, value


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", required=True, help="where its data, its log and its address stand")
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("start", help="starts and returns when it is ready; says its address")
    add_options(start)
    start.add_argument("--hours", type=float, default=3, help="ends by itself after so long")
    verbs.add_parser("address")
    verbs.add_parser("stop")
    return parser.parse_args()


def add_options(parser):
    """The options that node.py start and with_kafka.py share."""
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--release", default=os.environ.get("WEIR_KAFKA_RELEASE", jars.NEW))
    parser.add_argument("--listener", action="append", default=[], choices=["SSL", "SASL_PLAINTEXT", "SASL_SSL"])
    parser.add_argument("--user", action="append", default=[], type=pair, metavar="NAME=PASSWORD")
    parser.add_argument("--acls", action="store_true", help="refuse what no ACL allows")
    parser.add_argument("--set", action="append", default=[], type=pair, metavar="NAME=VALUE",
                        help="a setting of the server")


def from_options(o, folder=None):
    return Kafka(o.nodes, o.release, o.listener, dict(o.user), o.acls, dict(o.set), folder)


def keep(kafka, hours, ready):
    """In the keeper: holds the nodes, which die with it, until SIGTERM or the end of its time."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        kafka.start()
        for name, text in (("address", kafka.address), ("keeper.pid", str(os.getpid())),
                           *((listener, kafka.address_of(listener)) for listener in kafka.listeners)):
            jars.replace(os.path.join(kafka.dir, name), text + "\n")
        os.write(ready, b"ready")
        os.close(ready)
        time.sleep(hours * 3600)
    except (NotReady, Unavailable) as e:
        os.write(ready, str(e).encode())
    finally:
        kafka.close()


def start(o):
    folder = os.path.realpath(o.dir)
    os.makedirs(folder, exist_ok=True)
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(read)
        log = os.open(os.path.join(folder, "keeper.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for fd, to in ((null, 0), (log, 1), (log, 2)):
            os.dup2(fd, to)
        keep(from_options(o, folder), o.hours, write)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    if said != "ready":
        print(said or "the keeper ended: see keeper.log", file=sys.stderr)
        return 1
    return show(o)


def show(o):
    with open(os.path.join(o.dir, "address"), encoding="ascii") as f:
        print(f.read().strip())
    return 0


def stop(o):
    """By the keeper's id, once it is seen to be one of ours."""
    path = os.path.join(o.dir, "keeper.pid")
    try:
        with open(path, encoding="ascii") as f:
            pid = int(f.read())
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            ours = b"node.py" in f.read()
    except FileNotFoundError:
        return 0
    if ours:
        os.kill(pid, signal.SIGTERM)
        while os.path.exists(f"/proc/{pid}"):
            time.sleep(0.02)
    os.unlink(path)
    return 0


def main():
    o = arguments()
    return {"start": start, "address": show, "stop": stop}[o.verb](o)


if __name__ == "__main__":
    sys.exit(main())
