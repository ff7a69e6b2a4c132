"""`xfergate replay` as a user calls it: exit codes, files, comparison with what is stored.

test_program.py XFERGATE WRITE SCENARIOS
"""

import json
import os
import re
import shutil
import socket
import struct
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

    def test_marks(self):
        """media.dscp stands in the TOS of all RTP that leaves, as tshark reads it."""
        for text, marks in (("", {"46"}), ("media: {dscp: AF41}\n", {"34"})):
            with open(self.path("config.yaml"), "r+", encoding="utf-8") as file:
                config = file.read()
                if text:
                    self.assertNotRegex(config, "(?m)^media:")
                    file.write("\n" + text)
            self.replay("call.pcap", "-o", self.path("out.pcap"))
            done = subprocess.run(["tshark", "-r", self.path("out.pcap"), "-Y", "udp.srcport >= 16384 and udp.srcport <= 32767",
                                   "-T", "fields", "-e", "ip.dsfield.dscp"], capture_output=True, text=True, check=True)
            self.assertEqual(set(done.stdout.split()), marks)

    def test_call(self):
        done = self.replay("call.pcap", "-o", self.path("out.pcap"))
        self.assertIn("call 1: +12025550199 to +12025550100", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertGreater(os.path.getsize(self.path("out.pcap")), 500 * 200)

    def test_announcement(self):
        """What a plan plays to the caller is noted in the ladder, where it begins and where it ends."""
        folder = os.path.join(SCENARIOS, "plan-announces")
        self.env["LAB_PASSWORD"] = "carrier-secret"
        done = subprocess.run([PROGRAM, "replay", "input.pcap", "-c", "config.yaml", "--ladder"], cwd=folder, env=self.env,
                              capture_output=True, text=True, timeout=60)
        notes = [line.split(None, 2) for line in done.stdout.splitlines() if "* announcement" in line]
        self.assertEqual([text for _, _, text in notes],
                         ["announcement closed", "announcement closed, 1.3 s: played to its end"], done.stdout + done.stderr)
        # 1.21 s, in whole packets and behind 0.1 s of silence
        self.assertAlmostEqual(float(notes[1][0]) - float(notes[0][0]), 1.32, delta=0.03)

    def scenario(self, name, *args, expect):
        folder = os.path.join(SCENARIOS, name)
        self.env["LAB_PASSWORD"] = "carrier-secret"
        done = subprocess.run([PROGRAM, "replay", "input.pcap", "-c", "config.yaml", *args], cwd=folder, env=self.env,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def test_operators_transfer(self):
        """What an operator typed is in no capture: whoever replays such a call is told what to give."""
        done = self.scenario("operator-transfer", expect=3)
        hint, = [line for line in done.stdout.splitlines() if "--at" in line]
        self.assertRegex(hint, r"at 1\.\d+ s it called sip:\+12025550131@\S+, which no REFER asks for")
        words = re.search(r"--at \S+ transfer 1 --to \+12025550131", hint).group().split()
        for given in (words, ["--at", "1.077s", "transfer", "1", "--plan", "sales"]):
            self.assertNotIn("--at", self.scenario("operator-transfer", *given, expect=0).stdout)
        # a target that was asked for and did not come, and one whose call is refused, are not an operator's
        self.assertNotIn("--at", self.scenario("refer-ok", "--at", "500ms", "hangup", "1", expect=3).stdout)

    def test_screen(self):
        """The screen's rules and limits are those of the configuration, and drop as they do live."""
        def rules(text):
            with open(self.path("rules.conf"), "w") as file:
                file.write(text)

        with open(self.path("config.yaml"), "a") as file:
            file.write("screen: {signatures: rules.conf}\n")
        rules('quiet count start-line "INVITE sip:"\n')
        self.replay("call.pcap")
        rules('loud drop start-line "INVITE sip:"\n')
        done = self.replay("call.pcap", "--report", self.path("report.json"), expect=3)
        self.assertIn("1 sip-signature", done.stdout)
        with open(self.path("report.json")) as file:
            report = json.load(file)
        self.assertEqual(report["drops"], {"sip-signature": 1})
        self.assertEqual([p["dropped"] for p in report["screen"]], [1, 0])
        rules('\nbad block via "x"\n')
        done = self.replay("call.pcap", expect=1)
        self.assertIn("%s:2: unknown action 'block'" % self.path("rules.conf"), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_bad_sound(self):
        """Why a sound cannot be had is said once, and nothing else that is not so."""
        with open(self.path("junk.wav"), "w", encoding="utf-8") as file:
            file.write("no sound")
        with open(self.path("config.yaml"), "a", encoding="utf-8") as file:
            file.write("sounds: [{name: closed, file: junk.wav}]\n")
        done = self.replay("call.pcap", expect=1)
        self.assertIn("sounds[0].file: '%s' is no sound: " % self.path("junk.wav"), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

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
        self.assertTrue(self.replay("direct.pcap", *AS, "--expect", store).stdout.endswith(f"\nsame as in {store}\n"))
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
                (["direct.pcap"], "--as caller=IP,callee=IP"),
                (["nowhere.pcap"], "nowhere.pcap"),
                (["config.yaml"], "config.yaml"),
                (["call.pcap", "-o", self.path("no/where.pcap")], "no/where.pcap")):
            done = self.replay(*args, expect=1)
            self.assertIn(words, done.stderr)
        self.replay("call.pcap", "--script", self.path("nowhere.txt"), expect=2)

    def test_refused_calls_say_why(self):
        done = self.replay("direct.pcap", *AS, "--dial", "+12025550177", "--report", self.path("report.json"), expect=3)
        reason = "no route for +12025550177 from provider carrier: add it to routes"
        self.assertIn("refused: 1 call: 404, " + reason + "\n", done.stdout)
        self.assertIn("--dial must give a number that routes of", done.stdout)
        with open(self.path("report.json")) as file:
            self.assertEqual(json.load(file)["refused"], [{"calls": 1, "status": 404, "reason": reason}])

    def test_refused_call_points_to_dial(self):
        """The number is not the configuration's, as in a capture that is scrubbed."""
        with open(self.path("direct.pcap"), "rb") as file:
            masked = file.read().replace(b"+12025550100@", b"+12025559999@")
        with open(self.path("masked.pcap"), "wb") as file:
            file.write(masked)
        done = self.replay("masked.pcap", *AS, expect=3)
        self.assertRegex(done.stdout, "refused: 1 call: 404, no route for [+]12025559999 .*\n  routes and numbers of .*"
                                      "config.yaml must have the number as it stands in the capture; --dial NUMBER")
        self.replay("masked.pcap", *AS, "--dial", "+12025550100")

    def test_dial_in_national_spelling(self):
        for number in ("(202) 555-0100", "202.555.0100", "+1 (202) 555 0100"):
            self.assertIn("to +12025550100 at", self.replay("direct.pcap", *AS, "--dial", number).stdout)
        for number in ("(202) 55", "a b", "sip:x@y"):
            done = self.replay("direct.pcap", *AS, "--dial", number, expect=2)
            self.assertIn(f"'{number}'", done.stderr)
        done = self.replay("direct.pcap", "--as", "caller=10.0.0.5@bot,callee=10.0.0.9@carrier", "--dial",
                           "(202) 555-0100", expect=2)
        self.assertIn("has no country code", done.stderr)

    def test_refused_commands(self):
        for call, words in (("9", "the capture has 1 call: 1"), ("c-1", "the capture has 1 call: 1"),
                            ("1", "call 1 of the capture is not up then")):
            done = self.replay("call.pcap", "--at", "60s", "transfer", call, "--plan", "sales", expect=3)
            self.assertRegex(done.stdout, f"transfer {call} --plan sales: refused: .*{words}")
            self.assertNotIn("show calls", done.stdout)
        with open(self.path("script"), "w") as file:
            file.write("3s transfer 1 --plan no-such-plan\n4s hangup 1\n")
        done = self.replay("call.pcap", "--script", self.path("script"), "--report", self.path("report.json"), expect=3)
        self.assertRegex(done.stdout, "transfer 1 --plan no-such-plan: refused: .*no-such-plan")
        with open(self.path("report.json")) as file:
            notes = [note["what"] for note in json.load(file)["notes"]]
        self.assertTrue(any("refused" in note for note in notes), notes)
        # what is expected may be a refusal
        store = self.path("expect")
        self.replay("call.pcap", "--at", "60s", "hangup", "9", "--expect", store, "--accept")
        self.replay("call.pcap", "--at", "60s", "hangup", "9", "--expect", store)
        self.assertIn("outcome: expected hangup 9: refused", self.replay("call.pcap", "--expect", store, expect=4).stdout)

    def test_wrong_parties(self):
        for parties, words in (("nonsense", "NAME=IP"), ("caller=10.0.0.5@carier", "it has carrier, bot"),
                               ("caller=10.0.0.5", "in no `sources`"),
                               ("caller=10.0.0.6@carrier", "10.0.0.6; SIP in it is of 10.0.0.5, 10.0.0.9"),
                               (AS[1] + ",target=10.0.0.7", "target 10.0.0.7; SIP in it is of 10.0.0.5, 10.0.0.9")):
            self.assertIn(words, self.replay("direct.pcap", "--as", parties, expect=2).stderr)
        self.assertIn("NAME=IP", self.replay("call.pcap", "--host", "x", expect=2).stderr)

    def test_unknown_options(self):
        for option, words in (("--ladr", "did you mean '--ladder'?"), ("--repot=x", "did you mean '--report'?"),
                              ("--json", "--report FILE"), ("--socket", "no running gateway"),
                              ("--frobnicate", "--help lists")):
            self.assertIn(words, self.replay("call.pcap", option, expect=2).stderr)

    def test_numbers_of_the_report(self):
        done = self.replay("direct.pcap", *AS, *TRANSFER, "--report", self.path("report.json"), expect=3)
        self.assertRegex(done.stdout, '"duration_s":[0-9]+[.][0-9]')
        self.assertNotRegex(done.stdout, r"[0-9][.][0-9]{16}")
        with open(self.path("report.json")) as file:
            self.assertNotRegex(file.read(), r"[0-9][.][0-9]{13}")

    def test_missing_password_is_said_behind_a_missing_capture(self):
        del self.env["SCENE_PASSWORD"]
        done = self.replay("nowhere.pcap", expect=1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("without passwords", self.replay("call.pcap").stderr)

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

    def rewrite(self, name, change):
        """A copy of call.pcap with each (time in ns, frame, length on the wire) changed: the place of the copy."""
        with open(self.path("call.pcap"), "rb") as file:
            data = file.read()
        with open(self.path(name), "wb") as file:
            file.write(data[:24])
            at, number = 24, 0
            while at < len(data):
                seconds, part, size, wire = struct.unpack("<4I", data[at:at + 16])
                number += 1
                ns, frame, wire = change(number, seconds * 10**9 + part, data[at + 16:at + 16 + size], wire)
                file.write(struct.pack("<4I", ns // 10**9, ns % 10**9, len(frame), wire) + frame)
                at += 16 + size
        return name

    def test_clock_put_back(self):
        """The capture's clock goes back by an hour in the middle of the call, which stays the same call."""
        store = self.path("expect")
        self.replay("call.pcap", "--expect", store, "--accept")
        name = self.rewrite("back.pcap", lambda n, ns, frame, wire: (ns - (3600 * 10**9 if n > 300 else 0), frame, wire))
        done = self.replay(name)
        self.assertRegex(done.stderr, "back.pcap: packet 301 has a time 3[56][0-9]{2}[.][0-9]+ s before that of the one")
        self.assertIn("call 1: +12025550199 to +12025550100 at 0.000 s: answered after 0.999 s, ended at 6.", done.stdout)
        self.replay(name, "--expect", store)

    def test_cut_off(self):
        """Messages of which the capture holds the beginning are not sent, whatever is missing."""
        name = self.rewrite("cut.pcap", lambda n, ns, frame, wire: (ns, frame[:96], wire))
        done = self.replay(name, expect=3)
        self.assertIn("in: 0 SIP", done.stdout)
        self.assertRegex(done.stdout, "never sent: #1 INVITE.*holds only its first [0-9]+ bytes")
        name = self.rewrite("shorter.pcap", lambda n, ns, frame, wire: (ns, frame if n == 1 else frame[:30], wire))
        done = self.replay(name)
        self.assertRegex(done.stdout, "[0-9]+ packets of the capture are cut or damaged within their headers")

    def test_times_beyond_a_pcap(self):
        """What stands before 1970 in a pcapng, or behind 2106, can be played and written."""
        block = struct.pack("<5I", 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff) + struct.pack("<2I", 0xffffffff, 28)
        block += struct.pack("<2IHHI", 1, 20, 1, 0, 0) + struct.pack("<I", 20)
        with open(self.path("call.pcap"), "rb") as file:
            data = file.read()
        at = 24
        while at < len(data):
            seconds, part, size, _ = struct.unpack("<4I", data[at:at + 16])
            time = (seconds * 10**6 + part // 1000 - 1900000000 * 10**6) & (2**64 - 1)
            padded = data[at + 16:at + 16 + size] + bytes(-size % 4)
            block += struct.pack("<7I", 6, 32 + len(padded), 0, time >> 32, time & (2**32 - 1), size, size)
            block += padded + struct.pack("<I", 32 + len(padded))
            at += 16 + size
        with open(self.path("early.pcapng"), "wb") as file:
            file.write(block)
        done = self.replay("early.pcapng", "-o", self.path("out.pcap"))
        self.assertIn("answered after 0.999 s, ended at 6.", done.stdout)
        self.assertGreater(os.path.getsize(self.path("out.pcap")), 500 * 200)

    def test_media_without_a_description(self):
        """Media of a party that no SDP announces is told, not lost."""
        args = ["--as", "caller=192.0.2.20"]
        name = self.rewrite("ports.pcap", lambda n, ns, frame, wire: (ns, frame.replace(b"m=audio", b"m=image"), wire))
        self.assertRegex(self.replay(name, *args, expect=3).stdout,
                         "left out: 250 media packets of parties to ports that no SDP")

    def test_not_installed(self):
        alone = self.path("xfergate")
        shutil.copy(PROGRAM, alone)
        done = self.replay("call.pcap", expect=1, program=alone)
        self.assertIn("not installed", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_capture_without_an_end(self):
        """A control plane that goes in the middle of a capture has not said what was lost."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("socket"))
            listener.listen()
            process = subprocess.Popen([PROGRAM, "--socket", self.path("socket"), "capture", "--all", "-o",
                                        self.path("live.pcap")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            client = listener.accept()[0]
            client.recv(65536)
            packet = {"capture": "k-1", "ns": 1, "network": "x", "from": "192.0.2.1:5060", "to": "192.0.2.20:5060",
                      "data": "T1BUSU9OUw=="}
            for line in ({"jsonrpc": "2.0", "id": 1, "result": {"capture": "k-1", "call": None, "ns": 1}},
                         {"jsonrpc": "2.0", "method": "capture.packet", "params": packet}):
                client.sendall(json.dumps(line).encode() + b"\n")
            client.close()
            out, error = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1, error)
        self.assertIn("1 packet, how many are lost is not known, ", out)
        self.assertIn("the capture ends here", error)


if __name__ == "__main__":
    unittest.main()
