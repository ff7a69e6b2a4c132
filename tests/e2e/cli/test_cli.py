"""The `xfergate` program itself, against sockets that behave and misbehave."""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from fake import Fake, error, result

PROGRAM = sys.argv.pop(1)

CONNECTED = {
    "id": "t-1", "call": "c-1", "result": "connected", "state": "done", "status": 200, "reason": None, "duration_s": 3.2,
    "attempt": 1,
    "attempts": [{"type": "number", "destination": "+12025550199", "caller_id": "+12025550100", "status": 200,
                  "reason": None, "duration_s": 3.2}],
}
RETURNED = {
    "id": "t-1", "call": "c-1", "result": "returned", "state": "done", "status": 408,
    "reason": "attempt 1: 486 Busy Here; attempt 2: 408 no answer in 8 s",
    "duration_s": 9.0, "attempt": 2,
    "attempts": [{"type": "number", "destination": "+12025550199", "caller_id": None, "status": 486,
                  "reason": "Busy Here", "duration_s": 1.0},
                 {"type": "sip", "destination": "sip:r@pbx.lab", "caller_id": None, "status": 408,
                  "reason": "no answer in 8 s", "duration_s": 8.0}],
}


class Cli(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.path = os.path.join(self.dir.name, "xfergate.sock")

    def run_cli(self, *args, env=None, expect, timeout=20):
        environment = {k: v for k, v in os.environ.items() if k != "XFERGATE_SOCKET"}
        environment.update(env or {})
        done = subprocess.run([PROGRAM, *args], env=environment, capture_output=True, text=True, timeout=timeout)
        self.assertEqual(done.returncode, expect, f"stdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def ask(self, answer, *args, expect=0, **kwargs):
        with Fake(self.path, answer) as fake:
            done = self.run_cli("--socket", self.path, *args, expect=expect, **kwargs)
            self.requests = fake.requests
        return done

    def one_sentence(self, text, *parts):
        self.assertEqual(text.count("\n"), 1, text)
        for part in parts:
            self.assertIn(part, text)

    def test_replay_comes_first(self):
        for args in (["--json"], ["--socket", self.path], [f"--socket={self.path}", "--json"]):
            done = self.run_cli(*args, "replay", "a.pcap", "-c", "a.yaml", expect=2)
            self.one_sentence(done.stderr, "replay comes first", "--report FILE")

    def test_json_numbers(self):
        row = {"id": "c-1", "duration_s": 0.51, "uptime_s": 12345678.123456}
        done = self.ask(result(row), "--json", "show", "call", "c-1")
        self.assertIn('"duration_s": 0.51,', done.stdout)
        self.assertEqual(json.loads(done.stdout), row)

    # reaching the daemon

    def test_no_socket(self):
        done = self.run_cli("--socket", self.path, "show", "calls", expect=1)
        self.one_sentence(done.stderr, self.path, "is xfergate-controlplane running")
        self.assertEqual(done.stdout, "")

    def test_nobody_listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_behind:
            left_behind.bind(self.path)
        done = self.run_cli("--socket", self.path, "show", "calls", expect=1)
        self.one_sentence(done.stderr, self.path, "nobody listens")

    def test_no_socket_but_something_else(self):
        done = self.run_cli("--socket", self.dir.name, "show", "calls", expect=1)
        self.one_sentence(done.stderr, f"{self.dir.name} is a directory, no socket")
        with open(self.path, "w"):
            done = self.run_cli("--socket", self.path, "show", "calls", expect=1)
        self.one_sentence(done.stderr, f"{self.path} is a file, no socket")

    def test_path_too_long(self):
        done = self.run_cli("--socket", "/" + "x" * 200, "show", "calls", expect=1)
        self.one_sentence(done.stderr, "at most")

    @unittest.skipIf(os.getuid() != 0, "needs root, to be somebody else")
    def test_no_permission(self):
        os.chmod(self.dir.name, 0o755)
        with Fake(self.path, result([])):
            os.chmod(self.path, 0o660)
            done = subprocess.run([PROGRAM, "--socket", self.path, "show", "calls"], capture_output=True, text=True,
                                  user=65534, group=65534, extra_groups=[], timeout=20)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.one_sentence(done.stderr, "no permission", "group root", "usermod")

    def test_environment_names_the_socket(self):
        with Fake(self.path, result([])):
            done = self.run_cli("show", "calls", env={"XFERGATE_SOCKET": self.path}, expect=0)
        self.assertEqual(done.stdout, "no calls\n")

    def test_closed_without_answer(self):
        done = self.ask(lambda request: None, "show", "calls", expect=1)
        self.one_sentence(done.stderr, "without an answer")

    def test_half_an_answer(self):
        done = self.ask(lambda request: b'{"jsonrpc":"2.0","id":1,"resu', "show", "calls", expect=1)
        self.one_sentence(done.stderr, "without an answer")

    def test_no_json(self):
        done = self.ask(lambda request: b"220 smtp.example ESMTP\n", "show", "calls", expect=1)
        self.one_sentence(done.stderr, "not that of an xfergate-controlplane")

    def test_slow_daemon(self):
        began = time.monotonic()
        done = self.ask(lambda request: time.sleep(7), "show", "calls", expect=1)
        self.assertLess(time.monotonic() - began, 12)
        self.one_sentence(done.stderr, "within 5 s")

    def test_answer_in_pieces(self):
        whole = result([{"id": "c-1", "state": "agent"}])({"id": 1})

        def slowly(_):
            return [whole[i:i + 7] for i in range(0, len(whole), 7)]
        self.assertIn("c-1", self.ask(slowly, "show", "calls").stdout)

    def test_large_answer(self):
        rows = [{"id": f"c-{i}", "state": "agent", "caller": "+1202555%04d" % i} for i in range(5000)]
        done = self.ask(result(rows), "show", "calls")
        self.assertEqual(done.stdout.count("\n"), 5001)
        self.assertEqual(len({line.index("agent") for line in done.stdout.splitlines()[1:]}), 1)

    # results

    def test_json_is_the_result_itself(self):
        value = [{"id": "c-1", "caller": "Müller", "legs": [], "duration_s": 1.5, "transfer": None}]
        done = self.ask(result(value), "--json", "show", "calls")
        self.assertEqual(json.loads(done.stdout), value)
        self.assertEqual(self.requests, [{"jsonrpc": "2.0", "id": 1, "method": "show.calls", "params": {}}])

    def test_nothing_steers_the_terminal(self):
        done = self.ask(result([{"id": "c-1", "caller": "\x1b]0;owned\x07\u202e"}]), "show", "calls")
        self.assertNotIn("\x1b", done.stdout)
        self.assertNotIn("\u202e", done.stdout)

    def test_transfer_connected(self):
        done = self.ask(result(CONNECTED), "transfer", "c-1", "--to", "+1 202 555 0199", "--caller-id", "+12025550100")
        self.assertEqual(done.stdout, "connected to +12025550199 after 3.2 s\n")
        self.assertEqual(self.requests[0]["params"], {"call": "c-1", "to": "+1 202 555 0199",
                                                      "caller_id": "+12025550100", "wait": True})

    def test_transfer_waits_longer_than_a_question(self):
        def late(request):
            time.sleep(6)
            return result(CONNECTED)(request)
        self.ask(late, "transfer", "c-1", "--plan", "sales")

    def test_transfer_failed(self):
        done = self.ask(result(RETURNED), "transfer", "c-1", "--plan", "sales", expect=1)
        self.assertIn("1. number +12025550199: 486 Busy Here (1.0 s)", done.stdout)
        self.assertIn("2. sip sip:r@pbx.lab: 408 no answer in 8 s (8.0 s)", done.stdout)
        self.one_sentence(done.stderr, "attempt 2: 408 no answer in 8 s; the caller is with the agent")

    def test_transfer_failed_json(self):
        done = self.ask(result(RETURNED), "--json", "transfer", "c-1", "--plan", "sales", expect=1)
        self.assertEqual(json.loads(done.stdout), RETURNED)
        self.one_sentence(done.stderr, "no answer in 8 s")

    def test_transfer_refused(self):
        done = self.ask(error(-32000, "another transfer of this call is under way: wait for its end", 491),
                        "transfer", "c-1", "--to", "+12025550199", expect=1)
        self.one_sentence(done.stderr, "another transfer", "wait for its end")
        self.assertEqual(done.stdout, "")

    def test_transfer_without_waiting(self):
        done = self.ask(result(dict(CONNECTED, result="none")), "transfer", "c-1", "--to", "1", "--no-wait")
        self.assertEqual(done.stdout, "transfer t-1 started\n")
        self.assertIs(self.requests[0]["params"]["wait"], False)

    def test_hangup(self):
        done = self.ask(result({"id": "c-1", "reason": "x"}), "hangup", "c-1", "--reason", "x")
        self.assertEqual(done.stdout, "call c-1 is being ended\n")
        self.assertEqual(self.requests[0]["params"], {"call": "c-1", "reason": "x"})

    def test_full_disk(self):
        with Fake(self.path, result([])), open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "--socket", self.path, "show", "calls"], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.one_sentence(done.stderr, "cannot write")

    # usage

    def test_usage(self):
        for args, part in [((), "--help"), (("transfer", "c-1", "--plan", "p", "--caller-id", "1"), "--caller-id goes with --to"), (("show", "cals"), "xfergate show calls"), (("transfr", "x"), "xfergate transfer"),
                           (("show", "calls", "--jsno"), "--json"), (("transfer", "c-1"), "--to"),
                           (("show", "call", "\udcff"), "UTF-8")]:
            done = self.run_cli(*args, expect=2)
            self.one_sentence(done.stderr, part)
            self.assertEqual(done.stdout, "")

    def test_help_everywhere(self):
        whole = self.run_cli("--help", expect=0).stdout
        self.assertEqual(whole, self.run_cli("help", expect=0).stdout)
        commands = [line[2:18].strip() for line in whole.split("commands:\n")[1].split("\n\n")[0].splitlines()]
        self.assertIn("show endpoints", commands)
        for command in commands:
            text = self.run_cli(*command.split(), "--help", expect=0).stdout
            self.assertIn("examples:\n", text)
            self.assertTrue(text.startswith("usage: xfergate"))
            self.assertEqual(text, self.run_cli("help", *command.split(), expect=0).stdout)

    def test_documents_name_every_command_and_option(self):
        docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs")
        with open(os.path.join(docs, "cli.md")) as guide, open(os.path.join(docs, "xfergate.1")) as manual:
            texts = [guide.read(), manual.read().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")]
        whole = self.run_cli("--help", expect=0).stdout
        words = [line[2:18].strip() for line in whole.split("commands:\n")[1].split("\n\n")[0].splitlines()]
        words += ["--to", "--plan", "--caller-id", "--no-wait", "--reason", "--lane", "--hub", "--call", "--no-media",
                  "--socket", "--json", "XFERGATE_SOCKET"]
        for text in texts:
            for word in words:
                self.assertIn(word, text)

    def test_version(self):
        self.assertRegex(self.run_cli("--version", expect=0).stdout, r"^xfergate \d+\.\d+\.\d+\n$")

    # ladder needs no daemon

    def capture(self, name, *packets):
        """A capture of UDP packets (seconds, source, destination, payload) over IPv4, without a link layer."""
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for seconds, source, destination, payload in packets:
                udp = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
                ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                                 socket.inet_aton(source[0]), socket.inet_aton(destination[0])) + udp
                whole, part = divmod(round(seconds * 1e6), 1000000)
                file.write(struct.pack("<IIII", whole, part, len(ip), len(ip)) + ip)
        return path

    PHONE, GATEWAY, AGENT = ("192.0.2.20", 5060), ("192.0.2.1", 5060), ("198.51.100.10", 5060)

    @staticmethod
    def sip(line, call="1@phone", cseq="1 INVITE", body=""):
        return f"{line}\r\nCall-ID: {call}\r\nCSeq: {cseq}\r\n\r\n{body}".encode()

    @staticmethod
    def rtp(sequence, ssrc):
        return struct.pack("!BBHII", 0x80, 8, sequence, sequence * 160, ssrc) + bytes(160)

    def a_call(self):
        """A call with media, captured on both sides of a gateway: two files."""
        invite = self.sip("INVITE sip:a@b SIP/2.0", body="v=0\r\nc=IN IP4 192.0.2.20\r\nm=audio 4000 RTP/AVP 8\r\n")
        one = self.capture(
            "one.pcap", (100, self.PHONE, self.GATEWAY, invite), (100.5, self.PHONE, self.GATEWAY, invite),
            (101, self.GATEWAY, self.PHONE, self.sip("SIP/2.0 200 \x1b]0;owned\x07")),
            *[(102 + n / 50, ("192.0.2.1", 16384), ("192.0.2.20", 4000), self.rtp(n, 7)) for n in range(50)],
            (103.5, self.PHONE, self.GATEWAY, self.sip("BYE sip:a@b SIP/2.0", cseq="2 BYE")))
        two = self.capture("two.pcap", (100.6, ("198.51.100.1", 5060), self.AGENT,
                                        self.sip("INVITE sip:b@c SIP/2.0", call="2@gateway")))
        return one, two

    def test_ladder_of_captures(self):
        done = self.run_cli("ladder", *self.a_call(), "--lane", "phone=192.0.2.20", "--lane",
                            "gateway=192.0.2.1,198.51.100.1", "--lane=agent=198.51.100.10", "--hub", "gateway", expect=0)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout, """\
               phone           gateway           agent        media until the next message
   0.000         |---- INVITE --->|                |
   0.500         |~~~~ INVITE ~~~>|                |
   0.600         |                |---- INVITE --->|
   1.000         |< 200 (INVITE) -|                |          phone 0/50
   2.000         |<.. RTP PCMA ...|                |
   3.500         |----- BYE ----->|                |
""")

    def test_ladder_lanes_by_address(self):
        one, two = self.a_call()
        whole = self.run_cli("ladder", one, two, "--no-media", env={"COLUMNS": "80"}, expect=0).stdout
        self.assertEqual(whole.split("\n")[0].split(), ["192.0.2.20", "192.0.2.1", "198.51.100.1", "198.51.100.10"])
        self.assertNotIn("RTP", whole)
        self.assertTrue(all(len(line) <= 80 for line in whole.splitlines()))
        one_call = self.run_cli("ladder", one, two, "--call", "2@gate", expect=0).stdout
        self.assertEqual(one_call.split("\n")[0].split(), ["198.51.100.1", "198.51.100.10"])

    def test_ladder_from_standard_input(self):
        one, _ = self.a_call()
        with open(one, "rb") as file:
            done = subprocess.run([PROGRAM, "ladder", "-"], stdin=file, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, self.run_cli("ladder", one, expect=0).stdout)
        self.assertIn("RTP PCMA", done.stdout)

    def test_ladder_of_what_is_no_capture(self):
        one, _ = self.a_call()
        file = os.path.join(self.dir.name, "text")
        with open(file, "w") as out:
            out.write("INVITE sip:a@b SIP/2.0\n")
        for words, part in [([file], f"{file}: not a pcap"), (["/nonexistent"], "/nonexistent: "),
                            ([one, "--hub", "gateway"], "no lane 'gateway'"), ([one, "--lane", "a"], "--lane takes"),
                            ([one, "--call", "nobody"], "'nobody'"),
                            ([self.capture("empty.pcap")], "nothing to draw")]:
            done = self.run_cli("ladder", *words, expect=1)
            self.one_sentence(done.stderr, part)
            self.assertEqual(done.stdout, "")

    def test_messages_of_a_call(self):
        row = {"at": 0.0, "sent": False, "leg": "caller", "address": "192.0.2.20:5060",
               "start_line": "INVITE sip:a@b SIP/2.0", "cseq": "1 INVITE", "in_dialog": False, "repeated": False}
        done = self.ask(result({"id": "c-1", "messages": [row], "messages_lost": 2}), "show", "call", "c-1")
        self.assertIn("\n   0.000 * 2 older messages are not kept\n   0.000         |---- INVITE --->|", done.stdout)

    # check needs no daemon

    def test_check_says_all_errors(self):
        file = os.path.join(self.dir.name, "bad.yaml")
        with open(file, "w") as out:
            out.write("dataplane: {workers: 99}\nnonsense: 1\n")
        done = self.run_cli("check", file, expect=1)
        self.assertIn(f"{file}:1: ", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_check_warns_of_users_that_are_not_there(self):
        file = os.path.join(self.dir.name, "good.yaml")
        text = ("ports: [{name: p, device: net_null0, tap: t}]\n"
                "networks: [{name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}]\n"
                "control:\n  user: %s\n  group: %s\n")
        with open(file, "w") as out:
            out.write(text % ("no-such-user", "no-such-group"))
        done = self.run_cli("check", file, expect=0)
        self.assertIn(f"{file}:4: warning: control.user: there is no user 'no-such-user' on this machine;", done.stderr)
        self.assertIn(f"{file}:5: warning: control.group: there is no group 'no-such-group' on this", done.stderr)
        with open(file, "w") as out:
            out.write(text % ("root", "root"))
        self.assertEqual(self.run_cli("check", file, expect=0).stderr, "")

    def test_check_missing_file(self):
        self.assertIn("/nonexistent", self.run_cli("check", "/nonexistent", expect=1).stderr)

    def check_json(self, file, expect):
        """What `check --json` says of the file; nothing but that is printed."""
        done = self.run_cli("--json", "check", file, expect=expect)
        self.assertEqual(done.stderr, "")
        told = json.loads(done.stdout)
        self.assertEqual(set(told), {"errors", "warnings"})
        return told

    def test_check_json(self):
        """Each error with its place, also of what cannot be read and of sounds; warnings apart."""
        file = os.path.join(self.dir.name, "some.yaml")
        good = ("ports: [{name: p, device: net_null0, tap: t}]\n"
                "networks: [{name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}]\n"
                "control: {user: no-such-user, group: root}\n")
        with open(file, "w") as out:
            out.write(good)
        told = self.check_json(file, 0)
        self.assertEqual(told["errors"], [])
        self.assertEqual([(w["file"], w["line"], w["key"]) for w in told["warnings"]], [(file, 3, "control.user")])
        with open(file, "w") as out:
            out.write(good + "sounds: [{name: a, file: nowhere.wav}]\n")
        error, = self.check_json(file, 1)["errors"]
        self.assertEqual((error["file"], error["line"], error["key"]), (file, 4, "sounds[0].file"))
        self.assertIn("nowhere.wav' cannot be read: No such file", error["text"])
        with open(file, "w") as out:
            out.write("sip: {t1: 500}\nports: [{name: p, device: net_null0}]\n" + good.split("\n")[1] + "\n")
        self.assertEqual(self.check_json(file, 1)["errors"], [
            {"file": file, "line": 1, "key": "sip.t1",
             "text": "'500' has no unit; 100ms to 5s, written like 500ms, 20s, 5m, 4h"},
            {"file": file, "line": 2, "key": "ports[0].tap",
             "text": "is missing; the name of its kernel interface, which the dataplane makes, like xfg-wan"}])
        self.assertEqual(self.check_json("/nonexistent", 1), {"errors": [
            {"file": "/nonexistent", "line": None, "key": None, "text": "cannot be read: No such file or directory"}],
            "warnings": []})


if __name__ == "__main__":
    unittest.main()
