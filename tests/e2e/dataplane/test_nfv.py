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


def test(make):
    if why := switch.missing():
        switch.cannot("memif and vhost-user", why)
    nfv.both(make, MEMIF + "client", "net_memifNUMBER," + MEMIF + "server", "net_memif", "theirs")
    nfv.both(make, MEMIF + "server", "net_memifNUMBER," + MEMIF + "client", "net_memif", "ours")
    nfv.both(make, "path=FOLDER/NUMBER.sock", "net_vhostNUMBER,iface=FOLDER/NUMBER.sock", "net_virtio_user", "theirs")
    nfv.both(make, "iface=FOLDER/NUMBER.sock", "net_virtio_userNUMBER,path=FOLDER/NUMBER.sock", "net_vhost", "ours")
    nfv.both(make, "path=FOLDER/NUMBER.sock,queues=2", "net_vhostNUMBER,iface=FOLDER/NUMBER.sock,queues=2", "net_virtio_user",
             "theirs", queues=2, more=two_queues)


net.main(test)
