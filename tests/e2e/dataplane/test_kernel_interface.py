#!/usr/bin/python3
"""Ping and TCP through the kernel interface; an orderly end puts the lower interfaces back."""

import socket
import threading

import net


def tcp_echo(gateway, peer, family, address, size):
    with gateway:
        listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((address, 8080))
    listener.listen(1)

    def serve():
        s, _ = listener.accept()
        while data := s.recv(65536):
            s.sendall(data)
        s.close()
    thread = threading.Thread(target=serve)
    thread.start()
    with peer:
        client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(10)
    client.connect((address, 8080))
    data = bytes(i * 7 % 251 for i in range(size))
    writer = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    writer.start()
    back = b""
    while part := client.recv(65536):
        back += part
    writer.join()
    thread.join()
    assert back == data, "%d of %d bytes came back right" % (len(back), size)
    listener.close()
    client.close()


def sysctl(namespace, interface):
    return [namespace.exec("sysctl", "-n", "net.%s.conf.%s.%s" % (family, interface, name)).strip()
            for family, name in (("ipv6", "disable_ipv6"), ("ipv4", "arp_ignore"), ("ipv4", "rp_filter"))]


def features(namespace, interface):
    text = namespace.exec("ethtool", "-k", interface)
    return [line for line in text.splitlines() if line.split(":")[0] in
            ("tx-checksumming", "tcp-segmentation-offload", "generic-receive-offload", "scatter-gather",
             "rx-vlan-offload")]


def link(namespace, interface):
    """Whether it is promiscuous, and its MTU."""
    text = namespace.ip("-o", "link", "show", "dev", interface)
    return "PROMISC" in text, int(text.split(" mtu ")[1].split()[0])


def test(make):
    lab = make()
    gateway = lab.gateway
    with open(lab.config) as f:
        text = f.read()
    with open(lab.config, "w") as f:
        f.write(text.replace("mtu: 1500", "mtu: 1400", 1))
    before = sysctl(gateway, "lower0"), features(gateway, "lower0"), link(gateway, "lower0")
    lab.start()
    assert link(gateway, "lower0") == (True, 1400), link(gateway, "lower0")
    assert sysctl(gateway, "lower0") == ["1", "8", "1"], sysctl(gateway, "lower0")
    assert {"tx-checksumming: off", "rx-vlan-offload: off"} <= set(features(gateway, "lower0")), features(gateway, "lower0")
    assert gateway.mac("xfg-out") == gateway.mac("lower0")
    net.ping(lab.a, "192.0.2.1")
    net.ping(lab.a, "2001:db8:1::1")
    net.ping(lab.b, "198.51.100.1", 1472)
    net.ping(gateway, "192.0.2.2")
    tcp_echo(gateway, lab.a, socket.AF_INET, "192.0.2.1", 1000000)
    tcp_echo(gateway, lab.b, socket.AF_INET6, "2001:db8:2::1", 1000000)
    reserved = gateway.exec("sysctl", "-n", "net.ipv4.ip_local_reserved_ports").strip()
    assert reserved == "16384-32767", reserved
    code = lab.stop()
    assert code == 0, "exit code %d" % code
    after = sysctl(gateway, "lower0"), features(gateway, "lower0"), link(gateway, "lower0")
    assert after == before, "lower interface not as before: %s, %s" % (before, after)


net.main(test)
