"""`xfergate capture` against a control plane of a few lines: what is in its file, and how it ends."""

import base64
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)

INVITE = (b"INVITE sip:+12025550143@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n"
          b"From: <sip:2025550143@a>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
          b'Authorization: Digest username="acme", response="hunter2"\r\nContent-Length: 0\r\n\r\n')


class Server:
    """Answers capture.start with `start` (an error) or a capture, sends `packets`, then ends as `end` says: "call", "stop"
    (waits to be asked), "flood" (sends the packets over and over until it is asked), "endless" (whatever it is asked), or
    "close"."""

    def __init__(self, path, packets=(), end="call", lost=0, start=None):
        self.packets, self.end, self.lost, self.start = packets, end, lost, start
        self.requests = []
        self.flooded = 0
        self.sent = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        client, _ = self.listener.accept()
        with client, client.makefile("rwb") as lines:
            def say(**message):
                lines.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
                lines.flush()

            request = json.loads(lines.readline())
            self.requests.append(request)
            if self.start:
                say(id=request["id"], error=self.start)
                return
            say(id=request["id"], result={"capture": "k-1", "call": None, "ns": time.monotonic_ns()})
            for source, to, data in self.packets:
                say(method="capture.packet", params=self._packet(source, to, data))
            self.sent.set()
            if self.end in ("flood", "endless"):
                self._flood(client)
            counts = {"capture": "k-1", "packets": len(self.packets), "lost": self.lost}
            if self.end == "call":
                say(method="capture.end", params=counts)
            elif self.end in ("stop", "flood"):
                request = json.loads(lines.readline())
                self.requests.append(request)
                say(id=request["id"], result=counts)
            if self.end != "close":
                lines.readline()

    @staticmethod
    def _packet(source, to, data):
        return {"capture": "k-1", "ns": time.monotonic_ns(), "network": "n", "from": source, "to": to,
                "data": base64.b64encode(data).decode()}

    def _flood(self, client):
        """More than the client can take, so that its socket is never empty."""
        line = json.dumps({"jsonrpc": "2.0", "method": "capture.packet", "params": self._packet(*self.packets[0])})
        lines = (line.encode() + b"\n") * 200
        try:
            while self.end == "endless" or not select.select([client], [], [], 0)[0]:
                client.sendall(lines)
                self.flooded += 200
        except OSError:
            self.end = "close"

    def close(self):
        self.listener.close()
        self.thread.join(10)


def udp(path):
    """[(seconds, payload)] of a nanosecond pcap of Ethernet frames."""
    with open(path, "rb") as f:
        data = f.read()
    assert struct.unpack_from("=I", data)[0] == 0xA1B23C4D
    found, at = [], 24
    while at < len(data):
        seconds, nanoseconds, length, wire = struct.unpack_from("=IIII", data, at)
        assert length == wire
        frame = data[at + 16:at + 16 + length]
        ip = 20 if frame[12:14] == b"\x08\x00" else 40
        found.append((seconds + nanoseconds / 1e9, frame[14 + ip + 8:]))
        at += 16 + length
    return found


