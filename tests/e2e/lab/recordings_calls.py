"""Scenarios of record.py: media, calls without a transfer, providers."""
import signal
import time

import scenarios
import tone
from labconfig import number
from recordconfig import CARRIER, DESK, Config
from recordings import CALLER, CONNECTED, DIALLED, ENDED, UP, agent_refers, at_number, callee, caller, recording

# ---- media


@recording("media of an ended call meets its port's next call",
           ["caller>INVITE", "caller<200 INVITE", "caller>BYE", "caller<200 BYE", "second>INVITE", "second<200 INVITE",
            "second>BYE", "second<200 BYE"], heard=("caller", "agent", "second"), servers=(),
           config=Config(ports="16384-16385", quarantine="300ms"))
def stale_rtp(take):
    """The gateway has one port pair for each network, so that the second call gets the ports of the first. The first
    caller hangs up after a second and goes on sending RTP for two more, into the second caller's call. None of that may
    reach the agent: it is dropped by name (no endpoint while the port rests, another source afterwards), and the second
    call's streams are whole."""
    take.agent(scenarios.agent(take.voice("agent", 1.2), 15000), calls=2)
    take.caller(scenarios.caller(CALLER, take.voice("caller", 3.5), 1000, linger_ms=2500))
    time.sleep(2.2)
    take.caller(scenarios.caller(number(21), take.voice("caller", 1.5, "second"), 1500), 21, "second")


