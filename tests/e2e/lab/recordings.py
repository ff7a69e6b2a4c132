"""What a scenario of record.py is, and what most of them have in common."""
import importlib
from dataclasses import dataclass, field

import scenarios
from labconfig import number
from recordconfig import Config
from topology import address

CALLER = number(20)
EDGE = ("edge", "carrier", None)
PBX_SERVER = ("pbx", "pbx", None)
UP = ["caller>INVITE", "agent<INVITE", "agent>200 INVITE", "caller<200 INVITE", "caller>ACK"]
ACCEPTED = [*UP, "agent>REFER", "agent<202 REFER", "agent<NOTIFY 100"]
DIALLED = [*ACCEPTED, "edge<INVITE", "edge>407 INVITE", "^edge<ACK", "edge<INVITE"]
CONNECTED = ["edge>200 INVITE", "^edge<ACK", "agent<NOTIFY 200", "agent>200 NOTIFY", "agent<BYE", "agent>200 BYE"]
ENDED = ["caller>BYE", "^caller<200 BYE", "edge<BYE", "edge>200 BYE"]
PHONE = "<sip:desk@pbx.lab>"


@dataclass
class Recording:
    """One scenario. ladder: messages that must be there in this order (record.py says how they are written). heard:
    whose voice must come to the gateway. servers: Kamailios. limit_s: what the peers may take."""
    name: str
    title: str
    tells: str
    play: object
    ladder: list
    heard: tuple = ("caller", "agent")
    servers: tuple = (EDGE,)
    extension: bool = False
    config: Config = field(default_factory=Config)
    limit_s: int = 25


ALL = []


def all_recordings():
    """All of them, in the order of pcap/README.md."""
    importlib.import_module("recordings_transfers")
    importlib.import_module("recordings_calls")
    return ALL


def recording(title, ladder, name=None, **settings):
    """Makes a recording of a function; its docstring is what the README tells."""
    def take(play):
        tells = " ".join(play.__doc__.split())
        ALL.append(Recording(name or play.__name__.replace("_", "-"), title, tells, play, list(ladder), **settings))
        return play
    return take


def at_number(digits):
    """A number in national spelling at our own host, as Refer-To."""
    return f"<sip:{number(digits)[2:]}@{address('agent', 1)}>"


def agent_refers(take, digits=31, talk_ms=1000, **more):
    take.agent(scenarios.agent_refer(take.voice("agent", talk_ms / 1000 + 0.8), talk_ms,
                                     digits if isinstance(digits, str) else at_number(digits), 15000, **more))


def caller(take, talk_ms, voice_s=None):
    take.caller(scenarios.caller(CALLER, take.voice("caller", voice_s or talk_ms / 1000), talk_ms))


def callee(take, ring_ms=500, digits=31):
    take.callee(digits, scenarios.callee(take.voice("callee", 1.5), ring_ms, 15000))
