"""SIPp scenarios, put together from sipp/*.xml and the parts in sipp/parts.

SIPp has no include and no variable time-outs, so the files carry {{names}} that are filled in here. Every function
returns the text of one scenario.
"""
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "sipp"
NO_BODY = "Content-Length: 0\n\n"
SDP_BODY = "Content-Type: application/sdp\n      Content-Length: [len]\n\n      {{sdp}}"
RELIABLE = 'retrans="500"'
PCMU = "a=rtpmap:0 PCMU/8000"


def fill(text, values):
    """Replaces every {{name}}, also those inside values. KeyError names one that nobody gave."""
    while "{{" in text:
        text = re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), text)
    return text


def part(name, **values):
    """A piece of a scenario; what `values` does not name stays for the scenario to fill in."""
    text = (FOLDER / "parts" / name).read_text().rstrip("\n")
    for key, value in values.items():
        text = text.replace("{{%s}}" % key, str(value))
    return text


def pause(milliseconds):
    """Nothing happens for so long."""
    return f'  <pause milliseconds="{milliseconds}"/>'


def _scenario(file, values):
    return fill((FOLDER / file).read_text(), values)


def _answer(attributes, status, body, via="[last_Via:]"):
    return part("uas-response.xml", attributes=attributes, status=status, body=body, via=via)


def _common(party, audio, request):
    """What every scenario needs; `request` is the file with the head of requests inside a dialog."""
    return {
        "party": party,
        "audio": audio,
        "sdp": part("sdp.txt", version=1, direction="sendrecv"),
        "formats": "0",
        "rtpmaps": PCMU,
        "invite_request": part("uac-invite.txt"),
        "ok": part("ok.xml", attributes=""),
        "ok_plain": part("ok.xml", attributes=""),
        "play": part("play.xml"),
        "bye": part("uas-bye.xml"),
        "bye_request": part(request, method="BYE", cseq=199),
    }


def _notifies(loop="notify", before=""):
    """NOTIFYs are answered up to the one that ends the subscription. loop: a name that the scenario has once. before: what
    may come before each."""
    return part("notifies.xml", loop=loop, before=before, ok_notify=part("ok.xml", attributes=f'next="{loop}"'))


def _refer(request, refer_to, code, cseq):
    head = part(request, method="REFER", cseq=cseq)
    return part("refer.xml", refer_request=head, refer_to=refer_to, code=code)


def caller(number, audio, talk_ms, refers=(), linger_ms=0, identities=0):
    """Calls, talks and hangs up after talk_ms unless the other side did. `refers`: (Refer-To, code) that it tries.
    linger_ms: its voice goes on for so long after the call. identities: Identity headers (RFC 8224) of the INVITE, of 900
    bytes each."""
    values = _common("caller", audio, "uac-request.txt")
    values["invite_request"] += "".join(f"\n      Identity: {str(n) * 820};info=<https://carrier.lab/{n}.pem>;alg=ES256"
                                        for n in range(identities))
    tries = [_refer("uac-request.txt", to, code, 2 + n) for n, (to, code) in enumerate(refers)]
    values.update(number=number, talk_ms=talk_ms, ack_request=part("uac-request.txt", method="ACK", cseq=1),
                  refers="\n".join(['  <pause milliseconds="500"/>', *tries] if tries else []),
                  linger=pause(linger_ms) if linger_ms else "  <nop/>")
    return _scenario("caller.xml", values)


def stranger(number, wait_ms):
    """Sends one INVITE and fails on any answer within wait_ms."""
    values = _common("stranger", "", "uac-request.txt")
    values.update(number=number, talk_ms=wait_ms)
    return _scenario("stranger.xml", values)


def _uas(party, audio, stay_ms):
    values = _common(party, audio, "uas-request.txt")
    values.update(invite=part("uas-invite.xml", vias="", vias_seen=""), end=part("uas-end.xml"), stay_ms=stay_ms,
                  answer=_answer(RELIABLE, "200 OK", SDP_BODY))
    return values


def _vias(count):
    """Keeps so many Via headers of the INVITE, for an answer that comes after another request."""
    vias = "\n".join(f'      <ereg regexp=".*" search_in="hdr" header="Via:" occurrence="{n}" assign_to="via{n}"/>'
                     for n in range(1, count + 1))
    return {"vias": vias, "vias_seen": "".join(f" Via[$via{n}]" for n in range(1, count + 1))}


def callee(audio, ring_ms, stay_ms, early=False):
    """Rings (with early media: 183 and its tone), answers after ring_ms, stays until BYE or stay_ms."""
    values = _uas("callee", audio, stay_ms)
    ringing = _answer("", "180 Ringing", NO_BODY)
    values.update(ring_ms=ring_ms,
                  progress=_answer("", "183 Session Progress", SDP_BODY) + "\n{{play}}" if early else ringing,
                  play_answered="" if early else "{{play}}")
    return _scenario("callee.xml", values)


