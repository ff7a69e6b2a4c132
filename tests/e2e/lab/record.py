#!/usr/bin/env python3
"""Records the scenarios of pcap/: plays each with real peers against the real daemons, and keeps what came to the gateway.

    record.py --bindir build                    records all scenarios
    record.py --bindir build refer-ok late-offer
    record.py --list                            names them

A scenario is a folder: README.md, config.yaml, input.pcap, replay.env (the passwords that the configuration names), and
replay.args where an operator's command belongs to it. input.pcap holds all SIP to and from the gateway and the RTP and
RTCP to it, in order of time, as the peers' side of its cables saw it. What tshark finds there must be the ladder that
recordings.py promises, or nothing is kept.
"""
import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pcapfile
import peers
import recordings
import tone
import topology
from gateway import Gateway
from lab import service_user
from labconfig import number
from recordconfig import PASSWORDS
from topology import LabError, address

ROOT = Path(__file__).resolve().parents[3] / "pcap"
SIP = 5060


class Take:
    """One recording: gateway, servers and peers, from start() to keep()."""

    def __init__(self, recording, options, folder):
        self.recording = recording
        self.folder = folder
        self.config = recording.config
        self.topology = topology.Topology()
        self.gateway = Gateway(options.bindir, folder, options.user, options.group, config=self.config)
        self.places = {"edge": address("carrier", 10), "pbx": address("pbx", 10)}
        self.commands = []  # (time, words of the operator's command)
        self._servers, self._peers, self._captures = [], [], []

    def play(self):
        """Everything up, the scenario, everything down."""
        _wait_for_the_machine()
        self.topology.up()
        try:
            self.gateway.start()
            for name, network, defines in self.recording.servers:
                self._servers.append(peers.Kamailio(name, network, 10, self.folder, defines))
            if self.recording.extension:
                account = f"<sip:reception@{address('pbx', 10)}>;regint=0;answermode=auto;audio_codecs=pcmu"
                self._servers.append(peers.Baresip("extension", "pbx", 20, self.folder, account, 1100))
            self._captures = [peers.Capture(network, self.folder) for network in topology.NETWORKS]
            self.recording.play(self)
            self._finish()
        finally:
            for process in [*self._peers, *reversed(self._servers)]:
                if process.poll() is None:
                    process.stop()
            for capture in self._captures:
                capture.stop()
            try:
                self.gateway.stop()
            finally:
                self.topology.down()

    def _finish(self):
        deadline = time.monotonic() + self.recording.limit_s
        for peer in self._peers:
            code = peer.wait(deadline - time.monotonic())
            if code != 0:
                raise LabError(f"{peer.name} did not go through its scenario ({code}): {peer.why()}")
        left = self.gateway.wait_empty()
        if left:
            raise LabError(f"left in the gateway: {left}")
        time.sleep(0.2)

    # for recordings.py

    def voice(self, party, seconds, name=None, packets=None):
        """The file with a party's tone (or these packets)."""
        path = self.folder / f"{name or party}.voice"
        tone.write(path, packets if packets is not None else tone.Source(party, seconds).packets())
        return path

    def agent(self, scenario, calls=1):
        """The agent; version 6 where the configuration says so."""
        return self._add("agent", peers.Sipp("agent", "agent", self.config.agent_last, scenario, self.folder, calls=calls,
                                             version=self.config.agent_version))

    def softphone(self):
        """A baresip as the agent; it is ended with the recording."""
        last = self.config.agent_last
        self.places["agent"] = host = address("agent", last)
        phone = peers.Baresip("bot", "agent", last, self.folder,
                              f"<sip:bot@{host}>;regint=0;answermode=auto;audio_codecs=pcmu", 620)
        self._servers.append(phone)
        return phone

    def callee(self, digits, scenario):
        """The subscriber +120255501NN behind the provider's edge."""
        return self._add("callee", peers.Sipp(f"callee-{digits}", "carrier", digits, scenario, self.folder))

    def phone(self, scenario):
        """A SIP phone at pbx.lab itself, without a PBX."""
        return self._add("phone", peers.Sipp("phone", "pbx", 10, scenario, self.folder))

    def caller(self, scenario, last=20, name="caller", calls=1):
        """A caller: it dials at once."""
        return self._add(name, peers.Sipp(name, "carrier", last, scenario, self.folder, service=number(1), calls=calls,
                                          target=f"{address('carrier', 1)}:{SIP}"))

    def operator(self, *words):
        """An operator's command about the call, which is named by the caller's number."""
        self.commands.append((time.time(), words))
        return self.gateway.start_cli(*words)

    def _add(self, party, peer):
        self.places[party] = peer.address
        self._peers.append(peer)
        return peer

    # what is kept

    def keep(self, root):
        """Writes the scenario's folder once its capture tells what was promised."""
        draft = self.folder / "input.pcap"
        frames = _merge([self.folder / f"{network}.pcap" for network in topology.NETWORKS])
        _write(draft, frames)
        told = _ladder(draft, self.places)
        _check(self.recording.ladder, told)
        voices = _voices(draft, self.places)
        silent = [party for party in self.recording.heard if voices.get(party, 0) < 20]
        if silent:
            raise LabError(f"no voice of {', '.join(silent)} reached the gateway: {voices}")
        place = Path(root) / self.recording.name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(draft, place / "input.pcap")
        config = self.config.standalone()
        (place / "config.yaml").write_text(config)
        self.config.write_sounds(place)
        (place / "README.md").write_text(f"# {self.recording.name}\n\n{self.recording.tells}\n")
        (place / "replay.env").write_text("".join(f"{k}={v}\n" for k, v in PASSWORDS.items() if k in config))
        if self.commands:
            first = frames[0][0]
            lines = [" ".join(["--at", f"{at - first:.3f}s", *words]) for at, words in self.commands]
            (place / "replay.args").write_text("\n".join(lines) + "\n")
        return len(frames), draft.stat().st_size, told