@recording("the caller presses keys while it is transferred", [*DIALLED, *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def dtmf_during_swap(take):
    """The caller presses keys all the time, as telephone-events (RFC 4733, payload type 96 at the caller, 101 at the
    others), before, during and after the transfer. Each key must come to exactly one listener, with the
    listener's payload type, one timestamp, marker and end bits as sent, and the sequence unbroken; the key that is held
    down at the move is ended for the agent by three end packets, and the target hears nothing of it."""
    events = {n: f"a=rtpmap:{n} telephone-event/8000" for n in (96, 101)}
    digits = tone.with_digits(tone.Source("caller", 3), "1234567890", every=12, payload_type=96)
    take.callee(31, scenarios.with_formats(scenarios.callee(take.voice("callee", 1.5), 500, 15000), "0 101",
                                           scenarios.PCMU, events[101]))
    take.agent(scenarios.with_formats(scenarios.agent_refer(take.voice("agent", 1.8), 1000, at_number(31), 15000), "0 101",
                                      scenarios.PCMU, events[101]))
    take.caller(scenarios.with_formats(scenarios.caller(CALLER, take.voice("caller", 0, packets=digits), 3000), "0 96",
                                       scenarios.PCMU, events[96]))


@recording("sources that change SSRC, sequence and timestamp", [*DIALLED, *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def ssrc_continuity(take):
    """Agent and target each begin a new stream in the middle: another SSRC, sequence and timestamp, without any
    signalling; and the transfer changes the source as well. The caller must hear one SSRC with a sequence and a
    timestamp that go on without a break, the marker bit set where a new source begins."""
    def two(party, seconds):
        return [packet for _ in range(2) for packet in tone.Source(party, seconds / 2).packets()]
    take.callee(31, scenarios.callee(take.voice("callee", 0, packets=two("callee", 1.6)), 500, 15000))
    take.agent(scenarios.agent_refer(take.voice("agent", 0, packets=two("agent", 1.2)), 1200, at_number(31), 15000))
    caller(take, 3400)


@recording("the target holds the caller and takes it back",
           [*DIALLED, *CONNECTED, "edge>re-INVITE", "edge<200 INVITE", "edge>re-INVITE", "edge<200 INVITE", *ENDED,
            "!caller<re-INVITE"], heard=("caller", "agent", "callee"))
def hold_after_transfer(take):
    """After the transfer the target puts the caller on hold (a=sendonly) and takes it back (a=sendrecv), by re-INVITEs.
    Both must be answered at the target's leg, o= version one higher each time, and go no further: the caller gets no
    re-INVITE. While it is held the target is sent nothing."""
    take.callee(31, scenarios.callee_holds(take.voice("callee", 3), 500, 500, 700, 15000))
    agent_refers(take)
    caller(take, 4000)


@recording("the caller holds and takes back", [*UP, "caller>re-INVITE", "caller<200 INVITE", "caller>re-INVITE",
                                               "caller<200 INVITE", "caller>BYE", "agent<BYE", "!agent<re-INVITE"],
           servers=())
def caller_holds(take):
    """The caller puts the agent on hold (a=sendonly) and takes it back. Both re-INVITEs must be answered at the
    caller's leg and go no further; while it is held the caller is sent nothing."""
    take.agent(scenarios.agent(take.voice("agent", 2.5), 15000))
    take.caller(scenarios.caller_holds(CALLER, take.voice("caller", 2.5), 700, 700, 700))


@recording("the agent holds the caller, who hears music",
           [*UP, "agent>re-INVITE", "agent<200 INVITE", "agent>re-INVITE", "agent<200 INVITE", "caller>BYE", "agent<BYE",
            "!caller<re-INVITE"], servers=(),
           config=Config(sounds={"music": (tone.OWN["music"], 0.5, "    loop: true\n")}, music="music"))
def hold_music(take):
    """The agent puts the caller on hold (a=sendonly), is silent, and takes it back (a=sendrecv); then its voice is a new
    stream. The configuration names a sound of half a second as hold-music. 0.2 s after the agent's last packet the caller
    must hear that sound (after 0.1 s of silence), over and over, until the agent's voice comes again, all of it in one
    stream: one SSRC, a sequence without a break, timestamps that go on with the time. Both re-INVITEs end at the agent's
    leg, and while it holds the agent is sent nothing."""
    take.agent(scenarios.agent_holds(take.voice("agent", 0.9), take.voice("agent", 2, "agent-again"), 1000, 1200,
                                     "sendonly", 15000))
    caller(take, 3400)


# ---- calls without a transfer


@recording("an INVITE without SDP", [*UP, "caller>BYE", "agent<BYE"], servers=())
def late_offer(take):
    """The caller's INVITE has no SDP. The gateway must offer in its 200 the codec that the agent has agreed to, take
    the answer from the ACK, and connect caller and agent."""
    take.agent(scenarios.agent(take.voice("agent", 1.5), 15000))
    take.caller(scenarios.caller_late(CALLER, take.voice("caller", 1.5), 1500))


@recording("the caller hangs up before the agent answers",
           ["caller>INVITE", "agent<INVITE", "agent>180 INVITE", "caller<180 INVITE", "caller>CANCEL", "caller<200 CANCEL",
            "caller<487 INVITE", "agent<CANCEL", "agent>487 INVITE", "agent<ACK"], heard=(), servers=())
def caller_cancels(take):
    """The caller sends CANCEL while the agent rings. It must get 200 to the CANCEL and 487 to its INVITE, and the agent
    is cancelled."""
    take.agent(scenarios.agent_rings())
    take.caller(scenarios.caller_cancels(CALLER, 700))


@recording("the agent refuses the call", ["caller>INVITE", "agent<INVITE", "agent>603 INVITE", "^agent<ACK",
                                          "caller<603 INVITE", "caller>ACK"], heard=(), servers=())
def agent_refuses(take):
    """The agent refuses the call with 603, and its route names no plan for that. The caller must get 603."""
    take.agent(scenarios.callee_refuses("603 Decline", 300, "agent"))
    take.caller(scenarios.caller_refused(CALLER, 603))


@recording("the agent does not answer, people do",
           ["caller>INVITE", "agent<INVITE", "agent>180 INVITE", "agent<CANCEL", "^agent>487 INVITE", "edge<INVITE",
            "edge>407 INVITE", "edge>200 INVITE", "caller<200 INVITE", *ENDED], heard=("caller", "callee"),
           config=Config(agent_ring="1s", route="    agent-fails: plan-sales\n", plans=DESK))
def agent_fails_plan(take):
    """The agent rings and does not answer in its ring time. The route says agent-fails: plan-sales, so it is cancelled
    and the plan's number is dialled before the caller was ever answered; the caller is answered when the target
    answers."""
    callee(take)
    take.agent(scenarios.agent_rings())
    caller(take, 1500)


@recording("the agent is gone, people take over", [*UP, "agent>BYE", "agent<200 BYE", "edge<INVITE", "edge>407 INVITE",
                                                   "edge>200 INVITE", "edge<ACK", *ENDED],
           heard=("caller", "agent", "callee"), config=Config(route="    agent-lost: plan-sales\n", plans=DESK))
def agent_lost_plan(take):
    """The agent hangs up without a transfer. The route says agent-lost: plan-sales, so the caller is kept, hears
    ringback while the plan's number rings, and is connected with it."""
    callee(take, 1000)
    take.agent(scenarios.agent(take.voice("agent", 1), 1000))
    caller(take, 3200)


@recording("an operator ends the call", [*UP, "caller<BYE", "caller>200 BYE"], servers=())
def operator_hangup(take):
    """An operator types `xfergate hangup` while caller and agent talk (replay.args says when). Both must get BYE."""
    take.agent(scenarios.agent(take.voice("agent", 2), 15000))
    caller(take, 8000, 2)
    time.sleep(1.2)
    take.operator("hangup", CALLER).communicate(timeout=15)


@recording("a provider's keep-alives", ["caller>OPTIONS", "caller<200 OPTIONS"] * 3, heard=(), servers=())
def options_keepalive(take):
    """A provider sends OPTIONS outside any dialog three times. Each must be answered 200 with Allow and Accept, and
    leave nothing behind."""
    take.caller(scenarios.keepalive())


@recording("a stranger gets no answer", ["stranger>INVITE", "!stranger<100 INVITE", "!stranger<403 INVITE"], heard=(),
           servers=())
def stranger(take):
    """An address that is no source of ours sends INVITE. It must get no answer of any kind; the datagram is dropped in
    the dataplane as sip-source and never reaches the control plane."""
    take.caller(scenarios.stranger(number(28), 1000), 200, "stranger")


@recording("requests that come again", ["caller>INVITE", "caller>INVITE", "agent<INVITE", "agent>200 INVITE",
                                        "caller<200 INVITE", "agent>REFER", "agent>REFER", "agent<202 REFER", "edge<INVITE",
                                        *CONNECTED, *ENDED], heard=("caller", "agent", "callee"))
def retransmissions(take):
    """The control plane was held up (by a signal) when the INVITE and when the REFER came, so that both were sent again
    before they were answered. One call must come of it and one transfer: each copy is answered like the first, and
    nothing is dialled twice."""
    daemon = take.gateway.controlplane
    callee(take)
    agent_refers(take, talk_ms=1500, repeated=True)
    daemon.send_signal(signal.SIGSTOP)
    caller(take, 5200, 4.5)
    time.sleep(1)
    daemon.send_signal(signal.SIGCONT)
    time.sleep(1.2)
    daemon.send_signal(signal.SIGSTOP)
    time.sleep(1.3)
    daemon.send_signal(signal.SIGCONT)


# ---- providers


def _trunk(domain, realm, spelling):
    return ("trunk", "carrier", {"DOMAIN": f'"{domain}"', "REALM": f'"{realm}"', "SPELLING": f'"{spelling}"'})


@recording("a trunk as Twilio's", [*DIALLED, *CONNECTED, *ENDED], heard=("caller", "agent", "callee"),
           servers=(_trunk("acme.pstn.twilio.com", "sip.twilio.com", "^[+]1202555[0-9][0-9][0-9][0-9]$"),),
           config=Config(providers=CARRIER.replace("sip:carrier.lab", "sip:acme.pstn.twilio.com")
                         .replace("realm: carrier.lab", "realm: sip.twilio.com\n    number-format: plus")))
def twilio_termination(take):
    """The provider is configured as an elastic SIP trunk of Twilio's: the termination domain in the Request-URI, +E.164
    in Request-URI and From, a 407 with MD5 and qop=auth of realm sip.twilio.com. The trunk (a Kamailio of the lab that
    refuses anything else) must take the INVITE at the second try."""
    callee(take)
    agent_refers(take)
    caller(take, 2700)


@recording("a trunk as Vonage's", [*DIALLED, *CONNECTED, *ENDED], heard=("caller", "agent", "callee"),
           servers=(_trunk("sip.nexmo.com", "sip.nexmo.com", "^1202555[0-9][0-9][0-9][0-9]$"),),
           config=Config(providers=CARRIER.replace("sip:carrier.lab", "sip:sip.nexmo.com")
                         .replace("realm: carrier.lab", "realm: sip.nexmo.com\n    number-format: plain")))
def vonage_plain(take):
    """The provider is configured as a trunk of Vonage's, which wants E.164 without the plus: number-format is plain.
    The trunk (a Kamailio of the lab that refuses any other spelling) must see both numbers without plus, and a 407 with
    MD5 answered."""
    callee(take)
    agent_refers(take)
    caller(take, 2700)
