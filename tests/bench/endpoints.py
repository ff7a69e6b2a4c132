#!/usr/bin/python3
"""A million endpoints: how fast the link opens them, what memory they take, and what it costs to forward over all of them,
beside dpdk-testpmd on the same capture (as forward.py)."""

import rig as rigging
from daemon import Daemon
from testpmd import Testpmd

FLOWS = 1000000


def resident(rig, flows, memory):
    """Of a daemon that has received the same capture and has room for one address' endpoints, none of them open."""
    daemon = Daemon(rig, flows, memory, addresses=1)
    value = daemon.memory()
    daemon.close()
    return value


def bench(rig, options):
    flows = FLOWS if not options.quick else 20000
    seconds = 0.03 if options.quick else 0.3
    memory = rigging.memory_mb(flows)
    hugepages = rig.hugepages.add(2 * memory)
    before = resident(rig, flows, memory)
    ours = Daemon(rig, flows, memory)
    busy_s = ours.main_busy()
    opened_s = ours.open()
    busy_s = ours.main_busy() - busy_s
    ours.begin()
    # Before anybody is watched: the watch has a table of its own.
    each = (ours.memory() - before) / flows
    ours.check_watched(0.2)
    pool = ours.pool()
    ours.halt()
    theirs = Testpmd(rig, flows, memory, pool)
    theirs.halt()
    rates = rigging.compare(ours, theirs, options.pairs, seconds)
    ours.go()
    watched = ours.check_watched(0.2)
    forwarded, _ = ours.check_counters()
    r = rigging.ratios(rates)
    print("%d endpoints open at once, %s\n"
          "  opened through the link in %.2f s: %.0f a second; %.2f us of the main thread's processor time each\n"
          "  %.0f bytes each, all memory of the dataplane\n"
          "  forwarding over all of them: xfergate %.3f Mpps, testpmd 5tswap %.3f Mpps\n"
          "  ratio %.3f (%.3f to %.3f in %d pairs)\n"
          "  checked: %d packets looked at, %d forwarded, none dropped"
          % (flows, rig.hugepages, opened_s, flows / opened_s,
             1e6 * busy_s / flows, each, r["xfergate_mpps"],
             r["testpmd_mpps"], r["ratio"], r["ratio_min"], r["ratio_max"], options.pairs, watched, forwarded))
    return {"bench": "endpoints", "open": flows, "bytes_per_endpoint": round(each, 1),
            "opened_per_s": round(flows / opened_s), "opened_main_us": round(1e6 * busy_s / flows, 3), "forward_ratio": round(r["ratio"], 4),
            "forward_ratio_min": round(r["ratio_min"], 4), "forward_ratio_max": round(r["ratio_max"], 4),
            "xfergate_mpps": round(r["xfergate_mpps"], 3), "testpmd_mpps": round(r["testpmd_mpps"], 3),
            "hugepages": hugepages, "pairs": options.pairs}


rigging.main(bench, rigging.usage("endpoints"))
