#!/usr/bin/python3
"""Limits and signatures of the screen in the real daemon: a flood of one peer costs another one nothing, a reload under
traffic loses nothing, a bad file leaves the rules in use, and the client shows it all."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import net

LOUD, CALM = 0, 1  # the peers' numbers
STRANGER = "192.0.2.66"
OURS = {LOUD: ("192.0.2.1", 5060), CALM: ("198.51.100.1", 5060)}
SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../dataplane/screen/screen-rules.conf")

PEERS = """
screen:
  signatures: rules.conf
  malformed: %s
providers:
  - {name: loud, network: outside, region: US, trunk: 'sip:loud.example', sources: [192.0.2.2],
     limits: {packets: {per-second: 200, burst: 100}, invites: {per-second: 20}}}
  - {name: calm, network: inside, region: US, trunk: 'sip:calm.example', sources: [198.51.100.2],
     limits: {packets: {per-second: 2000}}}
"""


def message(method, number, *headers):
    lines = ["%s sip:100@192.0.2.1 SIP/2.0" % method, "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK%d" % number,
             "From: <sip:200@192.0.2.2>;tag=1", "To: <sip:100@192.0.2.1>", "Call-ID: %d" % number,
             "CSeq: %d %s" % (number, method), *headers, "Content-Length: 0"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Lab:
    def __init__(self, make):
        self.lab = make(workers=2)
        self.rules_file = os.path.join(self.lab.folder, "rules.conf")
        self.plain = open(self.lab.config).read()
        self.configure("answer")

    def configure(self, malformed):
        with open(self.lab.config, "w") as f:
            f.write(self.plain + PEERS % malformed)

    def rules(self, *lines):
        """The shipped ones, which take a while, and these."""
        with open(SHIPPED) as shipped, open(self.rules_file, "w") as f:
            self.first = len((text := shipped.read()).splitlines()) + 1
            f.write(text + "".join(line + "\n" for line in lines))

    def start(self, instance=1):
        self.lab.start()
        self.control = self.lab.link(instance)
        self.control.sources([("192.0.2.2/32", LOUD, "provider"), ("198.51.100.2/32", CALM, "provider")])
        self.loud, self.calm = self.lab.a.udp("192.0.2.2", 5060), self.lab.b.udp("198.51.100.2", 5060)
        self.sip = {LOUD: self.lab.gateway.udp(*OURS[LOUD]), CALM: self.lab.gateway.udp(*OURS[CALM])}

    def stop(self):
        for s in (self.loud, self.calm, *self.sip.values()):
            s.close()
        self.control.close()
        assert self.lab.stop() == 0

    def send(self, peer, *messages):
        for each in messages:
            (self.loud if peer == LOUD else self.calm).sendto(each, OURS[peer])

    def passes(self, peer, datagram, what):
        self.send(peer, datagram)
        assert net.received(self.sip[peer], 0.3, 1) == [datagram], "%s did not come once" % what

    def dropped(self, peer, datagram, reason):
        before = self.control.stats()["drops"][reason]
        self.send(peer, datagram)
        net.wait_for(reason, lambda: self.control.stats()["drops"][reason] > before)
        assert net.received(self.sip[peer], 0.3) == [], "%s let it in" % reason
        assert self.control.stats()["drops"][reason] == before + 1, reason


def paced(lab, per_second, seconds, method="OPTIONS"):
    """Messages of the calm peer; those that came, while others are sent or not."""
    sent, came = [], []
    lab.sip[CALM].settimeout(2)

    def collect():
        while True:
            try:
                came.append(lab.sip[CALM].recv(65535))
            except TimeoutError:
                return
    reader = threading.Thread(target=collect)
    reader.start()
    begin = time.monotonic()
    for number in range(per_second * seconds):
        time.sleep(max(0, begin + number / per_second - time.monotonic()))
        sent.append(message(method, number))
        lab.send(CALM, sent[-1])
    reader.join()
    return sent, came


def flood(lab):
    """One peer sends all it can; the other one's requests all come."""
    stop = threading.Event()
    before = lab.control.stats()["peer_drops"][CALM]

    def send():
        number = 0
        while not stop.is_set():
            lab.send(LOUD, message("INVITE", number))
            number += 1
    thread = threading.Thread(target=send)
    thread.start()
    sent, came = paced(lab, 100, 3)
    stop.set()
    thread.join()
    assert came == sent, "%d of %d came during another peer's flood" % (len(came), len(sent))
    stats = lab.control.stats()
    loud, calm = stats["peer_drops"][LOUD], stats["peer_drops"][CALM]
    assert loud["sip-packet-rate"] > 0 and loud["sip-invite-rate"] > 0, loud
    assert calm == before, "the quiet peer lost something: %r" % calm
    assert stats["peers"][LOUD][0] < 20 + 20 * 6, "more INVITEs passed than the limit: %r" % (stats["peers"][LOUD],)
    net.received(lab.sip[LOUD], 0.3)
    time.sleep(1)


