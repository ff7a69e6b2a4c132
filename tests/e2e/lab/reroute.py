"""The gateway's routes change during a call: media goes the new way, and not a packet is lost on any.

The agent is reached by routers: further interfaces of its namespace, each with an address and a MAC of its own. By whose MAC
a packet goes is in the capture of the cable.
"""
import time

import judge
import pcapfile
import scenarios
import topology
from labconfig import agent_last, number
from stage import Stage
from topology import GATEWAY, address

DIALLED = 12
AGENT = address("agent", agent_last(DIALLED))
FIRST, SECOND, THIRD = 251, 252, 253
FOLLOWS_S = 1.0  # at most, from the change of the route to the last packet the old way; 50 ms of it are waited on purpose
STAYS_S = 2.0


def run(lab):
    """Plays it and prints the report; 0 if every promise was kept."""
    stage = Stage(lab.gateway, lab.folder, DIALLED, "routes change during the call")
    try:
        ways = _play(lab.gateway, stage)
    finally:
        stage.close()
    stage.read()
    _judge(stage, ways)
    print("\n".join(stage.report()))
    return 0 if stage.kept else 1


def _router(last):
    """Makes a router to the agent; its MAC."""
    name = f"router-{last}"
    topology.run("ip", "-n", "agent", "link", "add", name, "link", "eth0", "type", "macvlan", "mode", "bridge")
    topology.run("ip", "-n", "agent", "address", "add", f"{address('agent', last)}/32", "dev", name)
    topology.run("ip", "-n", "agent", "link", "set", name, "up")
    return _mac(name)


def _mac(name):
    file = f"/sys/class/net/{name}/address"
    return bytes.fromhex(topology.run(*topology.in_namespace("agent", "cat", file)).strip().replace(":", ""))


def _route(*words):
    topology.run("ip", "-n", GATEWAY, "route", *words)


def _via(last):
    _route("replace", f"{AGENT}/32", "via", address("agent", last), "dev", "xfg-agent")


def _play(gateway, stage):
    """[(what was changed, MAC by which media goes from then on, when it must go so, until when)]"""
    # Each interface answers for its own address only, and takes what is for another one's.
    topology.run(*topology.in_namespace("agent", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1",
                                        "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"))
    routers = {FIRST: _router(FIRST), SECOND: _router(SECOND)}
    ways = []

    def goes(what, mac, begin):
        time.sleep(STAYS_S)
        ways.append((what, mac, begin + FOLLOWS_S, time.time()))

    _via(FIRST)
    peers = [stage.agent(scenarios.agent(stage.voice("agent"), 60000)),
             stage.caller(scenarios.caller(number(20), stage.voice("caller"), 60000), DIALLED)]
    call = gateway.call_of(number(20))
    goes("the first router", routers[FIRST], time.time())
    drops = gateway.drops("no-neighbour")
    _via(SECOND)
    goes("ip route replace: the second router", routers[SECOND], time.time())
    _via(THIRD)
    goes("a third router that is not there: still the second", routers[SECOND], time.time())
    routers[THIRD] = _router(THIRD)
    arrives = time.monotonic()
    while not _resolved(gateway) and time.monotonic() < arrives + 15:
        time.sleep(0.05)
    goes("it comes: the third router", routers[THIRD], time.time())
    _route("replace", "unreachable", f"{AGENT}/32")
    goes("no route: still the third router", routers[THIRD], time.time())
    _route("del", "unreachable", f"{AGENT}/32")
    goes("ip route del: the agent itself", _mac("eth0"), time.time())
    lost = [line for line in gateway.controlplane.log.read_text().splitlines() if "event=routes-lost" in line]
    stage.promise("the log says once that there was no route", len(lost) == 1 and f"peer={AGENT}" in lost[0], lost)
    drops = gateway.drops("no-neighbour") - drops
    stage.promise("no packet was dropped for want of a neighbour", drops == 0, drops)
    code, _, error = gateway.cli("hangup", call)
    stage.promise("the call is hung up, by the way that there is now",
                  code == 0 and all(peer.wait(20) == 0 for peer in peers), error)
    left = gateway.wait_empty()
    stage.promise("no call and no endpoint is left", not left, left)
    return ways


def _resolved(gateway):
    """Whether the third router has answered the gateway."""
    said = topology.run("ip", "-n", GATEWAY, "neigh", "show", address("agent", THIRD), "dev", "xfg-agent")
    return "lladdr" in said


def _judge(stage, ways):
    heard = judge.heard_by(stage.rtp, AGENT)
    numbers = [packet.sequence for packet in heard]
    breaks = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != (a + 1) % 65536]
    stage.promise("the agent is sent every number of one stream, in order",
                  len(numbers) > 50 * STAYS_S * len(ways) and not breaks, (len(numbers), breaks[:5]))
    stage.hears("agent", ["caller"])
    stage.hears("caller", ["agent"])
    port = heard[0].dst if heard else None
    frames = [(at, frame[:6]) for at, frame, _, dst in pcapfile.frames(stage.folder / "agent.pcap") if dst == port]
    for what, mac, begin, end in ways:
        macs = [to for at, to in frames if begin <= at <= end]
        stage.promise(what, len(macs) > 20 and set(macs) == {mac},
                      f"{len(macs)} packets, to {sorted({to.hex(':') for to in macs})}, not {mac.hex(':')}")
