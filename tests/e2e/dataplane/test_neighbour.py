#!/usr/bin/python3
"""Next hops: an endpoint whose neighbour is not there drops by name; it sends when the neighbour comes, follows it to
another MAC, asks again when the kernel lost it unheard, and the kernel forgets the request when the endpoint is closed."""

import os
import signal
import socket
import struct
import time

import link
import net


def announce(namespace, address):
    """A gratuitous ARP, as a host that took an address over sends it."""
    mac = namespace.mac("eth0")
    packet = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(address), bytes(6),
                         socket.inet_aton(address))
    namespace.raw("eth0").send(net.ethernet(b"\xff" * 6, mac, packet, 0x0806))


def test(make):
    lab = make().start()
    control = lab.link(1)
    two = lab.b.udp("198.51.100.2", 5000)
    eb = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
    ea = control.open(link.index(0, 20000), link.settings(("192.0.2.77", 4000), "192.0.2.77", 0))
    ec = control.open(link.index(0, 20002), link.settings(("192.0.2.77", 4002), "192.0.2.77", 0))
    control.patch((ea, eb, 0))
    net.wait_for("b resolved", lambda: control.dump()[eb]["resolved"])
    assert not control.dump()[ea]["resolved"]

    sent = 0

    def talk(count=10):
        nonlocal sent
        for _ in range(count):
            two.sendto(net.rtp(sent, 160 * sent, 1, bytes(160)), ("198.51.100.1", 20000))
            sent += 1
    talk()
    net.wait_for("no-neighbour counted", lambda: control.stats()["drops"]["no-neighbour"] == 10)
    managed = lab.gateway.ip("neigh", "show", "192.0.2.77", "dev", "xfg-out")
    assert "managed" in managed, managed

    lab.a.ip("addr", "add", "192.0.2.77/24", "dev", "eth0")
    one = lab.a.udp("192.0.2.77", 4000)
    net.wait_for("the neighbour is resolved by itself",
                 lambda: control.dump()[ea]["resolved"] and control.dump()[ec]["resolved"], 15)
    talk()
    assert len(net.received(one, count=10)) == 10

    # For a second after an entry was made the kernel takes no other MAC for it (locktime).
    time.sleep(1.2)
    lab.a.ip("link", "set", "eth0", "address", "02:00:00:00:00:77")
    announce(lab.a, "192.0.2.77")

    def followed():
        talk(1)
        return net.received(one, 0.05)
    net.wait_for("media follows to the new MAC", followed, 5)

    # While the daemon does not look, the entry goes, and more happens than the kernel keeps notices of.
    os.kill(lab.pid, signal.SIGSTOP)
    lab.gateway.ip("neigh", "del", "192.0.2.77", "dev", "xfg-out")
    batch = os.path.join(lab.folder, "neighbours")
    with open(batch, "w") as f:
        f.writelines("neigh %s 192.0.2.99 lladdr 02:00:00:00:01:01 dev xfg-out\n" % word
                     for _ in range(3000) for word in ("replace", "del"))
    lab.gateway.ip("-batch", batch)
    lab.gateway.ip("neigh", "del", "192.0.2.77", "dev", "xfg-out", check=False)
    os.kill(lab.pid, signal.SIGCONT)
    net.wait_for("notices lost", lambda: "neighbour-notices-lost" in lab.log_text())
    net.wait_for("the neighbour is asked for again",
                 lambda: "managed" in lab.gateway.ip("neigh", "show", "192.0.2.77", "dev", "xfg-out"))
    net.wait_for("media flows again", followed, 5)

    control.close_endpoint(ea)
    assert "managed" in lab.gateway.ip("neigh", "show", "192.0.2.77", "dev", "xfg-out"), "another endpoint needs it"
    control.close_endpoint(ec)
    assert "managed" not in lab.gateway.ip("neigh", "show", "192.0.2.77", "dev", "xfg-out")
    assert lab.stop() == 0


net.main(test)
