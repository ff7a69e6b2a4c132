#!/usr/bin/python3
"""Ports of network functions: memif and vhost-user, from either side, with dpdk-testpmd as the host's switch. RTP of IPv4
and IPv6 both ways, SIP and ping to the kernel interface, and both sides' counters agree."""

import net
import nfv
import switch

MEMIF = "id=NUMBER,socket=FOLDER/memif.sock,socket-abstract=no,role="


def two_queues(lab):
    """A worker a queue: whoever polls a packet, its owner forwards it."""
    control = lab.link(2)
    workers = control.stats()["workers"]
    assert [w["rx_packets"] > 0 for w in workers] == [True, True], workers
    assert workers[1]["handed_over"] > 0, workers
    assert "event=port-one-queue" not in lab.log_text()
    control.close()


def comes_again(theirs):
    """The switch is killed, and another one takes its place."""
    def more(lab):
        lab.helpers.pop()()
        nfv.join(lab, theirs)
        net.wait_for("the gateway is reached by the new switch", lambda: reached(lab), 20)
    return more


def reached(lab):
    try:
        net.ping(lab.a, "192.0.2.1", count=1)
    except AssertionError:
        return False
    return True


def test(make):
    if why := switch.missing():
        switch.cannot("memif and vhost-user", why)
    nfv.both(make, MEMIF + "client", "net_memifNUMBER," + MEMIF + "server", "net_memif", "theirs")
    client = "net_memifNUMBER," + MEMIF + "client"
    nfv.both(make, MEMIF + "server", client, "net_memif", "ours", more=comes_again(client))
    nfv.both(make, "path=FOLDER/NUMBER.sock", "net_vhostNUMBER,iface=FOLDER/NUMBER.sock", "net_virtio_user", "theirs")
    guest = "net_virtio_userNUMBER,path=FOLDER/NUMBER.sock"
    nfv.both(make, "iface=FOLDER/NUMBER.sock", guest, "net_vhost", "ours", more=comes_again(guest))
    nfv.both(make, "path=FOLDER/NUMBER.sock,queues=2", "net_vhostNUMBER,iface=FOLDER/NUMBER.sock,queues=2", "net_virtio_user",
             "theirs", queues=2, more=two_queues)


net.main(test)
