"""Cuts in the network between clients and Kafka nodes: every node lives in a network namespace of its own.

    with nets.Nets(3) as net, node.Kafka(nodes=3, net=net) as kafka:
        net.cut(0)              # node 1 and this machine hear nothing of each other; the nodes still do
        net.cut(0, "in")        # what clients send is lost, what the node sends arrives
        net.cut(0, "out")       # the node hears clients, they do not hear it
        net.cut(0, peers=True)  # from the other nodes, too
        net.heal(0)

Connections are not told: a cut one is half open until somebody's timer ends. reset(0) refuses with RST in place
of silence. Needs root; where namespaces cannot be made, Unavailable (a skip) says so. Rules stand in the nodes'
namespaces only, never on the machine itself.
"""
import os
import re
import subprocess

from jars import Unavailable

# The packets of a direction, as the node's namespace sees them.
CHAINS = {"in": ("INPUT", "-s"), "out": ("OUTPUT", "-d")}


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def sweep():
    """Namespaces whose maker was killed."""
    for name in re.findall(r"^weir-\d+-\d+", run("ip", "netns", "list"), re.M):
        pid = name.split("-")[1]
        if not os.path.exists(f"/proc/{pid}"):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            subprocess.run(["ip", "link", "del", f"wb{pid}"], capture_output=True, check=False)


class Nets:
    """n namespaces on a bridge; hosts[i] is the address of the i-th. The machine itself has the address `here`."""

    def __init__(self, n):
        self.mark = os.getpid()
        self.bridge = f"wb{self.mark}"
        self.names = [f"weir-{self.mark}-{i}" for i in range(n)]
        self.ends = [f"w{self.mark}x{i}" for i in range(n)]

    def open(self):
        try:
            sweep()
            self.find_addresses()
            self.make_bridge()
            for name, end, host in zip(self.names, self.ends, self.hosts):
                self.make(name, end, host)
        except OSError as e:
            self.close()
            raise Unavailable(f"no network namespaces here: {e}") from None
        return self

    def find_addresses(self):
        """A block that no other test of this machine has."""
        taken = run("ip", "-4", "-o", "address")
        block = next(b for b in (f"10.213.{i}" for i in range(255)) if f" {b}." not in taken)
        self.here = f"{block}.254"
        self.hosts = [f"{block}.{i + 1}" for i in range(len(self.names))]

    def make_bridge(self):
        run("ip", "link", "add", "name", self.bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.here}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def make(self, name, end, host):
        run("ip", "netns", "add", name)
        run("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", end, "master", self.bridge, "up")
        for argv in (("address", "add", f"{host}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                     ("link", "set", "lo", "up")):
            run("ip", "-n", name, *argv)
        run("ip", "netns", "exec", name, "iptables", "-L", "-n")  # or there is nothing to cut with

    def inside(self, i):
        """What stands before a command that is to run there."""
        return ["ip", "netns", "exec", self.names[i]]

    def iptables(self, i, *argv):
        run(*self.inside(i), "iptables", *argv)

    def cut(self, i, direction="both", peers=False):
        """From now on packets are lost, without a word to either side."""
        self.refuse(i, direction, peers, ["DROP"])

    def reset(self, i):
        """From now on each packet of a client is answered with RST."""
        self.iptables(i, "-A", "INPUT", "-s", self.here, "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset")

    def refuse(self, i, direction, peers, how):
        others = [h for h in self.hosts if h != self.hosts[i]] if peers else []
        for name in ("in", "out") if direction == "both" else (direction,):
            chain, end = CHAINS[name]
            for host in (self.here, *others):
                self.iptables(i, "-A", chain, end, host, "-j", *how)

    def heal(self, i):
        self.iptables(i, "-F")

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        for end in (*self.ends, self.bridge):
            subprocess.run(["ip", "link", "del", end], capture_output=True, check=False)

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()
