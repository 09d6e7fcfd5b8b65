#!/usr/bin/python3
"""Runs a command beside Kafka nodes of its own: with_kafka.py [--nodes 3] … -- COMMAND; options as of node.py start.

WEIR_KAFKA tells the command their addresses. Where that is set already, the command runs against it.
Exit code: the command's; 77 where no Kafka can be had here, and stderr says SKIPPED and why.
"""
import argparse
import os
import subprocess
import sys

import node

SKIPPED = 77


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    node.add_options(parser)
    parser.add_argument("--bed", action="store_true", help="set up as the conformance suite wants it: one partition, "
                        "topics made when they are first named, large records")
    parser.add_argument("command", nargs="+")
    o = parser.parse_args()
    if o.bed:
        o.set = [*node.BED.items(), *o.set]
    return o


def main():
    o = arguments()
    if os.environ.get("WEIR_KAFKA"):
        return subprocess.run(o.command, check=False).returncode
    try:
        with node.from_options(o) as kafka:
            return subprocess.run(o.command, env={**os.environ, "WEIR_KAFKA": kafka.address}, check=False).returncode
    except node.Unavailable as e:
        print(f"SKIPPED, no Kafka here: {e}", file=sys.stderr)
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