class Capture(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.path = os.path.join(self.dir.name, "xfergate.sock")
        self.file = os.path.join(self.dir.name, "out.pcap")

    def begin(self, server, *args):
        self.server = server
        self.addCleanup(server.close)
        return subprocess.Popen([PROGRAM, "--socket", self.path, "capture", *args], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def finish(self, process, expect):
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, expect, f"stdout: {out}\nstderr: {err}")
        self.assertEqual([n for n in os.listdir(self.dir.name) if "tmp" in n], [])
        return out, err

    def test_to_the_end_of_the_call(self):
        before = time.time()
        packets = [("192.0.2.9:5060", "192.0.2.1:5060", INVITE), ("[2001:db8::1]:5060", "[2001:db8::2]:5070", b"\xff\0a")]
        out, _ = self.finish(self.begin(Server(self.path, packets, lost=3), "c-1", "-o", self.file), 0)
        self.assertEqual(out, f"2 packets, 3 lost, {self.file}\n")
        self.assertEqual(self.server.requests[0]["params"], {"call": "c-1", "media": False})
        found = udp(self.file)
        self.assertEqual([data for _, data in found], [INVITE, b"\xff\0a"])
        for seconds, _ in found:
            self.assertTrue(before - 1 < seconds < time.time() + 1)

    def test_interrupted(self):
        server = Server(self.path, [("192.0.2.9:5060", "192.0.2.1:5060", b"x")], end="stop", lost=1)
        process = self.begin(server, "--all", "-o", self.file)
        self.assertTrue(server.sent.wait(10))
        self.assertEqual(server.requests[0]["params"], {"all": True, "media": False})
        process.send_signal(signal.SIGINT)
        out, _ = self.finish(process, 0)
        self.assertEqual(out, f"1 packet, 1 lost, {self.file}\n")
        self.assertEqual(server.requests[1]["params"], {"capture": "k-1"})
        self.assertEqual(len(udp(self.file)), 1)

    def test_for_a_time(self):
        begin = time.monotonic()
        self.finish(self.begin(Server(self.path, end="stop"), "--all", "-o", self.file, "--for", "1s"), 0)
        self.assertTrue(0.9 < time.monotonic() - begin < 10)
        self.assertEqual(udp(self.file), [])

    def flooded(self, *args, end="flood", interrupts=0):
        """What it said, and the seconds that it took after half a second of more packets than it can take."""
        server = Server(self.path, [("192.0.2.9:5060", "192.0.2.1:5060", INVITE)], end=end, lost=12345)
        process = self.begin(server, "--all", "-o", self.file, *args)
        self.assertTrue(server.sent.wait(10))
        time.sleep(0.5)
        begin = time.monotonic()
        for number in range(interrupts):
            time.sleep(0.5 * number)
            process.send_signal(signal.SIGINT)
        done = self.finish(process, 1 if end == "endless" else 0)
        return *done, time.monotonic() - begin

    def test_ends_amid_a_flood(self):
        for args, interrupts in ((("--for", "1s"), 0), ((), 1), (("--json",), 1)):
            with self.subTest(args):
                out, _, seconds = self.flooded(*args, interrupts=interrupts)
                self.assertLess(seconds, 4)
                count = len(udp(self.file))
                self.assertEqual(count, self.server.flooded + 1)
                if "--json" in args:
                    self.assertEqual(json.loads(out), {"packets": count, "lost": 12345, "file": self.file})
                else:
                    self.assertEqual(out, f"{count} packets, 12345 lost, {self.file}\n")
            self.server.close()
            os.unlink(self.path)

    def test_interrupted_twice_it_waits_for_nobody(self):
        out, err, seconds = self.flooded(end="endless", interrupts=2)
        self.assertLess(seconds, 4)
        self.assertIn("how many are lost is not known", out)
        self.assertIn("interrupted again", err)
        self.assertGreater(len(udp(self.file)), 1)

    def test_refused(self):
        server = Server(self.path, start={"code": -32000, "message": "8 captures are running", "data": {"code": 503}})
        out, err = self.finish(self.begin(server, "--all", "-o", self.file), 1)
        self.assertIn("8 captures", err)
        self.assertEqual(out, "")
        self.assertFalse(os.path.exists(self.file))

    def test_the_control_plane_goes(self):
        server = Server(self.path, [("192.0.2.9:5060", "192.0.2.1:5060", b"x")], end="close")
        out, err = self.finish(self.begin(server, "--all", "-o", self.file), 1)
        self.assertIn("1 packet, ", out)
        self.assertIn("the control plane has ended", err)
        self.assertEqual(len(udp(self.file)), 1)

    def test_a_file_that_cannot_be(self):
        # told before anybody is asked: nobody listens here
        done = subprocess.run([PROGRAM, "--socket", self.path, "capture", "--all", "-o", f"{self.dir.name}/none/x"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("none/x", done.stderr)

    def test_scrubbed(self):
        packets = [("192.0.2.9:5060", "192.0.2.1:5060", INVITE), ("192.0.2.9:40000", "192.0.2.1:40002", b"\x80 2025550143")]
        self.finish(self.begin(Server(self.path, packets), "c-1", "-o", self.file, "--scrub"), 0)
        invite, rtp = (data for _, data in udp(self.file))
        self.assertEqual(len(invite), len(INVITE))
        self.assertNotIn(b"hunter2", invite)
        self.assertNotIn(b"2025550143", invite)
        masked = invite[len("INVITE sip:+1"):][:10]
        self.assertIn(b"From: <sip:" + masked + b"@a>;tag=1", invite)
        self.assertEqual(rtp, packets[1][2])


if __name__ == "__main__":
    unittest.main()
