#!/usr/bin/python3
"""Runs the tests written in Python: tests/run.py [--jobs N] [FILE|FOLDER…]; all of tests/ unless told.

Each test_*.py runs in a process of its own with a time limit. A failure is printed in full; the last
line is "N passed, N failed, N skipped". WEIR_BUILD names the build folder of the programs under test.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))


class Result(unittest.TextTestResult):
    """One line per test, and a count of those that passed."""

    def __init__(self, *args):
        super().__init__(*args)
        self.passed = 0

    def startTest(self, test):
        unittest.TestResult.startTest(self, test)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.passed += 1
        self.stream.writeln(f"  ok    {test.id()}")

    def addFailure(self, test, err):
        unittest.TestResult.addFailure(self, test, err)
        self.stream.writeln(f"  FAIL  {test.id()}")

    def addError(self, test, err):
        unittest.TestResult.addError(self, test, err)
        self.stream.writeln(f"  FAIL  {test.id()}")

    def addSkip(self, test, reason):
        unittest.TestResult.addSkip(self, test, reason)
        self.stream.writeln(f"  skip  {test.id()}: {reason}")


def run_module(path):
    """In the child: runs one file's tests in this process."""
    folder = os.path.dirname(path)
    for place in (os.path.join(HERE, "flow"), os.path.join(HERE, "kafka"), folder):
        sys.path.insert(0, place)
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromName(os.path.splitext(os.path.basename(path))[0])
    runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0)
    result = runner.run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed else 0


def run_child(path, limit):
    start = time.monotonic()
    try:
        done = subprocess.run([sys.executable, "-B", os.path.realpath(__file__), "--module", path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=limit, check=False, errors="replace")
        out = done.stdout
    except subprocess.TimeoutExpired as e:
        out = (e.stdout or b"").decode("utf-8", "replace") + f"\nnot done within {limit} s\n"
    counts = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", out, re.M)
    passed, failed, skipped = map(int, counts[-1]) if counts else (0, 1, 0)
    return path, out, time.monotonic() - start, (passed, failed, skipped)


def find(paths):
    out = []
    for path in paths or [HERE]:
        if os.path.isfile(path):
            out.append(os.path.realpath(path))
        for folder, _, names in os.walk(path):
            out += [os.path.realpath(os.path.join(folder, n)) for n in sorted(names)
                    if n.startswith("test_") and n.endswith(".py")]
    return sorted(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=600, help="seconds per file")
    parser.add_argument("--module", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*")
    o = parser.parse_args()
    if o.module:
        return run_module(o.module)
    totals = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(run_child, p, o.limit) for p in find(o.paths)]):
            path, out, took, counts = future.result()
            totals = [a + b for a, b in zip(totals, counts)]
            print(f"{os.path.relpath(path, HERE)}: {took:.1f} s")
            print("\n".join(line for line in out.splitlines()
                            if counts[1] or line.startswith(("  ok", "  skip"))), flush=True)
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
