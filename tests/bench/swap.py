#!/usr/bin/python3
"""10,000 patch moves a second while the dataplane forwards all it can: is a packet lost, repeated or sent to somebody to
whom it was not patched, how long does a batch take, and what does it cost?

The journal (journal.h) says when which packet was received and from which packet on a receiver heard another source; the
link's acknowledgements say when a batch was applied. So for every move it is known which packets had to go which way."""

import bisect
import ctypes
import mmap
import os
import statistics
import threading
import time

import rig as rigging
from daemon import Daemon
from steps import Failed, require

FLOWS = 1000
MOVES_S = 10000
MOVES_A_BATCH = 4
GROUP = 5  # batches sent at once
SECONDS = 10
# journal.h
COUNTS = ("bursts", "changes", "packets", "lost", "repeated", "skipped", "malformed", "reads", "pauses")
BURSTS, CHANGES, READS, PAUSES = 1 << 22, 1 << 20, 1 << 20, 1 << 20
BURSTS_AT = len(COUNTS)
CHANGES_AT = BURSTS_AT + 2 * BURSTS
READS_AT = CHANGES_AT + 4 * CHANGES
PAUSES_AT = READS_AT + 2 * READS
WORDS = PAUSES_AT + 2 * PAUSES


class Journal:
    def __init__(self):
        self.fd = os.memfd_create("xfgbench-journal", 0)
        os.ftruncate(self.fd, 8 * WORDS)
        self.map = mmap.mmap(self.fd, 8 * WORDS)
        self.words = memoryview(self.map).cast("Q")

    def counts(self):
        return dict(zip(COUNTS, self.words[:len(COUNTS)]))

    def limit(self, now_ns):
        """A batch was applied in the turn that began then. Number of the first packet that was received after it, and
        when it was received: by then the batch had been applied."""
        count = self.words[0]
        # The oldest are being written over.
        low, high = max(0, count - BURSTS // 2), count - 1
        require(self.words[BURSTS_AT + 2 * (low % BURSTS)] < now_ns, "the journal is too short")
        while low < high:
            middle = (low + high) // 2
            if self.words[BURSTS_AT + 2 * (middle % BURSTS)] < now_ns:
                low = middle + 1
            else:
                high = middle
        require(low < count - 1, "a batch is acknowledged before the packets that follow it")
        at = BURSTS_AT + 2 * (low % BURSTS)
        return self.words[at + 1], self.words[BURSTS_AT + 2 * ((low + 1) % BURSTS)]

    def changes(self):
        """By receiver: (before, last number of it, after, first number of it)."""
        out = {}
        for last, first, pair, after in self.rows(CHANGES_AT, 4, self.words[1], CHANGES):
            out.setdefault(pair & 0xFFFFFFFF, []).append((pair >> 32, last, after & 0xFFFFFFFF, first))
        return out

    def reads(self):
        """Sequence of the first command of each packet of batches, and when the main thread had it."""
        return {sequence: ns for ns, sequence in self.rows(READS_AT, 2, self.words[7], READS)}

    def pauses(self):
        """When the kernel ran somebody else on the worker's core: (begin, end)."""
        return list(self.rows(PAUSES_AT, 2, self.words[8], PAUSES))

    def rows(self, at, width, count, most):
        require(count < most, "the journal is full")
        return zip(*(self.words[at + i:at + width * count:width].tolist() for i in range(width)))

    def close(self):
        self.words.release()
        self.map.close()
        os.close(self.fd)


class Batch(ctypes.Structure):
    _fields_ = [("now_ns", ctypes.c_uint64), ("sequence", ctypes.c_uint32), ("result", ctypes.c_int32),
                ("outstanding", ctypes.c_uint32), ("zero", ctypes.c_uint32),
                ("to", ctypes.c_uint32 * MOVES_A_BATCH), ("source", ctypes.c_uint32 * MOVES_A_BATCH)]


class Pace(ctypes.Structure):
    _fields_ = [("period_ns", ctypes.c_uint64), ("group", ctypes.c_uint32), ("groups", ctypes.c_uint32)]


class Moves:
    """What has been asked for, and what came of it."""

    def __init__(self, daemon, journal):
        self.daemon, self.journal = daemon, journal
        half = daemon.flows // 2
        self.first = [(i + half) % daemon.flows for i in range(daemon.flows)]
        self.sources = (ctypes.c_uint32 * daemon.flows)(*self.first)
        self.random = ctypes.c_uint64(88172645463325252)
        self.batches = []
        self.limits = []  # of each batch: (number of the first packet after it, when it had been applied by)

    def run(self, seconds):
        groups = max(1, round(seconds * MOVES_S / MOVES_A_BATCH / GROUP))
        pace = Pace(round(1e9 * GROUP * MOVES_A_BATCH / MOVES_S), GROUP, groups)
        batches = (Batch * (groups * GROUP))()
        self.daemon.link.call("moves", ctypes.byref(pace), self.sources, self.daemon.flows, ctypes.byref(self.random),
                              batches)
        refused = {b.result for b in batches if b.result != 0}
        require(not refused, "batches are refused: %s", {os.strerror(-r) for r in refused})
        time.sleep(0.02)  # the packets after the last one
        self.batches += batches
        self.limits += [self.journal.limit(b.now_ns) for b in batches]

    def apply_us(self):
        """From the main thread's reading of each batch until its owner was known to have applied it: without what others
        had of the owner's core meanwhile, and with it."""
        reads, pauses = self.journal.reads(), self.journal.pauses()
        ends = [end for _, end in pauses]
        own, wall = [], []
        for batch, (_, applied) in zip(self.batches, self.limits):
            read = reads[batch.sequence]
            paused = 0
            for begin, end in pauses[bisect.bisect(ends, read):]:
                if begin >= applied:
                    break
                paused += min(end, applied) - max(begin, read)
            own.append((applied - read - paused) / 1e3)
            wall.append((applied - read) / 1e3)
        return sorted(own), sorted(wall)

    def expected(self, places):
        """By receiver: (source, its first number, its last one) in the order in which they must be heard; the last one
        has no end."""
        flows = self.daemon.flows
        out = {to: [(source, 0)] for to, source in enumerate(self.first)}
        for batch, (limit, _) in zip(self.batches, self.limits):
            for to, source in zip(batch.to, batch.source):
                out[to].append((source, limit))
        for to, moves in out.items():
            heard = []
            for (source, begin), (_, end) in zip(moves, moves[1:] + [(None, None)]):
                first = begin + (places[source] - begin) % flows
                last = None if end is None else end - 1 - (end - 1 - places[source]) % flows
                if last is not None and last < first:
                    continue  # moved away before it sent anything
                if heard and heard[-1][0] == source:
                    heard[-1] = (source, heard[-1][1], last)
                else:
                    heard.append((source, first, last))
            out[to] = heard
        return out

    def judge(self, places):
        """Packets that were lost at a move, and packets that went to the wrong receiver."""
        flows, lost, misdelivered = self.daemon.flows, 0, 0
        changes = self.journal.changes()
        for to, heard in self.expected(places).items():
            seen = changes.get(to, [])
            for n, (old, new) in enumerate(zip(heard, heard[1:])):
                if n >= len(seen) or (seen[n][0], seen[n][2]) != (old[0], new[0]):
                    misdelivered += 1  # it heard somebody else; what follows would be counted twice
                    break
                for late in ((old[2] - seen[n][1]) // flows, (seen[n][3] - new[1]) // flows):
                    lost += max(0, late)
                    misdelivered += max(0, -late)
            misdelivered += max(0, len(seen) - len(heard) + 1)
        return lost, misdelivered


def places(path):
    """Of each sender in the capture."""
    out = {}
    with open(path, "rb") as f:
        data = f.read()
    for number, at in enumerate(range(24, len(data), 16 + 214)):
        out[int.from_bytes(data[at + 16 + 54:at + 16 + 58], "big")] = number
    return out


def rate(daemon, seconds, moves=None):
    """Millions of packets a second of processor time, with or without moves meanwhile."""
    failed = []

    def move():
        try:
            moves.run(seconds + 0.1)
        except Failed as e:
            failed.append(e)
    mover = threading.Thread(target=move) if moves else None
    if mover:
        mover.start()
    time.sleep(0.05)
    before = daemon.sample()
    time.sleep(seconds)
    after = daemon.sample()
    if mover:
        mover.join()
    if failed:
        raise failed[0]
    return 1e3 * (after[2] - before[2]) / (after[0] - before[0])


def percentile(values, part):
    return values[min(len(values) - 1, int(part * len(values)))]


def bench(rig, options):
    seconds = 0.2 if options.quick else max(0.2, SECONDS / options.pairs - 0.1)
    memory = rigging.memory_mb(FLOWS)
    hugepages = rig.hugepages.add(memory)
    journal = Journal()
    ours = Daemon(rig, FLOWS, memory, journal=journal.fd)
    ours.open()
    ours.begin()
    ours.check_watched(0.2)
    moves = Moves(ours, journal)
    ratios, rates = [], []
    for number in range(options.pairs):
        order = (None, moves) if number % 2 == 0 else (moves, None)
        each = {which is moves: rate(ours, seconds, which) for which in order}
        rates.append(each[True])
        ratios.append(each[True] / each[False])
    ours.check_counters(alike=False)
    counts = journal.counts()
    require(counts["malformed"] == 0, "%d packets went to nobody or came from nobody", counts["malformed"])
    lost, misdelivered = moves.judge(places(rig.capture(FLOWS)))
    lost += counts["lost"]
    made = MOVES_A_BATCH * len(moves.batches)
    took, wall = moves.apply_us()
    outstanding = [b.outstanding for b in moves.batches]
    result = {"bench": "swap", "moves": made, "lost": lost, "repeated": counts["repeated"], "misdelivered": misdelivered,
              "apply_us_p50": round(percentile(took, 0.5), 1), "apply_us_p99": round(percentile(took, 0.99), 1),
              "apply_us_p99_wall": round(percentile(wall, 0.99), 1),
              "forward_ratio": round(statistics.median(ratios), 4), "forward_ratio_min": round(min(ratios), 4),
              "forward_ratio_max": round(max(ratios), 4), "skipped": counts["skipped"], "packets": counts["packets"],
              "outstanding_most": max(outstanding), "xfergate_mpps": round(statistics.median(rates), 3),
              "hugepages": hugepages, "pairs": options.pairs}
    print("%d moves of %d endpoints in %d batches, %d a second, up to %d batches outstanding, %s\n"
          "  of %d packets lost %d, repeated %d, misdelivered %d; sequence numbers left out %d\n"
          "  applied after %.1f us (median), %.1f us (99 of 100), %.1f us (all); with others' turns on the core %.1f, %.1f, %.1f\n"
          "  %.3f Mpps with moves, the same checks on; without moves the ratio %.3f (%.3f to %.3f in %d pairs)"
          % (made, FLOWS, len(moves.batches), MOVES_S, max(outstanding), "hugepages" if hugepages else "no hugepages",
             counts["packets"], lost, counts["repeated"], misdelivered, counts["skipped"], result["apply_us_p50"],
             result["apply_us_p99"], took[-1], percentile(wall, 0.5), percentile(wall, 0.99), wall[-1],
             statistics.median(rates), result["forward_ratio"], min(ratios),
             max(ratios), options.pairs))
    ours.close()
    journal.close()
    wrong = lost + counts["repeated"] + misdelivered + counts["skipped"]
    return result, "" if wrong == 0 else "packets went astray"


rigging.main(bench, rigging.usage("swap"))
