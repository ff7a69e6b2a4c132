#!/usr/bin/python3
"""A stranger's SIP never reaches a socket, whole or in fragments, on AF_XDP and on AF_PACKET; nor does
its TCP, and it is named; an allowed source's does."""

import socket

import net


def tcp(namespace):
    """Whether SIP's port answers it."""
    with namespace:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(1.5)
    with s:
        try:
            s.connect(("192.0.2.1", 5060))
            return True
        except TimeoutError:
            return False


def screen(make, driver):
    lab = make(driver=driver).start()
    control = lab.link(1)
    drivers = {p["driver"] for p in control.stats()["ports"].values()}
    assert drivers == {driver}, "asked for %s, got %s" % (driver, drivers)
    sip = lab.gateway.udp("192.0.2.1", 5060)
    listener = lab.gateway.tcp("192.0.2.1", 5060)
    other = lab.a.udp("192.0.2.2", 5060)
    raw = lab.a.raw("eth0")
    ours, theirs = lab.gateway.mac("xfg-out"), lab.a.mac("eth0")
    datagram = net.udp(("192.0.2.2", 5060), ("192.0.2.1", 5060), net.INVITE)
    pieces = net.fragments("192.0.2.2", "192.0.2.1", datagram, 800, 77)
    assert len(pieces) == 3

    def send_pieces(order, identification):
        for piece in (net.fragments("192.0.2.2", "192.0.2.1", datagram, 800, identification)[i] for i in order):
            raw.send(net.ethernet(ours, theirs, piece))

    control.sources([("10.9.0.0/16", 1, "provider")])
    for _ in range(3):
        other.sendto(b"INVITE sip:x@192.0.2.1 SIP/2.0\r\n\r\n", ("192.0.2.1", 5060))
    other.sendto(net.INVITE, ("192.0.2.1", 5060))
    for number, order in enumerate(((2, 1, 0), (0, 1, 2), (1, 2, 0))):
        send_pieces(order, 100 + number)
    assert net.received(sip, 1.0) == [], "%s: a stranger's SIP reached the socket" % driver
    drops = control.stats()["drops"]
    if driver == "net_af_xdp":
        assert drops["sip-source"] >= 3 and drops["fragment-source"] >= 9, drops
    else:
        # The kernel reassembles for AF_PACKET: three small ones, one fragmented by the sender's kernel, three by us.
        assert drops["sip-source"] >= 7, drops
    assert not tcp(lab.a), "%s: a stranger's TCP reached SIP's port" % driver
    stats = control.stats()
    drops = stats["drops"]
    assert drops["sip-tcp-source"] >= 1, drops
    refused = drops["sip-source"] + drops["sip-tcp-source"] + drops["fragment-source"]
    assert [row[:3] for row in stats["strangers"]] == [("192.0.2.2/32", refused, 0)], stats["strangers"]

    control.sources([("192.0.2.0/24", 5, "provider")])
    other.sendto(b"OPTIONS sip:x@192.0.2.1 SIP/2.0\r\n\r\n", ("192.0.2.1", 5060))
    assert net.received(sip, 1.0, 1) == [b"OPTIONS sip:x@192.0.2.1 SIP/2.0\r\n\r\n"], "allowed SIP did not come once"
    send_pieces((2, 1, 0), 200)
    send_pieces((0, 1, 2), 201)
    assert net.received(sip, 1.0, 2) == [net.INVITE] * 2, "allowed fragments did not come, each once"
    assert tcp(lab.a), "allowed TCP did not reach SIP's port"
    listener.close()
    passed, _ = control.stats()["peers"][5]
    assert passed > 0

    control.sources([])
    control.admit("192.0.2.2")
    other.sendto(b"SIP/2.0 200 OK\r\n\r\n", ("192.0.2.1", 5060))
    assert net.received(sip, 0.5, 1) == [b"SIP/2.0 200 OK\r\n\r\n"], "an admitted address was refused"
    control.admit("192.0.2.2", withdraw=True)
    other.sendto(b"SIP/2.0 200 OK\r\n\r\n", ("192.0.2.1", 5060))
    assert net.received(sip, 0.5) == [], "a withdrawn address was let in"

    # The control plane connects again: its own stay. Another one comes after it: what the last one had admitted goes.
    control.admit("192.0.2.2")
    control.close()
    control = lab.link(1)
    other.sendto(b"SIP/2.0 200 OK\r\n\r\n", ("192.0.2.1", 5060))
    assert net.received(sip, 0.5, 1) == [b"SIP/2.0 200 OK\r\n\r\n"], "a new connection ended an admission"
    control.close()
    control = lab.link(2)
    other.sendto(b"SIP/2.0 200 OK\r\n\r\n", ("192.0.2.1", 5060))
    assert net.received(sip, 0.5) == [], "an address that a former control plane admitted was let in"
    control.admit("192.0.2.2")
    other.sendto(b"SIP/2.0 200 OK\r\n\r\n", ("192.0.2.1", 5060))
    assert net.received(sip, 0.5, 1) == [b"SIP/2.0 200 OK\r\n\r\n"], "an address cannot be admitted again"
    assert lab.stop() == 0
    lab.remove()


def test(make):
    screen(make, "net_af_xdp")
    screen(make, "net_af_packet")


net.main(test)
