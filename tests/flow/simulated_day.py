#!/usr/bin/python3
"""A simulated region's day through adapter and broker; the checker compares it with what consumers hold.

`weir simulate` sends and writes the ledger; an HTTP consumer and a file take every event, and the
analytics route counts them. --reloads K sends SIGHUP to both processes K times, spread over the day.
"""
import argparse
import signal
import subprocess
import sys
import time

import checker
import kit


class Day:
    def __init__(self, o):
        self.o = o
        self.site = kit.Site()
        self.ledger = self.site.path("ledger.ndjson")
        self.file = kit.Ndjson(self.site.path("all.ndjson"), keep=checker.brief)
        self.analytics = kit.Ndjson(self.site.path("analytics.ndjson"), keep=lambda e: e["id"])
        self.http = kit.Consumer(keep=checker.brief) if o.http else None
        self.site.config["consumers"] = {
            "file": kit.file_consumer(self.file.path),
            "counts": kit.file_consumer(self.analytics.path, route="analytics")}
        if self.http:
            self.site.config["consumers"]["http"] = kit.http_consumer(self.http)
        self.site.config["table_files"] = [self.site.write("wards.csv", self.wards())]

    def wards(self):
        return subprocess.run([kit.program("weir"), "simulate", "--wards", "--hospitals", str(self.o.hospitals)],
                              capture_output=True, text=True, check=True).stdout

    def simulate(self):
        o = self.o
        argv = [kit.program("weir"), "simulate", "--seed", str(o.seed), "--date", o.date,
                "--messages", str(o.messages), "--hospitals", str(o.hospitals),
                "--connections", str(o.connections), "--window", str(o.window),
                "--give-up", "60s", "--ledger", self.ledger, f"127.0.0.1:{self.site.port}"]
        if o.reloads:
            # On a fast machine all would be sent before the last reload: a second for each, and two to begin and end with.
            argv[2:2] = ["--rate", str(max(1, o.messages // (o.reloads + 2)))]
        return subprocess.Popen(argv + (["--odd"] if o.odd else []), stderr=subprocess.PIPE, text=True)

    def reload(self, sender):
        """K times SIGHUP to both, each after another part of the day has reached the file; each must be taken."""
        done = 0
        for k in range(1, self.o.reloads + 1):
            part = self.o.messages * k // (self.o.reloads + 1)
            kit.wait_until(lambda: sender.poll() is not None or len(self.file.update()) >= part,
                           self.o.deadline, lambda: f"{part} events at the file")
            under_load = sender.poll() is None
            for process in self.site.processes.values():
                process.popen.send_signal(signal.SIGHUP)
            for name, process in self.site.processes.items():
                kit.wait_until(lambda p=process: p.metric("weir_config_generation") == k + 1, 30,
                               f"{name} has taken configuration {k + 1}")
            done += under_load
        return done

    def drained(self, facts):
        """All that was acknowledged is there, and every reader knows the same ids."""
        file = self.file.update()
        if not facts.acknowledged <= {e["control_id"] for e in file}:
            return False
        ids = {e["id"] for e in file}
        if self.http and ids != {r["id"] for r in self.http.accepted()}:
            return False
        return ids == set(self.analytics.update())

    def check(self):
        facts = checker.Facts(checker.read_rows(self.ledger))
        problems = []
        try:
            kit.wait_until(lambda: self.drained(facts), self.o.deadline, "everything is delivered")
        except kit.TimedOut as e:
            problems.append(str(e))
        problems += [f"file: {p}" for p in checker.check(facts, self.file.events, (), self.analytics.events)]
        if self.http:
            problems += [f"http: {p}" for p in checker.check(facts, [r["event"] for r in self.http.accepted()])]
        if len(facts.made) != self.o.messages:
            problems.append(f"{len(facts.made)} messages were made in place of {self.o.messages}")
        return facts, problems

    def run(self):
        with self.site as site:
            site.start()
            start = time.monotonic()
            sender = self.simulate()
            reloads = self.reload(sender) if self.o.reloads else 0
            said = sender.communicate(timeout=self.o.deadline * kit.SLOWER)[1]
            took = time.monotonic() - start
            facts, problems = self.check()
            print(said, end="")
            if sender.returncode != 0:
                problems.append(f"weir simulate ended with {sender.returncode}")
            if reloads != self.o.reloads:
                problems.append(f"only {reloads} of {self.o.reloads} reloads were under load")
            for name in ("acute", "broker"):
                code = site.processes[name].stop()
                if code != 0:
                    problems.append(f"{name} ended with {code} after SIGTERM")
            if problems:
                for name in ("acute", "broker"):
                    print(f"--- {name}: the end of its log\n{site.processes[name].log()[-2000:]}")
        if self.http:
            self.http.close()
        for p in problems:
            print(f"  {p}")
        print(f"seed {self.o.seed}: {len(facts.made)} messages made, {len(facts.acknowledged)} acknowledged at "
              f"{self.o.messages / took:.0f}/s, {len(self.file.events)} events delivered, {reloads} reloads, "
              f"{len(problems)} problems", flush=True)
        return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=20000)
    parser.add_argument("--reloads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--date", default="2026-10-25", help="the clocks go back on this day")
    parser.add_argument("--hospitals", type=int, default=6)
    parser.add_argument("--connections", type=int, default=12)
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--deadline", type=float, default=600, help="seconds for each part")
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--no-http", dest="http", action="store_false")
    day = Day(parser.parse_args())
    return day.run()


if __name__ == "__main__":
    sys.exit(main())
