"""Namespaces, the daemon in them, and packets made by hand.

     a ── veth ── gateway (xfergate-dataplane) ── veth ── b
  192.0.2.2        .1  xfg-out        xfg-in  .1       198.51.100.2
  2001:db8:1::2    ::1                        ::1      2001:db8:2::2
"""

import atexit
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import link

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def run(*words, check=True):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        raise AssertionError("%s: %s" % (" ".join(words), done.stdout.strip()))
    return done.stdout


def wait_for(what, test, seconds=30.0):
    end = time.monotonic() + seconds
    while not (value := test()):
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (seconds, what))
        time.sleep(0.02)
    return value


class Namespace:
    def __init__(self, name):
        self.name = "xfgdp-%d-%s" % (os.getpid(), name)
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words, check=True):
        return run("ip", "-n", self.name, *words, check=check)

    def exec(self, *words, check=True):
        return run("ip", "netns", "exec", self.name, *words, check=check)

    def __enter__(self):
        """This thread's new sockets are in the namespace."""
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        fd = os.open("/run/netns/" + self.name, os.O_RDONLY)
        assert LIBC.setns(fd, CLONE_NEWNET) == 0
        os.close(fd)

    def __exit__(self, *_):
        assert LIBC.setns(self.home, CLONE_NEWNET) == 0
        os.close(self.home)

    def udp(self, address, port, family=socket.AF_INET):
        with self:
            s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((address, port))
        s.settimeout(2)
        return s

    def tcp(self, address, port):
        """A socket that listens."""
        with self:
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen()
        return s

    def raw(self, interface):
        with self:
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.bind((interface, 0))
        return s

    def mac(self, interface):
        return bytes.fromhex(self.ip("-o", "link", "show", interface).split("link/ether ")[1].split()[0].replace(":", ""))

    def remove(self):
        run("ip", "netns", "del", self.name, check=False)


CONFIG = """
dataplane:
  workers: {workers}
  idle: backoff
  link: {folder}/link.sock
  memory: 128
ports:
  - name: outside
    device: {driver}0,iface=lower0
    tap: xfg-out
    mtu: 1500
    addresses: [192.0.2.1/24, 2001:db8:1::1/64]
  - name: inside
    device: {driver}1,iface=lower1
    tap: xfg-in
    mtu: 1500
    addresses: [198.51.100.1/24, 2001:db8:2::1/64]
networks:
  - name: outside
    port: outside
    sip: 192.0.2.1:5060
    media: [192.0.2.1, 2001:db8:1::1]
  - name: inside
    port: inside
    sip: 198.51.100.1:5060
    media: [198.51.100.1, 2001:db8:2::1]
control:
  socket: {folder}/xfergate.sock
  user: root
  group: root
"""


