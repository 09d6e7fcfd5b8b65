"""The table of measures: printed as it grows, and appended to docs/performance.md when asked."""
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time

import kit

DOCUMENT = os.path.join(kit.TOP, "docs", "performance.md")


class Table:
    """Rows of measure, limit, value, ok or over; a row without a limit only explains another."""

    def __init__(self):
        self.rows, self.over = [], []
        print(f"{'measure':<58} {'limit':<14} {'value':>14}", flush=True)

    def add(self, name, value, unit="", at_least=None, at_most=None):
        good = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
        limit = f"at least {at_least:g}" if at_least is not None else \
            f"at most {at_most:g}" if at_most is not None else ""
        mark = "" if not limit else "ok" if good else "over"
        text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        self.rows.append({"measure": name, "limit": limit, "value": f"{text} {unit}".strip(),
                          "number": value, "verdict": mark})
        print(f"{name:<58} {limit:<14} {text:>8} {unit:<7} {mark}".rstrip(), flush=True)
        if not good:
            self.over.append(name)

    def write_json(self, path):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"machine": machine(), "rows": self.rows}, f, indent=2)

    def record(self, how):
        """Appends the table, with date and machine."""
        lines = [f"\n## {time.strftime('%Y-%m-%d %H:%M')}, {commit()}, {how}\n", machine() + "\n",
                 "| measure | limit | value | |", "|---|---|---|---|"]
        lines += [f"| {r['measure']} | {r['limit']} | {r['value']} | {r['verdict']} |"
                  for r in self.rows]
        with open(DOCUMENT, "a", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def commit():
    done = subprocess.run(["git", "-C", kit.TOP, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith(("model name", "Model")):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def compiler():
    with open(os.path.join(kit.BUILD, "compile_commands.json"), encoding="utf-8") as f:
        name = json.load(f)[0]["command"].split()[0]
    done = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def fsync_ms():
    """Median time to write 4 KiB and sync it, where the runs keep their data."""
    times = []
    with tempfile.NamedTemporaryFile(prefix="weir-fsync-") as f:
        for _ in range(50):
            start = time.monotonic()
            f.write(b"x" * 4096)
            f.flush()
            os.fsync(f.fileno())
            times.append((time.monotonic() - start) * 1000)
    return statistics.median(times)


def machine():
    return (f"{cpu_model()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
            f"{platform.system()} {platform.release()}; 4 KiB written and synced in "
            f"{fsync_ms():.2f} ms ({tempfile.gettempdir()}); {compiler()}")
