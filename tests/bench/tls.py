"""What TLS costs the adapter: the same load with a certificate at either end, and without."""
import statistics
import tempfile

import certs
from runs import bench_site, load


def run(connections, seconds, files):
    """CPU seconds of the adapter for 100,000 messages; files: None for plain text."""
    with bench_site() as site:
        more = []
        if files:
            site.config["sources"]["test-pas"]["mllp"]["tls"] = {
                "cert_file": files.path("server_cert.pem"), "key_file": files.path("server_key.pem"),
                "ca_file": files.ca, "peers": {"load": {"subject": "CN=weir-client"}}}
            more = ["--ca", files.ca, "--cert", files.client_cert, "--key", files.client_key]
        site.start("acute")
        result = load(site.port, connections, seconds, "--pid", site.adapter().popen.pid, *more)
        return result["cpu_seconds"] / result["messages"] * 1e5


def measure(table, runs, seconds, connections):
    """Plain and TLS take turns; the handshakes are over when the time begins."""
    with tempfile.TemporaryDirectory(prefix="weir-tls-") as folder:
        files = certs.Certificates(folder)
        files.make(["127.0.0.1"])
        pairs = [(run(connections, seconds, None), run(connections, seconds, files)) for _ in range(runs)]
    plain, tls = (statistics.median(x) for x in zip(*pairs))
    at = f"{connections} connections"
    table.add(f"CPU of the adapter under TLS, {at}", tls, "s/100k")
    table.add(f"CPU of the adapter, TLS / plain, {at}", tls / plain, at_most=2)
