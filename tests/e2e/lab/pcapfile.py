"""Reads captures: classic pcap of Ethernet (or Linux cooked) frames, to UDP datagrams with their times."""
import ipaddress
import struct
from typing import NamedTuple

_ETHERNET, _RAW, _SLL, _SLL2 = 1, 101, 113, 276


class Datagram(NamedTuple):
    """One UDP datagram. Time in seconds; src and dst are (address text, port)."""
    time: float
    src: tuple
    dst: tuple
    payload: bytes


def _frames(data):
    """(time, link type, frame) of each packet in a capture; the last may be cut off when tcpdump was killed."""
    magic = data[:4]
    orders = {b"\xd4\xc3\xb2\xa1": ("<", 1e-6), b"\xa1\xb2\xc3\xd4": (">", 1e-6),
              b"\x4d\x3c\xb2\xa1": ("<", 1e-9), b"\xa1\xb2\x3c\x4d": (">", 1e-9)}
    if magic not in orders:
        raise ValueError("not a pcap file")
    order, unit = orders[magic]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, length, full = struct.unpack_from(order + "IIII", data, at)
        at += 16
        if at + length > len(data):
            break
        if length < full:
            raise ValueError("the capture has cut packets: capture with -s 0")
        yield seconds + fraction * unit, link, data[at:at + length]
        at += length


def _network_packet(link, frame):
    """The IP packet in a frame, or None."""
    if link == _RAW:
        return frame
    kind, at = {_ETHERNET: (12, 14), _SLL: (14, 16), _SLL2: (0, 20)}[link]
    if len(frame) < at:
        return None
    if frame[kind:kind + 2] not in (b"\x08\x00", b"\x86\xdd"):
        return None
    return frame[at:]


class _Fragments:
    """IPv4 datagrams that come in pieces, put together in whatever order they come."""

    def __init__(self):
        self._parts = {}

    def add(self, packet, body):
        """The whole body once its last piece is here; None before."""
        word = struct.unpack_from("!H", packet, 6)[0]
        more, offset = word & 0x2000, (word & 0x1FFF) * 8
        if not more and not offset:
            return body
        key = packet[12:20] + packet[4:6] + packet[9:10]
        parts = self._parts.setdefault(key, {})
        parts[offset] = (body, not more)
        whole, at = b"", 0
        while at in parts:
            piece, last = parts[at]
            whole += piece
            at += len(piece)
            if last:
                del self._parts[key]
                return whole
        return None


def read(path):
    """All UDP datagrams of a capture file, in its order."""
    with open(path, "rb") as file:
        data = file.read()
    fragments = _Fragments()
    out = []
    for time, link, frame in _frames(data):
        packet = _network_packet(link, frame)
        if not packet:
            continue
        if packet[0] >> 4 == 4:
            protocol, src, dst = packet[9], packet[12:16], packet[16:20]
            length = struct.unpack_from("!H", packet, 2)[0]
            body = fragments.add(packet, packet[(packet[0] & 15) * 4:length])
        else:
            protocol, src, dst = packet[6], packet[8:24], packet[24:40]
            body = packet[40:40 + struct.unpack_from("!H", packet, 4)[0]]
        if protocol != 17 or body is None or len(body) < 8:
            continue
        sport, dport, length = struct.unpack_from("!HHH", body)
        out.append(Datagram(time, (str(ipaddress.ip_address(src)), sport), (str(ipaddress.ip_address(dst)), dport),
                            body[8:length]))
    return out


def frames(path):
    """(time, frame, src, dst) of every Ethernet frame with UDP that is not a later fragment; src and dst as in Datagram."""
    with open(path, "rb") as file:
        data = file.read()
    for time, link, frame in _frames(data):
        packet = _network_packet(link, frame)
        if link != _ETHERNET or not packet:
            continue
        if packet[0] >> 4 == 4:
            protocol, src, dst, at = packet[9], packet[12:16], packet[16:20], (packet[0] & 15) * 4
            if struct.unpack_from("!H", packet, 6)[0] & 0x1FFF:
                continue
        else:
            protocol, src, dst, at = packet[6], packet[8:24], packet[24:40], 40
        if protocol != 17 or len(packet) < at + 8:
            continue
        sport, dport = struct.unpack_from("!HH", packet, at)
        yield time, frame, (str(ipaddress.ip_address(src)), sport), (str(ipaddress.ip_address(dst)), dport)
