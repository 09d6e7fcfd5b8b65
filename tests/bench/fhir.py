"""Encounters sent to a FHIR port beside ADT messages sent by MLLP, each answered once durable."""
import statistics

from fhir_site import FhirSite
from runs import bench_site, load, rate


def run(site, port, seconds, connections, *more):
    """Messages per second, and CPU seconds of the adapter for 100,000."""
    site.config["log_level"] = "warn"
    site.start("acute")
    result = load(port, connections, seconds, "--pid", site.adapter().popen.pid, *more)
    return rate(result), result["cpu_seconds"] / result["messages"] * 1e5


def pair(seconds, connections):
    with bench_site() as site:
        mllp = run(site, site.port, seconds, connections)
    with FhirSite() as site:
        return mllp, run(site, site.fhir_port, seconds, connections, "--fhir", "/fhir")


def measure(table, runs, seconds, connections):
    """MLLP and FHIR take turns."""
    pairs = [pair(seconds, connections) for _ in range(runs)]
    at = f"{connections} connections"
    rates, cpu = ([statistics.median(side[i] for side in (p[k] for p in pairs)) for k in (0, 1)] for i in (0, 1))
    table.add(f"FHIR: POST of Encounters, {at}", rates[1], "msg/s")
    table.add(f"FHIR / MLLP, {at}", rates[1] / rates[0], at_least=0.5)
    table.add(f"CPU of the adapter, FHIR, {at}", cpu[1], "s/100k")
