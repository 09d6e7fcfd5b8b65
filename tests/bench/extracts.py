"""Extracts: the rows of a nightly file that are as in the file before, by the CPU time of the whole adapter."""
import os

import kit
from runs import bench_site

ROWS = 100_000  # a second and core, at least


def row(n):
    """As wide as a row of MHSDS: some twenty fields, 180 bytes."""
    return (f"MHS502,{n:08d},9990001286,RT5,{n % 97:03d},WARD-{n % 31:02d},2026-03-{n % 28 + 1:02d},09:{n % 60:02d},,"
            f"{n % 7},1,,A0{n % 9},SITE-{n % 13:02d},,,{n * 7919 % 100003},Y,N,2026-04-01,10,,free text that nobody reads\n")


HEADER = ("table,LocalPatientId,NHSNumber,OrgIDProv,spell,ward,StartDate,StartTime,EndDate,class,sex,age,security,site,"
          "bed,team,number,ready,leave,expected,reason,la,note\n")

MAP = "trigger: {path: table}\ncontrol_id: [spell, number]\ntriggers:\n  MHS502: {events: {}}\n"


def drop(folder, name, text):
    with open(os.path.join(folder, f".{name}"), "w", encoding="ascii") as f:
        f.write(text)
    os.rename(os.path.join(folder, f".{name}"), os.path.join(folder, name))
    done = os.path.join(folder, "done", name)
    kit.wait_until(lambda: os.path.exists(done), 300, f"{name} is in done/")


def run(rows):
    """Rows a CPU second: (all of them new, none of them new)."""
    with bench_site() as site:
        folder = site.path("drop")
        os.makedirs(folder)
        os.makedirs(site.path("maps/acute/csv"))
        site.write("maps/acute/csv/rows.yaml", MAP)
        site.config["maps"] = site.path("maps")
        source = next(iter(site.config["sources"].values()))
        for other in ("mllp", "pl"):
            source.pop(other, None)
        source.update(format="csv", folder={"path": folder, "settle": "0ms", "poll": "20ms"})
        site.start("acute")
        adapter, text = site.adapter(), HEADER + "".join(map(row, range(rows)))
        rates = []
        for name, times in (("ward-1.csv", 1), ("ward-2.csv", 5)):
            before = adapter.cpu()
            drop(folder, name, HEADER + text[len(HEADER):] * times)
            rates.append(rows * times / (adapter.cpu() - before))
        return rates


def measure(table, quick):
    new, unchanged = run(20_000 if quick else 200_000)
    table.add("rows of an extract, all new, a CPU second", new, "rows/s")
    table.add("rows of an extract, all unchanged, a CPU second", unchanged, "rows/s", at_least=ROWS)
