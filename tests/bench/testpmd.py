"""dpdk-testpmd on the same captures, with packet buffers like the daemon's."""

import os

from program import Program
from steps import require, wait_for


class Testpmd(Program):
    def __init__(self, rig, flows, memory, pool, mode="5tswap", device=None, namespace=None):
        """device, namespace: as the daemon's."""
        count, cache, size, hugepages = pool
        self.before = ("ip", "netns", "exec", namespace) if namespace else ()
        vdev = device or "net_pcap0,rx_pcap=%s,infinite_rx=1" % rig.capture(flows)
        main = rig.cpus[0]
        prefix = "xfgbench-%d-testpmd" % os.getpid()
        self.runtime = os.path.join("/var/run/dpdk", prefix)
        words = ["dpdk-testpmd", "--lcores=0@%d,1@%d" % (main, rig.cpu), "--main-lcore=0", "--no-pci", "--no-telemetry",
                 "--file-prefix=" + prefix, "--vdev=" + vdev]
        words += ["--in-memory"] if hugepages else ["--no-huge", "--no-shconf", "-m", str(memory)]
        words += ["--", "-i", "--no-flush-rx", "--forward-mode=" + mode, "--burst=32", "--nb-cores=1", "--rxq=1",
                  "--txq=1", "--mbuf-size=%d" % size, "--total-num-mbufs=%d" % count, "--mbcache=%d" % cache]
        super().__init__(rig, "dpdk-testpmd", words, ["XFG_PROBE_BUSY=1"] if device else [])
        self.wait_log("testpmd> ")
        self.find_workers()
        require(self.pool() == pool, "testpmd has other packet buffers: %s, not %s", self.pool(), pool)
        self.tell("start")

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def become(self, mode):
        """Another way of forwarding."""
        self.go()
        for line in ("stop", "set fwd " + mode, "start"):
            self.tell(line)
        self.wait_log("Set %s packet forwarding mode" % mode, 10)
        before = self.sample()[2]
        wait_for("testpmd forwards", lambda: self.sample()[2] > before, 10)

    def end(self):
        self.tell("quit")

    def close(self):
        super().close()
        # EAL makes it even when it puts nothing there.
        if os.path.isdir(self.runtime):
            os.rmdir(self.runtime)
