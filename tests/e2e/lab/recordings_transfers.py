"""Scenarios of record.py: transfers, those that succeed and those that end otherwise."""
import time

import scenarios
import tone
from labconfig import number
from recordconfig import CLOSED, DESK, PBX, SALES, Config
from recordings import (ACCEPTED, CALLER, CONNECTED, DIALLED, EDGE, ENDED, PBX_SERVER, PHONE, UP, agent_refers, at_number,
                        callee, caller, recording)
from topology import address

# ---- transfers that succeed


@recording("the agent's REFER to a number connects caller and target", [*DIALLED, *CONNECTED, *ENDED, "!caller<re-INVITE"],
           heard=("caller", "agent", "callee"))
def refer_ok(take):
    """A caller talks with the agent for a second, then the agent sends REFER to a number in national spelling. The
    gateway accepts it with 202, says NOTIFY 100, dials the number at the provider's edge, answers its SHA-256
    challenge, and when the target answers after half a second connects caller and target: one final NOTIFY 200, then
    BYE to the agent. The caller must get no re-INVITE and one unbroken stream, first the agent's voice and then the
    target's; when it hangs up, the target gets BYE."""
    callee(take)
    agent_refers(take)
    caller(take, 2700)


@recording("progress NOTIFYs 100, 180 and 200",
           [*DIALLED, "edge>180 INVITE", "agent<NOTIFY 180", "agent>200 NOTIFY", *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def notify_180_200(take):
    """The target rings for two seconds before it answers. The agent must be told 100, 180 once, and 200 as the only
    final NOTIFY (Subscription-State: terminated), each after the answer to the one before; its leg is ended only after
    it has answered the last."""
    callee(take, 2000)
    agent_refers(take)
    caller(take, 4000)


@recording("the target is busy, the caller is back with the agent, who refers again",
           [*DIALLED, "edge>486 INVITE", "agent<NOTIFY 486", "agent>REFER", "agent<202 REFER", "agent<NOTIFY 100",
            "edge>407 INVITE", *CONNECTED, *ENDED], heard=("caller", "agent", "callee"))
def notify_486_return(take):
    """The first target is busy. The agent must get one final NOTIFY 486 and keep the caller: no BYE, and their patch
    stays. Half a second later it sends a second REFER in the same dialog, to another number, which answers; the NOTIFYs
    of this second subscription must carry Event: refer;id= with the CSeq of the second REFER."""
    take.callee(32, scenarios.callee_refuses())
    callee(take)
    take.agent(scenarios.agent_refers_again(take.voice("agent", 3), 1000, at_number(32), 500, at_number(31), 15000))
    caller(take, 3400)


@recording("the agent answers no NOTIFY", [*DIALLED, "edge>200 INVITE", "agent<NOTIFY 200", "agent<BYE", "agent>200 BYE",
                                           *ENDED], heard=("caller", "agent", "callee"))
def notify_lost(take):
    """The agent's REFER is accepted and the target answers, but the agent answers none of the NOTIFYs. The gateway must
    send them again (T1, 2·T1, …) and, as the final one stays unanswered too, give up after four seconds: then the agent
    gets BYE all the same. The caller talks with the target meanwhile and notices nothing."""
    callee(take)
    take.agent(scenarios.agent_deaf(take.voice("agent", 1.5), 1000, at_number(31), 15000))
    caller(take, 7000, 3)


@recording("the agent hangs up right after the 202",
           [*UP, "agent>REFER", "agent<202 REFER", "agent>BYE", "agent<200 BYE", "edge<INVITE", "edge>200 INVITE",
            "agent<NOTIFY 200", *ENDED], heard=("caller", "agent", "callee"))
def agent_bye_before_notify(take):
    """The agent sends BYE as soon as it has the 202. The transfer must go on: the target is dialled and connected, the
    caller hears ringback in between, and the final NOTIFY 200 is sent although the agent's dialog is over (the agent
    answers it with 481)."""
    callee(take, 1000)
    take.agent(scenarios.agent_refer_bye(take.voice("agent", 1), 1000, at_number(31)))
    caller(take, 3200)


@recording("the agent speaks IPv6", [*DIALLED, *CONNECTED, *ENDED], heard=("caller", "agent", "callee"),
           config=Config(agent_version=6))
def agent_ipv6(take):
    """As refer-ok, but the agent's side is IPv6, in signalling and media, while the provider's is IPv4. Each side must
    see addresses of its own family only."""
    callee(take)
    agent_refers(take, f"<sip:{number(31)[2:]}@[local_ip]>")
    caller(take, 2700)


@recording("to a SIP URI behind a PBX that asks for credentials",
           [*ACCEPTED, "pbx<INVITE", "pbx>401 INVITE", "pbx<ACK", "pbx<INVITE", "pbx>200 INVITE", "pbx<ACK",
            "agent<NOTIFY 200", "agent<BYE", "caller>BYE", "pbx<BYE"], heard=("caller", "agent", "extension"),
           servers=(PBX_SERVER,), extension=True, config=Config(servers=PBX))
def refer_sip_uri(take):
    """The agent sends REFER to sip:reception@pbx.lab. No provider takes part: the gateway looks the host up, has its
    address admitted, dials the PBX directly, answers its MD5 challenge (401, qop=auth) with the credentials of sip-
    servers, and shows the caller's own number. A softphone behind the PBX answers."""
    agent_refers(take, "<sip:reception@pbx.lab>")
    caller(take, 3000)


@recording("a softphone as agent refers", [*ACCEPTED, "edge<INVITE", "edge>407 INVITE", "edge>200 INVITE",
                                           "agent<NOTIFY 200", "agent>200 NOTIFY", "agent>BYE", "agent<200 BYE", *ENDED],
           heard=("caller", "agent", "callee"), config=Config(agent_last=18))
def baresip_refers(take):
    """The agent is a baresip. Its REFER has no Referred-By, its Refer-To names the digits at its own domain, it sends
    RTCP, and it hangs up itself as soon as it has the final NOTIFY. The transfer must come out as refer-ok does; its
    BYE is answered 200 whether ours is under way or not."""
    phone = take.softphone()
    callee(take)
    caller(take, 3500)
    time.sleep(1.3)
    phone.command("transfer", number(31)[2:])


@recording("the agent has the caller on hold, then refers",
           [*UP, "agent>re-INVITE", "agent<200 INVITE", "agent>REFER", "agent<202 REFER", "edge<INVITE", *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def hold_then_refer(take):
    """The agent puts the caller on hold (a=inactive), then sends REFER. The hold must be answered at the agent's leg
    and go no further; while the target rings the caller hears ringback, and with the target it is not on hold."""
    callee(take, 1000)
    agent_refers(take, hold="inactive")
    caller(take, 4600)


@recording("an operator transfers by a plan", [*UP, "edge<INVITE", "edge>200 INVITE", "agent<BYE", *ENDED],
           heard=("caller", "agent", "callee"), config=Config(plans=DESK))
def operator_transfer(take):
    """Nobody sends REFER: an operator types `xfergate transfer` while caller and agent talk (replay.args says when).
    The target of plan sales is dialled and connected, the agent gets BYE and no NOTIFY."""
    callee(take)
    take.agent(scenarios.agent(take.voice("agent", 2), 15000))
    caller(take, 3000)
    time.sleep(1.2)
    take.operator("transfer", CALLER, "--plan", "sales").communicate(timeout=15)


@recording("a plan goes from number to SIP URI to agent",
           [*ACCEPTED, "edge<INVITE", "edge>407 INVITE", "edge>486 INVITE", "pbx<INVITE", "pbx>401 INVITE", "pbx>486 INVITE",
            "agent<NOTIFY 486", "caller>BYE", "agent<BYE"], servers=(EDGE, PBX_SERVER),
           config=Config(plans=SALES, servers=PBX))
def plan_fallbacks(take):
    """The agent sends REFER to plan sales. Its first target, a number, is busy; its second, a SIP URI at the PBX, is
    busy too; the third is the agent itself. The agent must get one final NOTIFY 486 whose body says why each attempt
    failed, and the caller stays with it until it hangs up."""
    take.callee(32, scenarios.callee_refuses(ring_ms=300))
    agent_refers(take, f"<sip:plan-sales@{address('agent', 1)}>")
    caller(take, 2800)


@recording("nobody is there, and the caller is told so",
           [*DIALLED, "edge>486 INVITE", "^agent<NOTIFY 486", "caller<BYE", "caller>200 BYE", "^agent<BYE"],
           config=Config(plans=CLOSED, sounds={"closed": ((*tone.OWN["announcement"], tone.TOO_HIGH), 1.21, "")}))
def plan_announces(take):
    """The agent sends REFER to plan sales. Its target is busy, and behind it stand an announcement, a WAV file of 1.21 s
    at 16000 samples a second, and hang-up. The caller must hear 0.1 s of silence and all of the sound, in the stream in
    which it heard the agent: one SSRC, a sequence without a break, a packet each 20 ms. At its end the caller gets BYE;
    the agent hears the caller until then, and is told 486."""
    take.callee(31, scenarios.callee_refuses(ring_ms=300))
    agent_refers(take, f"<sip:plan-sales@{address('agent', 1)}>")
    caller(take, 15000, 3.5)


# ---- transfers that end otherwise


@recording("the caller hangs up while the target rings",
           [*DIALLED, "edge>180 INVITE", "caller>BYE", "caller<200 BYE", "edge<CANCEL", "^edge>487 INVITE", "^edge<ACK",
            "agent<NOTIFY 487", "agent<BYE"])
def caller_bye_while_ringing(take):
    """The caller hangs up while the target rings. The target must be cancelled, the agent gets the final NOTIFY 487 and
    then BYE, and nothing is left."""
    take.callee(31, scenarios.callee_silent())
    agent_refers(take)
    caller(take, 2200)


def target_fails(status, title, word):
    """A recording in which the target answers with that status."""
    code = status.split()[0]
    returned = [*DIALLED, f"edge>{code} INVITE", "edge<ACK", f"agent<NOTIFY {code}", "caller>BYE", "agent<BYE"]

    def play(take):
        take.callee(31, scenarios.callee_refuses(status, 300))
        agent_refers(take)
        caller(take, 2200)
    play.__doc__ = f"""{word} The agent must get the final NOTIFY {code} and no BYE: the caller stays with it and hears it
    all the time, until it hangs up itself half a second later."""
    recording(title, returned, name=f"target-{code}")(play)


target_fails("486 Busy Here", "the target is busy", "The target rings briefly and is busy.")
target_fails("480 Temporarily Unavailable", "the target is not there", "The target rings and is not available (480).")
target_fails("603 Decline", "the target declines", "The person declines (603).")
target_fails("404 Not Found", "the number does not exist", "The provider's subscriber does not exist (404).")
target_fails("500 Server Internal Error", "the target's server fails", "The target's server fails (500).")


@recording("nobody answers", [*DIALLED, "edge>180 INVITE", "edge<CANCEL", "^edge>200 CANCEL", "^edge>487 INVITE",
                              "^edge<ACK", "agent<NOTIFY 408", "caller>BYE", "agent<BYE"], config=Config(ring="2s"))
def target_no_answer(take):
    """The target rings and nobody answers in the ring time of two seconds. It must be cancelled, the agent gets the
    final NOTIFY 408 and the caller stays with it."""
    take.callee(31, scenarios.callee_silent())
    agent_refers(take)
    caller(take, 4000)


@recording("the target's host says nothing at all",
           [*ACCEPTED, "phone<INVITE", "phone<INVITE", "agent<NOTIFY 408", "caller>BYE", "agent<BYE"], servers=(),
           config=Config(t1="100ms"))
def target_timeout(take):
    """The agent refers to a SIP URI whose host takes the INVITE and says nothing, not even 100. With T1 at 100 ms the
    gateway must send it again at growing intervals and give up after 64·T1 = 6.4 s (timer B): final NOTIFY 408, the
    caller stays with the agent. Caller and agent are silent for most of the time."""
    take.phone(scenarios.callee_dead(9000))
    agent_refers(take, PHONE)
    caller(take, 8500, 2)


@recording("answer and CANCEL cross", [*ACCEPTED, "phone<INVITE", "phone>180 INVITE", "phone<CANCEL", "phone>200 INVITE",
                                       "phone<ACK", "phone<BYE", "phone>200 BYE", "^phone>200 CANCEL", "caller>BYE",
                                       "agent<BYE"], servers=(),
           config=Config(ring="1s"))
def cancel_200_crossing(take):
    """The ring time passes and the target's 200 crosses our CANCEL. The gateway must acknowledge that 200 and end the
    dialog with BYE at once; the caller never hears the target, the agent gets the final NOTIFY 408 and keeps the
    caller."""
    take.phone(scenarios.callee_crossing())
    agent_refers(take, PHONE)
    caller(take, 3000)


@recording("early media by 183, then a plain 180",
           [*DIALLED, "edge>183 INVITE", "agent<NOTIFY 183", "edge>180 INVITE", *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def early_media_183_180(take):
    """The target sends 183 with SDP and its tone, and after 700 ms a 180 without SDP; then it answers. From the first
    early packet on the caller must hear the target, also after the 180, and one unbroken stream across the 200."""
    take.callee(31, scenarios.callee_early_then_ringing(take.voice("callee", 2.8), 700, 700, 15000))
    agent_refers(take)
    caller(take, 3700)


@recording("a second REFER while the first is under way",
           [*ACCEPTED, "^edge<INVITE", "agent>REFER", "agent<491 REFER", *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def second_refer_491(take):
    """While the target of the agent's first REFER rings, the agent sends another one. It must be refused with 491 and
    leave the first alone, which connects."""
    callee(take, 1500)
    agent_refers(take, second=(at_number(33), 491))
    caller(take, 3800)


@recording("what the agent may not is refused", [*UP, "agent>REFER", "agent<403 REFER", "caller>BYE", "agent<BYE",
                                                 "!agent<NOTIFY 100", "!edge<INVITE"])
def refer_refused_403(take):
    """The agent refers to a host that is not among its domains. The REFER must be refused with 403 and a Warning that
    says why; nothing is dialled, no NOTIFY is sent, and the call goes on."""
    take.agent(scenarios.agent_refused(take.voice("agent", 2), 800, [("<sip:sales@other.example>", 403)], 15000))
    caller(take, 1800)


@recording("the target has none of the codecs", [*DIALLED, "edge>488 INVITE", "agent<NOTIFY 488", "caller>BYE", "agent<BYE"])
def codec_mismatch_488(take):
    """The target is offered the one codec that caller and gateway have agreed upon, and refuses it with 488. The agent
    must get the final NOTIFY 488 and keep the caller; the caller gets no re-INVITE."""
    take.callee(31, scenarios.callee_refuses("488 Not Acceptable Here"))
    agent_refers(take)
    caller(take, 2200)


@recording("the target answers with a codec that was not offered",
           [*DIALLED, "edge>200 INVITE", "edge<ACK", "edge<BYE", "^edge>200 BYE", "agent<NOTIFY 488", "caller>BYE",
            "agent<BYE"])
def codec_mismatch_answer(take):
    """The target answers 200 with G.729 although only G.711 was offered. The gateway must acknowledge and end that leg
    at once, tell the agent 488 and leave the caller with it."""
    take.callee(31, scenarios.with_formats(scenarios.callee(take.voice("callee", 0.5), 500, 5000), "18",
                                           "a=rtpmap:18 G729/8000"))
    agent_refers(take)
    caller(take, 2700)


@recording("the target has only the other law of G.711", [*DIALLED, *CONNECTED, *ENDED],
           heard=("caller", "agent", "callee"))
def codec_law(take):
    """The caller speaks mu-law, and so does the agent. The target is offered both laws of G.711 and answers with A-law
    only: caller and target must be connected without a re-INVITE, each hearing the other in its own law."""
    take.callee(31, scenarios.with_formats(
        scenarios.callee(take.voice("callee", 0, packets=tone.in_alaw(tone.Source("callee", 2))), 500, 15000), "8",
        "a=rtpmap:8 PCMA/8000"))
    agent_refers(take)
    caller(take, 3200)


@recording("caller and agent have no codec in common", ["caller>INVITE", "agent<INVITE", "agent>488 INVITE", "^agent<ACK",
                                                        "caller<488 INVITE", "caller>ACK"], heard=(), servers=())
def codec_mismatch_caller(take):
    """A caller offers G.729 only. The agent is offered just that and refuses with 488, which the caller must get."""
    take.agent(scenarios.callee_refuses("488 Not Acceptable Here", party="agent"))
    take.caller(scenarios.with_formats(scenarios.caller_refused(CALLER, 488), "18", "a=rtpmap:18 G729/8000"))


@recording("the agent's re-INVITE crosses ours",
           ["caller>INVITE", "agent<INVITE", "agent>183 INVITE", "agent>re-INVITE", "agent<491 INVITE", "agent>ACK",
            "agent>200 INVITE", "^agent<ACK", "caller<200 INVITE", "caller>BYE", "agent<BYE"], servers=())
def reinvite_glare_491(take):
    """The agent has said 183 with SDP and sends an INVITE inside the early dialog while our own is unanswered. It must
    be refused with 491 and change nothing: the agent's 200 to our INVITE then connects the call."""
    take.agent(scenarios.agent_glare(take.voice("agent", 1.5), 15000))
    caller(take, 1500)


@recording("the provider redirects", [*DIALLED, "edge>302 INVITE", "edge<ACK", "agent<NOTIFY 302", "caller>BYE",
                                      "agent<BYE"])
def trunk_302(take):
    """The provider answers the target's INVITE with 302 and another Contact. The gateway must not follow it: nothing
    goes to that Contact, the attempt has failed, the agent is told 302 and keeps the caller."""
    take.callee(31, scenarios.callee_refuses("302 Moved Temporarily"))
    agent_refers(take)
    caller(take, 2200)


@recording("the target hangs up", [*DIALLED, "edge>200 INVITE", "agent<NOTIFY 200", "agent<BYE", "edge>BYE", "edge<200 BYE",
                                   "caller<BYE", "caller>200 BYE"], heard=("caller", "agent", "callee"))
def target_hangs_up(take):
    """As refer-ok, but it is the target who hangs up, one second after it answered. The caller must get BYE."""
    take.callee(31, scenarios.callee(take.voice("callee", 1.2), 500, 1000))
    agent_refers(take)
    caller(take, 8000, 3)
