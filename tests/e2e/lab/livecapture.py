"""`xfergate capture` on a live call: its files hold what the cables carried, SIP and both legs' media, and can be drawn
and replayed.

Two captures of everything from before the call, one of them scrubbed, ended by Ctrl-C; one of the call while it is up,
ended by the call.
"""
import collections
import os
import signal
import subprocess
import time

import scenarios
from labconfig import ENVIRONMENT, agent_last, number
from stage import Stage
from topology import address

DIALLED = 12
LEGS = {"carrier": 20, "agent": agent_last(DIALLED)}  # network -> last number of its party's address


def run(lab):
    """Plays it and prints the report; 0 if every promise was kept."""
    stage = Stage(lab.gateway, lab.folder, DIALLED, "a call is captured by the gateway")
    try:
        files = _play(lab.gateway, stage)
    finally:
        stage.close()
    _compare(stage, *files)
    print("\n".join(stage.report()))
    return 0 if stage.kept else 1


def _play(gateway, stage):
    everything, scrubbed, one = (stage.folder / f"{name}.pcap" for name in ("everything", "scrubbed", "one"))
    all_calls = {everything: gateway.start_cli("capture", "--all", "--media", "-o", str(everything)),
                 scrubbed: gateway.start_cli("capture", "--all", "--media", "--scrub", "-o", str(scrubbed))}
    time.sleep(1)
    agent = stage.agent(scenarios.agent(stage.voice("agent"), 60000))
    caller = stage.caller(scenarios.caller(number(20), stage.voice("caller"), 4000), DIALLED)
    call = gateway.call_of(number(20))
    time.sleep(1)
    of_call = gateway.start_cli("capture", call, "--media", "-o", str(one))
    stage.promise("the call goes through", caller.wait(20) == 0 and agent.wait(20) == 0)
    out, error = of_call.communicate(timeout=10)
    stage.promise("the call's capture ends with the call, and nothing is lost",
                  of_call.returncode == 0 and f" 0 lost, {one}" in out, out + error)
    left = gateway.wait_empty()
    stage.promise("nothing is left", not left, left)
    for file, process in all_calls.items():
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=10)
        stage.promise("Ctrl-C ends the others, and nothing is lost",
                      process.returncode == 0 and f" 0 lost, {file}" in out, out + error)
    return everything, scrubbed, one


def _fields(file, wanted, *fields):
    """Rows of the packets that tshark takes for `wanted`."""
    # A capture that began within the call has no SDP to tell RTP by.
    command = ["tshark", "-nr", str(file), "--enable-heuristic", "rtp_udp", "-o", "ip.check_checksum:TRUE", "-o",
               "udp.check_checksum:TRUE", "-Y", wanted, "-T", "fields", "-E", "separator=|"]
    done = subprocess.run([*command, *(word for field in fields for word in ("-e", field))], capture_output=True, text=True,
                          timeout=60, check=True)
    return [tuple(line.split("|")) for line in done.stdout.splitlines()]


def _sip(file):
    return collections.Counter(_fields(file, "sip", "ip.src", "ip.dst", "sip.CSeq", "sip.Status-Code", "sip.Call-ID"))


def _rtp(file, party):
    """Packets to and from a party."""
    rows = collections.Counter(_fields(file, "rtp && !rtcp", "ip.src", "ip.dst"))
    return sum(n for (src, _), n in rows.items() if src == party), sum(n for (_, dst), n in rows.items() if dst == party)


def _replays(stage, file):
    """The gateway answers its own capture as it did on the cable."""
    program = next(stage.gateway.programs["xfergate"].parents[2].rglob("xfergate-replay"), None)
    if program is None:
        return
    done = subprocess.run([program, file, "-c", stage.gateway.config], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **ENVIRONMENT})
    stage.promise("the capture can be replayed, and the call is answered and hung up there too",
                  done.returncode == 0 and "answered" in done.stdout and "hung up" in done.stdout,
                  done.stdout + done.stderr)


def _compare(stage, everything, scrubbed, one):
    _replays(stage, everything)
    stage.promise("the scrubbed capture has the same messages", _sip(scrubbed) == _sip(everything))
    for network, last in LEGS.items():
        party, cable = address(network, last), stage.folder / f"{network}.pcap"
        seen, kept = _sip(cable), _sip(everything)
        missing = {row: n for row, n in seen.items() if kept[row] != n}
        stage.promise(f"every SIP message of {network}'s cable is in the capture, by CSeq and Call-ID", seen and not missing,
                      missing)
        on_cable, captured, partly = _rtp(cable, party), _rtp(everything, party), _rtp(one, party)
        stage.promise(f"tshark finds as many RTP packets from and to {party} as on the cable",
                      min(captured) > 100 and captured == on_cable, (captured, on_cable))
        stage.promise(f"the call's own capture has SIP and both directions of {party}'s media after it began",
                      _sip(one) and min(partly) > 50 and all(n < m for n, m in zip(partly, on_cable)), (partly, on_cable))
    bad = _fields(everything, "ip.checksum.status == 0 || udp.checksum.status == 0 || _ws.malformed", "frame.number")
    stage.promise("tshark finds nothing wrong in it", not bad, bad)
    good = _fields(everything, "ip.checksum.status == 1 && udp.checksum.status == 1", "frame.number")
    stage.promise("it looks at the checksums", len(good) > 400, len(good))
    code, drawn, error = stage.gateway.cli("ladder", str(everything))
    stage.promise("xfergate ladder draws it", code == 0 and "INVITE" in drawn and "RTP PCMU" in drawn, drawn + error)
    for digits in (number(20), number(DIALLED)):
        plain, masked = (digits[2:].encode() in file.read_bytes() for file in (everything, scrubbed))
        stage.promise(f"{digits} is in the capture and not in the scrubbed one", plain and not masked)
