"""The control plane's end of the link (include/xfergate/link.h), for tests."""

import ipaddress
import os
import re
import socket
import struct
import time

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../include/xfergate/link.h")) as header:
    VERSION = int(re.search(r"define XF_LINK_VERSION\s+(\d+)", header.read()).group(1))
NONE = 0xFFFFFFFF
PROMPT = 0xFFFFFFFE  # as a source, with the number of a prompt
PORT_FIRST = 16384
PORT_PAIRS = 8192
PACKET_MAX = 65536

TYPES = {"hello": 1, "sources-begin": 2, "source-add": 3, "sources-commit": 4, "admit": 5, "withdraw": 6, "open": 7,
         "update": 8, "close": 9, "patch": 10, "dump": 11, "stats": 12}
HELLO_OK, ACK, EVENT, ENDPOINT, PORT, DROPS, WORKER, PEER, CAPTURED, SCREEN, SIGNATURE, PROMPT_ROW, STRANGER = range(64, 77)
EVENTS = ["first-packet", "source-locked", "wrong-source", "media-timeout", "armed-fired", "armed-limit",
          "closed-orphan", "digit", "prompt-ended"]
ROLES = {"provider": 0, "agent": 1, "target": 2}
CODECS = {"PCMU": 0, "PCMA": 1, "G722": 2, "G729": 3, "opus": 4, "telephone-event": 5}
EMPTY = bytes(8)
ACTIONS = ["drop", "alert", "count"]
SCREEN_DROPS = ["sip-packet-rate", "sip-invite-rate", "sip-request-rate", "sip-dialog-rate", "sip-response-rate",
                "sip-ceiling", "sip-malformed", "sip-signature",
                "fragment-overlap", "fragment-limit", "fragment-timeout", "fragment-small"]

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../include/xfergate/drop.h")


def drop_names():
    with open(HEADER) as f:
        return re.findall(r'^\tX\(\w+, "([a-z-]+)"', f.read(), re.M)


def pack_addr(text):
    if text is None:
        return bytes(20)
    address = ipaddress.ip_address(text)
    return struct.pack("=B3x16s", address.version, address.packed)


def unpack_addr(data):
    family, raw = struct.unpack("=B3x16s", data)
    if family == 0:
        return None
    return str(ipaddress.ip_address(raw[:4] if family == 4 else raw))


def pack_sockaddr(pair):
    address, port = pair if pair else (None, 0)
    return pack_addr(address) + struct.pack("=HH", port, 0)


def unpack_sockaddr(data):
    return unpack_addr(data[:20]), struct.unpack("=H", data[20:22])[0]


def index(local_addr, port):
    return local_addr * PORT_PAIRS + (port - PORT_FIRST) // 2


def settings(remote, next_hop, port, pts=((0, "PCMU"),), learn=0, relearn=0, window_s=3.0, timeout_s=0.0):
    rtcp = (remote[0], remote[1] + 1) if remote else None
    listed = b"".join(struct.pack("=BB", pt, CODECS[name]) for pt, name in pts)
    return (pack_sockaddr(remote) + pack_sockaddr(rtcp) + pack_addr(next_hop) +
            struct.pack("=HBBBB2x", port, learn, relearn, len(pts), 0) + listed.ljust(12, b"\0") +
            struct.pack("=QQ", int(window_s * 1e9), int(timeout_s * 1e9)))


class LinkClosed(Exception):
    pass


PATIENCE_S = 60  # for what must come, on a machine that has other things to do


