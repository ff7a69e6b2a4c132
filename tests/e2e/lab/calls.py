"""The calls of the lab: what each party does, and what is promised about it."""
import signal
import time

import judge
import peers
import scenarios
import tone
from labconfig import ANNOUNCED_S, UNFIT, UNREGISTERED, agent_last, number
from topology import address

EDGE = address("carrier", 10)
PBX = address("pbx", 10)
OURS_AT_AGENT = address("agent", 1)
CALLER = number(20)


def national(digits):
    """A number of the lab as an American writes it: no plus, no country code; at our own host."""
    return f"<sip:{number(digits)[2:]}@{OURS_AT_AGENT}>"


def _agent_leg(stage, dialled):
    """What the agent's INVITE says: the caller's number in From, the dialled one in To, our id."""
    invites = stage.find("INVITE", to="agent")
    first = invites[0] if invites else None
    stage.promise("the agent sees the caller's number, the dialled one and our id",
                  first and CALLER in first.header("from") and number(dialled) in first.header("to") and
                  first.header("x-xfergate-call"), first and first.headers)


def _dialled_by_provider(stage, digits, shown):
    """The target was called over the edge: its challenge answered with SHA-256, the caller ID a registered number."""
    invites = [m for m in stage.find("INVITE", to=EDGE) if number(digits) in m.uri]
    stage.promise(f"{number(digits)} is dialled at the edge, then again with an answer to SHA-256",
                  len(invites) == 2 and "SHA-256" in invites[1].header("proxy-authorization") and
                  invites[0].call_id == invites[1].call_id, [m.header("proxy-authorization") for m in invites])
    stage.promise(f"the target sees {number(shown)}", invites and number(shown) in invites[-1].header("from"),
                  [m.header("from") for m in invites])


def _everybody_heard(stage, target, agent_until=None, ringing=False):
    """Agent and caller, then target and caller; nobody else at any time. ringing: the caller would hear nobody while the
    target rings."""
    verdict = stage.hears("caller", ["agent", target], own=("ringing", "music") if ringing else ())
    if ringing:
        stage.promise("the caller hears ringing while the target rings", verdict.rung_s > 0.5, f"{verdict.rung_s:.2f} s")
    stage.hears("agent", ["caller"], until=agent_until if agent_until is not None else _moved(stage, target))
    stage.hears(target, ["caller"])
    stage.hidden()
    stage.not_reinvited()


def _moved(stage, target):
    """When the target answered: from then on it, and no longer the agent, is with the caller."""
    server = {"callee": EDGE, "extension": PBX}[target]
    answers = stage.find("INVITE", 200, by=server)
    return answers[0].time if answers else None


def to_number_by_refer(stage, refer_to=None, agent=None, dialled=1):
    """Call 1: the agent sends REFER to a number in national spelling."""
    voice = stage.voice("agent")
    scenario = scenarios.agent_refer(voice, 3000, refer_to or national(31), 20000)
    stage.callee(31, scenarios.callee(stage.voice("callee"), 1000, 20000))
    stage.agent(scenario, **(agent or {}))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 8000), dialled)
    stage.finish()
    _agent_leg(stage, dialled)
    _dialled_by_provider(stage, 31, dialled)
    stage.promise("the REFER is accepted with 202", len(stage.find("REFER", 202, to="agent")) == 1)
    stage.notified(200)
    byes = stage.find("BYE", to="agent")
    stage.promise("the agent's leg is ended by us", len(byes) == 1, len(byes))
    _everybody_heard(stage, "callee")
    if byes:
        stage.quiet_after("agent", byes[0].time, "its BYE")


