"""The control plane is killed during a call: the media flows on, and afterwards nothing is left of the call.

The control plane that comes back does not know the call. Its endpoints go on forwarding, are shown as orphans, and are
closed when they have had no media for the configured time.
"""
import time

import scenarios
from labconfig import MEDIA_TIMEOUT_S, number
from stage import Stage

DIALLED = 12


def run(lab):
    """Plays it and prints the report; 0 if every promise was kept."""
    stage = Stage(lab.gateway, lab.folder, DIALLED, "the control plane is killed")
    try:
        _play(lab.gateway, stage)
    finally:
        stage.close()
    stage.read()
    stage.hears("caller", ["agent"])
    stage.hears("agent", ["caller"])
    for party in ("caller", "agent"):
        heard = stage.verdicts[0 if party == "caller" else 1].segments
        stage.promise(f"{party} hears the other all the time, without a break",
                      len(heard) == 1 and heard[0].last.time - heard[0].first.time > 6,
                      [(s.first.time, s.last.time) for s in heard])
    print("\n".join(stage.report()))
    return 0 if stage.kept else 1


def _play(gateway, stage):
    peers = [stage.agent(scenarios.agent(stage.voice("agent"), 60000)),
             stage.caller(scenarios.caller(number(20), stage.voice("caller"), 60000), DIALLED)]
    gateway.call_of(number(20))
    time.sleep(2)
    gateway.kill_controlplane()
    time.sleep(3)
    gateway.start_controlplane()
    time.sleep(2)
    rows = gateway.show("endpoints")
    stage.promise("its two endpoints are shown as orphans", len(rows) == 2 and all(row["orphan"] for row in rows), rows)
    stage.promise("the new control plane does not know the call", not gateway.show("calls"))
    for peer in peers:
        peer.stop()
    left = gateway.wait_empty(MEDIA_TIMEOUT_S + 10)
    stage.promise(f"they are closed {MEDIA_TIMEOUT_S} s after the last media", not left, left)
