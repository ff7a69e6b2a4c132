"""Judges media by captures on both sides of the gateway.

What a party said is compared with what each listener heard, packet by packet: every packet of a patched source leaves
once, in order, with the same payload and with the sequence number of the input plus one offset for the whole time that
the source was patched; toward a listener there is one SSRC, and its sequence and timestamp go on over every change of
source. Independent of all that, a Goertzel filter listens to the tone.

The judge knows nothing of the gateway, only what came in and what went out.
"""
import math
import struct
from collections import defaultdict
from typing import NamedTuple

import tone

PACKET_S = 0.020
LOUD = 500           # above this a 16-bit sample is no silence
GAP_MS = 40          # the longest gap at a transfer, less the sources' own silence
CLOCK_MS = 40        # how far a timestamp may be from the elapsed time at a change of source
DRIFT_MS = 100       # and over the whole call
LATENCY_S = 1.0      # a packet that leaves later than this after it came is another packet; a busy machine holds some up
TONE_MARGIN = 30     # how much stronger than any other party's tone the right one must be (power ratio)
LEAST_S = 1.0        # a party that is said to be heard is heard this long


class Rtp(NamedTuple):
    """One RTP packet (RFC 3550 section 5.1) as captured."""
    time: float
    src: tuple
    dst: tuple
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class Segment(NamedTuple):
    """What a listener heard of one source without a break in the numbers. `pairs` are (heard, said)."""
    party: str
    offset: int
    pairs: list

    @property
    def first(self):
        return self.pairs[0][0]

    @property
    def last(self):
        return self.pairs[-1][0]


class Sound(NamedTuple):
    """One of the gateway's own sounds (tone.OWN), from its first loud packet to its last."""
    party: str
    packets: list

    @property
    def first(self):
        return self.packets[0]

    @property
    def last(self):
        return self.packets[-1]

    @property
    def seconds(self):
        return len(self.packets) * PACKET_S

    @property
    def loud(self):
        return [packet.payload for packet in self.packets if _is_loud(packet)]

    @property
    def longest_gap_ms(self):
        """The longest time between two packets, less that of one."""
        return max((after.time - before.time - PACKET_S for before, after in zip(self.packets, self.packets[1:])),
                   default=0) * 1000


def parse_rtp(datagram):
    """The Rtp in a datagram; None for SIP, RTCP (RFC 5761 section 4) and anything else."""
    data = datagram.payload
    if len(data) < 12 or data[0] >> 6 != 2 or 64 <= data[1] & 0x7F < 96:
        return None
    first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    head = 12 + 4 * (first & 15)
    return Rtp(datagram.time, datagram.src, datagram.dst, second & 0x7F, sequence, timestamp, ssrc, data[head:])


def rtp_packets(datagrams):
    """All RTP packets among the datagrams, in order of time."""
    found = (parse_rtp(datagram) for datagram in datagrams)
    return sorted((packet for packet in found if packet), key=lambda packet: packet.time)


def said_by(packets, address):
    """What the party at an address sent."""
    return [packet for packet in packets if packet.src[0] == address]


def heard_by(packets, address):
    """What the party at an address was sent."""
    return [packet for packet in packets if packet.dst[0] == address]


def _by_sequence(said):
    """Each source's packets by sequence number; a number that comes twice (a stream over 21 minutes) keeps all."""
    index = defaultdict(list)
    for party, packets in said.items():
        for packet in packets:
            index[party, packet.sequence].append(packet)
    return index


def _fits(heard, said):
    return said.payload == heard.payload and 0 <= heard.time - said.time <= LATENCY_S


def segments(heard, said):
    """Splits what was heard into Segments; and the packets that no source had said. `said`: party -> packets."""
    index = _by_sequence(said)
    by_payload = defaultdict(list)
    for party, packets in said.items():
        for packet in packets:
            by_payload[packet.payload].append((party, packet))
    out, strange, current = [], [], None
    for n, packet in enumerate(heard):
        match = None
        if current:
            numbers = index[current.party, packet.sequence - current.offset & 0xFFFF]
            match = next((source for source in numbers if _fits(packet, source)), None)
        if match:
            current.pairs.append((packet, match))
            continue
        start = _start(heard[n:n + 8], by_payload.get(packet.payload, ()), index)
        if start:
            party, source = start
            current = Segment(party, packet.sequence - source.sequence & 0xFFFF, [(packet, source)])
            out.append(current)
        else:
            strange.append(packet)
    return out, strange


def _start(ahead, candidates, index):
    """Which (party, packet) begins a segment. A pure tone repeats its payloads: the next packets decide."""
    fitting = [(party, source) for party, source in candidates if _fits(ahead[0], source)]

    def score(candidate):
        party, source = candidate
        offset = ahead[0].sequence - source.sequence
        later = sum(any(_fits(packet, other) for other in index[party, packet.sequence - offset & 0xFFFF])
                    for packet in ahead[1:])
        return later, source.time

    return max(fitting, key=score, default=None)


