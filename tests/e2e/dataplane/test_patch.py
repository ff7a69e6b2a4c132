#!/usr/bin/python3
"""A patch moves in mid-stream: the receiver hears one SSRC, sequences without a gap, and each source in its time."""

import time

import link
import net


def test(make):
    lab = make().start()
    control = lab.link(1)
    caller = lab.a.udp("192.0.2.2", 4000)
    agent, target = lab.b.udp("198.51.100.2", 5000), lab.b.udp("198.51.100.2", 6000)
    ec = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
    ea = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
    et = control.open(link.index(2, 20002), link.settings(("198.51.100.2", 6000), "198.51.100.2", 1))
    control.patch((ec, ea, 0), (ea, ec, 0))
    net.wait_for("neighbours", lambda: all(row["resolved"] for row in control.dump().values()))

    moved = None
    for i in range(100):
        agent.sendto(net.rtp(500 + i, 160 * i, 0xAAAAAAAA, b"agent %03d" % i + bytes(151)), ("198.51.100.1", 20000))
        if i == 50:
            # Armed: the agent goes on until the target's first packet.
            control.patch((ec, et, 0.5), (et, ec, 0), (ea, None, 0))
            moved = i
        if i >= 60:
            target.sendto(net.rtp(40000 + i, 77777 + 160 * i, 0xBBBBBBBB, b"target%03d" % i + bytes(151)),
                          ("198.51.100.1", 20002))
        time.sleep(0.02)
    got = [net.rtp_parse(p) for p in net.received(caller, count=98)]
    assert len({p["ssrc"] for p in got}) == 1, "the caller heard %d SSRCs" % len({p["ssrc"] for p in got})
    steps = [(y["sequence"] - x["sequence"]) & 0xFFFF for x, y in zip(got, got[1:])]
    assert set(steps) == {1}, "sequence steps %s" % steps
    heard = [p["payload"][:9].decode() for p in got]
    first = next(i for i, text in enumerate(heard) if text.startswith("target"))
    assert moved is not None and 58 <= first <= 62, "the target came in at %d" % first
    assert all(text.startswith("agent") for text in heard[:first])
    assert heard[first:] == ["target%03d" % i for i in range(60, 100)], "not every packet of the target, in order"
    forward = [(y["timestamp"] - x["timestamp"]) & 0xFFFFFFFF for x, y in zip(got, got[1:])]
    # A new source's first timestamp follows the clock, and a busy machine may let it wait.
    assert all(0 < step < 16000 for step in forward), "timestamps jump: %s" % forward
    control.poll_events(0.1)
    assert ("armed-fired", *ec) in [e[:3] for e in control.events], control.events

    for i in range(10):
        caller.sendto(net.rtp(i, 160 * i, 0xCCCCCCCC, b"caller%02d" % i + bytes(152)), ("192.0.2.1", 20000))
    assert len(net.received(target, count=10)) == 10, "the target did not hear the caller"
    assert net.received(agent, 0.2) == [], "the agent still hears the caller"
    assert lab.stop() == 0


net.main(test)
