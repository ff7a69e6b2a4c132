#!/usr/bin/python3
"""A bonded port (net_bonding, active backup) over two vhost-user ports, each to a switch of its own: media goes on when the
switch that carries it dies, the other way too, and counts on the wire say which way it took.

     a ── bridge ─┬─ veth ── testpmd one ── vhost ─┬─ gateway ── vhost ── testpmd two ── veth ── b
                  └─ veth ── testpmd two ── vhost ─┘
"""

import time

import link
import net
import nfv
import switch

MEMBERS = ", ".join('"net_virtio_user%d,path=FOLDER/%d.sock,mac=02:00:00:00:00:a%d"' % (n, n, n) for n in (0, 1))


def wires(lab):
    """A second wire from a, and a bridge over both of its ends there."""
    net.run("ip", "link", "add", "lower2", "netns", lab.switch.name, "type", "veth", "peer", "name", "eth1", "netns",
            lab.a.name)
    lab.switch.ip("link", "set", "lower2", "up")
    lab.a.ip("addr", "flush", "dev", "eth0")
    lab.a.ip("link", "add", "br0", "type", "bridge")
    for name in ("eth0", "eth1"):
        lab.a.ip("link", "set", name, "master", "br0", "up")
        lab.a.exec("ethtool", "-K", name, "tx", "off")
    lab.a.ip("link", "set", "br0", "up")
    lab.a.ip("addr", "add", "192.0.2.2/24", "dev", "br0")
    lab.a.exec("ethtool", "-K", "br0", "tx", "off")
    lab.a.ip("route", "add", "default", "via", "192.0.2.1")


class Talk:
    """RTP both ways, a packet each every 5 ms; who heard which."""

    def __init__(self, lab, control):
        self.one, self.two = lab.a.udp("192.0.2.2", 4000), lab.b.udp("198.51.100.2", 5000)
        self.ea = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
        self.eb = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
        control.patch((self.eb, self.ea, 0), (self.ea, self.eb, 0))
        net.wait_for("neighbours", lambda: all(r["resolved"] for r in control.dump().values()), 10)
        net.ping(lab.a, "192.0.2.1")
        net.ping(lab.b, "198.51.100.1")
        self.sent, self.heard = 0, {self.one: {}, self.two: {}}
        for s in self.heard:
            s.setblocking(False)

    def hear(self):
        for s, heard in self.heard.items():
            try:
                while True:
                    packet = net.rtp_parse(s.recv(2000))
                    heard[int(packet["payload"][:6])] = time.monotonic()
            except BlockingIOError:
                continue

    def go(self, seconds, event=None):
        """The numbers of this while. event: happens after a quarter of it."""
        first, begin = self.sent, time.monotonic()
        while (now := time.monotonic()) < begin + seconds:
            if event and now > begin + seconds / 4:
                event()
                event = None
            payload = b"%06d" % self.sent + bytes(154)
            for s, to, ssrc in ((self.one, ("192.0.2.1", 20000), 1), (self.two, ("198.51.100.1", 20000), 2)):
                s.sendto(net.rtp(self.sent, 160 * self.sent, ssrc, payload), to)
            self.sent += 1
            time.sleep(0.005)
            self.hear()
        time.sleep(0.3)
        self.hear()
        return range(first, self.sent)

    def missing(self, numbers):
        return [[n for n in numbers if n not in heard] for heard in self.heard.values()]


def test(make):
    if why := switch.missing():
        switch.cannot("bonded vhost-user ports", why)
    lab = nfv.gateway(make, "net_bonding0,mode=1,mac=02:00:00:00:00:b0", "net_virtio_user2,path=FOLDER/2.sock")
    wires(lab)
    with open(lab.config) as f:
        text = f.read()
    text = text.replace('mac=02:00:00:00:00:b0"', 'mac=02:00:00:00:00:b0"\n    members: [%s]' % MEMBERS).replace("FOLDER", lab.folder)
    with open(lab.config, "w") as f:
        f.write(text.replace("memory: 128", "memory: 256"))
    host = "net_vhost%d,iface=" + lab.folder + "/%d.sock"
    one = switch.Switch(lab, lab.switch, [("lower0", host % (0, 0))], "one")
    two = switch.Switch(lab, lab.switch, [("lower2", host % (1, 1)),
                                          ("lower1", host % (2, 2))], "two")
    lab.start()
    control = lab.link(1)
    ports = control.stats()["ports"]
    assert ports["outside"]["driver"] == "net_bonding", ports
    talk = Talk(lab, control)
    before = one.counts(), two.counts()
    numbers = talk.go(1)
    assert talk.missing(numbers) == [[], []], "lost with both members: %s" % talk.missing(numbers)
    assert one.counts()[0][1] - before[0][0][1] >= len(numbers), "the first member does not carry it"
    assert two.counts()[0][1] == before[1][0][1], "the second member carries it too"
    before = two.counts()[0]
    numbers = talk.go(4, one.process.kill)
    lost = talk.missing(numbers)
    print("the active member dies: %s packets of %d lost each way" % ([len(x) for x in lost], len(numbers)))
    after = numbers[len(numbers) // 2:]
    assert talk.missing(after) == [[], []], "the second member does not carry it: %s" % talk.missing(after)
    assert max(len(x) for x in lost) < len(numbers) / 8, lost
    received, sent = (y - x for x, y in zip(before, two.counts()[0]))
    assert received >= len(after) and sent >= len(after), (received, sent)
    net.ping(lab.a, "192.0.2.1")
    assert lab.stop() == 0


net.main(test)
