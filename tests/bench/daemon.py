"""xfergate-dataplane on endless captures, with all its endpoints open and patched."""

import os
import time

from link import Link
from program import SHUT, Program
from steps import require, run, wait_for

GATEWAY_MAC = "02:00:00:00:00:01"
ROUTER_MAC = "02:00:00:00:00:fe"
NEXT_HOP = "10.0.0.254"
PAIRS_A_MEDIA_ADDRESS = 8192  # endpoints of an address
FAULTS = ("malformed", "checksums", "misdelivered", "lost", "repeated", "timestamps", "ssrcs")

CONFIG = """
dataplane:
  workers: {workers}
  idle: poll
  link: {folder}/link.sock
  memory: {memory}
ports:
  - name: outside
    device: "{device}"
    tap: xfg-out
    mtu: 1500
    addresses: [10.0.0.1/24]
networks:
  - name: outside
    port: outside
    sip: 10.0.0.1:5060
    media: [{media}]
control:
  socket: {folder}/xfergate.sock
  user: root
  group: root
"""


class Daemon(Program):
    """xfergate-dataplane as it is, with all endpoints open and patched, and traffic."""

    def __init__(self, rig, flows, memory, workers=1, spread="own", addresses=None, journal=None, cpus=None, device=None,
                 namespace=None):
        """spread: what a worker's queue brings, as media-capture takes it. addresses: media addresses, if not as many as
        the flows need. journal: file for it (journal.h). cpus: processors, if not all. device: in the place of the
        captures, and in the namespace; how busy it is may be asked then."""
        self.flows, self.cpus = flows, cpus
        namespace = namespace or rig.namespace()
        self.before = ("ip", "netns", "exec", namespace)
        folder = os.path.join(rig.folder, namespace)
        os.makedirs(folder, exist_ok=True)
        captures = [] if device else [rig.capture(flows)]
        if workers > 1:
            captures = [rig.capture(flows, queue, workers, spread) for queue in range(workers)]
            # The driver has as many queues to send as captures; the main thread wants one too.
            captures.append(captures[0])
        media = ["10.0.0.%d" % (1 + i) for i in range(addresses or -(-flows // PAIRS_A_MEDIA_ADDRESS))]
        config = os.path.join(folder, "config.yaml")
        with open(config, "w") as f:
            f.write(CONFIG.format(folder=folder, memory=memory, workers=workers, media=", ".join(media),
                                  device=device or ",".join(["net_pcap0", *("rx_pcap=" + capture for capture in captures),
                                                             "infinite_rx=1"])))
        environment = ["XFG_PROBE_FLOWS=%d" % flows]
        environment.append("XFG_PROBE_BUSY=1" if device else "XFG_PROBE_FRAMES=%d" % (flows // workers))
        if journal is not None:
            environment.append("XFG_PROBE_JOURNAL=%d" % journal)
        super().__init__(rig, "%s-%d" % (namespace, len(rig.programs)), [rig.path("dataplane/host/xfergate-dataplane"), "-c", config], environment,
                         () if journal is None else (journal,))
        self.wait_log(" info event=ready ")
        require("event=capture-not-for-us" not in self.log(), "the capture is for somebody else")
        self.find_workers()
        run(*self.before, "ip", "neigh", "replace", NEXT_HOP, "lladdr", ROUTER_MAC, "dev", "xfg-out", "nud", "permanent")
        require(len(self.tids) == workers, "%d polling threads", len(self.tids))
        self.link = Link(self, os.path.join(folder, "link.sock"))

    def open(self):
        """Opens the endpoints; seconds that it took."""
        start = time.monotonic()
        self.link.call("open", self.flows)
        return time.monotonic() - start

    def main_busy(self):
        """Seconds of processor time that the main thread has had."""
        with open("/proc/%d/task/%d/schedstat" % (self.pid, self.pid)) as f:
            return int(f.read().split()[0]) / 1e9

    def patch(self):
        self.link.call("patch", self.flows)
        wait_for("next hops resolved", lambda: self.link.summary()["resolved"] == self.flows, 60)

    def begin(self):
        """Patches, and lets traffic in."""
        self.patch()
        self.link.call("sources")
        wait_for("everybody is heard", lambda: self.link.summary()["sent_least"] > 0, 60)

    def check_watched(self, seconds, may_lose=False):
        """Every packet of some time is looked at, and three of each stream at least."""
        # A worker that has to wait for its core sends nothing meanwhile.
        for longer in range(8):
            seen = self.watch(seconds * 2 ** longer, 3 * self.flows)
            if seen["receivers"] == self.flows or any(seen[name] for name in FAULTS if not (may_lose and name == "lost")):
                break
        require(seen["receivers"] == self.flows, "%d of %d receivers heard anything", seen["receivers"], self.flows)
        require(seen["packets"] > 2 * self.flows, "too few packets to say anything: %d", seen["packets"])
        wrong = {name: seen[name] for name in FAULTS if seen[name] and not (may_lose and name == "lost")}
        require(not wrong, "of %d packets sent were wrong: %s", seen["packets"], wrong)
        return seen["packets"]

    def check_counters(self, alike=True, may_drop=()):
        """Traffic ends; then what was received is what was forwarded, and nothing dropped but for what is named; to all
        alike, if so. What was forwarded and what was dropped."""
        self.ask(SHUT)
        time.sleep(0.05)
        end = time.monotonic() + 60
        while True:
            stats, drops = self.link.stats()
            allowed = sum(drops[name] for name in may_drop)
            # Workers that wait for their cores still have something to do.
            if stats["received"] == stats["forwarded"] + allowed or time.monotonic() > end:
                break
            time.sleep(0.05)
        endpoints = self.link.summary()
        dropped = {name: count for name, count in drops.items() if count and name not in may_drop}
        require(not dropped, "dropped: %s", dropped)
        require(stats["received"] == stats["forwarded"] + allowed, "%d received, %d forwarded, %d dropped",
                stats["received"], stats["forwarded"], allowed)
        for name in ("endpoints", "patched", "locked", "resolved"):
            require(endpoints[name] == self.flows, "%s: %d", name, endpoints[name])
        require(endpoints["received"] - endpoints["dropped"] == endpoints["sent"] == stats["forwarded"], "endpoints: %s",
                endpoints)
        require(not alike or endpoints["sent_most"] - endpoints["sent_least"] <= 1, "some got more than others: %s",
                endpoints)
        return stats["forwarded"], allowed

    def close(self):
        if hasattr(self, "link"):
            self.link.close()
        super().close()
