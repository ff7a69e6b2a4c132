"""Just enough SIP to read what is in a capture of the lab's peers."""
import re
from typing import NamedTuple

_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
            "c": "content-type", "r": "refer-to", "b": "referred-by", "o": "event", "k": "supported"}
_START = re.compile(rb"(SIP/2\.0 \d{3} |[A-Z]+ \S+ SIP/2\.0\r\n)")


class Message(NamedTuple):
    """One SIP message as captured. `code` is 0 for a request; headers are lists under lower-case full names."""
    time: float
    src: tuple
    dst: tuple
    method: str
    code: int
    reason: str
    uri: str
    headers: dict
    body: str

    def header(self, name):
        """The first header of that name, or ''."""
        return self.headers.get(name, [""])[0]

    @property
    def call_id(self):
        return self.header("call-id")

    @property
    def sipfrag(self):
        """The status code that a NOTIFY of a transfer reports; 0 if it reports none."""
        match = re.match(r"SIP/2\.0 (\d{3})", self.body)
        return int(match[1]) if match and self.method == "NOTIFY" and not self.code else 0


def parse(datagram):
    """The Message in a datagram; None if it is not SIP."""
    if not _START.match(datagram.payload):
        return None
    head, _, body = datagram.payload.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(_COMPACT.get(name, name), []).append(value.strip())
    if first.startswith("SIP/2.0 "):
        _, code, reason = (first + " ").split(" ", 2)
        cseq = headers.get("cseq", ["0 ?"])[0].split()
        return Message(datagram.time, datagram.src, datagram.dst, cseq[-1], int(code), reason.strip(), "", headers,
                       body)
    method, uri, _ = first.split(" ", 2)
    return Message(datagram.time, datagram.src, datagram.dst, method, 0, "", uri, headers, body)


def messages(datagrams):
    """All SIP messages among the datagrams, in order of time."""
    found = (parse(datagram) for datagram in datagrams)
    return sorted((message for message in found if message), key=lambda message: message.time)
