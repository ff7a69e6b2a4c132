#!/usr/bin/env python3
"""The control plane's daemon by itself: start, sockets, privileges, the link, and the end.

    test_daemon.py XFERGATE-CONTROLPLANE

Re-executes itself in a network namespace of its own:  lo (up), nothing else; the SIP address is on no interface.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

CONFIG = """
dataplane:
  link: {dir}/link.sock
ports:
  - name: outside
    device: net_af_xdp0,iface=eth1
    tap: xfg-outside
    addresses: [192.0.2.1/24]
networks:
  - name: outside
    port: outside
    sip: 192.0.2.1
    media: [192.0.2.1]
  - name: local
    port: outside
    sip: 127.0.0.1:5070
    media: [127.0.0.1]
control:
  socket: {dir}/new/api.sock
  user: nobody
  group: nogroup
providers:
  - name: carrier
    network: outside
    region: US
    trunk: sip:192.0.2.2
    sources: [192.0.2.2]
agents:
  - name: bot
    network: outside
    uri: sip:bot@192.0.2.3
    sources: [192.0.2.3]
routes:
  - number: "*"
    agent: bot
"""

# SIP without end: 20 headers make the copies that a capture gets long.
FLOOD = r"""
import socket
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect(("127.0.0.1", 5070))
head = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
tail = "Call-ID: x\r\nCSeq: 1 OPTIONS\r\n" + "X-Filler: 0123456789\r\n" * 20 + "Content-Length: 0\r\n\r\n"
number = 0
while True:
    number += 1
    try:
        out.send((head % number + tail).encode())
    except OSError:
        pass
"""

PROGRAM = ""
NOBODY = 65534
LINK_H = pathlib.Path(__file__).resolve().parents[3] / "include/xfergate/link.h"
LINK_VERSION = int(re.search(r"define XF_LINK_VERSION\s+(\d+)", LINK_H.read_text()).group(1))


def until(what, seconds=5.0):
    """Calls what() until it gives something true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.02)
    return what()


