#!/usr/bin/python3
"""What the gateway says in RTCP, as tshark reads it: its own reports to a caller that a prompt plays to, an agent's that it
passes on, and the BYE at the end."""

import os
import select
import struct
import subprocess
import tempfile
import time

import link
import net

FIELDS = ("rtcp.pt", "rtcp.rc", "rtcp.senderssrc", "rtcp.timestamp.ntp.msw", "rtcp.timestamp.rtp", "rtcp.sender.packetcount",
          "rtcp.sender.octetcount", "rtcp.ssrc.identifier", "rtcp.ssrc.fraction", "rtcp.ssrc.cum_nr", "rtcp.ssrc.high_seq",
          "rtcp.ssrc.lsr", "rtcp.ssrc.dlsr", "rtcp.sdes.text", "rtcp.length_check", "_ws.expert.severity", "_ws.malformed")
CALLER, AGENT = 0xCA, 0xA6


def report(kind, ssrc, sender=(), block=()):
    words = (ssrc,) + tuple(sender) + tuple(block)
    head = 0x80000000 | (1 if block else 0) << 24 | kind << 16 | len(words)
    sdes = struct.pack("!IIBB", 0x81CA0003, ssrc, 1, 4) + b"name\0\0"
    return struct.pack("!%dI" % (len(words) + 1), head, *words) + sdes


def read(datagrams):
    """A row of FIELDS for each (payload, source port, destination port), several values joined by a comma."""
    frames = [net.ethernet(b"\2" * 6, b"\4" * 6,
                           net.ipv4("192.0.2.1", "192.0.2.2", 17, net.udp(("192.0.2.1", source), ("192.0.2.2", port), data)))
              for data, source, port in datagrams]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("=IIII", number, 0, len(frame), len(frame)) + frame)
        file.flush()
        words = ["tshark", "-r", file.name, "-d", "udp.port==4001,rtcp", "-T", "fields", "-E", "separator=;"]
        for field in FIELDS:
            words += ["-e", field]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, HOME="/nonexistent"))
    assert done.returncode == 0, done.stderr
    rows = [dict(zip(FIELDS, line.split(";"))) for line in done.stdout.splitlines()]
    assert len(rows) == len(datagrams), done.stdout
    for row in rows:
        assert row["rtcp.length_check"] in ("1", "True"), row
        assert not row["_ws.expert.severity"] and not row["_ws.malformed"], row
    return rows


def value(row, name):
    """The first of its values."""
    return int(row[name].split(",")[0], 0)


def gather(caller, rtcp, seconds, say=None):
    """(RTP packets, RTCP datagrams), each with its time; `say` is called every 20 ms."""
    media, reports, end = [], [], time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        if say:
            say()
        while ready := select.select([caller, rtcp], [], [], max(0, now + 0.02 - time.monotonic()))[0]:
            for sock in ready:
                data, source = sock.recvfrom(65535)
                if sock is caller:
                    media.append(dict(net.rtp_parse(data), at=time.time()))
                else:
                    reports.append(dict(data=data, source=source, at=time.time(), sent=len(media)))
    return media, reports


