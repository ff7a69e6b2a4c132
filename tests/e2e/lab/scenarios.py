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
        "ok": part("ok.xml", attributes=""),
        "ok_plain": part("ok.xml", attributes=""),
        "ok_notify": part("ok.xml", attributes='next="notify"'),
        "play": part("play.xml"),
        "bye": part("uas-bye.xml"),
        "bye_request": part(request, method="BYE", cseq=199),
    }


def _refer(request, refer_to, code, cseq):
    head = part(request, method="REFER", cseq=cseq)
    return part("refer.xml", refer_request=head, refer_to=refer_to, code=code)


def caller(number, audio, talk_ms, refers=()):
    """Calls, talks and hangs up after talk_ms unless the other side did. `refers`: (Refer-To, code) that it tries."""
    values = _common("caller", audio, "uac-request.txt")
    tries = [_refer("uac-request.txt", to, code, 2 + n) for n, (to, code) in enumerate(refers)]
    values.update(number=number, talk_ms=talk_ms, ack_request=part("uac-request.txt", method="ACK", cseq=1),
                  refers="\n".join(['  <pause milliseconds="500"/>', *tries] if tries else []))
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


def callee(audio, ring_ms, stay_ms, early=False):
    """Rings (with early media: 183 and its tone), answers after ring_ms, stays until BYE or stay_ms."""
    values = _uas("callee", audio, stay_ms)
    ringing = _answer("", "180 Ringing", NO_BODY)
    values.update(ring_ms=ring_ms,
                  progress=_answer("", "183 Session Progress", SDP_BODY) + "\n{{play}}" if early else ringing,
                  play_answered="" if early else "{{play}}")
    return _scenario("callee.xml", values)


def callee_busy():
    """Answers 486."""
    values = _uas("callee", "", 0)
    values.update(busy=_answer(RELIABLE, "486 Busy Here", NO_BODY))
    return _scenario("callee-busy.xml", values)


def callee_silent():
    """Rings until it is cancelled; anything else fails the scenario."""
    values = _uas("callee", "", 0)
    # The CANCEL comes with one Via of the edge's own, so that of the INVITE, which has two, is remembered.
    vias = "\n".join(f'      <ereg regexp=".*" search_in="hdr" header="Via:" occurrence="{n}" assign_to="via{n}"/>'
                     for n in (1, 2))
    values.update(invite=part("uas-invite.xml", vias=vias, vias_seen=" Via[$via1][$via2]"),
                  ringing=_answer("", "180 Ringing", NO_BODY),
                  cancelled=_answer(RELIABLE, "487 Request Terminated", NO_BODY,
                                    "Via:[$via1]\n      Via:[$via2]"))
    return _scenario("callee-silent.xml", values)


def agent(audio, stay_ms):
    """Answers and talks until BYE."""
    return _scenario("agent.xml", _uas("agent", audio, stay_ms))


def agent_refused(audio, talk_ms, refusals, stay_ms):
    """Sends one REFER after the other, each (Refer-To, code) refused, and stays until BYE."""
    values = _uas("agent", audio, stay_ms)
    tries = [_refer("uas-request.txt", to, code, 101 + n) for n, (to, code) in enumerate(refusals)]
    values.update(talk_ms=talk_ms, refused="\n".join(tries))
    return _scenario("agent-refused.xml", values)


def agent_refer(audio, talk_ms, refer_to, stay_ms, notify_ms=20000, hold=None, second=None, refused=()):
    """Answers, talks, sends REFER (202), answers the NOTIFYs, stays until BYE or stay_ms.

    hold: direction of a re-INVITE before the REFER. second: (Refer-To, code) of another REFER while the first is under
    way. refused: (Refer-To, code) of REFERs before it.
    """
    values = _uas("agent", audio, stay_ms)
    tries = [_refer("uas-request.txt", to, code, 101 + n) for n, (to, code) in enumerate(refused)]
    values.update(talk_ms=talk_ms, notify_ms=notify_ms, notifies=part("notifies.xml"), refused="\n".join(tries),
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
