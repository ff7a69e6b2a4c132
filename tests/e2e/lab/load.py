"""50 calls with transfers, 10 at a time: all succeed, and nothing is left of them, in tables or in memory."""
import time

import gateway
import peers
import scenarios
import tone
from labconfig import agent_last, number
from topology import address

CALLS = 50
AT_A_TIME = 10
DIALLED = 11
TARGET = 35
# Short calls before the measured ones fill what is bounded and kept: the control plane's list of the last 256 finished
# transfers (some 8 kB each), pools, the allocator's caches.
WARM_UP = 280
# What either daemon's resident memory may grow by over the measured calls. A leak of one call's state (8 kB and more) in
# each of them would be 400 kB.
TOLERANCE_KB = 128


def run(lab):
    """Warms up, plays the measured calls and compares the ends; 0 if all succeeded and nothing leaked."""
    first = play_round(lab, "warm-up", WARM_UP, 2 * AT_A_TIME, 400)
    before = lab.gateway.memory()
    second = play_round(lab, "measured", CALLS, AT_A_TIME, 1000)
    after = lab.gateway.memory()
    faults = first + second
    for name, size in after.items():
        grown = size - before[name]
        print(f"{name}: {before[name]} kB, then {size} kB")
        if grown > TOLERANCE_KB:
            faults.append(f"{name} grew by {grown} kB in {CALLS} calls, more than {TOLERANCE_KB} kB")
    for fault in faults:
        print(f"BROKEN  {fault}")
    if not faults:
        print(f"{CALLS} calls with transfers, {AT_A_TIME} at a time: all succeeded, nothing leaked")
    return 1 if faults else 0


def play_round(lab, name, calls, at_a_time, talk_ms):
    """One round: the agent sends REFER after talk_ms, the caller stays four times as long. What went wrong, as a list."""
    start = lab.gateway.levels()
    folder = lab.folder / f"load-{name}"
    folder.mkdir()
    for party in ("caller", "agent", "callee"):
        tone.Source(party, 8).write(folder / f"{party}.voice")
    refer = scenarios.agent_refer(folder / "agent.voice", talk_ms, f"<sip:{number(TARGET)[2:]}@{address('agent', 1)}>",
                                  20000)
    callee = peers.Sipp("callee", "carrier", TARGET, scenarios.callee(folder / "callee.voice", talk_ms // 2, 20000), folder,
                        calls=calls)
    agent = peers.Sipp("agent", "agent", agent_last(DIALLED), refer, folder, calls=calls)
    caller = peers.Sipp("caller", "carrier", 20, scenarios.caller(number(20), folder / "caller.voice", 4 * talk_ms), folder,
                        target=f"{address('carrier', 1)}:5060", service=number(DIALLED), calls=calls,
                        options=["-l", at_a_time, "-r", at_a_time])
    faults = []
    deadline = time.monotonic() + 90
    for peer in (caller, agent, callee):
        code = peer.wait(deadline - time.monotonic())
        if code != 0:
            faults.append(f"{name}: {peer.name} ended with {code}: {peer.why()}")
        peer.stop()
    left = lab.gateway.wait_empty() or lab.gateway.wait_levels(start, gateway.RELEASE_S)
    if left:
        faults.append(f"{name}: {left} are left")
    return faults