def callee_refuses(status="486 Busy Here", ring_ms=0, party="callee"):
    """Refuses with that status, after it rang for ring_ms."""
    values = _uas(party, "", 0)
    ringing = [_answer("", "180 Ringing", NO_BODY), pause(ring_ms)] if ring_ms else []
    values.update(ringing="\n".join(ringing), refusal=_answer(RELIABLE, status, NO_BODY))
    return _scenario("callee-refuses.xml", values)


def callee_silent():
    """Rings until it is cancelled; anything else fails the scenario."""
    values = _uas("callee", "", 0)
    # The CANCEL comes with one Via of the edge's own, so that of the INVITE, which has two, is remembered.
    values.update(invite=part("uas-invite.xml", **_vias(2)),
                  ringing=_answer("", "180 Ringing", NO_BODY),
                  cancelled=_answer(RELIABLE, "487 Request Terminated", NO_BODY,
                                    "Via:[$via1]\n      Via:[$via2]"))
    return _scenario("callee-silent.xml", values)


def agent(audio, stay_ms):
    """Answers and talks until BYE."""
    return _scenario("agent.xml", _uas("agent", audio, stay_ms))


def agent_holds(audio, again, talk_ms, hold_ms, direction, stay_ms):
    """Answers, talks, puts the caller on hold with that direction, is silent, takes it back and talks again."""
    values = _uas("agent", audio, stay_ms)
    values["play"] = "\n".join([part("play.xml"), pause(talk_ms),
                                _offer("uas-request.txt", 100, 2, direction, hold_ms),
                                _offer("uas-request.txt", 101, 3, "sendrecv", 0), part("play.xml", audio=again)])
    return _scenario("agent.xml", values)


def agent_refused(audio, talk_ms, refusals, stay_ms):
    """Sends one REFER after the other, each (Refer-To, code) refused, and stays until BYE."""
    values = _uas("agent", audio, stay_ms)
    tries = [_refer("uas-request.txt", to, code, 101 + n) for n, (to, code) in enumerate(refusals)]
    values.update(talk_ms=talk_ms, refused="\n".join(tries))
    return _scenario("agent-refused.xml", values)


def agent_refer(audio, talk_ms, refer_to, stay_ms, notify_ms=20000, hold=None, second=None, refused=(),
                repeated=False):
    """Answers, talks, sends REFER (202), answers the NOTIFYs, stays until BYE or stay_ms.

    hold: direction of a re-INVITE before the REFER. second: (Refer-To, code) of another REFER while the first is under
    way. refused: (Refer-To, code) of REFERs before it. repeated: its REFER goes out several times, and so does the answer.
    """
    values = _uas("agent", audio, stay_ms)
    tries = [_refer("uas-request.txt", to, code, 101 + n) for n, (to, code) in enumerate(refused)]
    values.update(talk_ms=talk_ms, notify_ms=notify_ms,
                  notifies=_notifies(before='  <recv response="202" optional="true"/>' if repeated else ""),
                  refused="\n".join(tries),
                  refer=_refer("uas-request.txt", refer_to, 202, 120), hold="", refused_while_ringing="")
    if hold:
        values["hold"] = part("hold.xml", hold_request=part("uas-request.txt", method="INVITE", cseq=100),
                              hold_ack=part("uas-request.txt", method="ACK", cseq=100), hold_ms=1000,
                              sdp_hold=part("sdp.txt", version=2, direction=hold))
    if second:
        values["refused_while_ringing"] = _between_notifies(_refer("uas-request.txt", *second, 121))
    return _scenario("agent-refer.xml", values)


def _between_notifies(refer):
    """The second REFER follows the first NOTIFY. One that crosses it is left alone, and answered when it comes again."""
    crossing = '  <recv request="NOTIFY" optional="true"/>\n'
    before, answer = refer.rsplit("  <recv response", 1)
    return f"""  <recv request="NOTIFY"/>
{{{{ok_plain}}}}
{before}{crossing}  <recv response{answer}"""


def agent_refer_bye(audio, talk_ms, refer_to, notify_ms=20000):
    """Sends REFER and hangs up right after the 202."""
    values = _uas("agent", audio, 0)
    values.update(talk_ms=talk_ms, notify_ms=notify_ms, refer=_refer("uas-request.txt", refer_to, 202, 120))
    return _scenario("agent-refer-bye.xml", values)


# What only recordings need.


def with_formats(scenario, formats, *rtpmaps):
    """The same party with other payload types: formats as in m=, and its rtpmap lines."""
    changed = scenario.replace("RTP/AVP 0\n      " + PCMU, f"RTP/AVP {formats}\n      " + "\n      ".join(rtpmaps))
    assert changed != scenario
    return changed


def _offer(request, cseq, version, direction, stay_ms):
    """A re-INVITE of that direction, and what comes after it."""
    return part("hold.xml", hold_request=part(request, method="INVITE", cseq=cseq),
                hold_ack=part(request, method="ACK", cseq=cseq), hold_ms=stay_ms,
                sdp_hold=part("sdp.txt", version=version, direction=direction))


