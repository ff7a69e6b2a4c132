#!/usr/bin/python3
"""Ports of network functions: memif and vhost-user, from either side, with dpdk-testpmd as the host's switch. RTP of IPv4
and IPv6 both ways, SIP and ping to the kernel interface, and both sides' counters agree."""

import net
import nfv
import switch

MEMIF = "id=NUMBER,socket=FOLDER/memif.sock,socket-abstract=no,role="


def test(make):
    if why := switch.missing():
        switch.cannot("memif and vhost-user", why)
    nfv.both(make, MEMIF + "client", "net_memifNUMBER," + MEMIF + "server", "net_memif", "theirs")
    nfv.both(make, MEMIF + "server", "net_memifNUMBER," + MEMIF + "client", "net_memif", "ours")
    nfv.both(make, "path=FOLDER/NUMBER.sock", "net_vhostNUMBER,iface=FOLDER/NUMBER.sock", "net_virtio_user", "theirs")
    nfv.both(make, "iface=FOLDER/NUMBER.sock", "net_virtio_userNUMBER,path=FOLDER/NUMBER.sock", "net_vhost", "ours")


net.main(test)
