"""A gateway whose ports end in a switch (switch.py), and what every kind of port must do."""

import socket

import media
import net
import switch

# Of one frame: the switch's own AF_PACKET cuts off what the kernel has reassembled for it.
INVITE = net.INVITE.replace(b"x" * 1800, b"x" * 1000)


def gateway(make, outside, inside, **named):
    """A lab whose wires end in a switch of their own."""
    lab = make(driver="net_x", **named)
    lab.switch = lab.namespace("sw")
    for number in (0, 1):
        lab.gateway.ip("link", "set", "lower%d" % number, "netns", lab.switch.name)
        lab.switch.ip("link", "set", "lower%d" % number, "up")
    with open(lab.config) as f:
        text = f.read()
    text = text.replace("net_x0,iface=lower0", '"%s"' % outside).replace("net_x1,iface=lower1", '"%s"' % inside)
    with open(lab.config, "w") as f:
        f.write(text)
    return lab


def sip(lab, control):
    control.sources([("192.0.2.2/32", 0, "provider")])
    ours, theirs = lab.gateway.udp("192.0.2.1", 5060), lab.a.udp("192.0.2.2", 5060)
    stranger = lab.b.udp("198.51.100.2", 5060)
    theirs.sendto(INVITE, ("192.0.2.1", 5060))
    data, source = ours.recvfrom(65535)
    assert (data, source) == (INVITE, ("192.0.2.2", 5060)), source
    ours.sendto(b"SIP/2.0 200 OK\r\n\r\n", source)
    assert theirs.recv(2000).startswith(b"SIP/2.0 200")
    inner = lab.gateway.udp("198.51.100.1", 5060)
    stranger.sendto(INVITE, ("198.51.100.1", 5060))
    net.wait_for("a stranger's SIP is dropped", lambda: control.stats()["drops"]["sip-source"] == 1)
    assert net.received(inner, 0.1) == []
    for s in (ours, theirs, stranger, inner):
        s.close()


def run(lab, joined, driver):
    """joined: the switch, whose ports 1 and 3 are the other ends of ours."""
    control = lab.link(1)
    ports = control.stats()["ports"]
    assert {port["driver"] for port in ports.values()} == {driver}, ports
    net.wait_for("the way to a", lambda: "REACHABLE" in answered(lab.gateway, "192.0.2.2", "xfg-out"), 10)
    media.exchange(lab, control, 0, socket.AF_INET, "192.0.2.2", "198.51.100.2", "192.0.2.1", "198.51.100.1", 0, 2, 20000)
    media.exchange(lab, control, 0, socket.AF_INET6, "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::1",
                   "2001:db8:2::1", 1, 3, 30000)
    sip(lab, control)
    net.ping(lab.a, "192.0.2.1", 1472)
    net.ping(lab.b, "2001:db8:2::1")

    def agree():
        theirs = joined.counts()
        ours = control.stats()["ports"]
        return [(ours[n]["tx_packets"], ours[n]["rx_packets"]) for n in ("outside", "inside")] == [theirs[1], theirs[3]]
    net.wait_for("both sides have counted the same", agree, 10)
    assert control.stats()["workers"][0]["forwarded"] >= 200
    control.close()


def answered(namespace, address, interface):
    with namespace:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"", (address, 9))
    s.close()
    return namespace.ip("neigh", "show", address, "dev", interface)


def join(lab, theirs, queues=1):
    return switch.Switch(lab, lab.switch, [("lower%d" % n, theirs.replace("NUMBER", str(n)).replace("FOLDER", lab.folder))
                                           for n in (0, 1)], queues=queues)


def both(make, ours, theirs, driver, first, idle="backoff", queues=1, more=lambda lab: None):
    """Two ports of one kind. first: who makes the sockets, and has to be there first. more: what else is to be done."""
    lab = gateway(make, *("%s%d,%s" % (driver, n, ours) for n in (0, 1)), workers=queues)
    with open(lab.config) as f:
        text = f.read()
    for n in (0, 1):
        text = text.replace("NUMBER", str(n), text.count("NUMBER") // (2 - n))
    with open(lab.config, "w") as f:
        f.write(text.replace("FOLDER", lab.folder).replace("idle: backoff", "idle: " + idle))
    if first == "ours":
        lab.start()
    joined = join(lab, theirs, queues)
    if first == "theirs":
        lab.start()
    run(lab, joined, driver)
    more(lab)
    assert lab.stop() == 0
    lab.remove()
