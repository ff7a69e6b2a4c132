#!/usr/bin/python3
"""What frames look like on the wire, on ports that are captures, as not every kernel knows 802.1Q: a port in a VLAN whose
kernel interface sees no tag, the kernel's answers and media tagged, other VLANs kept away; IPv4 on one leg and IPv6 on the
other, on two networks; and jumbo frames to the kernel and from it."""

import ipaddress
import os
import socket
import struct

import link
import net

OURS = bytes.fromhex("02aa00000001")
PEER_A, PEER_B = bytes.fromhex("02bb0000000a"), bytes.fromhex("02bb0000000b")
COUNT, VLAN = 40, 20


def write(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000, i, len(frame), len(frame)) + frame)


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        size = struct.unpack("<I", data[at + 8:at + 12])[0]
        frames.append(data[at + 16:at + 16 + size])
        at += 16 + size
    return frames


def tagged(frame, vlan):
    return frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:]


def udp4(source, destination, payload, mac=PEER_A):
    return net.ethernet(OURS, mac, net.ipv4(source[0], destination[0], 17, net.udp(source, destination, payload)))


def udp6(source, destination, payload, mac=PEER_B):
    raw = [ipaddress.ip_address(a).packed for a in (source[0], destination[0])]
    header = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0)
    total = net.checksum(raw[0] + raw[1] + struct.pack("!IHBB", 8 + len(payload), 0, 0, 17) + header + payload) or 0xFFFF
    packet = struct.pack("!IHBB", 6 << 28, 8 + len(payload), 17, 64) + raw[0] + raw[1]
    return net.ethernet(OURS, mac, packet + header[:6] + struct.pack("!H", total) + payload, 0x86DD)


def tcp4(source, destination, payload):
    header = struct.pack("!HHIIBBHHH", source[1], destination[1], 1, 1, 0x50, 0x18, 8192, 0, 0)
    pseudo = socket.inet_aton(source[0]) + socket.inet_aton(destination[0]) + struct.pack("!HH", 6, 20 + len(payload))
    total = net.checksum(pseudo + header + payload)
    return net.ethernet(OURS, PEER_A, net.ipv4(source[0], destination[0], 6, header[:16] + struct.pack("!H", total) +
                                               header[18:] + payload))


def arp(mac, source, target):
    return net.ethernet(b"\xff" * 6, mac, struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(source),
                                                      bytes(6), socket.inet_aton(target)), 0x0806)


def stream(letter):
    return [net.rtp(1000 + i, 160 * i, 0x11111111, b"%s%03d" % (letter, i) + bytes(156)) for i in range(COUNT)]


def heard(packets):
    rows = [net.rtp_parse(p) for p in packets]
    assert {(y["sequence"] - x["sequence"]) & 0xFFFF for x, y in zip(rows, rows[1:])} == {1}
    return [r["payload"][:4] for r in rows]


def gateway(make, folder):
    lab = make(driver="net_x")
    with open(lab.config) as f:
        text = f.read()
    for number in (0, 1):
        text = text.replace("net_x%d,iface=lower%d" % (number, number), '"net_pcap%d,rx_pcap=%s/in%d.pcap,tx_pcap=%s/out%d.pcap"'
                            % (number, folder, number, folder, number))
    text = text.replace("mtu: 1500", "mtu: 9000\n    vlan: %d" % VLAN, 1).replace("memory: 128", "memory: 256")
    with open(lab.config, "w") as f:
        f.write(text)
    return lab


def neighbours(lab):
    for address, mac, tap in (("192.0.2.2", PEER_A, "xfg-out"), ("2001:db8:2::2", PEER_B, "xfg-in")):
        lab.gateway.ip("neigh", "replace", address, "lladdr", mac.hex(":"), "dev", tap, "nud", "permanent")