def _wait_for_the_machine(seconds=600):
    """Only one lab, or other test with namespaces, runs on a machine at a time."""
    deadline = time.monotonic() + seconds
    while topology.run("ip", "netns", "list").strip():
        if time.monotonic() > deadline:
            raise LabError("other network namespaces have been there for ten minutes")
        time.sleep(2)


def _merge(files):
    """(time, Ethernet frame) in order of time: SIP both ways, RTP and RTCP to the gateway."""
    ours = {address(network, 1, version) for network in topology.NETWORKS for version in (4, 6)}
    out = []
    for file in files:
        for at, frame, src, dst in pcapfile.frames(file):
            sip = SIP in (src[1], dst[1]) and (src[0] in ours or dst[0] in ours)
            if sip or dst[0] in ours:
                out.append((at, frame))
    return sorted(out, key=lambda row: row[0])


def _write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, frame in frames:
            micros = round(at * 1e6)
            out.write(struct.pack("<IIII", micros // 1000000, micros % 1000000, len(frame), len(frame)) + frame)


def _tshark(file, what, *fields):
    words = ["tshark", "-r", file, "-Y", what, "-d", f"udp.port=={SIP},sip", "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        words += ["-e", field]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def _ladder(file, places):
    """What tshark reads: 'agent<NOTIFY 180' is a NOTIFY to the agent, 'edge>407 INVITE' an answer of the edge's."""
    party = {place: name for name, place in places.items()}
    out = []
    for src4, dst4, src6, dst6, method, code, cseq, frag, to_tag in _tshark(
            file, "sip", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "sip.Method", "sip.Status-Code", "sip.CSeq.method",
            "sipfrag.line", "sip.to.tag"):
        src, dst = src4 or src6, dst4 or dst6
        what = f"{code} {cseq}" if code else "re-INVITE" if method == "INVITE" and to_tag else method
        if method == "NOTIFY" and frag:
            what += " " + frag.split()[1]
        out.append(f"{party[src]}>{what}" if src in party else f"{party[dst]}<{what}")
    return out


def _check(promised, told):
    """The promised messages are there, in their order, with others between them. '!x': it is not there at all; '^x': it is
    there, but races with others."""
    at = 0
    for message in promised:
        if message.startswith("!"):
            if message[1:] in told:
                raise LabError(f"{message[1:]} should not be there: {told}")
            continue
        if message.startswith("^") and message[1:] in told:
            continue
        if message not in told[at:]:
            raise LabError(f"no {message} after {promised[:promised.index(message)]} in {told}")
        at = told.index(message, at) + 1


def _voices(file, places):
    """party -> packets of its media."""
    party = {place: name for name, place in {**places, "extension": address("pbx", 20)}.items()}
    count = {}
    for src4, src6 in _tshark(file, f"udp && !udp.port=={SIP}", "ip.src", "ipv6.src"):
        name = party.get(src4 or src6, src4 or src6)
        count[name] = count.get(name, 0) + 1
    return count


def main(arguments):
    """Records; 0 if all came out as promised."""
    parser = argparse.ArgumentParser(description="records the scenarios of pcap/")
    parser.add_argument("--bindir", help="the build directory, with the three programs below it")
    parser.add_argument("--root", default=ROOT, help=f"where the folders go ({ROOT})")
    parser.add_argument("--list", action="store_true", help="names the scenarios")
    parser.add_argument("--keep-logs", action="store_true", help="leave logs of those that failed")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    options.user, options.group = service_user()
    known = {recording.name: recording for recording in recordings.all_recordings()}
    if options.list:
        print("\n".join(f"{name:26} {recording.title}" for name, recording in known.items()))
        return 0
    unknown = set(options.names) - set(known)
    if unknown or not options.bindir:
        parser.error(f"no scenario {min(unknown)}" if unknown else "--bindir is missing")
    broken = []
    for name in options.names or known:
        folder = Path(tempfile.mkdtemp(prefix=f"xfergate-record-{name}-"))
        take = Take(known[name], options, folder)
        try:
            take.play()
            packets, size, told = take.keep(options.root)
            print(f"{name}: {packets} packets, {size // 1000} kB: {', '.join(told)}", flush=True)
        except (LabError, subprocess.CalledProcessError) as error:
            print(f"{name}: BROKEN: {error}", flush=True)
            broken.append(name)
            if options.keep_logs:
                print(f"    {folder}")
                continue
        shutil.rmtree(folder, ignore_errors=True)
    print(f"broken: {', '.join(broken)}" if broken else "all recorded")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