class Lab:
    """The picture above, and the daemon."""

    def __init__(self, driver="net_af_xdp", workers=1):
        self.folder = tempfile.mkdtemp(prefix="xfgdp-")
        self.daemon = None
        self.helpers = []  # what ends programs beside the daemon
        self.namespaces = []
        atexit.register(self.remove)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        self.gateway, self.a, self.b = (self.namespace(name) for name in ("gw", "a", "b"))
        self.join(0, self.a, "192.0.2", "2001:db8:1::")
        self.join(1, self.b, "198.51.100", "2001:db8:2::")
        self.config = os.path.join(self.folder, "config.yaml")
        with open(self.config, "w") as f:
            f.write(CONFIG.format(driver=driver, workers=workers, folder=self.folder))

    def namespace(self, name):
        namespace = Namespace(name)
        self.namespaces.append(namespace)
        return namespace

    def join(self, number, peer, v4, v6):
        lower = "lower%d" % number
        run("ip", "link", "add", lower, "netns", self.gateway.name, "type", "veth", "peer", "name", "eth0", "netns",
            peer.name)
        self.gateway.ip("link", "set", lower, "up")
        peer.ip("link", "set", "eth0", "up")
        peer.ip("addr", "add", v4 + ".2/24", "dev", "eth0")
        peer.ip("addr", "add", v6 + "2/64", "dev", "eth0", "nodad")
        peer.ip("route", "add", "default", "via", v4 + ".1")
        # A veth leaves check sums to the receiver; ours reads packets before anybody could fill them in.
        peer.exec("ethtool", "-K", "eth0", "tx", "off")

    def start(self, *before):
        """before: words that start the daemon's command line, of a program that runs it in another way."""
        self.log = open(os.path.join(self.folder, "log"), "ab")
        at = self.log.tell()
        self.daemon = subprocess.Popen(["ip", "netns", "exec", self.gateway.name, *before, daemon_path(), "-c",
                                        self.config],
                                       stderr=self.log, stdin=subprocess.DEVNULL)
        self.pid = self.daemon.pid

        def ready():
            if self.daemon.poll() is not None:
                raise AssertionError("daemon ended with %d:\n%s" % (self.daemon.returncode, self.log_text()))
            return " info event=ready " in self.log_text()[at:]
        wait_for("daemon ready", ready, 60)
        return self

    def log_text(self):
        try:
            with open(os.path.join(self.folder, "log")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def link(self, instance):
        return link.Link(os.path.join(self.folder, "link.sock"), instance)

    def stop(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        code = self.daemon.wait(30)
        self.daemon = None
        return code

    def remove(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        for helper in self.helpers:
            helper()
        for namespace in self.namespaces:
            namespace.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.namespaces = []


def daemon_path():
    return os.path.abspath(sys.argv[1])


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source, destination, payload):
    """An IPv4 UDP datagram without its IP header. source, destination: (address, port)."""
    header = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0)
    pseudo = socket.inet_aton(source[0]) + socket.inet_aton(destination[0]) + struct.pack("!HH", 17, 8 + len(payload))
    return header[:6] + struct.pack("!H", checksum(pseudo + header + payload) or 0xFFFF) + payload


def ipv4(source, destination, protocol, payload, identification=1, offset=0, more=False):
    """offset: bytes, a multiple of 8."""
    fragment = offset // 8 | (0x2000 if more else 0)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ethernet(destination, source, packet, kind=0x0800):
    return destination + source + struct.pack("!H", kind) + packet


def fragments(source, destination, datagram, size, identification):
    """IPv4 packets, first fragment first. size: bytes of each, a multiple of 8."""
    return [ipv4(source, destination, 17, datagram[at:at + size], identification, at, at + size < len(datagram))
            for at in range(0, len(datagram), size)]


def rtp(sequence, timestamp, ssrc, payload, pt=0, marker=False):
    return struct.pack("!BBHII", 0x80, pt | (0x80 if marker else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def rtp_parse(packet):
    first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", packet[:12])
    assert first == 0x80, "RTP header %#x" % first
    return {"pt": second & 0x7F, "marker": second >> 7, "sequence": sequence, "timestamp": timestamp, "ssrc": ssrc,
            "payload": packet[12:]}


INVITE = (b"INVITE sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n"
          b"From: <sip:a@192.0.2.2>;tag=1\r\nTo: <sip:bob@192.0.2.1>\r\nCall-ID: 1@192.0.2.2\r\nCSeq: 1 INVITE\r\n"
          b"Contact: <sip:a@192.0.2.2>\r\nX-Filler: " + b"x" * 1800 + b"\r\nContent-Length: 0\r\n\r\n")


def ping(namespace, address, size=56, count=3):
    """ICMP echo, each answered with what it held. The program of that name is not on every machine."""
    v6 = ":" in address
    with namespace:
        s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW,
                          socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
    s.settimeout(2)
    for number in range(count):
        body = struct.pack("!HH", os.getpid() & 0xFFFF, number) + bytes(i & 0xFF for i in range(size))
        echo = struct.pack("!BBH", 128 if v6 else 8, 0, 0) + body
        if not v6:
            echo = echo[:2] + struct.pack("!H", checksum(echo)) + body
        s.sendto(echo, (address, 0))
        while True:
            try:
                answer = s.recv(65535)[0 if v6 else 20:]
            except TimeoutError:
                raise AssertionError("%s does not answer echo %d of %d bytes" % (address, number, size)) from None
            if answer[0] == (129 if v6 else 0) and answer[4:] == body:
                break
    s.close()


def received(sock, seconds=0.5, count=0):
    """All datagrams until it has been quiet for so long; so many are waited for, for a busy machine brings them late."""
    out, end = [], time.monotonic() + 10
    while True:
        sock.settimeout(seconds if len(out) >= count else max(seconds, end - time.monotonic()))
        try:
            out.append(sock.recv(65535))
        except TimeoutError:
            return out


def main(test):
    """Runs it; says what came out."""
    if os.geteuid() != 0:
        print("skipped: needs root (network namespaces)")
        sys.exit(77)
    if len(sys.argv) < 2:
        print("usage: %s path/to/xfergate-dataplane" % sys.argv[0])
        sys.exit(2)
    lab = []

    def make(*args, **named):
        lab.append(Lab(*args, **named))
        return lab[-1]
    try:
        test(make)
    except Exception as e:
        traceback.print_exc()
        for each in lab:
            print("--- the daemon's log\n" + each.log_text())
        print("FAILED: %s" % e)
        sys.exit(1)
    finally:
        for each in lab:
            each.remove()
    print("passed")