def _hold(request, hold_ms, after_ms):
    """On hold for hold_ms, and back."""
    return "\n".join([_offer(request, 100, 2, "sendonly", hold_ms), _offer(request, 101, 3, "sendrecv", after_ms)])


def callee_holds(audio, ring_ms, talk_ms, hold_ms, stay_ms):
    """Answers, talks, puts the caller on hold and takes it back."""
    values = _uas("callee", audio, stay_ms)
    values.update(ring_ms=ring_ms, progress=_answer("", "180 Ringing", NO_BODY),
                  play_answered="\n".join(["{{play}}", pause(talk_ms), _hold("uas-request.txt", hold_ms, 0)]))
    return _scenario("callee.xml", values)


def caller_holds(number, audio, talk_ms, hold_ms, after_ms):
    """Calls, puts the agent on hold, takes it back and hangs up after after_ms."""
    values = _common("caller", audio, "uac-request.txt")
    values.update(number=number, talk_ms=after_ms, ack_request=part("uac-request.txt", method="ACK", cseq=1),
                  refers="\n".join([pause(talk_ms), _hold("uac-request.txt", hold_ms, 0)]), linger="  <nop/>")
    return _scenario("caller.xml", values)


def caller_late(number, audio, talk_ms):
    """Calls without SDP; its answer is in the ACK."""
    values = _common("caller", audio, "uac-request.txt")
    values.update(number=number, talk_ms=talk_ms, ack_request=part("uac-request.txt", method="ACK", cseq=1))
    return _scenario("caller-late.xml", values)


def caller_cancels(number, ring_ms):
    """Hangs up ring_ms after the 180."""
    values = _common("caller", "", "uac-request.txt")
    values.update(number=number, talk_ms=ring_ms)
    return _scenario("caller-cancels.xml", values)


def caller_refused(number, code):
    """Is refused with that code."""
    values = _common("caller", "", "uac-request.txt")
    values.update(number=number, code=code)
    return _scenario("caller-refused.xml", values)


def callee_early_then_ringing(audio, early_ms, ring_ms, stay_ms):
    """183 with its tone for early_ms, then 180 without SDP for ring_ms, then it answers."""
    values = _uas("callee", audio, stay_ms)
    progress = [_answer("", "183 Session Progress", SDP_BODY), "{{play}}", pause(early_ms),
                _answer("", "180 Ringing", NO_BODY)]
    values.update(ring_ms=ring_ms, progress="\n".join(progress), play_answered="")
    return _scenario("callee.xml", values)


def callee_crossing():
    """Rings; its 200 crosses the CANCEL."""
    values = _uas("callee", "", 0)
    values.update(invite=part("uas-invite.xml", **_vias(1)), ringing=_answer("", "180 Ringing", NO_BODY),
                  crossing=_answer("", "200 OK", SDP_BODY, "Via:[$via1]"))
    return _scenario("callee-crossing.xml", values)


def callee_dead(stay_ms):
    """Says nothing for so long."""
    return _scenario("callee-dead.xml", {"stay_ms": stay_ms})


def agent_rings():
    """Rings until it is cancelled."""
    values = _uas("agent", "", 0)
    values.update(invite=part("uas-invite.xml", **_vias(1)), ringing=_answer("", "180 Ringing", NO_BODY),
                  cancelled=_answer(RELIABLE, "487 Request Terminated", NO_BODY, "Via:[$via1]"))
    return _scenario("callee-silent.xml", values)


def agent_deaf(audio, talk_ms, refer_to, stay_ms):
    """Sends REFER and answers no NOTIFY."""
    values = _uas("agent", audio, stay_ms)
    values.update(talk_ms=talk_ms, refer=_refer("uas-request.txt", refer_to, 202, 120))
    return _scenario("agent-deaf.xml", values)


def agent_glare(audio, stay_ms):
    """Sends a re-INVITE before it has answered ours."""
    values = _uas("agent", audio, stay_ms)
    ack = part("uas-request.txt", method="ACK", cseq=100).replace("[branch]", "[branch-3]")
    values.update(invite=part("uas-invite.xml", **_vias(1)), ringing=_answer("", "183 Session Progress", SDP_BODY),
                  reinvite=part("uas-request.txt", method="INVITE", cseq=100), reinvite_ack=ack)
    return _scenario("agent-glare.xml", values)


def agent_refers_again(audio, talk_ms, first, between_ms, second, stay_ms):
    """Its first REFER fails, and it sends another one between_ms later. NOTIFYs of both are answered."""
    values = _uas("agent", audio, stay_ms)
    again = _refer("uas-request.txt", second, 202, 121)
    values.update(talk_ms=talk_ms, notify_ms=20000, hold="", refused="", refused_while_ringing="",
                  refer=_refer("uas-request.txt", first, 202, 120),
                  notifies="\n".join([_notifies(), pause(between_ms), again, _notifies("again")]))
    return _scenario("agent-refer.xml", values)


def keepalive():
    """Three OPTIONS."""
    return fill((FOLDER / "keepalive.xml").read_text(),
                {"three": "\n".join(part("options.xml", cseq=n) for n in (1, 2, 3))})
