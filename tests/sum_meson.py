#!/usr/bin/python3
"""sum_meson.py testlog.json: the tests that meson ran, counted by what they counted themselves.

A test that prints "N passed, M failed" counts as that many, any other one as itself."""
import json
import re
import sys


def main(path):
    totals = [0, 0, 0]
    with open(path, encoding="utf-8") as f:
        for line in f:
            test = json.loads(line)
            counts = re.findall(r"^(\d+) passed, (\d+) failed$", test.get("stdout", ""), re.M)
            good = test["result"] in ("OK", "EXPECTEDFAIL")
            if test["result"] == "SKIP":
                mark, add = "skip", (0, 0, 1)
            elif counts and (good or int(counts[-1][1])):
                mark, add = ("ok" if good else "FAIL"), (*map(int, counts[-1]), 0)
            else:
                mark, add = ("ok" if good else "FAIL"), (int(good), int(not good), 0)
            totals = [a + b for a, b in zip(totals, add)]
            print(f"  {mark:5} {test['name']}: {add[0]} passed, {add[1]} failed, "
                  f"{test['duration']:.1f} s")
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
