#!/usr/bin/python3
"""kill -9 of the dataplane: addresses, an added route and a live TCP connection are there after its restart."""

import signal
import socket

import net


def test(make):
    lab = make().start()
    gateway = lab.gateway
    gateway.ip("route", "add", "203.0.113.0/24", "via", "192.0.2.2", "dev", "xfg-out")
    gateway.ip("addr", "add", "192.0.2.99/24", "dev", "xfg-out")
    with gateway:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("192.0.2.1", 8080))
    listener.listen(1)
    with lab.a:
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.settimeout(20)
    client.connect(("192.0.2.1", 8080))
    server, _ = listener.accept()
    server.settimeout(20)
    client.sendall(b"before")
    assert server.recv(100) == b"before"

    lab.stop(signal.SIGKILL)
    client.sendall(b"while it was away")
    addresses = gateway.ip("-o", "addr", "show", "dev", "xfg-out")
    for address in ("192.0.2.1/24", "192.0.2.99/24", "2001:db8:1::1/64"):
        assert address in addresses, "%s is gone while the dataplane is away" % address
    # One that somebody took away comes back, and only that one.
    gateway.ip("addr", "del", "2001:db8:1::1/64", "dev", "xfg-out")
    log_before = len(lab.log_text())

    lab.start()
    added = [line for line in lab.log_text()[log_before:].splitlines() if "tap-address-added" in line]
    assert len(added) == 1 and "2001:db8:1::1/64" in added[0], added
    addresses = gateway.ip("-o", "addr", "show", "dev", "xfg-out")
    for address in ("192.0.2.1/24", "192.0.2.99/24", "2001:db8:1::1/64"):
        assert address in addresses, "%s is gone" % address
    assert "192.0.2.2" in gateway.ip("route", "show", "203.0.113.0/24"), "the added route is gone"
    assert server.recv(100) == b"while it was away"
    server.sendall(b"after")
    assert client.recv(100) == b"after"
    for sock in (client, server, listener):
        sock.close()
    assert lab.stop() == 0
    assert "192.0.2.1/24" in gateway.ip("-o", "addr", "show", "dev", "xfg-out"), "gone after an orderly end"


net.main(test)
