"""`xfergate replay` as a user calls it: exit codes, files, comparison with what is stored.

test_program.py XFERGATE WRITE SCENARIOS
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SCENARIOS = os.path.abspath(sys.argv.pop())
WRITE = os.path.abspath(sys.argv.pop())
PROGRAM = os.path.abspath(sys.argv.pop())
AS = ["--as", "caller=10.0.0.5@carrier,callee=10.0.0.9@bot"]
TRANSFER = ["--at", "3s", "transfer", "1", "--plan", "sales"]


class Replay(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        subprocess.run([WRITE, self.dir.name], check=True)
        self.env = dict(os.environ, SCENE_PASSWORD="secret")

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def replay(self, capture, *args, expect=0, program=PROGRAM):
        done = subprocess.run([program, "replay", self.path(capture), "-c", self.path("config.yaml"), *args],
                              env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def test_call(self):
        done = self.replay("call.pcap", "-o", self.path("out.pcap"))
        self.assertIn("call 1: +12025550199 to +12025550100", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertGreater(os.path.getsize(self.path("out.pcap")), 500 * 200)

    def test_standard_output(self):
        done = subprocess.run([PROGRAM, "replay", self.path("call.pcap"), "-c", self.path("config.yaml"), "-o", "-"],
                              env=self.env, capture_output=True, timeout=60, check=True)
        self.assertEqual(done.stdout[:4], b"\x4d\x3c\xb2\xa1")
        self.assertIn(b"call 1:", done.stderr)

    def test_ladder(self):
        done = self.replay("direct.pcap", *AS, "--ladder")
        for words in ("caller 192.0.2.2", "callee 198.51.100.10", "xfergate", "INVITE", "RTP PCMU"):
            self.assertIn(words, done.stdout)

    def test_report(self):
        self.replay("direct.pcap", *AS, *TRANSFER, "--report", self.path("report.json"), expect=3)
        with open(self.path("report.json")) as file:
            report = json.load(file)
        self.assertEqual(len(report["calls"]), 1)
        self.assertEqual(report["calls"][0]["dialled"], "+12025550100")
        transfer, = report["transfers"]
        self.assertEqual(transfer["result"], "connected")
        self.assertGreater(transfer["gap_ms"], 10)
        self.assertLess(transfer["gap_ms"], 200)
        captured = {stream["from"]: stream["packets"] for stream in report["streams"]["captured"]}
        self.assertEqual(captured, {"10.0.0.5:6000": 200, "10.0.0.9:7000": 200})
        self.assertTrue(any("hung up" in item["reason"] or "ended" in item["reason"] for item in report["never_sent"]))
        self.assertTrue(any(item["what"].startswith("INVITE") for item in report["new"]))

    def test_expect(self):
        store = self.path("expect")
        os.mkdir(store)
        self.replay("direct.pcap", *AS, "--expect", store, "--accept")
        self.replay("direct.pcap", *AS, "--expect", store)
        self.replay("direct.pcap", *AS, "--expect", store, "--seed", "99")
        done = self.replay("direct.pcap", *AS, *TRANSFER, "--expect", store, expect=4)
        self.assertIn("INVITE", done.stdout)

    def test_recorded_gateway_as_another_middle(self):
        """The parties of a capture of this gateway drive it as well when it counts as somebody else."""
        parties = "caller=192.0.2.20,agent={},target={}"
        for name, agent, target in (("refer-ok", "198.51.100.11", "192.0.2.10"),
                                    ("plan-fallbacks", "198.51.100.11", "192.0.2.10,pbx=203.0.113.10"),
                                    ("cancel-200-crossing", "198.51.100.11", "203.0.113.10"),
                                    ("hold-then-refer", "198.51.100.11", "192.0.2.10"),
                                    ("refer-sip-uri", "198.51.100.11", "203.0.113.10"),
                                    ("agent-ipv6", "2001:db8:2::11", "192.0.2.10")):
            folder = os.path.join(SCENARIOS, name)
            env = dict(self.env)
            with open(os.path.join(folder, "replay.env")) as file:
                env.update(line.strip().split("=", 1) for line in file if "=" in line)
            done = subprocess.run([PROGRAM, "replay", "input.pcap", "-c", "config.yaml", "--as",
                                   parties.format(agent, target)],
                                  cwd=folder, env=env, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, name + done.stdout + done.stderr)
            self.assertNotIn("stand-in", done.stdout, name)
            self.assertEqual([line for line in done.stdout.splitlines() if line.startswith("new:")], [], name)

    def test_usage(self):
        self.assertIn("CAPTURE -c CONFIG", subprocess.run([PROGRAM, "replay", "--help"], capture_output=True, text=True,
                                                          check=True).stdout)
        done = subprocess.run([PROGRAM, "replay"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_errors(self):
        for args, words in (
                (["call.pcap", "--host", "x"], "NAME=IP"),
                (["direct.pcap"], "--as caller=IP,callee=IP"),
                (["direct.pcap", "--as", "caller=10.0.0.5"], "in no `sources`"),
                (["nowhere.pcap"], "nowhere.pcap"),
                (["config.yaml"], "config.yaml"),
                (["call.pcap", "-o", self.path("no/where.pcap")], "no/where.pcap")):
            done = self.replay(*args, expect=1)
            self.assertIn(words, done.stderr)
        self.replay("call.pcap", "--script", self.path("nowhere.txt"), expect=2)

    def test_truncated(self):
        with open(self.path("call.pcap"), "rb") as file:
            data = file.read()
        for size in (0, 10, 24, 30, 1000, len(data) - 7):
            with open(self.path("short.pcap"), "wb") as file:
                file.write(data[:size])
            done = subprocess.run([PROGRAM, "replay", self.path("short.pcap"), "-c", self.path("config.yaml")],
                                  env=self.env, capture_output=True, text=True, timeout=60)
            self.assertIn(done.returncode, (0, 1, 3), done.stderr)
            if size in (1000, len(data) - 7):
                self.assertRegex(done.stderr, "packet [0-9]+")

    def test_not_installed(self):
        alone = self.path("xfergate")
        shutil.copy(PROGRAM, alone)
        done = self.replay("call.pcap", expect=1, program=alone)
        self.assertIn("not installed", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