def test(make):
    big = net.INVITE.replace(b"x" * 1800, b"x" * 7000)
    sip, stranger = ("192.0.2.2", 5060), ("192.0.2.1", 5060)
    frames = [arp(PEER_A, "192.0.2.2", "192.0.2.1")]
    frames += [udp4(("192.0.2.2", 4000), ("192.0.2.1", 20000), p) for p in stream(b"a")]
    frames += [udp4(sip, stranger, big), tcp4(("192.0.2.2", 4321), ("192.0.2.1", 9), b"t" * 8000)]
    wrong = [udp4(sip, stranger, net.INVITE[:500])]
    wrong += [udp4(("192.0.2.2", 4000), ("192.0.2.1", 20000), net.rtp(2000, 0, 0x11111111, b"w%03d" % 0 + bytes(156)))]
    with net.tempfile.TemporaryDirectory(prefix="xfgdp-wire-") as folder:
        write(folder + "/in0.pcap", [tagged(f, VLAN) for f in frames] + [tagged(f, VLAN + 1) for f in wrong] + wrong)
        write(folder + "/in1.pcap", [udp6(("2001:db8:2::2", 5000), ("2001:db8:2::1", 30000), p) for p in stream(b"b")])
        lab = gateway(make, folder).start()
        neighbours(lab)
        socket_sip = lab.gateway.udp("192.0.2.1", 5060)
        with lab.gateway:
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        raw.bind(("xfg-out", 3))
        raw.settimeout(5)
        control = lab.link(1)
        ea = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
        eb = control.open(link.index(3, 30000), link.settings(("2001:db8:2::2", 5000), "2001:db8:2::2", 1))
        control.patch((eb, ea, 0), (ea, eb, 0))
        net.wait_for("neighbours", lambda: all(r["resolved"] for r in control.dump().values()))
        control.sources([("192.0.2.2/32", 1, "provider")])
        net.wait_for("all is forwarded", lambda: [control.dump()[e]["tx_packets"] for e in (ea, eb)] == [COUNT, COUNT])
        data, source = socket_sip.recvfrom(65535)
        assert (data, source) == (big, sip), (len(data), source)
        assert len(data) > 7000
        socket_sip.sendto(b"SIP/2.0 200 OK\r\nX: " + b"y" * 8000 + b"\r\n\r\n", source)
        lengths = []
        while 14 + 20 + 20 + 8000 not in lengths:
            frame = raw.recv(65535)
            assert frame[12:14] != b"\x81\x00", "the kernel interface sees a tag"
            lengths.append(len(frame))
        net.wait_for("other VLANs are kept away", lambda: control.stats()["drops"]["other-vlan"] == len(wrong) * 2)
        assert net.received(socket_sip, 0.2) == [], "SIP of another VLAN got in"
        net.wait_for("the answer is written", lambda: any(len(f) > 8000 for f in read(folder + "/out0.pcap")))
        assert lab.stop() == 0
        out = [read(folder + "/out%d.pcap" % n) for n in (0, 1)]
    assert {f[12:16] for f in out[0]} == {struct.pack("!HH", 0x8100, VLAN)}, "a frame on the VLAN's wire without its tag"
    assert all(f[12:14] != b"\x81\x00" for f in out[1])
    inner = [f[:12] + f[16:] for f in out[0]]
    assert any(f[12:14] == b"\x08\x06" and f[20:22] == b"\x00\x02" for f in inner), "ARP was not answered"
    # What b says in IPv6 comes to a in IPv4, and the other way round.
    to_a = [f for f in inner if f[12:14] == b"\x08\x00" and f[23] == 17 and f[36:38] == struct.pack("!H", 4000)]
    to_b = [f for f in out[1] if f[12:14] == b"\x86\xdd" and f[20] == 17 and f[56:58] == struct.pack("!H", 5000)]
    assert {f[:6] for f in to_a} == {PEER_A} and {f[:6] for f in to_b} == {PEER_B}
    assert heard(f[42:] for f in to_a) == [b"b%03d" % i for i in range(COUNT)]
    assert heard(f[62:] for f in to_b) == [b"a%03d" % i for i in range(COUNT)]
    for f in to_a:
        assert f[14:] == udp4(("192.0.2.1", 20000), ("192.0.2.2", 4000), f[42:])[14:14 + 2] + f[16:] and net.checksum(f[14:34]) == 0
        assert f[34:] == net.udp(("192.0.2.1", 20000), ("192.0.2.2", 4000), f[42:])
    for f in to_b:
        assert f[54:] == udp6(("2001:db8:2::1", 30000), ("2001:db8:2::2", 5000), f[62:])[54:]


net.main(test)