def to_sip_uri_by_cli(stage, extension):
    """Call 2: an operator transfers to the PBX, which is in no allow list and asks for credentials."""
    stage.extension(extension)
    stage.agent(scenarios.agent(stage.voice("agent"), 20000))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 7500), 2)
    time.sleep(3)
    code, _, error = stage.transfer(CALLER, "--to", "sip:reception@pbx.lab")
    stage.finish()
    stage.promise("xfergate transfer ends with 0", code == 0, f"{code}: {error}")
    invites = stage.find("INVITE", to=PBX)
    stage.promise("the PBX's challenge is answered",
                  len(invites) == 2 and 'username="xfergate"' in invites[1].header("authorization"),
                  [m.header("authorization") for m in invites])
    stage.promise("the name stays in the Request-URI", invites and invites[-1].uri.startswith("sip:reception@pbx.lab"),
                  [m.uri for m in invites])
    stage.promise("the target sees the caller's number", invites and CALLER in invites[-1].header("from"),
                  [m.header("from") for m in invites])
    _everybody_heard(stage, "extension")


def plan_with_fallbacks(stage):
    """Call 3: the first target is busy, the second does not answer, the caller is back with the agent."""
    stage.callee(32, scenarios.callee_refuses())
    stage.callee(33, scenarios.callee_silent())
    stage.agent(scenarios.agent_refer(stage.voice("agent"), 2500, f"<sip:plan-sales@{OURS_AT_AGENT}>", 20000))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 9500), 3)
    stage.finish()
    _dialled_by_provider(stage, 32, 3)
    _dialled_by_provider(stage, 33, 3)
    stage.promise("the second target is cancelled", len(stage.find("CANCEL", to=EDGE)) == 1)
    finals = stage.notified(408)
    said = finals[0].body + str(finals[0].headers) if finals else ""
    stage.promise("the final NOTIFY says why each attempt failed", "486" in said and "408" in said, said)
    byes = stage.find("BYE", by="caller")
    stage.promise("the agent stays until the caller hangs up",
                  byes and all(m.time > byes[0].time for m in stage.find("BYE", to="agent")))
    stage.hears("caller", ["agent"], own=("ringing",))
    stage.hears("agent", ["caller"])
    stage.hidden()
    stage.not_reinvited()


def refusals(stage):
    """Call 4: what is refused, before anything is dialled, each with its reason. Several calls at a time."""
    gateway, target = stage.gateway, f"<sip:{number(31)}@{OURS_AT_AGENT}>"
    strangers = gateway.drops("sip-source")
    reasons = {UNREGISTERED: "regist", 81: "verif", 82: "active", 83: "authori[sz]ed|provider", 84: "owner|belong"}
    assert set(reasons) == {UNREGISTERED, *UNFIT}
    chain = [(f"<sip:12@{OURS_AT_AGENT};user=phone>", 400, "."),
             ("<sip:+442079460123@carrier.lab>", 403, "may|allow|list"),
             ("<sip:sales@other.example>", 403, "may|allow|list"),
             ("<sip:root@127.0.0.1>", 403, "may|allow|list|loopback"),
             ("<mailto:sales@other.example>", 400, ".")]
    second = f"<sip:{number(34)}@{OURS_AT_AGENT}>"
    stage.agent(scenarios.agent_refused(stage.voice("agent"), 500, [(target, 403)], 20000), calls=len(reasons))
    for n, dialled in enumerate(reasons):
        stage.caller(scenarios.caller(number(21 + n), stage.voice("caller"), 3000), dialled, 21 + n, f"caller-{dialled}")
    stage.places["agent-9"] = _second_agent(stage, 9, scenarios.agent_refused(stage.voice("agent"), 500,
                                                                               [(target, 403)], 20000))
    stage.caller(scenarios.caller(number(26), stage.voice("caller"), 3000, [(target, 403)]), 9, 26, "caller-9")
    stage.places["agent-10"] = _second_agent(
        stage, 10, scenarios.agent_refer(stage.voice("agent"), 500, f"<sip:{number(33)}@{OURS_AT_AGENT}>", 20000,
                                         refused=[(to, code) for to, code, _ in chain], second=(second, 491)))
    stage.callee(33, scenarios.callee_silent())
    stage.caller(scenarios.caller(number(27), stage.voice("caller"), 5000), 10, 27, "caller-10")
    stage.caller(scenarios.stranger(number(28), 1500), 1, 200, "stranger")
    time.sleep(3)
    code, _, error = stage.transfer(number(27), "--to", "sip:reception@pbx.lab")
    stage.finish()
    for dialled, reason in reasons.items():
        _refused_for(stage, dialled, reason)
    stage.refused(number(31), 403, "caller.?id", by="agent-9")
    stage.refused(number(31), 403, "agent|may", by="caller-9")
    for to, status, reason in chain:
        stage.refused(to.strip("<>"), status, reason, by="agent-10")
    stage.promise("a second REFER of the same call gets 491", len(stage.find("REFER", 491, to="agent-10")) == 1)
    stage.promise("on the command line it is exit code 1 with the reason", code == 1 and error.strip(),
                  f"{code}: {error}")
    dialled = {m.call_id for m in stage.find("INVITE", to=EDGE)} | {m.call_id for m in stage.find("INVITE", to=PBX)}
    stage.promise("nothing is dialled but the one that was accepted", len(dialled) == 1, len(dialled))
    stranger = stage.places["stranger"]
    sent = [m for m in stage.sip if m.src[0] == stranger]
    stage.promise("an unknown address gets no answer", sent and not any(m.dst[0] == stranger for m in stage.sip))
    counted = gateway.drops("sip-source") - strangers
    stage.promise("and is counted", counted == len(sent), f"{counted} of {len(sent)}")
    stage.notified(487, to="agent-10")
    stage.hidden()