def _is_loud(packet):
    return max(abs(tone.DECODED[byte]) for byte in packet.payload) > LOUD


def blocks(heard, strange):
    """What no source had said, in lists without a source's packet between them."""
    ids = {id(packet) for packet in strange}
    out, inside = [], False
    for packet in heard:
        if id(packet) in ids:
            if not inside:
                out.append([])
            out[-1].append(packet)
        inside = id(packet) in ids
    return out


def sounds(block, names):
    """The Sounds in a block, each taken for that of `names` which it is most like."""
    out, start = [], 0
    for n, packet in enumerate(block):
        if not _is_loud(packet):
            continue
        name = max(names, key=lambda name: strength([packet.payload], name))
        if not out or out[-1].party != name:
            out.append(Sound(name, []))
            start = n
        out[-1] = Sound(name, block[start:n + 1])
    return out


def _step(before, after, bits):
    """How far a counter of so many bits went on; negative if back."""
    half = 1 << bits - 1
    return (after - before + half) % (1 << bits) - half


def silence(times):
    """Seconds in which nobody said anything, between the first and the last of the times."""
    times = sorted(times)
    return sum(max(0.0, after - before - PACKET_S) for before, after in zip(times, times[1:]))


def gap_ms(before, after, said):
    """The gap in what was heard between two Segments, less the sources' own silence in that time, in ms."""
    start, end = before.pairs[-1][1].time, after.pairs[0][1].time
    times = [packet.time for party in {before.party, after.party} for packet in said[party]
             if start <= packet.time <= end]
    return max(0.0, after.first.time - before.last.time - silence([*times, start, end])) * 1000


def power(payloads, frequency):
    """The power of one frequency in mu-law payloads (Goertzel), relative to their whole power: 0 to 1."""
    samples = [tone.DECODED[byte] for payload in payloads for byte in payload]
    if not samples:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * frequency / tone.RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    energy = sum(sample * sample for sample in samples) or 1.0
    return 2 * (last * last + before * before - turn * last * before) / (len(samples) * energy)


def strength(payloads, name):
    """The power of one of the gateway's own sounds."""
    return sum(power(payloads, frequency) for frequency in tone.OWN[name])


def tone_of(payloads, frequencies):
    """The party whose tone is in the payloads, clearly above everybody else's; None if there is none."""
    powers = {party: power(payloads, frequency) for party, frequency in frequencies.items()}
    best = max(powers, key=powers.get)
    others = max((value for party, value in powers.items() if party != best), default=0.0)
    return best if powers[best] > 0.5 and powers[best] > TONE_MARGIN * others else None


def _stream_faults(name, heard):
    """One SSRC, numbers that only go on, a timestamp that keeps to the clock."""
    ssrcs = {packet.ssrc for packet in heard}
    if len(ssrcs) > 1:
        yield f"{name} was sent {len(ssrcs)} SSRCs: {', '.join(f'{ssrc:08x}' for ssrc in sorted(ssrcs))}"
    for before, after in zip(heard, heard[1:]):
        step = _step(before.sequence, after.sequence, 16)
        if step <= 0:
            yield f"{name}: sequence {after.sequence} after {before.sequence}: twice, or out of order"
        if _step(before.timestamp, after.timestamp, 32) <= 0 and step > 0:
            yield f"{name}: timestamp {after.timestamp} after {before.timestamp}"
    elapsed = (heard[-1].time - heard[0].time) * 1000
    line = (heard[-1].timestamp - heard[0].timestamp & 0xFFFFFFFF) * 1000 / tone.RATE
    if abs(line - elapsed) > DRIFT_MS:
        yield f"{name}: the timestamps went on by {line:.0f} ms in {elapsed:.0f} ms"


def _segment_faults(name, segment, said):
    """Every packet that the source said between the first and the last that were heard is there, with its numbers."""
    heard = {id(source) for _, source in segment.pairs}
    first, last = segment.pairs[0][1], segment.pairs[-1][1]
    missing = [packet.sequence for packet in said[segment.party]
               if first.time <= packet.time <= last.time and id(packet) not in heard]
    if missing:
        yield f"{name} missed {len(missing)} packets of {segment.party}, the first sequence {missing[0]}"
    lines = {_step(source.timestamp, packet.timestamp, 32) for packet, source in segment.pairs}
    if len(lines) > 1:
        yield f"{name}: {len(lines)} timestamp offsets within one patch of {segment.party}"


def _sound_faults(name, sound):
    """It is what it is taken for, and each packet follows the one before it."""
    if strength(sound.loud[:50], sound.party) < 0.8:
        yield f"{name} was sent {len(sound.loud)} packets that nobody said and that are no {sound.party}"
    for before, after in zip(sound.packets, sound.packets[1:]):
        step = _step(before.sequence, after.sequence, 16), _step(before.timestamp, after.timestamp, 32)
        if step != (1, tone.SAMPLES):
            yield f"{name}: within {sound.party} the sequence went on by {step[0]}, the timestamp by {step[1]}"


