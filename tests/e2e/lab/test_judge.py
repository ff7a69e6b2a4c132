"""The judge is judged: a synthetic gateway that does its work passes, and each fault that it may have is found."""
import dataclasses
import math
import random
import struct
import tempfile
import unittest
import wave
from pathlib import Path

import judge
import pcapfile
import sipmsg
import tone

GATEWAY = ("192.0.2.1", 16384)
CALLER = ("192.0.2.20", 20200)
SSRC = 0x1234ABCD


def voice(party, start, seconds, seed):
    """What a party says, as the capture on its side has it."""
    source = tone.Source(party, seconds, random.Random(seed))
    return [judge.parse_rtp(pcapfile.Datagram(start + n * 0.02, (party, 20000), GATEWAY, data))
            for n, data in enumerate(source.packets())]


@dataclasses.dataclass
class Output:
    """A send stream as a good gateway keeps it: one SSRC, sequence and timestamp going on over every change."""
    sequence: int = 65500
    timestamp: int = 0xFFFFFF00
    last: float = 0.0

    def patch(self, packets, latency=0.0004):
        """The packets of a source, forwarded."""
        out = []
        if self.last:
            self.timestamp += round((packets[0].time + latency - self.last) * tone.RATE) - tone.SAMPLES
        for packet in packets:
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.timestamp = (self.timestamp + tone.SAMPLES) & 0xFFFFFFFF
            self.last = packet.time + latency
            out.append(packet._replace(time=self.last, src=GATEWAY, dst=CALLER, sequence=self.sequence,
                                       timestamp=self.timestamp, ssrc=SSRC))
        return out


