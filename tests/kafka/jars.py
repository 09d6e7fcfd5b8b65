"""Apache Kafka of a given release, from Maven Central by its coordinates, kept for later runs.

Maven fetches the jars into its own store; what is kept here is the class path that it answered, so
that a machine that has seen a release once needs no network for it.
"""
import fcntl
import os
import subprocess
import unittest
import zipfile

HERE = os.path.dirname(os.path.realpath(__file__))
OLD = "3.3.2"  # the first release whose KRaft is called fit for production
NEW = "3.9.1"  # the last with ZooKeeper, which many run for years; the nodes of the other tests
NEWEST = "4.1.0"  # without the request versions that old clients speak; librdkafka 2.0.2 is new enough


class Unavailable(unittest.SkipTest):
    """No Kafka can be had here: no maven, no java, or Maven Central cannot be reached. A test that does
    not catch it is skipped, and says why."""


def cache(*parts):
    """A folder of the tests' cache, made where it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(base, "weir-test", *parts)
    os.makedirs(folder, exist_ok=True)
    return folder


class Locked:
    """One process at a time makes what is kept."""

    def __init__(self, folder, what):
        self.path = os.path.join(folder, f"{what}.lock")

    def __enter__(self):
        self.file = open(self.path, "w", encoding="ascii")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_):
        self.file.close()


def replace(path, text):
    """Writes a file whole or not at all."""
    part = f"{path}.{os.getpid()}"
    with open(part, "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(part, path)


def kept(path):
    """The class path of that file where every jar of it still stands, else None."""
    try:
        with open(path, encoding="utf-8") as f:
            found = f.read().strip()
    except FileNotFoundError:
        return None
    return found if found and all(os.path.exists(jar) for jar in found.split(":")) else None


def ask_maven(what, pom, path, *defines):
    # not the newest plugin by itself, and no progress bars: the output is shown when it fails
    argv = ["mvn", "--batch-mode", "--quiet", "-f", pom, *defines, "dependency:build-classpath", f"-Dmdep.outputFile={path}"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=300, check=False)
    except FileNotFoundError:
        raise Unavailable("mvn is not installed (Debian: maven, default-jre-headless)") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven Central did not give {what} within 5 minutes") from None
    if done.returncode != 0:
        last = [line for line in done.stdout.splitlines() if "ERROR" in line][:1] or ["no reason given"]
        raise Unavailable(f"Maven Central did not give {what}: {last[0]}")


def class_path_of(what, pom, folder, *defines):
    """The jars that a pom names as java's class path, kept in the folder; Unavailable says why there are none."""
    path = os.path.join(folder, "class-path")
    found = kept(path)
    if not found:
        with Locked(folder, "maven"):
            if not kept(path):
                ask_maven(what, pom, path, *defines)
            found = kept(path)
    if not found:
        raise Unavailable(f"maven named jars of {what} that are not there")
    return found


def class_path(release=NEW):
    """The jars of that release as java's class path; Unavailable says why there are none."""
    return class_path_of(f"Apache Kafka {release}", os.path.join(HERE, "pom.xml"), cache("kafka", release),
                         f"-Dkafka.release={release}")


def find_class(release, name):
    """The full name of one of Kafka's commands: releases move them between packages."""
    for jar in class_path(release).split(":"):
        if os.path.basename(jar).startswith(("kafka_", "kafka-tools-")):
            for entry in zipfile.ZipFile(jar).namelist():
                if entry.endswith(f"/{name}.class"):
                    return entry[:-len(".class")].replace("/", ".")
    raise Unavailable(f"Apache Kafka {release} has no {name}")