def reload(lab):
    """New rules while requests come, none of which is lost."""
    lab.passes(CALM, message("OPTIONS", 1, "Subject: fresh-word"), "what no rule says")
    lab.rules('t-old drop subject "stale-word"', 't-new drop subject "fresh-word"', 't-alert alert subject "loud-word"')
    before = lab.control.stats()["signatures"]["t-old"]["hits"]
    timer = threading.Timer(0.5, lab.lab.daemon.send_signal, [signal.SIGHUP])
    timer.start()
    sent, came = paced(lab, 200, 4)
    timer.join()
    assert came == sent, "%d of %d came during a reload" % (len(came), len(sent))
    net.wait_for("new rules", lambda: lab.control.stats()["reloads"] == 1, 20)
    lab.dropped(CALM, message("OPTIONS", 2, "Subject: fresh-word"), "sip-signature")
    lab.dropped(CALM, message("OPTIONS", 3, "Subject: stale-word"), "sip-signature")
    lab.passes(CALM, message("OPTIONS", 4, "Subject: loud-word"), "what an alert says")
    net.wait_for("alert", lambda: "signature-alert rule=t-alert line=%d messages=1" % (lab.first + 2) in lab.lab.log_text())
    rules = lab.control.stats()["signatures"]
    assert rules["t-old"] == {"line": lab.first, "action": "drop", "hits": before + 1}, rules["t-old"]
    assert rules["t-new"]["hits"] == 1 and rules["t-alert"]["hits"] == 1


def bad_reload(lab):
    lab.rules('t-new drop subject "fresh-word"', 't-bad block subject "x"')
    lab.lab.daemon.send_signal(signal.SIGHUP)
    line = "%s:%d: unknown action 'block'" % (lab.rules_file, lab.first + 1)
    net.wait_for("the error's line", lambda: line in lab.lab.log_text(), 20)
    assert lab.control.stats()["reloads"] == 1
    lab.dropped(CALM, message("OPTIONS", 5, "Subject: stale-word"), "sip-signature")


def program(*parts):
    return os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(net.daemon_path()))), *parts)


def shown(lab):
    """The same by the client's mouth, and who was refused that nobody knows."""
    lab.lab.a.ip("addr", "add", STRANGER + "/24", "dev", "eth0")
    with lab.lab.a.udp(STRANGER, 5060) as stranger:
        for number in range(7):
            stranger.sendto(message("INVITE", number), OURS[LOUD])
    net.wait_for("the stranger", lambda: lab.control.stats()["drops"]["sip-source"] == 7)
    lab.control.close()
    for s in lab.sip.values():
        s.close()
    lab.sip = {}
    log = open(os.path.join(lab.lab.folder, "controlplane.log"), "wb")
    control = subprocess.Popen(["ip", "netns", "exec", lab.lab.gateway.name,
                                program("controlplane/daemon/xfergate-controlplane"), "-c", lab.lab.config],
                               stderr=log, stdin=subprocess.DEVNULL)

    def show(*words):
        done = subprocess.run([program("controlplane/cli/xfergate"), "--socket",
                               os.path.join(lab.lab.folder, "xfergate.sock"), *words, "show", "screen"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return done.stdout if done.returncode == 0 else None
    try:
        answer = json.loads(net.wait_for("show screen", lambda: show("--json"), 15))
        peers = {p["peer"]: p for p in answer["peers"]}
        assert peers["loud"]["drops"]["sip-packet-rate"] > 0 and peers["loud"]["role"] == "provider", peers
        assert peers["calm"]["drops"]["sip-signature"] >= 3 and peers["calm"]["passed"] > 1000, peers
        rules = {r["id"]: r for r in answer["rules"]}
        assert rules["t-old"]["hits"] == 3 and rules["t-old"]["places"] == ["subject"], rules["t-old"]
        assert answer["reloads"] == 1 and answer["scanned"]["message"] > 1000, answer["scanned"]
        assert [(s["address"], s["drops"], s["error"]) for s in answer["strangers"]] == [(STRANGER, 7, 0)], answer["strangers"]
        text = show()
        assert "TOP OFFENDERS" in text and "sip-packet-rate" in text and "t-old" in text, text
        assert "STRANGER" in text and STRANGER in text, text
    finally:
        control.terminate()
        control.wait()


def malformed(lab):
    twice = b"INVITE sip:100@192.0.2.1 SIP/2.0\r\nFrom: <sip:a@b>\r\nFrom: <sip:c@d>\r\n\r\n"
    lab.rules('t-old drop subject "stale-word"')
    lab.start(2)
    lab.passes(CALM, twice, "a malformed message, which is to be answered")
    lab.passes(CALM, b"\r\n\r\n", "a keep-alive")
    lab.stop()
    lab.configure("drop")
    lab.start(3)
    lab.dropped(CALM, twice, "sip-malformed")
    lab.passes(CALM, b"\r\n\r\n", "a keep-alive")
    lab.stop()


def bad_start(lab):
    lab.rules('t-bad drop subject "x')
    try:
        lab.lab.start()
    except AssertionError as e:
        assert "%s:%d: " % (lab.rules_file, lab.first) in str(e), e
    else:
        raise AssertionError("started with a bad file")
    lab.lab.daemon = None


def test(make):
    lab = Lab(make)
    lab.rules('t-old drop subject "stale-word"')
    lab.start()
    lab.dropped(CALM, message("OPTIONS", 0, "Subject: a stale-word"), "sip-signature")
    flood(lab)
    reload(lab)
    bad_reload(lab)
    shown(lab)
    lab.stop()
    malformed(lab)
    bad_start(lab)
    lab.lab.remove()


net.main(test)