def _second_agent(stage, dialled, scenario):
    """Another agent in the same call of the lab; its address."""
    peer = peers.Sipp(f"agent-{dialled}", "agent", agent_last(dialled), scenario, stage.folder)
    return stage.join(peer)


def _refused_for(stage, dialled, reason):
    """The agent's REFER in the call that dialled this number was refused for that reason."""
    legs = {m.call_id for m in stage.find("INVITE", to="agent") if number(dialled) in m.header("to")}
    warnings = [w for m in stage.find("REFER", 403, to="agent") if m.call_id in legs
                for w in m.headers.get("warning", [])]
    stage.warned(f"{number(dialled)} as caller ID is refused, {reason}", warnings, reason)


def caller_hangs_up(stage):
    """Call 5: the caller hangs up while the target rings."""
    stage.callee(33, scenarios.callee_silent())
    stage.agent(scenarios.agent_refer(stage.voice("agent"), 2500, national(33), 20000))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 4500), 5)
    stage.finish()
    stage.promise("the target is cancelled", len(stage.find("CANCEL", to=EDGE)) == 1)
    stage.notified(487)
    stage.promise("the agent gets BYE", len(stage.find("BYE", to="agent")) == 1)
    stage.hears("caller", ["agent"], own=("ringing",))
    stage.hears("agent", ["caller"])
    stage.hidden()


def agent_hangs_up(stage):
    """Call 6: the agent hangs up right after the 202; the caller hears the target's early media."""
    stage.callee(34, scenarios.callee(stage.voice("callee"), 2000, 20000, early=True))
    stage.agent(scenarios.agent_refer_bye(stage.voice("agent", 2.5), 2600, national(34)))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 8000), 6)
    stage.finish()
    stage.promise("the agent's BYE is answered", len(stage.find("BYE", 200, to="agent")) == 1)
    finals = [m for m in stage.find("NOTIFY", to="agent") if "terminated" in m.header("subscription-state")]
    stage.promise("the final NOTIFY is sent nevertheless", [m.sipfrag for m in finals] == [200],
                  [m.sipfrag for m in finals])
    progress = stage.find("INVITE", 183, by=EDGE)
    answer = stage.find("INVITE", 200, by=EDGE)
    verdict = stage.hears("caller", ["agent", "callee"], own=("ringing",))
    early = [s.first.time for s in verdict.segments if s.party == "callee"]
    stage.promise("the caller hears the target's early media", progress and answer and early and
                  progress[0].time <= early[0] < answer[0].time)
    stage.hears("agent", ["caller"])
    stage.hears("callee", ["caller"])
    stage.hidden()
    stage.not_reinvited()


