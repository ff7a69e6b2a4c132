#!/usr/bin/python3
"""100 streams of RTP through xfergate and through rtpengine (in user space, as it is without its kernel module), on the same
veth pair and the same core, in turns; each at the highest rate at which at most one packet in a thousand is lost. The
generator has the other core. dpdk-testpmd 5tswap on the same pair says what the kernel and the driver alone cost."""

import json
import os
import statistics
import subprocess
import sys
import time

import rig as rigging
import testpmd
from daemon import Daemon, GATEWAY_MAC, NEXT_HOP, ROUTER_MAC
from program import stand_apart
from steps import Failed, require, run, say, wait_for

FLOWS = 100
LOST = 0.001
BEHIND = 0.02  # of the time: a generator that is later cannot send at that rate
START_PPS = 20000
CLOSE = 1.03  # the highest rate is known to 3 %
INTERFACE, LOWER = "xfg-gen", "xfg-low"
NG_PORT = 22222


class Wire:
    """Two namespaces and the pair between them. Each end's packets are received by its own side's core."""

    def __init__(self, rig):
        self.rig = rig
        self.generator, self.relay = rig.namespace(), rig.namespace()
        run("ip", "link", "add", INTERFACE, "netns", self.generator, "address", ROUTER_MAC, "type", "veth",
            "peer", "name", LOWER, "netns", self.relay, "address", GATEWAY_MAC)
        for namespace, name, cpu in ((self.generator, INTERFACE, rig.cpus[0]), (self.relay, LOWER, rig.cpu)):
            self.within(namespace, "ip", "link", "set", "lo", "up")
            self.within(namespace, "ip", "link", "set", name, "up")
            self.within(namespace, "sh", "-c", "echo %x >/sys/class/net/%s/queues/rx-0/rps_cpus" % (1 << cpu, name))

    @staticmethod
    def within(namespace, *words):
        return run("ip", "netns", "exec", namespace, *words)


class Generator:
    def __init__(self, wire, ports):
        rig = wire.rig
        words = [rig.path("tests/bench/relay-generator"), INTERFACE, rig.capture(FLOWS), *map(str, ports)]
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", wire.generator, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: (stand_apart(), os.sched_setaffinity(0, rig.cpus[:1])))
        rig.programs.append(self)
        favour(self.process.pid)
        self.rig = rig

    def run(self, rate, seconds):
        self.process.stdin.write("%d %d\n" % (rate, 1000 * seconds))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        require(line, "the generator is gone")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        if self in self.rig.programs:
            self.rig.programs.remove(self)


def scheduled(pid, tids=None):
    """Seconds that its threads (all, or those) have run, and have waited for a core."""
    ran = waited = 0
    for tid in tids or os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, tid)) as f:
            words = f.read().split()
        ran, waited = ran + int(words[0]), waited + int(words[1])
    return ran / 1e9, waited / 1e9


def favour(pid):
    """What is measured comes before whatever else the machine does; as far as one may. It has a session of its own, and so
    a group of its own where the kernel shares cores among sessions."""
    group = "/proc/%d/autogroup" % pid
    if os.path.exists(group):
        with open(group, "w") as f:
            f.write("-20")
    for tid in os.listdir("/proc/%d/task" % pid):
        try:
            os.setpriority(os.PRIO_PROCESS, int(tid), -20)
        except PermissionError:
            say("no higher priority than others have")


def kernel_thread(name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid) as f:
                if f.read().strip() == name:
                    return int(pid)
        except OSError:
            pass
    raise Failed("no kernel thread " + name)


class Xfergate:
    name = "xfergate"

    def __init__(self, wire, memory, driver):
        self.wire = wire
        self.daemon = Daemon(wire.rig, FLOWS, memory, device="net_%s0,iface=%s" % (driver, LOWER),
                             namespace=wire.relay)
        favour(self.daemon.pid)
        self.daemon.open()
        self.daemon.patch()
        self.daemon.link.call("sources")
        self.ports = [16384 + 2 * i for i in range(FLOWS)]

    def begin(self):
        self.waited = scheduled(self.daemon.pid, self.daemon.tids)[1]
        self.daemon.busy()

    def end(self, passed, seconds):
        """ns a packet, the share of the time that the core had work, and the share in which it was another's."""
        seen = self.daemon.busy_seen()
        ns = 1e9 * seen["cycles"] / seen["cycles_hz"] / max(1, seen["packets"])
        return ns, seen["cycles"] / seen["cycles_all"], (
            scheduled(self.daemon.pid, self.daemon.tids)[1] - self.waited) / seconds

    def close(self):
        self.daemon.close()
        # It outlives the daemon, with its address.
        Wire.within(self.wire.relay, "ip", "link", "del", "xfg-out")