def _border_faults(name, before, after):
    """Sequence and timestamp over a change of source."""
    where = f"{name}, {before.party} to {after.party}"
    step = _step(before.last.sequence, after.first.sequence, 16)
    if step != 1:
        yield f"{where}: the sequence went on by {step}"
    elapsed = (after.first.time - before.last.time) * 1000
    line = _step(before.last.timestamp, after.first.timestamp, 32) * 1000 / tone.RATE
    if line <= 0 or abs(line - elapsed) > CLOCK_MS:
        yield f"{where}: the timestamp went on by {line:.0f} ms in {elapsed:.0f} ms"


class Verdict(NamedTuple):
    """What one listener heard: the segments, the gateway's own sounds, the longest gap at a change of source, and what
    was wrong."""
    listener: str
    segments: list
    sounds: list
    packets: int
    gap_ms: float
    faults: list

    def own(self, name):
        """The gateway's sounds of that name."""
        return [sound for sound in self.sounds if sound.party == name]

    @property
    def rung_s(self):
        """Seconds of ringing, without its pauses."""
        return sum(len(sound.loud) for sound in self.own("ringing")) * PACKET_S

    @property
    def summary(self):
        """One line for the table."""
        parts = sorted([*self.segments, *self.sounds], key=lambda part: part.first.time)
        heard = " then ".join(f"{s.party} {s.last.time - s.first.time + PACKET_S:.1f} s" for s in parts)
        return f"{self.listener} hears {heard or 'nothing'}" + (f", gap {self.gap_ms:.0f} ms" if self.gap_ms else "")


def listen(listener, heard, said, expected, frequencies=None, own=(), until=None):
    """Judges what one listener heard.

    said: party -> packets, of everybody who may be heard. expected: the parties in the order in which they must be
    heard, e.g. ["agent", "callee"]; [] means silence. own: names of tone.OWN; packets of no source are allowed if they are
    one of those or silence. One that is in `expected` too must be heard there, the others may be.
    until: when the listener's leg ended; the last source must be heard up to then, or as long as it spoke.
    """
    frequencies = frequencies or tone.FREQUENCIES
    parts, strange = segments(heard, said)
    faults = []
    if heard:
        faults += _stream_faults(listener, heard)
    played = blocks(heard, strange)
    by_block = [sounds(block, own) if own else [] for block in played]
    heard_own = [sound for found in by_block for sound in found]
    for sound in heard_own:
        faults += _sound_faults(listener, sound)
    if strange and not own:
        faults.append(f"{listener} was sent {len(strange)} packets that nobody said, the first {strange[0].sequence}")
    gap = 0.0
    for segment in parts:
        faults += _segment_faults(listener, segment, said)
        sound = tone_of([packet.payload for packet, _ in segment.pairs][-50:], frequencies)
        if sound != segment.party:
            faults.append(f"{listener}: the sound of {segment.party} is the tone of {sound or 'nobody'}")
    order = sorted([*parts, *(Sound("gateway", block) for block in played)], key=lambda part: part.first.time)
    for before, after in zip(order, order[1:]):
        faults += _border_faults(listener, before, after)
        if isinstance(before, Segment) and isinstance(after, Segment):
            gap = max(gap, gap_ms(before, after, said))
    if gap > GAP_MS:
        faults.append(f"{listener}: a gap of {gap:.0f} ms at the change of source")
    told = [*parts, *(sound for sound in heard_own if sound.party in expected)]
    faults += _order_faults(listener, sorted(told, key=lambda part: part.first.time), expected)
    if parts and until is not None:
        instead = [block[0].time for block, found in zip(played, by_block)
                   if block[0].time > parts[-1].last.time and any(sound.party in expected for sound in found)]
        spoken = [packet.time for packet in said[parts[-1].party] if packet.time <= min([until, *instead])]
        if spoken and spoken[-1] - parts[-1].last.time > 2 * PACKET_S:
            faults.append(f"{listener}: {parts[-1].party} went on for {spoken[-1] - parts[-1].last.time:.1f} s unheard")
    return Verdict(listener, parts, heard_own, len(heard), gap, faults)


def _order_faults(listener, parts, expected):
    order = [segment.party for n, segment in enumerate(parts) if n == 0 or parts[n - 1].party != segment.party]
    if order != list(expected):
        yield f"{listener} heard {' then '.join(order) or 'nobody'}, not {' then '.join(expected) or 'nobody'}"
    for party in dict.fromkeys(expected):
        heard = sum(s.last.time - s.first.time + PACKET_S for s in parts if s.party == party)
        if party in order and heard < LEAST_S:
            yield f"{listener} heard {party} for {heard:.2f} s only"
