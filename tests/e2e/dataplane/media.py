"""RTP both ways through two endpoints of the dataplane, looked at packet by packet."""

import link
import net


def exchange(lab, control, owner, family, a, b, gateway_a, gateway_b, local_a, local_b, port):
    one = lab.a.udp(a, 4000, family)
    two = lab.b.udp(b, 5000, family)
    stranger = lab.a.udp(a, 4444, family)
    ea = control.open(link.index(local_a, port), link.settings((a, 4000), a, 0), owner)
    eb = control.open(link.index(local_b, port), link.settings((b, 5000), b, 1), owner)
    control.patch((eb, ea, 0), (ea, eb, 0))

    def resolved():
        rows = control.dump()
        return rows[ea]["resolved"] and rows[eb]["resolved"]
    net.wait_for("neighbours resolved", resolved)
    # The peers' kernels know the gateway first: what waits for its address may be overtaken or lost before it gets here.
    net.ping(lab.a, gateway_a)
    net.ping(lab.b, gateway_b)
    for i in range(50):
        one.sendto(net.rtp(1000 + i, 160 * i, 0x11111111, b"a%03d" % i + bytes(156)), (gateway_a, port))
        two.sendto(net.rtp(7000 + i, 160 * i, 0x22222222, b"b%03d" % i + bytes(156)), (gateway_b, port))
    for sock, letter in ((two, b"a"), (one, b"b")):
        got = [net.rtp_parse(p) for p in net.received(sock, count=50)]
        assert len(got) == 50, "%s heard %d of 50 packets" % (sock.getsockname()[0], len(got))
        heard = [p["payload"][:4] for p in got]
        assert heard == [b"%s%03d" % (letter, i) for i in range(50)], "%s heard, owner worker %d: %s" % (sock.getsockname()[0], owner, heard)
        assert len({p["ssrc"] for p in got}) == 1
        steps = {(y["sequence"] - x["sequence"]) & 0xFFFF for x, y in zip(got, got[1:])}
        assert steps == {1}, "sequence steps %s" % steps
        assert {(y["timestamp"] - x["timestamp"]) & 0xFFFFFFFF for x, y in zip(got, got[1:])} == {160}
    stranger.sendto(net.rtp(1, 1, 3, b"evil"), (gateway_a, port))
    assert net.received(two, 0.3) == [], "a stranger's media was forwarded"
    rows = control.dump()
    assert rows[ea]["locked"] == (a, 4000), rows[ea]["locked"]
    assert rows[ea]["rx_packets"] == 50 and rows[eb]["tx_packets"] == 50, rows[ea]
    assert rows[ea]["rx_wrong_source"] == 1, rows[ea]["rx_wrong_source"]
    control.close_endpoint(ea)
    control.close_endpoint(eb)
    assert control.dump() == {}
    two.sendto(net.rtp(1, 1, 3, b"late"), (gateway_b, port))
    net.wait_for("media to a closed port is counted",
                 lambda: control.stats()["drops"]["no-endpoint"] > 0)
    for sock in (one, two, stranger):
        sock.close()