class Testpmd(Xfergate):
    name = "testpmd"

    def __init__(self, wire, memory, driver, pool):
        self.daemon = testpmd.Testpmd(wire.rig, FLOWS, memory, pool, device="net_%s0,iface=%s" % (driver, LOWER),
                                      namespace=wire.relay)
        favour(self.daemon.pid)
        self.ports = [16384 + 2 * i for i in range(FLOWS)]

    def close(self):
        self.daemon.close()


class Rtpengine:
    name = "rtpengine"

    def __init__(self, wire):
        self.wire = wire
        rig = wire.rig
        for words in (("addr", "add", "10.0.0.1/24", "dev", LOWER),
                      ("neigh", "replace", NEXT_HOP, "lladdr", ROUTER_MAC, "dev", LOWER),
                      ("route", "add", "default", "via", NEXT_HOP)):
            wire.within(wire.relay, "ip", *words)
        config = os.path.join(rig.folder, "rtpengine.conf")
        with open(config, "w") as f:
            f.write("[rtpengine]\n")
        self.log_path = os.path.join(rig.folder, "rtpengine.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", wire.relay, "rtpengine", "--config-file=" + config, "--foreground", "--log-stderr",
                 "--log-level=4", "--table=-1", "--interface=10.0.0.1", "--listen-ng=127.0.0.1:%d" % NG_PORT,
                 "--port-min=30000", "--port-max=40000", "--num-threads=1", "--pidfile=" + rig.folder + "/rtpengine.pid"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: (stand_apart(), os.sched_setaffinity(0, [rig.cpu])))
        rig.programs.append(self)
        favour(self.process.pid)
        self.softirqs = kernel_thread("ksoftirqd/%d" % rig.cpu)
        self.ports = wait_for("rtpengine listens", self.calls, 10)

    def calls(self):
        require(self.process.poll() is None, "rtpengine ended:\n%s", self.log())
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rtpengine_calls.py")
        done = subprocess.run(["ip", "netns", "exec", self.wire.relay, "python3", script, str(NG_PORT), str(FLOWS)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        require(done.returncode == 0 or "ConnectionRefused" in done.stderr, "%s", done.stderr)
        return done.returncode == 0 and json.loads(done.stdout)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def run_time(self):
        ran, waited = scheduled(self.process.pid)
        return ran + scheduled(self.softirqs)[0], waited

    def begin(self):
        self.before = self.run_time()

    def end(self, passed, seconds):
        ran, waited = (b - a for a, b in zip(self.before, self.run_time()))
        return 1e9 * ran / passed, ran / seconds, waited / seconds

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        if self in self.wire.rig.programs:
            self.wire.rig.programs.remove(self)
        subprocess.run(["ip", "-n", self.wire.relay, "addr", "flush", "dev", LOWER], check=False)


class Trial:
    """One rate for some time."""

    def __init__(self, relay, generator, rate, seconds, anybody):
        relay.begin()
        start = time.monotonic()
        seen = generator.run(rate, seconds)
        took = time.monotonic() - start
        self.rate = rate
        self.passed = seen["received"] + (seen["astray"] if anybody else 0)
        require(anybody or not seen["astray"], "%s: %d packets went astray", relay.name, seen["astray"])
        require(not seen["disorder"], "%s: %d packets out of order", relay.name, seen["disorder"])
        self.ns, self.share, self.waited = relay.end(max(1, self.passed), took)
        self.lost = 1 - self.passed / seen["sent"]
        self.behind = seen["behind_us"] > 1e6 * seconds * BEHIND
        self.good = self.lost <= LOST and not self.behind



class Search:
    """For the highest rate at which a relay loses no more than LOST."""

    def __init__(self, start, wire, seconds, quick, anybody=False):
        """start: makes the relay. quick: only about how high. anybody: whoever gets the packets, they count as passed."""
        self.start, self.wire, self.seconds, self.anybody = start, wire, seconds, anybody
        self.close_enough, self.tries = (2.0, 1) if quick else (CLOSE, 3)
        self.relay = self.generator = None

    def open(self):
        self.relay = self.start()
        self.generator = Generator(self.wire, self.relay.ports)
        self.generator.run(START_PPS // 10, max(1, self.seconds))  # addresses are learnt

    def close(self):
        if self.relay:
            self.generator.close()
            self.relay.close()
        self.relay = None

    def trial(self, rate):
        """Of three the first that is good. rtpengine's sockets stay full and are never read again when they once were
        (it is told of a packet only when it comes into an empty queue), so each one has a fresh relay."""
        for _ in range(self.tries):
            if not self.relay:
                self.open()
            t = Trial(self.relay, self.generator, rate, self.seconds, self.anybody)
            if t.good:
                break
            self.close()
        return t

    def run(self):
        """The trial with the highest rate that went well, and the one with the lowest that did not."""
        good, bad, rate = None, None, START_PPS
        while not bad or bad.rate > good.rate * self.close_enough:
            t = self.trial(int(rate))
            good, bad = (t, bad) if t.good else (good, t)
            require(good or rate > START_PPS / 64, "more than %g of the packets are lost at any rate", LOST)
            if not good:
                rate /= 2
            else:
                rate = good.rate * 2 if not bad else (good.rate * bad.rate) ** 0.5
        self.close()
        return good, bad


def limit(good, bad):
    """What keeps it from the next higher rate."""
    if max(good.share, bad.share) > 0.9:
        return "its core"
    if bad.behind:
        return "the generator's core"
    return "others on its core" if bad.waited > 0.05 else "queues of the kernel and the driver"


def turn(name, start, wire, quick, anybody=False):
    good, bad = Search(start, wire, 0.05 if quick else 0.5, quick, anybody).run()
    say("%-9s %7d packets a second, %5.0f ns each, core %2.0f %% busy; at %d: %s, %.2f %% lost, core %2.0f %% busy and "
        "%2.0f %% others'", name, good.rate, good.ns, 100 * good.share, bad.rate, limit(good, bad), 100 * bad.lost,
        100 * bad.share, 100 * bad.waited)
    return good, bad


def without_network(rig, memory, quick):
    """Millions of packets a second of a core, with the captures of `forward`."""
    daemon = Daemon(rig, FLOWS, memory)
    daemon.open()
    daemon.begin()
    daemon.halt()
    mpps = statistics.median(daemon.turn(0.03 if quick else 0.3) for _ in range(3))
    daemon.close()
    return mpps


def bench(rig, options):
    if len(rig.cpus) < 2:
        print("skipped: relay and generator need a core each")
        sys.exit(77)
    memory = rigging.memory_mb(FLOWS)
    hugepages = rig.hugepages.add(2 * memory)
    wire, driver, pool = Wire(rig), options.driver, None

    def xfergate():
        nonlocal driver, pool
        relay = Xfergate(wire, memory, driver)
        if "event=af-packet" in relay.daemon.log():
            driver = "af_packet"
        pool = relay.daemon.pool()
        return relay

    turns = {"xfergate": [], "rtpengine": [], "testpmd": []}
    starts = {"xfergate": xfergate, "rtpengine": lambda: Rtpengine(wire)}
    for number in range(options.pairs):
        for name in list(starts) if number % 2 == 0 else list(starts)[::-1]:
            turns[name].append(turn(name, starts[name], wire, options.quick))
        turns["testpmd"].append(
            turn("testpmd", lambda: Testpmd(wire, memory, driver, pool), wire, options.quick, anybody=True))
    mpps = without_network(rig, memory, options.quick)
    ns = {name: statistics.median(good.ns for good, _ in each) for name, each in turns.items()}
    pps = {name: statistics.median(good.rate for good, _ in each) for name, each in turns.items()}
    limits = {name: statistics.mode(limit(*one) for one in each) for name, each in turns.items()}
    each = [b[0].ns / a[0].ns for a, b in zip(turns["xfergate"], turns["rtpengine"])]
    print("%d streams of RTP on a veth pair, net_%s, one core (%d), %s\n"
          "  xfergate   %7.0f packets a second, %6.0f ns each; stopped by: %s\n"
          "  rtpengine  %7.0f packets a second, %6.0f ns each; stopped by: %s\n"
          "  testpmd    %7.0f packets a second, %6.0f ns each: driver and kernel alone (5tswap)\n"
          "  ratio of the times %.2f (%.2f to %.2f in %d pairs)\n"
          "  and with no network and no driver, from memory as `forward`: xfergate %.2f Mpps a core, %.0f times rtpengine's"
          % (FLOWS, driver, rig.cpu, "hugepages" if hugepages else "no hugepages", pps["xfergate"], ns["xfergate"],
             limits["xfergate"], pps["rtpengine"], ns["rtpengine"], limits["rtpengine"], pps["testpmd"], ns["testpmd"],
             statistics.median(each), min(each), max(each), options.pairs,
             mpps, 1e6 * mpps / pps["rtpengine"]))
    return {"bench": "relay", "xfergate_pps": round(pps["xfergate"]), "rtpengine_pps": round(pps["rtpengine"]),
            "xfergate_ns_per_packet": round(ns["xfergate"], 1), "rtpengine_ns_per_packet": round(ns["rtpengine"], 1),
            "kernel_ns": round(ns["testpmd"], 1), "testpmd_pps": round(pps["testpmd"]),
            "limit": "xfergate: %s; rtpengine: %s" % (limits["xfergate"], limits["rtpengine"]),
            "ratio": round(statistics.median(each), 3), "ratio_min": round(min(each), 3), "ratio_max": round(max(each), 3),
            "forward_mpps": round(mpps, 3), "forward_over_rtpengine": round(1e6 * mpps / pps["rtpengine"], 1),
            "driver": driver, "hugepages": hugepages, "pairs": options.pairs}


usage = rigging.usage("relay")
usage.add_argument("--driver", default="af_xdp", choices=("af_xdp", "af_packet"), help="of xfergate and testpmd")
rigging.main(bench, usage)
