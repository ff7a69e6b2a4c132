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
# What either daemon's resident memory may grow by between the end of the first round and that of the second. The first
# round fills pools and the allocator's caches; a leak of one call's state (some kB) in each of 50 calls is more.
TOLERANCE_KB = 256


def run(lab):
    """Plays two rounds and compares their ends; 0 if all succeeded and nothing leaked."""
    first = play_round(lab, "warm-up")
    before = lab.gateway.memory()
    second = play_round(lab, "measured")
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
        print(f"2 x {CALLS} calls with transfers, {AT_A_TIME} at a time: all succeeded, nothing leaked")
    return 1 if faults else 0


def play_round(lab, name):
    """One round; what went wrong, as a list."""
    start = lab.gateway.levels()
    folder = lab.folder / f"load-{name}"
    folder.mkdir()
    for party in ("caller", "agent", "callee"):
        tone.Source(party, 8).write(folder / f"{party}.voice")
    refer = scenarios.agent_refer(folder / "agent.voice", 1000, f"<sip:{number(TARGET)[2:]}@{address('agent', 1)}>",
                                  20000)
    callee = peers.Sipp("callee", "carrier", TARGET, scenarios.callee(folder / "callee.voice", 500, 20000), folder,
                        calls=CALLS)
    agent = peers.Sipp("agent", "agent", agent_last(DIALLED), refer, folder, calls=CALLS)
    caller = peers.Sipp("caller", "carrier", 20, scenarios.caller(number(20), folder / "caller.voice", 4000), folder,
                        target=f"{address('carrier', 1)}:5060", service=number(DIALLED), calls=CALLS,
                        options=["-l", AT_A_TIME, "-r", AT_A_TIME])
    faults = []
    deadline = time.monotonic() + 60
    for peer in (caller, agent, callee):
        code = peer.wait(deadline - time.monotonic())
        if code != 0:
            faults.append(f"{name}: {peer.name} ended with {code}: {peer.why()}")
        peer.stop()
    left = lab.gateway.wait_empty() or lab.gateway.wait_levels(start, gateway.RELEASE_S)
    if left:
        faults.append(f"{name}: {left} are left")
    return faults
