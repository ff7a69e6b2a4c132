#!/usr/bin/python3
"""The control plane dies and comes back: media goes on, DUMP shows the endpoints; a newer connection replaces the older;
bad commands are refused by name and change nothing; an orphan without media is closed."""

import errno
import socket
import struct
import time

import link
import net


def refused(control, name, body, error):
    result, detail, _ = control.command(name, body)
    assert result == -error, "%s: result %d, not %s" % (name, result, errno.errorcode[error])
    return detail


def refusals(control):
    good = link.settings(("192.0.2.2", 4000), "192.0.2.2", 0)
    generation = control.generation

    def opening(idx, number, worker=0, config=good):
        return struct.pack("=IIB7x", idx, number, worker) + config
    control.must("open", opening(5, generation + 1))
    endpoint = (5, generation + 1)
    refused(control, "open", opening(5, generation + 2), errno.EEXIST)
    refused(control, "open", opening(6, generation + 2, worker=9), errno.EINVAL)
    refused(control, "open", opening(4 * link.PORT_PAIRS, generation + 2), errno.EINVAL)
    refused(control, "open", opening(6, generation + 2, config=link.settings(("192.0.2.2", 4000), "192.0.2.2", 7)),
            errno.EINVAL)
    refused(control, "update", struct.pack("=II", 6, 1) + good, errno.ENOENT)
    refused(control, "update", struct.pack("=II", 5, generation) + good, errno.ESTALE)
    refused(control, "close", struct.pack("=II", 5, generation + 3), errno.ESTALE)
    missing = control.patch_body([(endpoint, None, 0), (endpoint, (7, 1), 0)])
    assert refused(control, "patch", missing, errno.ENOENT) == 1
    refused(control, "patch", struct.pack("=II", 0, 0), errno.EINVAL)
    refused(control, "admit", bytes(24), errno.EINVAL)
    control.close_endpoint(endpoint)
    refused(control, "close", struct.pack("=II", *endpoint), errno.ENOENT)
    refused(control, "open", opening(5, generation + 1), errno.ESTALE)
    assert control.dump() == {}
    control.generation = generation + 3


def closed(control):
    control.socket.settimeout(3)
    try:
        while control.socket.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test(make):
    lab = make().start()
    first = lab.link(1)
    try:
        lab.link(2).close()
    finally:
        assert closed(first), "the older connection is still open"
    control = lab.link(3)
    life = control.instance
    refusals(control)

    one, two = lab.a.udp("192.0.2.2", 4000), lab.b.udp("198.51.100.2", 5000)
    ea = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0, timeout_s=1.5))
    eb = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1, timeout_s=1.5))
    control.patch((eb, ea, 0), (ea, eb, 0))
    net.wait_for("neighbours", lambda: all(row["resolved"] for row in control.dump().values()))

    sent = 0

    def talk(count):
        nonlocal sent
        for _ in range(count):
            one.sendto(net.rtp(sent, 160 * sent, 1, bytes(160)), ("192.0.2.1", 20000))
            sent += 1
            time.sleep(0.005)
    talk(20)
    control.socket.close()
    talk(20)
    assert len(net.received(two, 0.3, 40)) == 40, "media stopped with the control plane"

    back = lab.link(4)
    assert back.instance == life, "dataplane's life changed"
    assert back.generation_last == eb[1], (back.generation_last, eb)
    rows = back.dump()
    assert set(rows) == {ea, eb} and rows[eb]["source"] == ea, rows
    assert rows[ea]["rx_packets"] == 40
    # It claims one of the two. The other is closed when it has had no media for its time-out.
    back.update(ea, link.settings(("192.0.2.2", 4000), "192.0.2.2", 0, timeout_s=1.5))
    net.wait_for("media time-out told", lambda: ("media-timeout", *ea) in [e[:3] for e in back.poll_events(0.5)], 6)
    net.wait_for("orphan closed", lambda: set(back.dump()) == {ea}, 15)
    back.poll_events(0.1)
    assert ("closed-orphan", *eb) in [e[:3] for e in back.events], back.events

    try:
        lab_link = link.Link(lab.folder + "/link.sock", 5, version=99)
        raise AssertionError("version 99 was welcome: %s" % lab_link)
    except link.LinkClosed as e:
        assert "result %d" % -errno.EPROTO in str(e), e
    assert lab.stop() == 0


net.main(test)