def hold_then_refer(stage):
    """Call 7: the agent puts the caller on hold, then sends REFER; the caller is not on hold with the target."""
    stage.callee(31, scenarios.callee(stage.voice("callee"), 1000, 20000))
    stage.agent(scenarios.agent_refer(stage.voice("agent", 2.5), 2600, national(31), 20000, hold="inactive"))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 8500), 7)
    stage.finish()
    holds = stage.find("INVITE", by="agent")
    answers = stage.find("INVITE", 200, to="agent")
    stage.promise("the hold is answered as such", answers and "a=inactive" in answers[-1].body,
                  [m.body for m in answers])
    stage.notified(200)
    _everybody_heard(stage, "callee", holds[0].time if holds else 0, ringing=True)


def baresip_refers(stage):
    """Call 8: the agent is a baresip: no Referred-By, digits at its own domain, BYE at once after the final NOTIFY."""
    last = agent_last(8)
    host = address("agent", last)
    baresip = peers.Baresip("bot", "agent", last, stage.folder, f"<sip:bot@{host}>;regint=0;answermode=auto;"
                            "audio_codecs=pcmu", 620)
    try:
        stage.places["agent"] = host
        stage.callee(31, scenarios.callee(stage.voice("callee"), 1000, 20000))
        stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 8000), 8)
        time.sleep(3)
        baresip.command("transfer", number(31)[2:])
        stage.finish()
    finally:
        baresip.stop(signal.SIGTERM)
    stage.promise("the REFER is accepted with 202", len(stage.find("REFER", 202, to="agent")) == 1)
    finals = [m for m in stage.find("NOTIFY", to="agent") if "terminated" in m.header("subscription-state")]
    stage.promise("one final NOTIFY, 200", [m.sipfrag for m in finals] == [200], [m.sipfrag for m in finals])
    stage.promise("its BYE is answered 200", len(stage.find("BYE", 200, to="agent")) == 1)
    _dialled_by_provider(stage, 31, 8)
    _everybody_heard(stage, "callee")


def agent_over_ipv6(stage):
    """Call 9: as call 1, but the agent's side is IPv6 while the provider's is IPv4."""
    # [local_ip] is for SIPp to fill in: the agent names its own address
    to_number_by_refer(stage, f"<sip:{number(31)[2:]}@[local_ip]>", {"last": 16, "version": 6}, dialled=20)


def in_fragments(stage):
    """Call 10: the caller's INVITE, with the signatures of four carriers in it, is too large for one packet."""
    stage.agent(scenarios.agent(stage.voice("agent"), 20000))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 4000, identities=4), 10)
    lost = stage.gateway.drops("fragment-timeout")
    stage.finish()
    sizes = [sum(map(len, m.headers.get("identity", []))) for m in stage.find("INVITE", by="caller")]
    stage.promise("the INVITE is too large for two packets", sizes and min(sizes) > 3000, sizes)
    _agent_leg(stage, 10)
    stage.promise("none of its fragments is dropped", stage.gateway.drops("fragment-timeout") == lost)
    stage.hears("caller", ["agent"])
    stage.hears("agent", ["caller"])
    stage.hidden()


def _sound(stage, verdict, name, after, within_s):
    """The one sound of that name that was heard; it began soon after `after` had been heard last, and had no gap."""
    played = verdict.own(name)
    stage.promise(f"the {name} is heard once", len(played) == 1, verdict.summary)
    if len(played) != 1:
        return None
    sound = played[0]
    stage.promise(f"without a gap of more than {judge.GAP_MS} ms", sound.longest_gap_ms <= judge.GAP_MS,
                  f"{sound.longest_gap_ms:.0f} ms")
    voices = [s.last.time for s in verdict.segments if s.party == after and s.last.time < sound.first.time]
    waited = sound.first.time - max(voices, default=0)
    stage.promise(f"it follows the {after} within {within_s} s", waited < within_s, f"{waited:.2f} s")
    heard = judge.strength([packet.payload for packet in sound.packets], name)
    stage.promise("from its first packet to its last it is one sine", heard > 0.95, f"{heard:.3f} of its power")
    return sound