class Transfer(unittest.TestCase):
    """A caller hears the agent for 3 s and then the callee for 3 s."""

    def setUp(self):
        self.said = {"agent": voice("agent", 100.0, 3.5, 1), "callee": voice("callee", 102.508, 4, 2)}
        self.stream = Output()
        self.heard = (self.stream.patch([p for p in self.said["agent"] if p.time < 103.0]) +
                      self.stream.patch([p for p in self.said["callee"] if p.time >= 103.0]))
        self.border = next(n for n, p in enumerate(self.heard) if p.time > 103.0)

    def verdict(self, expected=("agent", "callee"), **more):
        return judge.listen("caller", self.heard, self.said, expected, **more)

    def fails(self, text, **more):
        faults = self.verdict(**more).faults
        self.assertTrue(any(text in fault for fault in faults), f"'{text}' is not among {faults}")

    def change(self, index, **fields):
        self.heard[index] = self.heard[index]._replace(**fields)

    def test_good_transfer_passes(self):
        verdict = self.verdict()
        self.assertEqual(verdict.faults, [])
        self.assertEqual([s.party for s in verdict.segments], ["agent", "callee"])
        self.assertLessEqual(verdict.gap_ms, 40)

    def test_lost_packet(self):
        del self.heard[50]
        self.fails("missed 1 packets of agent")

    def test_duplicate(self):
        self.heard.insert(50, self.heard[50])
        self.fails("twice")

    def test_swapped_packets(self):
        a, b = self.heard[50], self.heard[51]
        self.heard[50:52] = [b._replace(time=b.time), a._replace(time=b.time + 0.001)]
        self.fails("out of order")

    def test_changed_payload(self):
        self.change(50, payload=bytes(160))
        self.fails("nobody said")

    def test_new_ssrc(self):
        for n in range(self.border, len(self.heard)):
            self.change(n, ssrc=99)
        self.fails("2 SSRCs")

    def test_broken_sequence_at_the_change(self):
        for n in range(self.border, len(self.heard)):
            self.change(n, sequence=(self.heard[n].sequence + 7) & 0xFFFF)
        self.fails("sequence went on by 8")

    def test_broken_timestamp_at_the_change(self):
        for n in range(self.border, len(self.heard)):
            self.change(n, timestamp=(self.heard[n].timestamp + 8000) & 0xFFFFFFFF)
        self.fails("timestamp went on by")

    def test_timestamp_stands_still(self):
        self.change(60, timestamp=self.heard[59].timestamp)
        self.fails("timestamp offsets within one patch")

    def test_drift(self):
        for n, packet in enumerate(self.heard):
            self.heard[n] = packet._replace(timestamp=(packet.timestamp + n) & 0xFFFFFFFF)
        self.heard[-1] = self.heard[-1]._replace(timestamp=(self.heard[-1].timestamp + 1600) & 0xFFFFFFFF)
        self.fails("the timestamps went on by")

    def test_gap_at_the_transfer(self):
        stream = Output()
        self.heard = (stream.patch([p for p in self.said["agent"] if p.time < 103.0]) +
                      stream.patch([p for p in self.said["callee"] if p.time >= 103.1]))
        self.fails("a gap of")

    def test_silence_of_the_sources_is_no_gap(self):
        self.said["agent"] = [p for p in self.said["agent"] if p.time < 103.0]
        self.said["callee"] = [p for p in self.said["callee"] if p.time >= 103.4]
        stream = Output()
        self.heard = stream.patch(self.said["agent"]) + stream.patch(self.said["callee"])
        verdict = self.verdict()
        self.assertEqual(verdict.faults, [])
        self.assertLessEqual(verdict.gap_ms, 40)

    def own_between(self, frequencies):
        """The gateway's own tones between agent and callee."""
        sounds = [sum(6000 * math.sin(2 * math.pi * f * n / tone.RATE) for f in frequencies) for n in range(20 * 160)]
        frames = [bytes(tone.mulaw_encode(int(x)) for x in sounds[n:n + 160]) for n in range(0, len(sounds), 160)]
        own = [p._replace(payload=frames[n]) for n, p in enumerate(voice("extension", 103.0, 0.4, 3))]
        stream = Output()
        self.said["callee"] = [p for p in self.said["callee"] if p.time >= 103.4]
        self.said["agent"] = [p for p in self.said["agent"] if p.time < 103.0]
        self.heard = stream.patch(self.said["agent"]) + stream.patch(own) + stream.patch(self.said["callee"])

    def test_own_packets_only_where_allowed(self):
        self.own_between((440, 480))
        verdict = self.verdict(own=("ringing",))
        self.assertEqual(verdict.faults, [])
        self.assertAlmostEqual(verdict.rung_s, 0.4)
        self.fails("nobody said")

    def test_own_packets_must_be_ringing(self):
        self.own_between((1000,))
        self.fails("no ringing", own=("ringing",))

    def test_own_sound_in_its_place(self):
        self.own_between(tone.OWN["music"])
        verdict = self.verdict(("agent", "music", "callee"), own=("ringing", "music"))
        self.assertEqual([fault for fault in verdict.faults if "for 0.40 s only" not in fault], [])
        self.assertEqual([(sound.party, round(sound.seconds, 2)) for sound in verdict.sounds], [("music", 0.4)])
        self.fails("not agent then announcement", expected=["agent", "announcement", "callee"],
                   own=("music", "announcement"))
        self.fails("no ringing", own=("ringing",))

    def test_own_sound_that_breaks(self):
        self.own_between(tone.OWN["music"])
        own = next(n for n, p in enumerate(self.heard) if p.time > 103.0) + 5
        del self.heard[own]
        self.fails("within music the sequence went on by 2", own=("music",))
        verdict = self.verdict(own=("music",))
        self.assertAlmostEqual(verdict.sounds[0].longest_gap_ms, 20, places=3)

    def test_broken_numbers_at_an_own_sound(self):
        self.own_between(tone.OWN["music"])
        own = next(n for n, p in enumerate(self.heard) if p.time > 103.0)
        for n in range(own, len(self.heard)):
            self.change(n, sequence=(self.heard[n].sequence + 3) & 0xFFFF)
        self.fails("agent to gateway: the sequence went on by 4", own=("music",))

    def test_own_sound_at_the_end(self):
        self.own_between(tone.OWN["announcement"])
        self.heard = [p for p in self.heard if p.time < 103.39]
        self.said["agent"] = voice("agent", 100.0, 3.5, 1)
        self.assertEqual([f for f in self.verdict(["agent", "announcement"], own=("announcement",), until=103.45).faults
                          if "s only" not in f], [])

    def test_wrong_party(self):
        self.fails("heard agent then callee, not agent", expected=["agent"])
        self.fails("not callee then agent", expected=["callee", "agent"])

    def test_wrong_tone(self):
        self.fails("is the tone of", frequencies={**tone.FREQUENCIES, "callee": 990})

    def test_source_leaks_after_the_move(self):
        late = self.said["agent"][160]
        self.heard.append(late._replace(time=late.time + 0.0005, src=GATEWAY, dst=CALLER, ssrc=SSRC,
                                        sequence=self.heard[-1].sequence + 1, timestamp=0))
        self.heard.sort(key=lambda packet: packet.time)
        self.assertTrue(self.verdict().faults)

    def test_stream_that_stops_early(self):
        del self.heard[-60:]
        self.assertEqual(self.verdict().faults, [])
        self.fails("unheard", until=106.0)

    def test_silence_expected(self):
        self.fails("not nobody", expected=[])
        self.heard = []
        self.assertEqual(self.verdict(expected=[]).faults, [])
        self.fails("heard nobody")

    def test_loss_before_the_gateway_stays_a_gap(self):
        lost = self.said["agent"].pop(70)
        self.heard = [packet for packet in self.heard if packet.payload != lost.payload]
        self.assertEqual(self.verdict().faults, [])

    def test_pure_tone_whose_payloads_repeat(self):
        pure = [p._replace(payload=bytes(160)) for p in self.said["callee"]]
        self.said["callee"] = pure
        stream = Output()
        self.heard = (stream.patch([p for p in self.said["agent"] if p.time < 103.0]) +
                      stream.patch([p for p in pure if p.time >= 103.0]))
        parts, strange = judge.segments(self.heard, self.said)
        self.assertEqual(([s.party for s in parts], strange), (["agent", "callee"], []))


