#!/usr/bin/python3
"""What it costs to forward RTP: xfergate-dataplane beside dpdk-testpmd, same capture, same device (net_pcap), same core, in
turns. testpmd swaps addresses and ports and keeps no state (5tswap), or touches nothing at all (io, the ceiling)."""

import statistics

import rig as rigging
from daemon import Daemon
from steps import require
from testpmd import Testpmd


def bench(rig, options):
    flows = options.flows if not options.quick else min(options.flows, 200)
    seconds = 0.03 if options.quick else 0.3
    memory = rigging.memory_mb(flows)
    hugepages = rig.hugepages.add(2 * memory)
    ours = Daemon(rig, flows, memory)
    opened = ours.open()
    ours.begin()
    watched = ours.check_watched(0.2)
    pool = ours.pool()
    require(bool(pool[3]) == hugepages, "hugepages are there and the daemon does not use them")
    ours.halt()
    theirs = Testpmd(rig, flows, memory, pool)
    theirs.halt()
    rates = rigging.compare(ours, theirs, options.pairs, seconds)
    ours.go()
    watched += ours.check_watched(0.2)
    forwarded, _ = ours.check_counters()
    theirs.become("io")
    io = statistics.median(theirs.turn(seconds) for _ in range(min(5, options.pairs)))
    r = rigging.ratios(rates)
    print("RTP of %d endpoints, 214-byte frames, net_pcap, one core (%d), %s\n"
          "  xfergate        %7.3f Mpps  %6.1f ns a packet\n"
          "  testpmd 5tswap  %7.3f Mpps  %6.1f ns\n"
          "  testpmd io      %7.3f Mpps  %6.1f ns\n"
          "  ratio %.3f (%.3f to %.3f in %d pairs)\n"
          "  checked: %d packets looked at, %d forwarded, none dropped; opened in %.2f s"
          % (flows, rig.cpu, rig.hugepages, r["xfergate_mpps"],
             1e3 / r["xfergate_mpps"], r["testpmd_mpps"], 1e3 / r["testpmd_mpps"], io, 1e3 / io, r["ratio"],
             r["ratio_min"], r["ratio_max"], options.pairs, watched, forwarded, opened))
    return {"bench": "forward", "flows": flows, "xfergate_mpps": round(r["xfergate_mpps"], 3),
            "testpmd_mpps": round(r["testpmd_mpps"], 3), "ratio": round(r["ratio"], 4),
            "ratio_min": round(r["ratio_min"], 4), "ratio_max": round(r["ratio_max"], 4), "io_mpps": round(io, 3),
            "hugepages": hugepages, "pairs": options.pairs}


rigging.main(bench, rigging.usage("forward", 1000))