class Link:
    def __init__(self, path, instance, version=VERSION, timeout=PATIENCE_S):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.sequence = 0
        self.events = []
        self.records = []
        self.prompts = {}  # name: (number, length in s, times)
        body = struct.pack("=IIQ", version, 0, instance)
        self.send("hello", body)
        kind, sequence, answer = self.receive()
        if kind != HELLO_OK:
            raise LinkClosed("hello answered by %d result %d" % (kind, struct.unpack("=i", answer[:4])[0]))
        (self.version, self.generation_last, self.instance, self.now_ns, self.workers, self.ports,
         count) = struct.unpack("=IIQQHHH", answer[:30])
        self.media = [unpack_addr(answer[32 + 20 * i:52 + 20 * i]) for i in range(count)]
        self.generation = self.generation_last

    def close(self):
        self.socket.close()

    def record(self, name, body):
        self.sequence += 1
        return struct.pack("=HHI", TYPES[name], len(body), self.sequence) + body + bytes(-len(body) % 8)

    def send(self, name, body):
        self.socket.send(self.record(name, body))
        return self.sequence

    def receive(self):
        """The next record that is no event: (type, sequence, body)."""
        while True:
            while self.records:
                kind, sequence, body = self.records.pop(0)
                if kind == PROMPT_ROW:
                    self.prompt(body)
                elif kind == EVENT:
                    self.event(body)
                else:
                    return kind, sequence, body
            self.read()

    def read(self):
        packet = self.socket.recv(PACKET_MAX)
        if not packet:
            raise LinkClosed("closed by the dataplane")
        while packet:
            kind, length, sequence = struct.unpack("=HHI", packet[:8])
            self.records.append((kind, sequence, packet[8:8 + length]))
            packet = packet[8 + (length + 7) // 8 * 8:]

    def prompt(self, body):
        name, number, length_ms, times = struct.unpack("=32sIII4x", body)
        self.prompts[name.rstrip(b"\0").decode()] = number, length_ms / 1000, times

    def event(self, body):
        idx, generation, kind = struct.unpack("=III", body[:12])
        self.events.append((EVENTS[kind], idx, generation, unpack_sockaddr(body[24:48])))

    def poll_events(self, seconds):
        """Reads events for so long."""
        end = time.monotonic() + seconds
        before = self.socket.gettimeout()
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                self.read()
            except TimeoutError:
                break
        self.socket.settimeout(before)
        for record in self.records:
            if record[0] == EVENT:
                self.event(record[2])
            elif record[0] == PROMPT_ROW:
                self.prompt(record[2])
        self.records = [r for r in self.records if r[0] not in (EVENT, PROMPT_ROW)]
        return self.events

    def command(self, name, body=EMPTY):
        """Sends one and waits for its end: (result, detail, rows)."""
        return self.finish(self.send(name, body))

    def finish(self, number):
        rows = []
        while True:
            kind, sequence, body = self.receive()
            assert sequence == number, "answer to %d while waiting for %d" % (sequence, number)
            if kind == ACK:
                result, detail, self.now_ns = struct.unpack("=iIQ", body)
                return result, detail, rows
            rows.append((kind, body))

    def must(self, name, body=EMPTY):
        result, detail, rows = self.command(name, body)
        assert result >= 0, "%s: %s (detail %d)" % (name, os.strerror(-result), detail)
        return rows

    def sources(self, blocks):
        """blocks: (prefix, peer number, role). All in one packet."""
        records = [self.record("sources-begin", EMPTY)]
        for block, peer, role in blocks:
            network = ipaddress.ip_network(block)
            body = pack_addr(network.network_address) + struct.pack("=B3xHBx", network.prefixlen, peer, ROLES[role])
            records.append(self.record("source-add", body))
        records.append(self.record("sources-commit", EMPTY))
        self.socket.send(b"".join(records))
        for number in range(self.sequence - len(records) + 1, self.sequence + 1):
            result = self.finish(number)[0]
            assert result == 0, "sources, command %d: %s" % (number, os.strerror(-result))

    def admit(self, address, withdraw=False):
        self.must("withdraw" if withdraw else "admit", pack_addr(address) + bytes(4))

    def open(self, idx, config, worker=0):
        self.generation += 1
        endpoint = (idx, self.generation)
        self.must("open", struct.pack("=IIB7x", *endpoint, worker) + config)
        return endpoint

    def update(self, endpoint, config):
        self.must("update", struct.pack("=II", *endpoint) + config)

    def close_endpoint(self, endpoint):
        self.must("close", struct.pack("=II", *endpoint))

    def patch_body(self, moves):
        """moves: (to, from or None, armed limit in s)"""
        body = struct.pack("=II", len(moves), 0)
        for to, source, armed_s in moves:
            body += struct.pack("=IIIIQB3xI", *to, *(source or (NONE, 0)), int(armed_s * 1e9), 0, 0)
        return body

    def patch(self, *moves):
        self.must("patch", self.patch_body(moves))

    def dump(self):
        endpoints, first = {}, 0
        while True:
            result, first, rows = self.command("dump", struct.pack("=II", first, 0))
            assert result >= 0
            for kind, body in rows:
                assert kind == ENDPOINT
                row = endpoint_row(body)
                endpoints[row["id"]] = row
            if result == 0:
                return endpoints

    def stats(self):
        out = {"ports": {}, "workers": [], "drops": {}, "peers": {}, "peer_drops": {}, "signatures": {},
               "strangers": []}
        for kind, body in self.must("stats"):
            if kind == PORT:
                name, driver, tap = (s.rstrip(b"\0").decode() for s in struct.unpack("=16s24s16s", body[:56]))
                names = ("rx_packets", "rx_bytes", "rx_missed", "rx_errors", "tx_packets", "tx_bytes", "tx_errors",
                         "tap_in", "tap_out")
                out["ports"][name] = dict(zip(names, struct.unpack("=9Q", body[64:])), driver=driver, tap=tap)
            elif kind == WORKER:
                names = ("worker", "lcore", "endpoints", "turns", "busy_turns", "rx_packets", "forwarded", "to_kernel",
                         "handed_over", "events_lost", "own_reports", "keys_untold", "cycle_hz")
                stages = struct.iter_unpack("=QQ", body[88:])
                out["workers"].append(dict(zip(names, struct.unpack("=HHI10Q", body[:88])), stages=list(stages)))
            elif kind == DROPS:
                names = drop_names()
                out["drops"] = dict(zip(names, struct.unpack("=%dQ" % len(names), body)))
            elif kind == PEER:
                peer, passed, dropped = struct.unpack("=H6xQQ", body[:24])
                out["peers"][peer] = (passed, dropped)
                names = [n for n in drop_names() if n in SCREEN_DROPS]
                out["peer_drops"][peer] = dict(zip(names, struct.unpack("=%dQ" % len(names), body[24:-16])))
            elif kind == SIGNATURE:
                name, line, places, action, hits, rate = struct.unpack("=32sHHB3xQQ", body)
                out["signatures"][name.rstrip(b"\0").decode()] = {"line": line, "action": ACTIONS[action], "hits": hits}
            elif kind == STRANGER:
                length, drops, error, rate = struct.unpack("=B3xQQQ", body[20:])
                out["strangers"].append(("%s/%d" % (unpack_addr(body[:20]), length), drops, error, rate))
            elif kind == SCREEN:
                out["rules"], out["reloads"] = struct.unpack("=II", body[-8:])
        return out


def endpoint_row(body):
    words = struct.unpack("=6I", body[:24])
    counters = ("rx_packets", "rx_bytes", "rx_wrong_source", "rx_dropped", "rx_rtcp", "tx_rtcp", "tx_packets",
                "tx_bytes", "last_rx_ns", "opened_ns", "gap_longest_ns", "rx_expected", "rx_reordered", "rx_duplicate",
                "jitter_us", "rx_digits", "rtt_us", "heard_ms", "timed_out")
    row = dict(zip(counters, struct.unpack("=12Q5IHBx", body[112:232])))
    row.update(id=words[0:2], source=words[2:4], armed=words[4:6], local=unpack_sockaddr(body[24:48]),
               remote=unpack_sockaddr(body[48:72]), locked=unpack_sockaddr(body[72:96]), resolved=body[96],
               paused=body[97], worker=body[98])
    row["ssrc_out"], row["ssrc_in"] = struct.unpack("=II", body[104:112])
    return row
