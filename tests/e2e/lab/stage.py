"""The stage of one call: its peers and captures while it is played, then what was captured, and the promises about it."""
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import judge
import peers
import pcapfile
import sipmsg
import topology
import tone
from labconfig import agent_last, number
from topology import LabError, address

CALLER_TONE_S = 30
LADDER_COLUMNS = 140  # of the report, unless it goes to a terminal
PREFIXES = {network: block4.rsplit(".", 1)[0] + "." for network, (block4, _, _) in topology.NETWORKS.items()}
# Parties whose SIP goes through a server: its address is the one that the gateway signals with.
SERVERS = {"callee": address("carrier", 10), "extension": address("pbx", 10)}
PREFIXES6 = {network: block6.split("/")[0] for network, (_, block6, _) in topology.NETWORKS.items()}


class Stage:
    """One call of the lab, from the start of its captures to its verdict."""

    def __init__(self, gateway, folder, call, title):
        self.gateway = gateway
        self.call, self.title = call, title
        self.folder = Path(folder) / f"call-{call}"
        self.folder.mkdir()
        self.promises = []   # (what was promised, whether it came so, what came instead)
        self.verdicts = []
        self.places = {}     # party -> address
        self.sip, self.rtp, self.raw = [], [], []
        self._played = []
        self._captures = [peers.Capture(network, self.folder) for network in topology.NETWORKS]

    # while the call is played

    def voice(self, party, seconds=CALLER_TONE_S, name=None):
        """The file with a party's tone, new numbers each time."""
        path = self.folder / f"{name or party}.voice"
        tone.Source(party, seconds).write(path)
        return path

    def agent(self, scenario, last=None, calls=1, version=4):
        """Starts the call's agent."""
        last = last or agent_last(self.call)
        return self._add("agent", peers.Sipp("agent", "agent", last, scenario, self.folder, calls=calls,
                                             version=version))

    def callee(self, digits, scenario):
        """Starts the subscriber +120255501NN behind the provider's edge."""
        return self._add("callee", peers.Sipp(f"callee-{digits}", "carrier", digits, scenario, self.folder))

    def caller(self, scenario, dialled, last=20, name="caller", options=(), calls=1):
        """Starts a caller: it dials at once."""
        peer = peers.Sipp(name, "carrier", last, scenario, self.folder, target=f"{address('carrier', 1)}:5060",
                          service=number(dialled), options=options, calls=calls)
        return self._add(name, peer)

    def join(self, peer):
        """A peer that was started elsewhere plays in this call too; its address."""
        self._played.append(peer)
        return peer.address

    def extension(self, baresip):
        """baresip behind the PBX is the target."""
        self.places["extension"] = baresip.address

    def _add(self, party, peer):
        self.places[party] = peer.address
        self._played.append(peer)
        return peer

    def transfer(self, caller, *words):
        """`xfergate transfer` of the call from a number, waiting for its outcome: (exit code, out, err)."""
        return self.gateway.cli("transfer", self.gateway.call_of(caller), *words)

    def finish(self, seconds=30):
        """Waits until every peer is through its scenario; then nothing may be left. Ends and reads the captures."""
        deadline = time.monotonic() + seconds
        for peer in self._played:
            code = peer.wait(deadline - time.monotonic())
            self.promise(f"{peer.name} went through its scenario", code == 0,
                         (f"exit {code}" if code is not None else "not at its end") + ": " + peer.why())
        left = self.gateway.wait_empty()
        self.promise("no call and no endpoint is left", not left, left)
        self.close()
        self.read()

    def close(self):
        """Ends what still runs of this call."""
        for peer in self._played:
            if peer.poll() is None:
                peer.stop()
        for capture in self._captures:
            capture.stop()
        self._captures = []

    def read(self):
        """Reads the captures of this call."""
        files = [self.folder / f"{network}.pcap" for network in topology.NETWORKS]
        self.raw = [datagram for file in files for datagram in pcapfile.read(file)]
        self.sip, self.rtp = sipmsg.messages(self.raw), judge.rtp_packets(self.raw)

    # afterwards

    def promise(self, what, kept, instead=""):
        """Notes a promise and whether it was kept."""
        self.promises.append((what, bool(kept), "" if kept else str(instead)))

    @property
    def kept(self):
        return bool(self.promises) and all(kept for _, kept, _ in self.promises)

    def find(self, method, code=None, to=None, by=None):
        """SIP messages between a party (or address) and the gateway, each once however often it was sent again."""
        out, seen = [], set()
        for m in self.sip:
            key = (m.src, m.dst, m.method, m.code, m.call_id, m.header("cseq"), m.header("via"), m.body)
            if m.method != method or key in seen or m.code != (code or 0):
                continue
            if to and m.dst[0] != self.places.get(to, to) or by and m.src[0] != self.places.get(by, by):
                continue
            seen.add(key)
            out.append(m)
        return out

    def hears(self, listener, expected, own=(), until=None, since=None):
        """Judges what a party heard, up to its BYE, against everybody else's voice. since: only what came after that time,
        and before `until`."""
        where = self.places[listener]
        signals = SERVERS.get(listener, where)
        said = {party: judge.said_by(self.rtp, place) for party, place in self.places.items()
                if party != listener and party in tone.FREQUENCIES}
        if until is None:
            byes = [m.time for m in self.sip if m.method == "BYE" and not m.code and signals in (m.src[0], m.dst[0])]
            until = min(byes, default=None)
        heard = judge.heard_by(self.rtp, where)
        if since is not None:
            heard = [packet for packet in heard if since <= packet.time <= until]
        verdict = judge.listen(listener, heard, said, expected, own=own, until=until)
        self.verdicts.append(verdict)
        self.promise(f"{listener} hears {' then '.join(expected) or 'nobody'}", not verdict.faults,
                     "; ".join(verdict.faults[:4]))
        return verdict

    def quiet_after(self, listener, when, what):
        """Nothing is sent to a party after a time (plus what may be under way)."""
        late = [packet for packet in judge.heard_by(self.rtp, self.places[listener]) if packet.time > when + 0.1]
        self.promise(f"{listener} is sent nothing after {what}", not late, f"{len(late)} packets")

    def notified(self, final, to="agent"):
        """The agent's NOTIFYs: first 100, exactly one final one; its answer comes before our BYE."""
        notifies = self.find("NOTIFY", to=to)
        finals = [m for m in notifies if "terminated" in m.header("subscription-state")]
        self.promise("the first NOTIFY says 100", notifies and notifies[0].sipfrag == 100,
                     [m.sipfrag for m in notifies])
        self.promise(f"one final NOTIFY, {final}", [m.sipfrag for m in finals] == [final],
                     [m.sipfrag for m in finals])
        byes = self.find("BYE", to=to)
        if byes and finals:
            answers = [m for m in self.sip if m.method == "NOTIFY" and m.code and m.call_id == finals[0].call_id and
                       m.header("cseq") == finals[0].header("cseq")]
            self.promise("our BYE follows the answer to the final NOTIFY", answers and answers[0].time <= byes[0].time,
                         "BYE came first")
        return finals

    def refused(self, refer_to, code, reason, by="agent"):
        """A REFER to that URI was answered with that code and a Warning 399 whose text matches `reason`."""
        sent = [m for m in self.find("REFER", by=by) if refer_to in m.header("refer-to")]
        answers = [a for a in self.find("REFER", code, to=by) for m in sent
                   if (a.call_id, a.header("cseq")) == (m.call_id, m.header("cseq"))]
        warnings = [w for a in answers for w in a.headers.get("warning", [])]
        self.warned(f"REFER to {refer_to} is refused with {code}, {reason}", warnings, reason)

    def warned(self, what, warnings, reason):
        """Promises that one of the Warning headers is 399 and its text matches `reason`."""
        self.promise(what, any(w.startswith("399 ") and re.search(reason, w, re.I) for w in warnings),
                     f"Warning {warnings}")

    def hidden(self):
        """Topology is hidden: no address and no Call-ID of one side is in what the gateway sends to another."""
        ours = {address(network, 1, version) for network in topology.NETWORKS for version in (4, 6)}
        found = []
        call_ids = {network: set() for network in topology.NETWORKS}
        for m in self.sip:
            call_ids[_network(m.src[0])].add(m.call_id)
        for datagram in self.raw:
            if datagram.src[0] not in ours or 5060 not in (datagram.src[1], datagram.dst[1]):
                continue
            text, here = datagram.payload.decode("utf-8", "replace"), _network(datagram.dst[0])
            for network in topology.NETWORKS:
                if network == here:
                    continue
                foreign = [PREFIXES[network], PREFIXES6[network]]
                foreign += call_ids[network] - call_ids[here]
                found += [f"{word} to {here}: {text.splitlines()[0]}" for word in foreign if word in text]
        both = call_ids["carrier"] & call_ids["agent"] | call_ids["carrier"] & call_ids["pbx"]
        self.promise("no address or Call-ID of one side reaches another", not found and not both,
                     f"{found[:3]} {both or ''}")

    def not_reinvited(self, party="caller"):
        """The gateway sends that party no INVITE: a transfer is nothing but a new voice."""
        again = self.find("INVITE", to=party)
        self.promise(f"{party} gets no re-INVITE", not again, f"{len(again)}")

    def lanes(self):
        """The lanes of the ladder, from left to right."""
        callers = {place for party, place in self.places.items() if party.startswith(("caller", "stranger"))}
        ours = {address(network, 1, version) for network in topology.NETWORKS for version in (4, 6)}
        out = [("caller", callers), ("gateway", ours), ("agent", {self.places.get("agent", "")})]
        behind_edge = {address("carrier", last) for last in (10, *range(30, 40))}
        seen = {m.src[0] for m in self.sip}
        if seen & behind_edge:
            out.append(("edge+callee", behind_edge))
        if seen & {address("pbx", 10)}:
            out.append(("PBX+extension", {address("pbx", 10), address("pbx", 20)}))
        return out

    def _ladder(self):
        """The captures as `xfergate ladder` draws them, or why it does not."""
        words = [self.folder / f"{network}.pcap" for network in topology.NETWORKS]
        for name, addresses in self.lanes():
            known = sorted(place for place in addresses if place)
            if known:
                words += ["--lane", f"{name}={','.join(known)}"]
        columns = shutil.get_terminal_size((LADDER_COLUMNS, 24)).columns
        done = subprocess.run([self.gateway.programs["xfergate"], "ladder", *words, "--hub", "gateway"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              env={**os.environ, "COLUMNS": str(columns)})
        return done.stdout.splitlines()

    def report(self):
        """The ladder and the promises, as lines."""
        lines = [f"call {self.call}: {self.title}", *self._ladder(), ""]
        lines += [f"    {verdict.summary}" for verdict in self.verdicts]
        for what, kept, instead in self.promises:
            lines.append(f"    {'kept  ' if kept else 'BROKEN'}  {what}" + ("" if kept else f": {instead}"))
        return lines


def _network(place):
    """Which network an address belongs to."""
    for network in topology.NETWORKS:
        if place.startswith((PREFIXES[network], PREFIXES6[network])):
            return network
    raise LabError(f"{place} is an address of no network of the lab")
