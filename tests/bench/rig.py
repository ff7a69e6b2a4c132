"""What the dataplane's benchmarks stand on: hugepages, namespaces, the daemon and testpmd on endless captures, one of them
running at a time on the same core. Nothing of it is left behind."""

import argparse
import atexit
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

from hugepages import Hugepages
from steps import Failed, require, run


class Rig:
    """The folder, the namespaces, the hugepages; and all of it gone at the end, also when a signal comes."""

    def __init__(self, build, use_hugepages=True):
        self.build = os.path.abspath(build)
        self.hugepages = Hugepages(use_hugepages)
        self.programs = []
        self.namespaces = []
        self.folder = tempfile.mkdtemp(prefix="xfgbench-")
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        self.cpus = sorted(os.sched_getaffinity(0))
        # Where the daemon's worker is: the last. Everything else stays away from it.
        self.cpu = self.cpus[-1]
        if len(self.cpus) > 1:
            os.sched_setaffinity(0, self.cpus[:-1])

    def namespace(self):
        """The name of a new one, in which the kernel says nothing of its own accord."""
        name = "xfgbench-%d-%d" % (os.getpid(), len(self.namespaces))
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        return name

    def path(self, *names):
        return os.path.join(self.build, *names)

    def capture(self, flows, *part):
        """part: as media-capture takes it."""
        path = os.path.join(self.folder, "-".join(map(str, ("flows", flows) + part)) + ".pcap")
        if not os.path.exists(path):
            run(self.path("tests/bench/media-capture"), path, str(flows), *map(str, part))
        return path

    def close(self):
        for program in reversed(self.programs):
            program.close()
        self.programs = []
        self.hugepages.restore()
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)
        self.namespaces = []
        shutil.rmtree(self.folder, ignore_errors=True)


def compare(ours, theirs, pairs, seconds):
    """In turns A B B A; a list of (ours, theirs) in millions of packets a second."""
    rates = []
    for program in (ours, theirs):
        program.turn(seconds / 2)
    for number in range(pairs):
        order = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        rate = {program: program.turn(seconds) for program in order}
        rates.append((rate[ours], rate[theirs]))
    return rates


def ratios(rates):
    """Median, least, greatest of the pairs' ratios, and each side's median."""
    each = [a / b for a, b in rates]
    return {"ratio": statistics.median(each), "ratio_min": min(each), "ratio_max": max(each),
            "xfergate_mpps": statistics.median(a for a, _ in rates),
            "testpmd_mpps": statistics.median(b for _, b in rates)}


def memory_mb(flows):
    """Of the daemon for so many flows: packet buffers (one a frame of the capture), tables, endpoints."""
    return 320 + (flows * 2432 >> 20) + (flows * 1024 >> 20)


def usage(name, flows=None):
    """The command line that all of them have."""
    parser = argparse.ArgumentParser(prog="scripts/bench " + name)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--quick", action="store_true", help="as little as shows that it runs; the figures mean nothing")
    parser.add_argument("--pairs", type=int, default=11, help="turns of each side (at least five say anything)")
    parser.add_argument("--no-hugepages", action="store_true", help="both programs on ordinary memory in small pages")
    if flows:
        parser.add_argument("--flows", type=int, default=flows, help="endpoints, an even number")
    return parser


def main(bench, usage):
    """bench(rig, options): a dict, printed as the last line with --json; or with it a word if it is a failure."""
    if os.geteuid() != 0:
        print("skipped: needs root (network namespaces)")
        sys.exit(77)
    options = usage.parse_args()
    rig = None
    try:
        rig = Rig(options.build, not options.no_hugepages)
        result, failure = bench(rig, options), ""
        if isinstance(result, tuple):
            result, failure = result
        if options.json:
            print(json.dumps(result, separators=(",", ":")))
        require(not failure, "%s", failure)
    except Failed as e:
        print("bench: %s" % e, file=sys.stderr)
        sys.exit(1)
    finally:
        if rig:
            rig.close()
