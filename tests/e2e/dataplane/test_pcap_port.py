#!/usr/bin/python3
"""Ports on captures (net_pcap): what is in a file comes in once the control plane is there, is screened and forwarded, and
what is sent stands in another file; over and over for load; several files for several workers; a clear word when a file is
not to be had."""

import os
import random
import socket
import struct

import link
import net

GATEWAY = bytes.fromhex("02aa00000001")  # where both captures were sent to; no MAC of the driver's
PEER_A = bytes.fromhex("02bb0000000a")
PEER_B = bytes.fromhex("02bb0000000b")
COUNT = 50
SPREAD = 20000  # packets of each of four streams


def write(path, frames, linktype=1):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype))
        for i, frame in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000, 20000 * i, len(frame), len(frame)) + frame)


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    assert struct.unpack("<I", data[:4])[0] in (0xA1B2C3D4, 0xA1B23C4D), data[:4]
    assert struct.unpack("<I", data[20:24])[0] == 1
    frames, at = [], 24
    while at < len(data):
        length = struct.unpack("<I", data[at + 8:at + 12])[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def datagrams(frames, destination):
    """UDP over IPv4 to (address, port): (Ethernet header, source port, payload)."""
    out = []
    for frame in frames:
        ip = frame[14:]
        if frame[12:14] != b"\x08\x00" or ip[9] != 17 or ip[16:20] != socket.inet_aton(destination[0]):
            continue
        size = struct.unpack("!H", ip[2:4])[0]
        source, port = struct.unpack("!HH", ip[20:24])
        if port == destination[1]:
            assert net.checksum(ip[:20]) == 0
            assert ip[20:size] == net.udp((socket.inet_ntoa(ip[12:16]), source), destination, ip[28:size])
            out.append((frame[:14], source, ip[28:size]))
    return out


def frame(source, destination, payload, mac=PEER_A):
    return net.ethernet(GATEWAY, mac, net.ipv4(source[0], destination[0], 17, net.udp(source, destination, payload)))


def media(source, destination, letter, mac):
    return [frame(source, destination, net.rtp(1000 + i, 160 * i, 0x11111111, b"%s%03d" % (letter, i) + bytes(156)), mac)
            for i in range(COUNT)]


def gateway(make, outside, inside, workers=1):
    """A lab without wires: its ports are these devices."""
    lab = make(driver="net_x", workers=workers)
    with open(lab.config) as f:
        text = f.read()
    text = text.replace("net_x0,iface=lower0", '"net_pcap0,%s"' % outside).replace(
        "net_x1,iface=lower1", '"net_pcap1,%s"' % inside)
    with open(lab.config, "w") as f:
        f.write(text)
    return lab


def neighbour(lab, tap, address, mac):
    lab.gateway.ip("neigh", "replace", address, "lladdr", mac.hex(":"), "dev", tap, "nud", "permanent")


def pair(lab, control):
    ea = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
    eb = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
    control.patch((eb, ea, 0), (ea, eb, 0))
    net.wait_for("neighbours resolved", lambda: all(r["resolved"] for r in control.dump().values()))
    return ea, eb


def once(make, folder):
    here = lambda name: os.path.join(folder, name)
    options = b"OPTIONS sip:192.0.2.1 SIP/2.0\r\n\r\n"
    write(here("in0.pcap"),
          [net.ethernet(b"\xff" * 6, PEER_A, bytes(46), 0x0806)] +
          media(("192.0.2.2", 4000), ("192.0.2.1", 20000), b"a", PEER_A) +
          [frame(("192.0.2.2", 4444), ("192.0.2.1", 20000), net.rtp(1, 1, 3, b"evil")),
           frame(("192.0.2.2", 5060), ("192.0.2.1", 5060), options),
           frame(("192.0.2.77", 5060), ("192.0.2.1", 5060), options)])
    write(here("in1.pcap"), media(("198.51.100.2", 5000), ("198.51.100.1", 20000), b"b", PEER_B))
    lab = gateway(make, "rx_pcap=%s,tx_pcap=%s" % (here("in0.pcap"), here("out0.pcap")),
                  "rx_pcap=%s,tx_pcap=%s" % (here("in1.pcap"), here("out1.pcap"))).start()
    assert lab.gateway.mac("xfg-out") == GATEWAY, "the port's MAC is not the capture's"
    neighbour(lab, "xfg-out", "192.0.2.2", PEER_A)
    neighbour(lab, "xfg-in", "198.51.100.2", PEER_B)
    sip = lab.gateway.udp("192.0.2.1", 5060)
    control = lab.link(1)
    ea, eb = pair(lab, control)
    assert control.stats()["ports"]["outside"]["rx_packets"] == 0, "a capture does not wait"
    control.sources([("192.0.2.2/32", 1, "provider")])
    net.wait_for("all is forwarded", lambda: [control.dump()[e]["tx_packets"] for e in (ea, eb)] == [COUNT, COUNT])
    data, source = sip.recvfrom(65535)
    assert (data, source) == (options, ("192.0.2.2", 5060)), (data, source)
    sip.sendto(b"SIP/2.0 200 OK\r\n\r\n", source)
    stats = control.stats()
    assert stats["drops"]["sip-source"] == 1, stats["drops"]
    assert stats["drops"]["wrong-source"] == 1, stats["drops"]
    assert stats["drops"]["other-mac"] == 0, stats["drops"]
    assert stats["ports"]["outside"]["rx_packets"] == COUNT + 4, stats["ports"]
    assert stats["ports"]["outside"]["driver"] == "net_pcap"
    net.wait_for("the answer is written", lambda: datagrams(read(here("out0.pcap")), ("192.0.2.2", 5060)))
    assert net.received(sip, 0.1) == [], "a stranger's SIP got through"
    assert lab.stop() == 0
    for address in ("192.0.2.2", "198.51.100.2"):
        entry = lab.gateway.ip("neigh", "show", address)
        assert "PERMANENT" in entry, "the operator's neighbour became '%s'" % entry.strip()
    for name, letter, mac, remote in (("out0.pcap", b"b", PEER_A, ("192.0.2.2", 4000)),
                                      ("out1.pcap", b"a", PEER_B, ("198.51.100.2", 5000))):
        sent = datagrams(read(here(name)), remote)
        assert {header for header, _, _ in sent} == {mac + GATEWAY + b"\x08\x00"}, sent[0][0].hex()
        assert {port for _, port, _ in sent} == {20000}
        heard = [net.rtp_parse(payload) for _, _, payload in sent]
        assert [p["payload"][:4] for p in heard] == [b"%s%03d" % (letter, i) for i in range(COUNT)]
        assert {(y["sequence"] - x["sequence"]) & 0xFFFF for x, y in zip(heard, heard[1:])} == {1}
        assert len({p["ssrc"] for p in heard}) == 1
    assert datagrams(read(here("out0.pcap")), ("192.0.2.2", 5060))[0][2].startswith(b"SIP/2.0 200")
    log = lab.log_text()
    assert "event=port-not-promiscuous" not in log and "event=capture-begins port=outside" in log, log
    sip.close()
    lab.remove()


def load(make, folder):
    """A file over and over, with nothing written: the way to keep a gateway busy."""
    path = os.path.join(folder, "loop.pcap")
    write(path, media(("192.0.2.2", 4000), ("192.0.2.1", 20000), b"a", PEER_A))
    lab = gateway(make, "rx_pcap=%s,infinite_rx=1" % path, "tx_pcap=%s" % os.path.join(folder, "none.pcap")).start()
    neighbour(lab, "xfg-out", "192.0.2.2", PEER_A)
    control = lab.link(1)
    control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
    control.sources([])
    net.wait_for("the file comes again", lambda: control.stats()["ports"]["outside"]["rx_packets"] > 100 * COUNT)
    assert control.stats()["drops"]["unpatched"] > 10 * COUNT
    assert lab.stop() == 0
    lab.remove()


def numbered(flow, number):
    """A packet of a call's side; without UDP checksum, for they are many."""
    payload = net.rtp(number, 160 * number, 0x10 + flow, struct.pack("!II", flow, number) + bytes(32))
    header = struct.pack("!HHHH", 5000 + 2 * flow, 20000 + 2 * flow, 8 + len(payload), 0)
    return net.ethernet(GATEWAY, PEER_B, net.ipv4("198.51.100.2", "198.51.100.1", 17, header + payload))


def write_spread(paths):
    """Each packet in one of the files by chance; in each file the order stays."""
    chance = random.Random(1)
    files = [[] for _ in paths]
    for number in range(SPREAD):
        for flow in range(4):
            chance.choice(files).append(numbered(flow, number))
    for path, frames in zip(paths, files):
        write(path, frames)


def judge_heard(packets, call, moves):
    """What a caller heard: each packet once, of one of its two sides, which take turns no oftener than they were moved; no
    sequence number twice."""
    sides, numbers, used, highest = [], set(), set(), None
    for packet in packets:
        flow, number = struct.unpack("!II", packet["payload"][:8])
        assert flow // 2 == call, "call %d hears %d" % (call, flow)
        assert (flow, number) not in numbers, "%d of %d is heard twice" % (number, flow)
        numbers.add((flow, number))
        if sides[-1:] != [flow]:
            sides.append(flow)
        highest = packet["sequence"] if highest is None else highest
        sequence = highest + ((packet["sequence"] - highest + 0x8000) & 0xFFFF) - 0x8000
        assert sequence not in used, "sequence number %d twice" % sequence
        used.add(sequence)
        highest = max(highest, sequence)
    assert 1 < len(sides) <= moves + 1, "%d times another side in %d moves" % (len(sides) - 1, moves)
    assert len({packet["ssrc"] for packet in packets}) == 1


def spread(make, folder):
    """Two workers, each with a file of its own for a queue, whoever owns what comes in it, and moves meanwhile. The files go
    in as fast as they can, so what finds no room or comes too late for its order is dropped, by name."""
    ins, out, total = [os.path.join(folder, "in%d.pcap" % i) for i in range(2)], os.path.join(folder, "spread.pcap"), 4 * SPREAD
    write_spread(ins)
    lab = gateway(make, "tx_pcap=%s" % out, ",".join("rx_pcap=" + path for path in ins), workers=2).start()
    neighbour(lab, "xfg-out", "192.0.2.2", PEER_A)
    control = lab.link(1)
    callers = [control.open(link.index(0, 20000 + 2 * call), link.settings(("192.0.2.2", 4000 + 2 * call), "192.0.2.2", 0), call)
               for call in range(2)]
    sides = [control.open(link.index(2, 20000 + 2 * flow), link.settings(("198.51.100.2", 5000 + 2 * flow), None, 1), flow // 2)
             for flow in range(4)]
    for call in range(2):
        control.patch((callers[call], sides[2 * call], 0))
    net.wait_for("neighbours resolved", lambda: all(control.dump()[e]["resolved"] for e in callers))
    control.sources([])
    moves = 0
    while moves % 8 or control.stats()["ports"]["inside"]["rx_packets"] < total:
        moves += 1
        for call in range(2):
            control.patch((callers[call], sides[2 * call + moves % 2], 0))

    def accounted():
        stats, rows = control.stats(), control.dump()
        sent, drops, port = sum(rows[e]["tx_packets"] for e in callers), stats["drops"], stats["ports"]["outside"]
        # Worker 0 sends what the other one has for the port a little later.
        return (sent + sum(drops.values()) - drops["tx-full"] == total and
                port["tx_packets"] - port["tap_in"] >= sent - drops["tx-full"])
    net.wait_for("all is accounted for", accounted)
    stats = control.stats()
    dropped = {name: count for name, count in stats["drops"].items() if count}
    assert set(dropped) <= {"unpatched", "before-mapped", "sequence-jump", "handover-full", "tx-full"}, dropped
    others = sum(row["handed_over"] for row in stats["workers"]) + dropped.get("handover-full", 0)
    assert 0.45 * total < others < 0.55 * total, stats["workers"]
    assert lab.stop() == 0
    frames, heard = read(out), 0
    for call in range(2):
        to = struct.pack("!H", 4000 + 2 * call)
        packets = [net.rtp_parse(f[42:]) for f in frames if f[12:14] == b"\x08\x00" and f[23] == 17 and f[36:38] == to]
        judge_heard(packets, call, moves)
        heard += len(packets)
    assert heard + sum(dropped.values()) == total, (heard, dropped)
    lab.remove()


def refused(make, folder):
    here = lambda name: os.path.join(folder, name)
    with open(here("text.pcap"), "w") as f:
        f.write("not a capture, but long enough to have been one\n")
    write(here("cooked.pcap"), [], linktype=113)
    write(here("good.pcap"), media(("192.0.2.2", 4000), ("192.0.2.1", 20000), b"a", PEER_A))
    for device, said in (("rx_pcap=" + here("no.pcap"), "No such file or directory"),
                         ("rx_pcap=" + here("a,b.pcap"), "a comma ends a file's name"),
                         ("rx_pcap=" + here("text.pcap"), "unknown file format"),
                         ("rx_pcap=" + here("cooked.pcap"), "not captured on Ethernet"),
                         ("rx_pcap=%s,tx_pcap=%s" % (here("good.pcap"), here("no/out.pcap")), "No such file or directory")):
        lab = gateway(make, device, "tx_pcap=" + here("none.pcap"))
        try:
            lab.start()
        except AssertionError as e:
            assert "daemon ended with 1" in str(e), e
        else:
            raise AssertionError("started with " + device)
        lab.daemon = None
        lines = [line for line in lab.log_text().splitlines() if " error " in line]
        assert len(lines) == 1 and "event=capture-failed port=outside" in lines[0] and said in lines[0], lines
        lab.remove()


def test(make):
    with net.tempfile.TemporaryDirectory(prefix="xfgdp-pcap-") as folder:
        once(make, folder)
        load(make, folder)
        spread(make, folder)
        refused(make, folder)


net.main(test)
