"""What the dataplane's benchmarks stand on: hugepages, namespaces, the daemon and testpmd on endless captures, one of them
running at a time on the same core. Nothing of it is left behind."""

import argparse
import atexit
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
HUGEPAGE_MB = 2
GATEWAY_MAC = "02:00:00:00:00:01"
ROUTER_MAC = "02:00:00:00:00:fe"
NEXT_HOP = "10.0.0.254"
PAIRS_A_MEDIA_ADDRESS = 8192  # endpoints of an address
SAMPLE, POOL, WATCH, UNWATCH, SHUT, BUSY, UNBUSY = range(1, 8)
SEEN = ("packets", "others", "receivers", "malformed", "checksums", "misdelivered", "lost", "repeated", "timestamps",
        "ssrcs")
FAULTS = ("malformed", "checksums", "misdelivered", "lost", "repeated", "timestamps", "ssrcs")


class Failed(Exception):
    """The work was not done as it should be: a figure for something else is worse than none."""


def require(condition, what, *args):
    if not condition:
        raise Failed(what % args)


def say(what, *args):
    print(what % args, file=sys.stderr, flush=True)


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    require(done.returncode == 0, "%s: %s", " ".join(words), done.stdout.strip())
    return done.stdout


def wait_for(what, test, seconds):
    end = time.monotonic() + seconds
    while not (value := test()):
        require(time.monotonic() < end, "not within %g s: %s", seconds, what)
        time.sleep(0.01)
    return value


