"""Tones in raw mu-law: what each party says, as a capture file that SIPp plays packet by packet.

SIPp's own rtp_stream sends the same SSRC from sequence 0 in every process, which would hide exactly the faults that the
lab is there to find. So each party gets a capture with its own tone, random SSRC, first sequence number and timestamp.
A little noise makes every payload unique, so that the judge can tell each packet from its neighbours.
"""
import math
import random
import struct
import wave

RATE = 8000
SAMPLES = 160  # of a packet: 20 ms
PACKET_MS = 20
PERIOD_S = 20  # a longer tone repeats after so long, a whole number of waves of each frequency

FREQUENCIES = {"caller": 440, "agent": 620, "callee": 850, "extension": 1100}
# What the gateway itself plays: its ringing toward callers who dialled a number of North America, and sounds from files.
OWN = {"ringing": (440, 480), "announcement": (1330,), "music": (710,)}
TOO_HIGH = 6000  # Hz, in files of 16000 samples a second: nothing of it may be heard at 8000
FOLDED = 2000    # Hz, where it would come out if it were not filtered


def mulaw_encode(sample):
    """One 16-bit sample to mu-law (ITU-T G.711)."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def mulaw_decode(byte):
    """One mu-law byte to a 16-bit sample."""
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + 132 << (byte >> 4 & 7)) - 132
    return -magnitude if byte & 0x80 else magnitude


_ENCODED = {sample: mulaw_encode(sample) for sample in range(-32768, 32768, 4)}
DECODED = [mulaw_decode(byte) for byte in range(256)]


def payloads(frequency, seconds, rng):
    """The tone as a list of 160-byte payloads, each one unlike the others."""
    count = int(seconds * 1000) // PACKET_MS
    step = 2 * math.pi * frequency / RATE
    out = []
    for packet in range(count):
        first = packet * SAMPLES
        out.append(bytes(_ENCODED[int(8000 * math.sin(step * n) + rng.uniform(-300, 300)) // 4 * 4]
                         for n in range(first, first + SAMPLES)))
    return out


class Source:
    """One party's voice: the numbers that its RTP starts with."""

    def __init__(self, party, seconds, rng=None):
        rng = rng or random.SystemRandom()
        self.party = party
        self.frequency = FREQUENCIES[party]
        self.ssrc = rng.getrandbits(32)
        self.sequence = rng.getrandbits(16)
        self.timestamp = rng.getrandbits(32)
        period = payloads(self.frequency, min(seconds, PERIOD_S), rng)
        self.payloads = [period[n % len(period)] for n in range(int(seconds * 1000) // PACKET_MS)]

    def packets(self):
        """The RTP packets (RFC 3550 section 5.1) in order; the first has the marker bit."""
        for n, payload in enumerate(self.payloads):
            yield struct.pack("!BBHII", 0x80, 0x80 if n == 0 else 0, (self.sequence + n) & 0xFFFF,
                              (self.timestamp + n * SAMPLES) & 0xFFFFFFFF, self.ssrc) + payload

    def write(self, path):
        """Writes the capture for SIPp's play_pcap_audio. SIPp replaces the addresses and ports."""
        write(path, self.packets())


def alaw_encode(sample):
    """One 16-bit sample to A-law (ITU-T G.711)."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = (sample if sample >= 0 else ~sample) >> 3
    segment = max(magnitude.bit_length() - 5, 0)
    return (sign | segment << 4 | magnitude >> max(segment, 1) & 0x0F) ^ 0x55


def in_alaw(source):
    """A source's packets in A-law, payload type 8."""
    codes = bytes(alaw_encode(sample) for sample in DECODED)
    for packet in source.packets():
        yield packet[:1] + bytes((packet[1] & 0x80 | 8,)) + packet[2:12] + packet[12:].translate(codes)


def with_digits(source, digits, every=25, lasting=6, payload_type=101):
    """A source's packets with keys pressed: after each `every` packets of voice one of `digits`, as telephone-events (RFC
    4733) in the same stream: `lasting` packets of one timestamp, then its end three times."""
    voice, digits = list(source.packets()), list(digits)
    n = 0
    while n < len(voice):
        if digits and n and n % every == 0:
            event = "0123456789*#".index(digits.pop(0))
            sequence, timestamp = struct.unpack_from("!HI", voice[n], 2)
            for step in range(lasting + 3):
                end = step >= lasting
                passed = min(step + 1, lasting) * SAMPLES
                yield struct.pack("!BBHIIBBH", 0x80, payload_type | (0x80 if step == 0 else 0),
                                  (sequence + step) & 0xFFFF, timestamp, source.ssrc, event,
                                  (0x80 if end else 0) | 10, passed)
            # the voice that the key took the place of is not sent
            n += lasting + 3
            continue
        yield voice[n]
        n += 1


def write_wav(path, frequencies, seconds, rate=2 * RATE):
    """A WAV file of these sines, 16 bits, one channel. The same arguments give the same bytes."""
    samples = (sum(6000 * math.sin(2 * math.pi * frequency * n / rate) for frequency in frequencies)
               for n in range(int(seconds * rate)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", round(sample)) for sample in samples))


def write(path, packets):
    """A capture of RTP packets, one each 20 ms."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for n, rtp in enumerate(packets):
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(rtp), 0) + rtp
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), n & 0xFFFF, 0, 64, 17, 0,
                             bytes((192, 0, 2, 254)), bytes((192, 0, 2, 253)))
            frame = bytes(12) + b"\x08\x00" + ip + udp
            micros = n * PACKET_MS * 1000
            out.write(struct.pack("<IIII", 1 + micros // 1000000, micros % 1000000, len(frame), len(frame)))
            out.write(frame)
