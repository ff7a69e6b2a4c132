#!/usr/bin/python3
"""The caller of an endpoint that a prompt feeds hears ringback: 440 and 480 Hz, 2 s on, 4 s off, a packet each 20 ms, while
nobody sends anything; it rings on without a control plane; a patch takes over in the same stream."""

import math
import os
import socket
import sys
import time

import link
import net

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab"))
import tone


def goertzel(samples, hz):
    """Amplitude of the sine of that frequency."""
    k, s1, s2 = 2 * math.cos(2 * math.pi * hz / tone.RATE), 0.0, 0.0
    for sample in samples:
        s1, s2 = sample + k * s1 - s2, s1
    return 2 * math.sqrt(max(0.0, s1 * s1 + s2 * s2 - k * s1 * s2)) / len(samples)


def hear(sock, count):
    """So many packets, each with the time at which it came."""
    sock.settimeout(1)
    got = []
    while len(got) < count:
        data = sock.recv(65535)
        got.append(dict(net.rtp_parse(data), at=time.monotonic(), type=data[1] & 0x7F, marker=data[1] >> 7))
    return got


def expect_stream(got):
    assert len({p["ssrc"] for p in got}) == 1, "%d SSRCs" % len({p["ssrc"] for p in got})
    steps = {(y["sequence"] - x["sequence"]) & 0xFFFF for x, y in zip(got, got[1:])}
    assert steps == {1}, "sequence steps %s" % steps


def expect_pace(got):
    """A packet each 20 ms. A busy machine delays some, but brings none early: the promptest tell when packets were due."""
    late = [p["at"] - 0.02 * i for i, p in enumerate(got)]
    drift = min(late[len(late) // 2:]) - min(late[:len(late) // 2])
    assert abs(drift) < 0.015, "%.3f s of drift over %d packets" % (drift, len(got))


def ring(lab, control, family, address, gateway, local, port):
    caller = lab.a.udp(address, 4000, family)
    ec = control.open(link.index(local, port), link.settings((address, 4000), address, 0))
    net.wait_for("neighbour", lambda: control.dump()[ec]["resolved"])
    control.patch((ec, (link.PROMPT, control.prompts["ringback-us"][0]), 0))
    assert control.dump()[ec]["source"] == (link.PROMPT, control.prompts["ringback-us"][0]), control.dump()[ec]["source"]
    got = hear(caller, 150)
    expect_stream(got)
    assert {(y["timestamp"] - x["timestamp"]) & 0xFFFFFFFF for x, y in zip(got, got[1:])} == {160}
    assert {p["type"] for p in got} == {0} and [p["marker"] for p in got[:3]] == [1, 0, 0]
    assert all(len(p["payload"]) == 160 for p in got)
    expect_pace(got)
    sound = [tone.DECODED[byte] for p in got for byte in p["payload"]]
    lead = tone.RATE // 10  # silence, in which every decoder comes into the same state
    on, off = sound[lead:lead + 2 * tone.RATE], sound[lead + 2 * tone.RATE:]
    assert max(abs(s) for s in sound[:lead]) < 16, "no silence before the tone"
    heard = {hz: goertzel(on, hz) for hz in (400, 425, 440, 460, 480, 620)}
    assert min(heard[440], heard[480]) > 3000, heard
    assert max(heard[hz] for hz in (400, 425, 460, 620)) < 100, heard
    assert max(abs(s) for s in off) < 16, "no silence after 2 s"
    return caller, ec


def test(make):
    lab = make().start()
    control = lab.link(1)
    caller, ec = ring(lab, control, socket.AF_INET, "192.0.2.2", "192.0.2.1", 0, 20000)

    # An agent's patch takes over.
    agent = lab.b.udp("198.51.100.2", 5000)
    ea = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
    control.patch((ec, ea, 0.5))
    before = hear(caller, 10)
    for i in range(20):
        agent.sendto(net.rtp(500 + i, 160 * i, 0xAAAAAAAA, b"agent %03d" % i + bytes(151)), ("198.51.100.1", 20000))
        time.sleep(0.02)
    after = [net.rtp_parse(p) for p in net.received(caller, 0.3)]
    expect_stream(before + after)
    spoken = [p["payload"][:9] for p in after if p["payload"].startswith(b"agent")]
    assert spoken == [b"agent %03d" % i for i in range(20)], spoken
    assert after[-1]["payload"].startswith(b"agent"), "it still rings"

    # Without a control plane it rings on; nothing else does.
    control.patch((ec, (link.PROMPT, control.prompts["ringback-eu"][0]), 0))
    control.close()
    net.received(caller, 0.001)
    assert len(hear(caller, 50)) == 50
    control = lab.link(2)
    assert control.command("patch", control.patch_body([(ec, (link.PROMPT, 511), 0)]))[0] == -22
    assert control.command("patch", control.patch_body([(ec, (link.PROMPT, 0), 0)]))[0] == -22
    control.patch((ec, None, 0))
    net.received(caller, 0.1)
    assert net.received(caller, 0.3) == [], "it rings although nothing feeds it"
    ring(lab, control, socket.AF_INET6, "2001:db8:1::2", "2001:db8:1::1", 1, 20002)
    assert control.stats()["drops"]["no-mbuf"] == 0
    assert lab.stop() == 0
    lab.remove()

    # Two workers: the owner hands what it plays to the one that has the port's queue.
    lab = make(workers=2).start()
    control = lab.link(1)
    caller = lab.a.udp("192.0.2.2", 4000)
    ec = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0), 1)
    net.wait_for("neighbour", lambda: control.dump()[ec]["resolved"])
    control.patch((ec, (link.PROMPT, control.prompts["ringback-gb"][0]), 0))
    expect_stream(hear(caller, 50))
    assert lab.stop() == 0


if __name__ == "__main__":
    net.main(test)