class Daemon(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xfg-daemon-"))
        self.dir.chmod(0o755)
        self.config = self.dir / "xfergate.yaml"
        self.config.write_text(CONFIG.format(dir=self.dir))
        self.api = self.dir / "new" / "api.sock"
        self.log = self.dir / "log"
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        shutil.rmtree(self.dir)

    def start(self):
        with open(self.log, "ab") as log:
            process = subprocess.Popen([PROGRAM, "-c", self.config], stderr=log)
        self.running.append(process)
        ready = lambda: self.logged().count("event=started") == len(self.running) or process.poll() is not None
        self.assertTrue(until(ready), self.logged())
        self.assertIsNone(process.poll(), self.logged())
        return process

    def logged(self):
        return self.log.read_text()

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(5)
        client.connect(str(self.api))
        return client

    def ask(self, line):
        with self.connect() as client:
            client.sendall(line + b"\n")
            client.shutdown(socket.SHUT_WR)
            return json.loads(client.makefile().readline())

    def test_usage(self):
        for args, code in ((["--help"], 0), (["--version"], 0), ([], 2), (["--nonsense"], 2), (["-c"], 2),
                           (["-c", "x", "y"], 2), (["-c", "/nonexistent.yaml"], 1)):
            done = subprocess.run([PROGRAM, *args], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, args)
            self.assertTrue(done.stdout if code == 0 else done.stderr)

    def test_all_configuration_errors_at_once(self):
        text = self.config.read_text().replace("region: US", "region: XX").replace("agent: bot", "agent: nobody-here")
        self.config.write_text(text)
        done = subprocess.run([PROGRAM, "-c", self.config], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("XX", done.stderr)
        self.assertIn("nobody-here", done.stderr)
        self.assertFalse(self.api.exists())

    def test_unknown_user(self):
        self.config.write_text(self.config.read_text().replace("user: nobody", "user: nosuchuser"))
        done = subprocess.run([PROGRAM, "-c", self.config], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nosuchuser", done.stderr)

    def test_without_root(self):
        done = subprocess.run([PROGRAM, "-c", self.config], capture_output=True, text=True, user=NOBODY, group=NOBODY,
                              extra_groups=[], timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertIn('event=not-root what="needs root to start; it drops to control.user afterwards"', done.stderr)

    def test_waits_for_the_dataplane_before_it_warns(self):
        self.start()
        self.assertIn('event=link-wait', self.logged())
        self.assertIn(' what="waiting for the dataplane"', self.logged())
        time.sleep(1)
        self.assertNotIn("event=link-connect-failed", self.logged())
        self.assertTrue(until(lambda: " warning event=link-connect-failed " in self.logged(), 6))

    def test_root_is_dropped_for_good(self):
        process = self.start()
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        status = {key: value.split() for key, value in (line.split(":", 1) for line in lines)}
        self.assertEqual(status["Uid"], [str(NOBODY)] * 4)
        self.assertEqual(status["Gid"], [str(NOBODY)] * 4)
        self.assertEqual(status["Groups"], [str(NOBODY)])
        self.assertEqual(status["NoNewPrivs"], ["1"])
        for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            self.assertEqual(int(status[kind][0], 16), 0, kind)
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0")
        self.assertEqual(os.stat(f"/proc/{process.pid}/mem").st_uid, 0, "not dumpable")

    def test_sockets(self):
        self.start()
        mode = self.api.stat()
        self.assertEqual(stat.S_IMODE(mode.st_mode), 0o660)
        self.assertEqual(mode.st_gid, NOBODY)
        bound = subprocess.run(["ss", "-Hlnu"], capture_output=True, text=True).stdout
        self.assertIn("192.0.2.1:5060", bound)
        self.assertIn("127.0.0.1:5070", bound)

    def test_one_at_a_time(self):
        self.start()
        done = subprocess.run([PROGRAM, "-c", self.config], capture_output=True, text=True, timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error=", done.stderr)
        self.assertEqual(self.ask(b"{")["error"]["code"], -32700)

    def test_rpc(self):
        self.start()
        self.assertEqual(self.ask(b"{")["error"]["code"], -32700)
        answer = self.ask(b'{"jsonrpc":"2.0","id":7,"method":"no-such-method"}')
        self.assertEqual((answer["id"], answer["error"]["code"]), (7, -32601))
        with self.connect() as client:
            client.sendall(b"x" * (2 << 20) + b"\n{\n")
            answers = client.makefile()
            self.assertEqual(json.loads(answers.readline())["error"]["code"], -32600)
            self.assertEqual(json.loads(answers.readline())["error"]["code"], -32700)

    def flood(self):
        process = subprocess.Popen([sys.executable, "-c", FLOOD])
        self.running.append(process)
        return process

    def test_a_capture_of_a_flood_ends(self):
        """The queue of a client that reads too little is full and stays so; its request is read all the same, and other
        clients are answered all the time."""
        text = self.config.read_text().replace("name: carrier\n    network: outside", "name: carrier\n    network: local")
        self.config.write_text(text.replace("sources: [192.0.2.2]", "sources: [127.0.0.1]"))
        self.start()
        with self.connect() as client:
            client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"capture.start","params":{"all":true}}\n')
            capture = json.loads(client.recv(65536))["result"]["capture"]
            self.flood()
            slowest = 0
            for _ in range(20):
                begin = time.monotonic()
                self.assertEqual(self.ask(b'{"jsonrpc":"2.0","id":7,"method":"show.calls"}')["id"], 7)
                slowest = max(slowest, time.monotonic() - begin)
                time.sleep(0.1)
            self.assertLess(slowest, 1)
            stop = {"jsonrpc": "2.0", "id": 2, "method": "capture.stop", "params": {"capture": capture}}
            client.sendall(json.dumps(stop).encode() + b"\n")
            lines = self.read_slowly(client, b'"id":2')
        counts = json.loads(lines[-1])["result"]
        self.assertEqual(counts["packets"], len(lines) - 1)
        self.assertEqual([line for line in lines[:-1] if b'"method":"capture.packet"' not in line], [])
        self.assertGreater(counts["lost"], 0, f"of {counts['packets']}: no flood")

    def read_slowly(self, client, end):
        """The lines to the one with `end`, the last, at 5 MB a second: less than the flood makes."""
        heard, limit = bytearray(), time.monotonic() + 6
        while end not in heard[-500:] or not heard.endswith(b"\n"):
            self.assertLess(time.monotonic(), limit, f"{len(heard)} bytes and no end")
            heard += client.recv(65536)
            time.sleep(0.013)
        return heard.splitlines()

    def test_options_from_a_stranger_does_no_harm(self):
        process = self.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for datagram in (b"", b"\r\n\r\n", b"\0" * 100, os.urandom(60000), b"OPTIONS sip:x SIP/2.0\r\n\r\n"):
                stranger.sendto(datagram, ("127.0.0.1", 5070))
        self.assertEqual(self.ask(b"{")["error"]["code"], -32700)
        self.assertIsNone(process.poll())

    def test_signals(self):
        process = self.start()
        process.send_signal(signal.SIGHUP)
        self.assertTrue(until(lambda: "name=HUP" in self.logged()))
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(6), 0)
        self.assertIn("event=ended", self.logged())
        process = self.start()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(6), 0)

    def test_a_killed_one_leaves_nothing_in_the_way(self):
        process = self.start()
        process.kill()
        process.wait()
        self.assertTrue(self.api.exists())
        self.start()
        self.assertEqual(self.ask(b"{")["error"]["code"], -32700)

    def test_link(self):
        """HELLO comes first, on a socket that only the group may use, before and after root is dropped."""
        path = self.dir / "link.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.settimeout(8)
            listener.bind(str(path))
            os.chown(path, 0, NOBODY)
            path.chmod(0o660)
            listener.listen(4)
            self.start()
            for _ in range(3):
                dataplane, _ = listener.accept()
                dataplane.settimeout(5)
                hello = dataplane.recv(65536)
                kind, length, sequence, version = struct.unpack_from("=HHII", hello)
                self.assertEqual((kind, length, sequence, version), (1, 16, 1, LINK_VERSION))
                dataplane.close()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    if "--inside" not in sys.argv:
        inside = ["unshare", "-n", sys.executable, __file__, "--inside", *sys.argv[1:]]
        sys.exit(subprocess.run(inside).returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    PROGRAM = sys.argv[2]
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
