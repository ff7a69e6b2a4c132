"""Calls through rtpengine, over its control protocol "ng" (a cookie and a bencoded dictionary in a datagram).

As a program: rtpengine_calls.py PORT FLOWS: half of the senders of media_plan.h in calls with the other half; the ports to
which each has to send, as a line of JSON. It runs where rtpengine runs, for it listens on loopback."""

import json
import re
import socket
import sys


def encode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(encode(key) + encode(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def decode(data, at=0):
    """What stands there, and where it ends."""
    if data[at:at + 1] == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if data[at:at + 1] in (b"d", b"l"):
        values, kind = [], data[at:at + 1]
        at += 1
        while data[at:at + 1] != b"e":
            value, at = decode(data, at)
            values.append(value)
        return (dict(zip(values[::2], values[1::2])) if kind == b"d" else values), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end].decode(), end


class Ng:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(2)
        self.count = 0

    def ask(self, **words):
        self.count += 1
        cookie = b"bench%d " % self.count
        self.socket.send(cookie + encode({key.replace("_", "-"): value for key, value in words.items()}))
        answer = self.socket.recv(65536)
        if not answer.startswith(cookie):
            raise RuntimeError("rtpengine answers something else: %r" % answer)
        answer, _ = decode(answer[len(cookie):])
        if answer.get("result") not in ("ok", "pong"):
            raise RuntimeError("rtpengine: %s" % answer)
        return answer


def sender(i):
    """Address and port of the i-th, as media_plan.h has them."""
    return "100.64.%d.%d" % (i >> 8, i & 255), 20000 + i % 10000 * 2


def sdp(i):
    address, port = sender(i)
    return ("v=0\r\no=- %d 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=sendrecv\r\n" % (i + 1, address, address, port))


def audio_port(answer):
    return int(re.search(r"^m=audio (\d+) ", answer["sdp"], re.M).group(1))


def call(ng, i, j):
    """The ports to which i and j send."""
    common = {"call_id": "call-%d" % i, "from_tag": "from-%d" % i, "ICE": "remove", "replace": ["origin"]}
    to_j = ng.ask(command="offer", sdp=sdp(i), **common)
    to_i = ng.ask(command="answer", sdp=sdp(j), to_tag="to-%d" % j, **common)
    return audio_port(to_i), audio_port(to_j)


def main():
    ng, flows = Ng(int(sys.argv[1])), int(sys.argv[2])
    ng.ask(command="ping")
    ports = [0] * flows
    for i in range(flows // 2):
        ports[i], ports[i + flows // 2] = call(ng, i, i + flows // 2)
    print(json.dumps(ports))


if __name__ == "__main__":
    main()