class Tones(unittest.TestCase):
    def test_each_party_is_told_from_the_others(self):
        for party, frequency in tone.FREQUENCIES.items():
            self.assertEqual(judge.tone_of(tone.payloads(frequency, 1, random.Random(5)), tone.FREQUENCIES), party)

    def test_silence_and_noise_are_nobody(self):
        self.assertIsNone(judge.tone_of([b"\xff" * 160] * 10, tone.FREQUENCIES))
        noise = random.Random(6)
        self.assertIsNone(judge.tone_of([noise.randbytes(160) for _ in range(20)], tone.FREQUENCIES))

    def test_mulaw(self):
        # ITU-T G.711 table 2a: the ends of the ranges
        for sample, byte in ((0, 0xFF), (32635, 0x80), (-32635, 0x00), (8, 0xFE), (-8, 0x7E)):
            self.assertEqual(tone.mulaw_encode(sample), byte)
        for byte in set(range(256)) - {0x7F}:
            self.assertEqual(tone.mulaw_encode(tone.mulaw_decode(byte)), byte)


class Files(unittest.TestCase):
    def test_a_sound_is_as_long_and_as_high_as_it_should_be(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sound.wav"
            tone.write_wav(path, (1330, 6000), 0.5)
            with wave.open(str(path)) as read:
                self.assertEqual((read.getnchannels(), read.getsampwidth(), read.getframerate(), read.getnframes()),
                                 (1, 2, 16000, 8000))
                samples = struct.unpack("<8000h", read.readframes(8000))
        narrow = [bytes(tone.mulaw_encode(sample) for sample in samples[::2])]
        for frequency in (1330, tone.FOLDED):
            self.assertGreater(judge.power(narrow, frequency), 0.4)

    def test_a_written_capture_is_read_back(self):
        source = tone.Source("caller", 1, random.Random(7))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "voice"
            source.write(path)
            read = pcapfile.read(path)
        self.assertEqual([datagram.payload for datagram in read], list(source.packets()))
        self.assertAlmostEqual(read[-1].time - read[0].time, 0.98, places=5)

    def test_sip_is_not_rtp_and_the_other_way_round(self):
        sip = pcapfile.Datagram(0, CALLER, GATEWAY, b"NOTIFY sip:a@b SIP/2.0\r\no: refer\r\ni: 7@b\r\n"
                                b"Subscription-State: terminated;\r\n reason=noresource\r\n\r\nSIP/2.0 408 Timeout\r\n")
        rtp = pcapfile.Datagram(0, CALLER, GATEWAY, next(tone.Source("agent", 1).packets()))
        rtcp = rtp._replace(payload=bytes([0x80, 200]) + bytes(26))
        message = sipmsg.parse(sip)
        self.assertEqual((message.method, message.call_id, message.header("event"), message.sipfrag),
                         ("NOTIFY", "7@b", "refer", 408))
        self.assertIn("reason=noresource", message.header("subscription-state"))
        self.assertIsNone(sipmsg.parse(rtp))
        self.assertIsNone(judge.parse_rtp(sip))
        self.assertIsNone(judge.parse_rtp(rtcp))
        self.assertEqual(len(judge.parse_rtp(rtp).payload), 160)


if __name__ == "__main__":
    unittest.main()
