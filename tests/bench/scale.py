#!/usr/bin/python3
"""Cycles that a packet costs with one worker and with two: when each queue brings what its worker owns, and when packets are
spread whoever owns them, so that half are handed over. What two busy cores do to each other whatever runs on them is seen from
two daemons with one worker each."""

import statistics
import time

import rig as rigging
from daemon import Daemon
from steps import require

FLOWS = 1000
QUICK_FLOWS = 200
WAYS = ("one", "beside", "two", "spread")
MORE = (4, 8, 16)
WINDOW = 0.004  # s
# What follows when a worker has to wait long for its core.
LOSSES = ("handover-full", "sequence-jump")


def tsc_hz():
    """Of the time stamp counter, as the kernel measured it or as it goes."""
    try:
        with open("/sys/devices/system/cpu/cpu0/tsc_freq_khz") as f:
            return int(f.read()) * 1000
    except OSError:
        pass
    with open("/proc/cpuinfo") as f:
        return next(float(line.split(":")[1]) * 1e6 for line in f if line.startswith("cpu MHz"))


def sample(programs):
    return [sum(each) for each in zip(*(program.sample() for program in programs))]


def turn(programs, hz, seconds, any_time):
    """Cycles a packet of all the programs together, in each of the short times in which nothing was lost and all had
    their cores: a worker that has to wait for its core lets the ring from the other one run over. any_time: in all times."""
    for program in programs:
        program.go()
    time.sleep(0.05)
    cores = sum(len(program.tids) for program in programs)
    cycles, end = [], time.monotonic() + seconds
    before = sample(programs)
    while time.monotonic() < end:
        began = time.monotonic_ns()
        time.sleep(WINDOW)
        after = sample(programs)
        ns, received, sent = (y - x for x, y in zip(before, after))
        # What is in the rings comes and goes.
        clean = abs(received - sent) <= 0.02 * received and ns > 0.8 * cores * (time.monotonic_ns() - began)
        if sent > 0 and (clean or any_time):
            cycles.append(ns * hz / 1e9 / sent)
        before = after
    for program in programs:
        program.halt()
    return cycles


def start(rig, flows, memory, way, quick):
    daemon = Daemon(rig, flows, memory, workers=2 if way in ("two", "spread") else 1,
                            spread="spread" if way == "spread" else "own", cpus=rig.cpus[:1] if way == "other" else None)
    daemon.open()
    daemon.begin()
    if not quick:
        daemon.check_watched(0.2, may_lose=way == "spread")
    daemon.halt()
    return daemon


def bench(rig, options):
    seconds = 0.03 if options.quick else 0.3
    flows = QUICK_FLOWS if options.quick else FLOWS
    enough = 1 if options.quick else 5
    if len(rig.cpus) < 2:
        print("skipped: two workers need two processors")
        raise SystemExit(77)
    memory = rigging.memory_mb(flows)
    hugepages = rig.hugepages.add(4 * memory)
    daemons = {way: start(rig, flows, memory, way, options.quick) for way in ("one", "other", "two", "spread")}
    running = {way: [daemon] for way, daemon in daemons.items()}
    running["beside"] = [daemons["one"], daemons["other"]]
    hz = tsc_hz()
    cycles = {way: [] for way in WAYS}
    for way in () if options.quick else WAYS:
        turn(running[way], hz, seconds, False)
    windows = dict.fromkeys(WAYS, 0)
    for number in range(options.pairs):
        for way in WAYS if number % 2 == 0 else reversed(WAYS):
            each = []
            for _ in range(100):
                each += turn(running[way], hz, seconds, options.quick)
                if len(each) >= enough:
                    break
            require(each, "%s: others have the cores all the time", way)
            cycles[way].append(statistics.median(each))
            windows[way] += len(each)
    lost = {}
    for way in ("one", "two", "spread"):
        daemons[way].go()
        daemons[way].check_watched(0.2, may_lose=way == "spread")
        forwarded, dropped = daemons[way].check_counters(alike=way == "one", may_drop=LOSSES)
        lost[way] = dropped / (forwarded + dropped)
    middle = {way: statistics.median(cycles[way]) for way in WAYS}
    two = [b / a for a, b in zip(cycles["beside"], cycles["two"])]
    spread = [b / a for a, b in zip(cycles["beside"], cycles["spread"])]
    # Of two workers, half of the packets that are spread come to the wrong one.
    handover = 2 * max(0.0, middle["spread"] - middle["two"])
    more = {n: middle["two"] + handover * (n - 1) / n for n in MORE}
    print("cycles a packet (%.2f GHz), %d endpoints, %s\n"
          "  one worker                       %6.0f\n"
          "  two daemons with one each        %6.0f\n"
          "  two, each gets what it owns      %6.0f  %.3f of that (%.3f to %.3f in %d pairs)\n"
          "  two, packets spread at random    %6.0f  %.3f (%.3f to %.3f)\n"
          "  so handing a packet over costs   %6.0f\n"
          "  expected, spread at random: %s\n"
          "  measured while no ring ran over (%s times of %g ms); in all the time %.2f %% of those spread were dropped"
          % (hz / 1e9, flows, "hugepages" if hugepages else "no hugepages", middle["one"], middle["beside"], middle["two"],
             statistics.median(two), min(two), max(two), options.pairs, middle["spread"], statistics.median(spread),
             min(spread), max(spread), handover, ", ".join("%d workers %.0f" % pair for pair in more.items()),
             "/".join("%d" % windows[way] for way in WAYS), 1e3 * WINDOW, 100 * lost["spread"]))
    return {"bench": "scale", "cycles_one": round(middle["one"], 1), "cycles_two_daemons": round(middle["beside"], 1), "cycles_two": round(middle["two"], 1),
            "cycles_two_spread": round(middle["spread"], 1), "ratio_two": round(statistics.median(two), 4),
            "ratio_two_spread": round(statistics.median(spread), 4), "handover_cycles": round(handover, 1),
            "expected_spread": {str(n): round(value, 1) for n, value in more.items()}, "tsc_hz": round(hz),
            "hugepages": hugepages, "pairs": options.pairs}


rigging.main(bench, rigging.usage("scale"))
