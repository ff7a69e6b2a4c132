#!/usr/bin/python3
"""A sound of the running daemon is replaced on SIGHUP: who hears the old one hears it on, who comes later hears the new
one. A file or a configuration that is not in order is an error with its place, and the former sounds stay."""

import os
import signal
import socket
import sys

import link
import net
from test_prompt import expect_stream, goertzel

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab"))
import tone

OLD_HZ, NEW_HZ = 1330, 710
OLD_S, NEW_S = 60.0, 1.5  # nobody waits for the end of the old one: a busy machine needs long for what comes before it
LEAD = 5  # packets of silence before it
LEFT_OUT_S = 0.5  # at its beginning and end, by a machine that has other things to do
SO_RCVBUFFORCE = 33  # of socket(7)
SOUNDS = """
sounds:
  - name: closed
    file: %s
"""


class Sounds:
    """The daemon with one sound, and callers who hear it."""

    def __init__(self, make):
        self.lab = make()
        self.plain = open(self.lab.config).read()
        self.file = os.path.join(self.lab.folder, "closed.wav")
        self.configure("closed.wav")
        self.make(OLD_HZ, OLD_S)
        self.lab.start()
        self.control = self.lab.link(1)
        self.wait_for_row("the sound's name", lambda prompts: "closed" in prompts)
        self.callers = 0

    def wait_for_row(self, what, test):
        """Reads what the dataplane tells of its sounds until the test is passed."""
        def told():
            self.control.poll_events(0.02)
            return test(self.control.prompts)
        net.wait_for(what, told)

    def configure(self, name):
        text = self.plain + SOUNDS % name
        self.line = text[:text.index("    file:")].count("\n") + 1
        with open(self.lab.config, "w") as f:
            f.write(text)

    def make(self, frequency, seconds):
        """Behind the daemon's back until it is told; never half a file."""
        tone.write_wav(self.file + ".new", (frequency, tone.TOO_HIGH), seconds)
        os.rename(self.file + ".new", self.file)

    def caller(self):
        """(endpoint, socket) of another one, not yet fed."""
        port = 4000 + 2 * self.callers
        sock = self.lab.a.udp("192.0.2.2", port)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)  # a whole sound waits there
        ec = self.control.open(link.index(0, 20000 + 2 * self.callers),
                               link.settings(("192.0.2.2", port), "192.0.2.2", 0))
        self.callers += 1
        net.wait_for("neighbour", lambda: self.control.dump()[ec]["resolved"])
        return ec, sock

    def play(self):
        """A caller who hears the sound from now on."""
        ec, sock = self.caller()
        self.control.patch((ec, (link.PROMPT, self.control.prompts["closed"][0]), 0))
        return ec, sock

    def ended(self, ec):
        """Whether the dataplane has said that the sound came to its end."""
        self.control.poll_events(0.02)
        return ("prompt-ended", *ec) in [event[:3] for event in self.control.events]

    def hup(self):
        self.lab.daemon.send_signal(signal.SIGHUP)

    def logged(self, text, count=1):
        net.wait_for(text, lambda: self.lab.log_text().count(text) >= count)

    def hear_whole(self, hz, seconds):
        """Another caller hears it from its beginning to its end."""
        ec, sock = self.play()
        net.wait_for("the sound's end", lambda: self.ended(ec))
        heard_s = expect(net.received(sock, 0.3, LEAD + round(seconds / 0.02)), hz)
        assert -0.03 < seconds - heard_s < LEFT_OUT_S, "%.2f s of a sound of %.2f s" % (heard_s, seconds)


def expect(packets, hz):
    """All of them are one sound of that frequency, in one stream; how many seconds of it. Their timestamps tell which of
    its frames they are: what is due too long ago is left out."""
    got = [net.rtp_parse(packet) for packet in packets]
    expect_stream(got)
    stamps = [((p["timestamp"] - got[0]["timestamp"]) & 0xFFFFFFFF) / 160 for p in got]
    assert stamps == sorted({int(stamp) for stamp in stamps}), "timestamps off the frames: %s" % stamps
    frames = {int(stamp): [tone.DECODED[byte] for byte in p["payload"]] for stamp, p in zip(stamps, got)}
    quiet = [n for n, samples in frames.items() if n <= LEAD and max(abs(s) for s in samples) < 16]
    assert quiet and LEAD not in quiet, "silence before the sound in packets %s" % quiet
    silent = quiet[-1] + 1
    # every part of it, so that one which changes on its way is found
    judged = 0
    for first in range(silent, max(frames) - 8, 10):
        if not all(n in frames for n in range(first, first + 10)):
            continue
        part = [sample for n in range(first, first + 10) for sample in frames[n]]
        strong = {f: goertzel(part, f) for f in (OLD_HZ, NEW_HZ, tone.FOLDED)}
        assert strong[hz] > 5000 and max(strong[f] for f in strong if f != hz) < 100, (first * 0.02, strong)
        judged += 1
    assert judged > 0, "no part of %d packets without a gap" % len(got)
    return (max(frames) + 1 - silent) * 0.02


def replaced(sounds):
    """New bytes in the same file, while the old sound is played."""
    control = sounds.control
    assert control.prompts["closed"][1:] == (OLD_S, 1), control.prompts["closed"]
    old, heard_old = sounds.play()
    heard_old.settimeout(link.PATIENCE_S)
    began = [heard_old.recv(65535) for _ in range(25)]
    sounds.make(NEW_HZ, NEW_S)
    sounds.hup()
    sounds.logged("event=sounds-taken sounds=1 still_played=1")
    sounds.wait_for_row("the new length", lambda prompts: prompts["closed"][1] == NEW_S)
    sounds.hear_whole(NEW_HZ, NEW_S)
    assert not sounds.ended(old), "the old sound ended before the new one"
    control.patch((old, None, 0))
    heard_s = expect([*began, *net.received(heard_old, 0.3)], OLD_HZ)
    assert heard_s > NEW_S, "the old sound ended after %.2f s" % heard_s


def refused(sounds, place, what):
    """An error with its place; the sound that was there is played as before."""
    before = dict(sounds.control.prompts)
    failed = sounds.lab.log_text().count("event=reload-failed")
    sounds.hup()
    sounds.logged("event=reload-failed", failed + 1)
    lines = [line for line in sounds.lab.log_text().splitlines() if "event=sounds-refused" in line]
    assert lines and place in lines[-1] and what in lines[-1], lines[-1:] or "nothing in the log"
    assert 'hint="the former sounds stay"' in sounds.lab.log_text()
    sounds.hear_whole(NEW_HZ, NEW_S)
    assert sounds.control.prompts == before, "what the control plane was told has changed"


def test(make):
    sounds = Sounds(make)
    replaced(sounds)
    place = "%s:%d: sounds[0].file: '" % (sounds.lab.config, sounds.line)
    with open(sounds.file, "wb") as f:
        f.write(b"RIFF\x10\0\0\0WAVEnonsense")
    refused(sounds, place + sounds.file + "' ", "is no ")
    os.unlink(sounds.file)
    refused(sounds, place, "cannot be read: No such file")
    # a key that the configuration does not know
    sounds.make(OLD_HZ, NEW_S)
    sounds.configure("closed.wav\n    volume: 3")
    refused(sounds, "%s:%d: " % (sounds.lab.config, sounds.line + 1), "volume")
    # and in order again
    sounds.configure("closed.wav")
    sounds.hup()
    sounds.logged("event=sounds-taken", 2)
    sounds.hear_whole(OLD_HZ, NEW_S)
    assert sounds.lab.stop() == 0


if __name__ == "__main__":
    net.main(test)