def own(lab, control, caller, rtcp, ec):
    """With a prompt: a sender report, about what the caller sends, of which each tenth packet is lost."""
    sent = [0]

    def say():
        sent[0] += 1
        if sent[0] % 10:
            caller.sendto(net.rtp(sent[0], 160 * sent[0], CALLER, bytes(160)), ("192.0.2.1", 20000))

    control.patch((ec, (link.PROMPT, control.prompts["ringback-us"][0]), 0))
    rtcp.sendto(report(200, CALLER, (0x12345, 0x67890000, 0, 0, 0)), ("192.0.2.1", 20001))
    told = time.time()
    media, reports = gather(caller, rtcp, 16, say)
    assert 2 <= len(reports) <= 7, "%d reports in 16 s" % len(reports)
    assert all(2.3 < b["at"] - a["at"] < 9 for a, b in zip(reports, reports[1:])), [r["at"] for r in reports]
    before = 0, 0
    for got, row in zip(reports, read([(r["data"], 20001, 4001) for r in reports])):
        assert got["source"] == ("192.0.2.1", 20001)
        assert row["rtcp.pt"] == "200,202" and value(row, "rtcp.rc") == 1, row
        assert value(row, "rtcp.senderssrc") == media[0]["ssrc"], row
        assert abs(value(row, "rtcp.timestamp.ntp.msw") - 2208988800 - got["at"]) < 2, row
        assert abs(value(row, "rtcp.sender.packetcount") - got["sent"]) <= 2, (row, got["sent"])
        assert value(row, "rtcp.sender.octetcount") == 160 * value(row, "rtcp.sender.packetcount"), row
        near = min(media, key=lambda p: abs(p["at"] - got["at"]))
        ahead = (value(row, "rtcp.timestamp.rtp") - near["timestamp"] + 2 ** 31) % 2 ** 32 - 2 ** 31
        assert abs(ahead) < 800, "%d units from the packet of that time" % ahead
        assert value(row, "rtcp.ssrc.identifier") == CALLER, row
        high, lost = value(row, "rtcp.ssrc.high_seq"), value(row, "rtcp.ssrc.cum_nr")
        assert abs(lost - high // 10) <= 1, row
        assert value(row, "rtcp.ssrc.fraction") == (lost - before[1]) * 256 // (high - before[0]), (before, row)
        before = high, lost
        assert value(row, "rtcp.ssrc.lsr") == 0x23456789, row
        assert abs(value(row, "rtcp.ssrc.dlsr") / 65536 - (got["at"] - told)) < 1, row
        assert len(row["rtcp.sdes.text"]) == 24, row
    return media


def passed(lab, control, caller, rtcp, ec, last):
    """The agent's report, with the stream's SSRC and the gateway's time; the caller's answer gives the round trip."""
    agent, agent_rtcp = lab.b.udp("198.51.100.2", 5000), lab.b.udp("198.51.100.2", 5001)
    ea = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
    net.wait_for("neighbour", lambda: control.dump()[ea]["resolved"])
    control.patch((ec, ea, 0), (ea, ec, 0))
    for i in range(10):
        agent.sendto(net.rtp(500 + i, 160 * i, AGENT, bytes(160)), ("198.51.100.1", 20000))
        time.sleep(0.02)
    agent_rtcp.sendto(report(200, AGENT, (0x777, 0, 1440, 10, 1600)), ("198.51.100.1", 20001))
    media, reports = gather(caller, rtcp, 0.5)
    assert len(reports) == 1, reports
    row, = read([(reports[0]["data"], 20001, 4001)])
    assert row["rtcp.pt"] == "200,202" and value(row, "rtcp.rc") == 0, row
    assert value(row, "rtcp.senderssrc") == media[-1]["ssrc"] == last[-1]["ssrc"], row
    assert value(row, "rtcp.timestamp.rtp") == media[-1]["timestamp"], row
    assert abs(value(row, "rtcp.timestamp.ntp.msw") - 2208988800 - reports[0]["at"]) < 2, row
    high, low = struct.unpack("!II", reports[0]["data"][8:16])
    assert control.dump()[ec]["rtt_us"] == 0
    held = time.time() - reports[0]["at"]
    rtcp.sendto(report(201, CALLER, (), (media[-1]["ssrc"], 0, media[-1]["sequence"], 0, (high << 16 | low >> 16) & 0xFFFFFFFF,
                                         int(held * 65536))), ("192.0.2.1", 20001))
    agent_rtcp.settimeout(30)
    row, = read([(agent_rtcp.recv(65535), 20001, 4001)])
    assert row["rtcp.pt"] == "201,202" and value(row, "rtcp.ssrc.high_seq") == 509, row
    assert value(row, "rtcp.ssrc.lsr") == 0x7770000, row
    rtt = net.wait_for("round trip", lambda: control.dump()[ec]["rtt_us"])
    assert rtt < 100000, rtt


def test(make):
    lab = make().start()
    control = lab.link(1)
    caller, rtcp = lab.a.udp("192.0.2.2", 4000), lab.a.udp("192.0.2.2", 4001)
    ec = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
    net.wait_for("neighbour", lambda: control.dump()[ec]["resolved"])
    media = own(lab, control, caller, rtcp, ec)
    passed(lab, control, caller, rtcp, ec, media)
    control.close_endpoint(ec)
    _, reports = gather(caller, rtcp, 0.3)
    row, = read([(r["data"], 20001, 4001) for r in reports])
    assert row["rtcp.pt"] == "200,202,203", row  # the agent was heard a moment ago
    assert control.stats()["drops"]["rtcp-invalid"] == 0
    assert lab.stop() == 0
    lab.remove()


net.main(test)
