"""Draws what was captured of a call: SIP as a ladder, and beside each rung the media until the next one."""
import judge
import pcapfile
import sipmsg

WIDTH = 17  # of a lane


def draw(sip, rtp, lanes):
    """The ladder as lines of text. lanes: [(name, set of addresses)], from left to right."""
    place = {address: n for n, (_, addresses) in enumerate(lanes) for address in addresses}
    sip = [message for message in sip if message.src[0] in place and message.dst[0] in place]
    head = " " * 9 + "".join(name.center(WIDTH) for name, _ in lanes) + "  media until the next message"
    lines = [head.rstrip()]
    for n, message in enumerate(sip):
        until = sip[n + 1].time if n + 1 < len(sip) else float("inf")
        media = _media([packet for packet in rtp if message.time <= packet.time < until], place, lanes)
        rung = _rung(place[message.src[0]], place[message.dst[0]], len(lanes), label(message))
        lines.append(f"{message.time - sip[0].time:8.3f} {rung}  {media}".rstrip())
    return lines


def label(message):
    """A message in a few words: what tells it from its neighbours."""
    if message.code:
        return f"{message.code} ({message.method})"
    if message.method == "NOTIFY":
        return f"NOTIFY {message.sipfrag or ''}".rstrip()
    if message.method == "INVITE" and "tag=" in message.header("to"):
        return "re-INVITE"
    return message.method


def _rung(start, end, lanes, text):
    """An arrow between the middles of two lanes with its text on it."""
    row = [" "] * (WIDTH * lanes)
    for lane in range(lanes):
        row[lane * WIDTH + WIDTH // 2] = "|"
    left, right = sorted((start, end))
    if left == right:
        right = left + 1
        row += [" "] * WIDTH
    first, last = left * WIDTH + WIDTH // 2 + 1, right * WIDTH + WIDTH // 2 - 1
    row[first:last + 1] = (f" {text} ".center(last - first + 1, "-"))[:last - first + 1]
    if start < end:
        row[last] = ">"
    else:
        row[first] = "<"
    return "".join(row)[:WIDTH * lanes + WIDTH]


def _media(packets, place, lanes):
    """Packets per lane, to and from the gateway: 'caller 150/148' are 150 said and 148 heard."""
    out = []
    for n, (name, addresses) in enumerate(lanes):
        if name == "gateway":
            continue
        said = sum(packet.src[0] in addresses for packet in packets)
        heard = sum(packet.dst[0] in addresses for packet in packets)
        if said or heard:
            out.append(f"{name} {said}/{heard}")
    return ", ".join(out)


def read(files):
    """(SIP messages, RTP packets) of several captures, each in order of time."""
    datagrams = [datagram for file in files for datagram in pcapfile.read(file)]
    return sipmsg.messages(datagrams), judge.rtp_packets(datagrams)