def die_with_parent():
    """A killed benchmark leaves no poller behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def only_small_pages():
    """The kernel makes no huge pages of ordinary memory for this process and what it starts."""
    require(ctypes.CDLL(None).prctl(41, 1, 0, 0, 0) == 0, "the kernel does not let transparent hugepages be switched off")


def hugepages_add(count):
    """How many more there are now. Others may be at it at the same time."""
    with open(HUGEPAGES, "r+") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        before = int(f.read())
        f.seek(0)
        f.write("%d" % max(0, before + count))
        f.flush()
        f.seek(0)
        return int(f.read()) - before


class Rig:
    """The folder, the namespaces, the hugepages; and all of it gone at the end, also when a signal comes."""

    def __init__(self, build, use_hugepages=True):
        self.build = os.path.abspath(build)
        self.use_hugepages = use_hugepages
        self.small_pages = not use_hugepages
        self.programs = []
        self.hugepages_added = 0
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

    def hugepages(self, megabytes):
        """Raises them by so many; False if this machine does not give them, or they are not wanted."""
        if not self.use_hugepages:
            return False
        wanted = -(-megabytes // HUGEPAGE_MB)
        try:
            self.hugepages_added = hugepages_add(wanted)
        except (OSError, ValueError) as e:
            say("no hugepages (%s): both programs run without", e)
            self.small_pages = True
            return False
        if self.hugepages_added < wanted:
            say("%d MB of hugepages wanted, %d to be had: both programs run without", wanted * HUGEPAGE_MB,
                self.hugepages_added * HUGEPAGE_MB)
            self.hugepages_restore()
            self.small_pages = True
            return False
        return True

    def pages(self):
        """In words, what memory they have."""
        return "no hugepages" if self.small_pages else "hugepages"

    def hugepages_restore(self):
        try:
            if self.hugepages_added:
                hugepages_add(-self.hugepages_added)
            self.hugepages_added = 0
        except OSError as e:
            say("%d hugepages are left over: %s", self.hugepages_added, e)

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
        self.hugepages_restore()
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)
        self.namespaces = []
        shutil.rmtree(self.folder, ignore_errors=True)


class Program:
    """One of the two that are compared, with the probe in it. Stopped unless it has its turn."""

    before = ()  # words that start it
    cpus = None  # that it may use; None: all

    def __init__(self, rig, name, words, environment=(), kept=()):
        """environment: lines for it. kept: files that it gets open."""
        self.rig, self.name = rig, name
        self.log_path = os.path.join(rig.folder, name + ".log")
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        self.socket = ours
        probe = ["LD_PRELOAD=" + rig.path("tests/bench/libbench_probe.so"), "XFG_PROBE_FD=%d" % theirs.fileno()]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*self.before, "env", *probe, *environment, *words],
                stdin=subprocess.PIPE, stdout=log, stderr=log, pass_fds=[theirs.fileno(), *kept],
                preexec_fn=lambda: (die_with_parent(), os.setsid(), os.sched_setaffinity(0, self.cpus or rig.cpus),
                                    rig.small_pages and only_small_pages()))
        theirs.close()
        self.pid = self.process.pid
        self.tids = []
        rig.programs.append(self)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def wait_log(self, word, seconds=60):
        def there():
            require(self.process.poll() is None, "%s ended with %s:\n%s", self.name, self.process.returncode,
                    self.log())
            return word in self.log()
        wait_for("%s says '%s'" % (self.name, word), there, seconds)

    def find_workers(self):
        """The polling threads, and that each has the core that is meant."""
        self.tids = []
        folder = "/proc/%d/task" % self.pid
        for tid in sorted(map(int, os.listdir(folder))):
            with open("%s/%d/comm" % (folder, tid)) as f:
                if "-worker-" in f.read():
                    self.tids.append(tid)
        require(self.tids, "%s has no polling thread", self.name)
        for tid, cpu in zip(self.tids, reversed(self.cpus or self.rig.cpus)):
            where = os.sched_getaffinity(tid)
            require(where == {cpu}, "%s polls on processors %s, not on %d", self.name, where, cpu)

    def ask(self, question, threads=()):
        try:
            self.socket.send(struct.pack("=16I", question, *threads, *[0] * (15 - len(threads))))
            answer = self.socket.recv(128, socket.MSG_WAITALL)
        except OSError as e:
            raise Failed("%s does not answer: %s\n%s" % (self.name, e, self.log())) from None
        require(len(answer) == 128, "%s is gone:\n%s", self.name, self.log())
        return struct.unpack("=16Q", answer)

    def sample(self):
        """Processor time of the polling threads, packets received, packets sent."""
        return self.ask(SAMPLE, self.tids)[:3]

    def pool(self):
        """Of packet buffers: number, cache, bytes, in hugepages or not."""
        return self.ask(POOL)[:4]

    def busy(self):
        """Begins to count what a packet costs."""
        self.ask(BUSY)

    def busy_seen(self):
        """As busy.h says it."""
        return dict(zip(("cycles", "packets", "interrupted", "cycles_all", "cycles_hz"), self.ask(UNBUSY)))

    def watch(self, seconds, packets):
        """What each packet that is sent in that time is like, and so many at least."""
        self.ask(WATCH)
        before, end = self.sample()[2], time.monotonic() + 60
        time.sleep(seconds)
        while self.sample()[2] - before < packets and time.monotonic() < end:
            time.sleep(0.01)
        return dict(zip(SEEN, self.ask(UNWATCH)))

    def memory(self):
        """Bytes: what is resident, hugepages included."""
        with open("/proc/%d/status" % self.pid) as f:
            lines = dict(line.split(":", 1) for line in f)
        return sum(int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "HugetlbPages"))

    def go(self):
        self.process.send_signal(signal.SIGCONT)

    def halt(self):
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds):
        """Packets a second of processor time, in millions. Others may want the core too: it takes until enough is had."""
        self.go()
        time.sleep(0.05)
        before = after = self.sample()
        end = time.monotonic() + 20 * seconds
        while after[0] - before[0] < 0.9 * seconds * 1e9 and time.monotonic() < end:
            time.sleep(seconds - (after[0] - before[0]) / 1e9 + 0.001)
            after = self.sample()
        self.halt()
        require(after[2] > before[2] and after[0] > before[0], "%s sends nothing", self.name)
        return 1e3 * (after[2] - before[2]) / (after[0] - before[0])

    def end(self):
        self.process.terminate()

    def close(self):
        if self.process.poll() is None:
            self.go()
            self.end()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                say("%s does not end", self.name)
                self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.socket.close()
        if self in self.rig.programs:
            self.rig.programs.remove(self)


class Stats(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("received", "forwarded", "to_kernel", "turns", "busy_turns",
                                                     "endpoints")]


class Summary(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("endpoints", "resolved", "patched", "locked", "received", "sent",
                                                     "sent_least", "sent_most", "wrong_source", "dropped")]


class Link:
    """The control plane's end (link_client.h)."""

    def __init__(self, daemon, path):
        self.daemon = daemon
        self.library = ctypes.CDLL(daemon.rig.path("tests/bench/libbench_link.so"), use_errno=True)
        self.library.link_client_create.restype = ctypes.c_void_p
        self.library.link_client_drop_name.restype = ctypes.c_char_p
        self.client = ctypes.c_void_p(self.library.link_client_create(path.encode()))
        require(self.client, "link: %s", os.strerror(ctypes.get_errno()))

    def call(self, name, *args):
        r = getattr(self.library, "link_client_" + name)(self.client, *args)
        if r < 0:
            raise Failed("link: %s: %s\n%s" % (name, os.strerror(-r), self.daemon.log()))
        return r

    def drop_names(self):
        return [self.library.link_client_drop_name(i).decode() for i in range(self.library.link_client_drop_count())]

    def stats(self):
        names = self.drop_names()
        whole = (ctypes.c_uint64 * (6 + len(names)))()
        self.call("stats", whole)
        head = Stats.from_buffer(whole)
        return {name: getattr(head, name) for name, _ in Stats._fields_}, dict(zip(names, whole[6:]))

    def summary(self):
        out = Summary()
        self.call("summary", ctypes.byref(out))
        return {name: getattr(out, name) for name, _ in Summary._fields_}

    def close(self):
        if self.client:
            self.library.link_client_destroy(self.client)
            self.client = None


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
        seen = self.watch(seconds, 3 * self.flows)
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
        end = time.monotonic() + 5
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
