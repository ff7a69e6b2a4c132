"""A program that is measured: on its core, with the probe in it, and stopped unless it has its turn."""

import ctypes
import os
import signal
import socket
import struct
import subprocess
import time

from steps import Failed, require, say, wait_for

SAMPLE, POOL, WATCH, UNWATCH, SHUT, BUSY, UNBUSY = range(1, 8)
SEEN = ("packets", "others", "receivers", "malformed", "checksums", "misdelivered", "lost", "repeated", "timestamps",
        "ssrcs")


def die_with_parent():
    """A killed benchmark leaves no poller behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def stand_apart():
    """What the terminal sends is for the benchmark, which ends its programs itself. A process group, no session: the kernel
    makes each session a scheduling group (autogroup), and beside one that has a polling worker and the daemon's main thread
    on the same processor, Linux 6.18 let everybody else of that processor wait for seconds to a minute."""
    die_with_parent()
    os.setpgrp()


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
                preexec_fn=lambda: (stand_apart(), os.sched_setaffinity(0, self.cpus or rig.cpus)))
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
        ns, received, sent = (y - x for x, y in zip(before, after))
        require(sent > 0 and ns > 0, "%s sends nothing", self.name)
        # What it says of its own accord (RTCP) is no packet forwarded.
        return 1e3 * min(received, sent) / ns

    def end(self):
        self.process.terminate()

    def close(self):
        if self.process.poll() is None:
            self.go()
            self.end()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                say("%s does not end", self.name)
                self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.socket.close()
        if self in self.rig.programs:
            self.rig.programs.remove(self)
