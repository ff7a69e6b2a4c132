#!/usr/bin/python3
"""RTP between two namespaces through two endpoints: both ways, source locked, a stranger's media dropped. IPv4 and IPv6;
with one worker, and with two, where the owner is not the one that polls the ports' only queues."""

import socket

import media
import net


def forward(make, workers):
    lab = make(workers=workers).start()
    control = lab.link(1)
    owner = workers - 1
    assert control.workers == workers
    assert control.media == ["192.0.2.1", "2001:db8:1::1", "198.51.100.1", "2001:db8:2::1"], control.media
    media.exchange(lab, control, owner, socket.AF_INET, "192.0.2.2", "198.51.100.2", "192.0.2.1", "198.51.100.1", 0, 2, 20000)
    media.exchange(lab, control, owner, socket.AF_INET6, "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::1", "2001:db8:2::1",
             1, 3, 30000)
    rows = control.stats()["workers"]
    assert rows[owner]["forwarded"] == 200, rows
    # a BYE for each of the four endpoints, and a report or two if it took some time
    assert rows[owner]["own_reports"] >= 4, rows
    assert rows[owner]["endpoints"] == 0
    if workers > 1:
        assert rows[0]["handed_over"] >= 200 and rows[0]["forwarded"] == 0, rows
    net.ping(lab.a, "192.0.2.1")
    assert lab.stop() == 0
    lab.remove()


def test(make):
    forward(make, 1)
    forward(make, 2)


net.main(test)