def announced(stage):
    """Call 11: the first target is busy, the second does not answer, the caller is told so, and the call ends."""
    stage.callee(32, scenarios.callee_refuses())
    stage.callee(33, scenarios.callee_silent())
    stage.agent(scenarios.agent_refer(stage.voice("agent"), 2000, f"<sip:plan-closed@{OURS_AT_AGENT}>", 20000))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 20000), 11)
    stage.finish()
    stage.notified(408)
    byes = stage.find("BYE", to="caller")
    stage.promise("the caller gets BYE from us", len(byes) == 1, len(byes))
    verdict = stage.hears("caller", ["agent", "announcement"], own=("announcement",))
    # before a sound there is 0.1 s of silence
    sound = _sound(stage, verdict, "announcement", "agent", 0.2)
    if sound:
        stage.promise(f"it lasts {ANNOUNCED_S} s", abs(sound.seconds - ANNOUNCED_S) < 0.1, f"{sound.seconds:.2f} s")
        folded = judge.power([packet.payload for packet in sound.packets], tone.FOLDED)
        stage.promise("what is too high for the caller's codec is not in it", folded < 0.001, f"{folded:.4f}")
        ended = byes[0].time - sound.last.time if byes else -1
        stage.promise("the BYE follows its end within 0.5 s", 0 <= ended < 0.5, f"{ended:.2f} s")
    stage.hears("agent", ["caller"])
    stage.hidden()
    stage.not_reinvited()


def hold_music(stage):
    """Call 12: the agent puts the caller on hold, who hears music, and takes it back."""
    stage.agent(scenarios.agent_holds(stage.voice("agent", 1.9), stage.voice("agent", name="agent-again"), 2000, 2500,
                                      "sendonly", 20000))
    stage.caller(scenarios.caller(CALLER, stage.voice("caller"), 7500), 12)
    stage.finish()
    offers, answers = stage.find("INVITE", by="agent"), stage.find("INVITE", 200, to="agent")
    stage.promise("the agent holds and takes back", len(offers) == 2 and len(answers) == 2 and
                  "a=recvonly" in answers[0].body and "a=sendrecv" in answers[1].body, [m.body for m in answers])
    verdict = stage.hears("caller", ["agent", "music", "agent"], own=("music",))
    # it begins once nothing has come from the agent for 0.2 s
    sound = _sound(stage, verdict, "music", "agent", 0.5)
    if sound and len(offers) == len(answers) == 2:
        back = [s.first.time for s in verdict.segments if s.first.time > sound.last.time]
        waited = back[0] - sound.last.time if back else -1
        stage.promise("the agent follows it within 0.1 s", 0 < waited < 0.1, f"{waited:.2f} s")
        held = answers[0].time + 0.1
        heard = [p for p in judge.heard_by(stage.rtp, stage.places["agent"]) if held < p.time < offers[1].time]
        stage.promise("meanwhile the agent is sent nothing", not heard, f"{len(heard)} packets")
        stage.hears("agent", ["caller"], since=0, until=offers[0].time)
        end = stage.find("BYE", by="caller")
        stage.hears("agent", ["caller"], since=answers[1].time, until=end[0].time if end else 0)
    stage.hidden()
    stage.not_reinvited()


CALLS = {
    1: ("to a number by REFER", to_number_by_refer),
    2: ("to a SIP URI by CLI", to_sip_uri_by_cli),
    3: ("a plan with fallbacks", plan_with_fallbacks),
    4: ("refusals", refusals),
    5: ("the caller hangs up while the target rings", caller_hangs_up),
    6: ("the agent hangs up right after the 202", agent_hangs_up),
    7: ("hold, then REFER", hold_then_refer),
    8: ("REFER by baresip", baresip_refers),
    9: ("the agent over IPv6", agent_over_ipv6),
    10: ("an INVITE in fragments", in_fragments),
    11: ("nobody answers: an announcement", announced),
    12: ("hold music", hold_music),
}
