"""A process with a stream on Kafka that tests kill, stop and wake: tests/kafka/stream_seat.c."""
import os
import queue
import subprocess
import threading
import time

BUILD = os.environ.get("WEIR_BUILD", "")


class Seat:
    """One process with one handle, which may ask to lead."""

    def __init__(self, kafka, name, lead=True, append_ms=20000):
        self.name = name
        self.popen = subprocess.Popen([os.path.join(BUILD, "tests/kafka/stream_seat"), kafka.address, "north.", name,
                                       str(append_ms)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.expect("open")
        if lead:
            self.say("lead")

    def read(self):
        for line in self.popen.stdout:
            self.lines.put(line.rstrip("\n"))

    def say(self, line):
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def next(self, seconds=40):
        try:
            return self.lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"{self.name}: nothing for {seconds} s") from None

    def expect(self, start, seconds=40):
        line = self.next(seconds)
        if not line.startswith(start):
            raise AssertionError(f"{self.name}: '{line}' instead of '{start}…'")
        return line

    def put(self, name, place):
        """One forward, until it is durable."""
        self.until_ok(name, f"put {name} {place}")

    def plain(self, name):
        """One append, until it is durable."""
        self.until_ok(name, f"plain {name}")

    def until_ok(self, name, line_in):
        """It is tried again where Kafka says later."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.say(line_in)
            line = self.next()
            while line.startswith(("leads", "ends")):
                line = self.next()
            if line == f"ok {name}":
                return
            if not line.startswith((f"no {name} later", f"full {name}")):
                raise AssertionError(f"{self.name}: {line}")
            time.sleep(0.2)
        raise AssertionError(f"{self.name}: {name} is never durable")

    def signal(self, number):
        self.popen.send_signal(number)

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self.popen.stdin.close()
        self.popen.stdout.close()


def read_all(kafka, topic):
    """What a reader sees that takes only what is committed."""
    done = subprocess.run(["kcat", "-b", kafka.address, "-q", "-m", "4", "-C", "-t", topic, "-o", "beginning", "-e",
                           "-X", "isolation.level=read_committed"], capture_output=True, text=True, timeout=60,
                          check=True)
    return done.stdout.split()
