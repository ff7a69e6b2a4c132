"""The gateway's configuration for one recording: small, and the same file stands beside the capture for replay.

One provider, one agent, one number that leads to it, and what the scenario adds. What a recording is made with and what is
kept of it differ only where replay needs nothing: devices, sockets, user.
"""
from pathlib import Path

import tone
from labconfig import CARRIER_PASSWORD, PBX_PASSWORD, number
from topology import NETWORKS, address

AGENT = 11
PASSWORDS = {"LAB_PASSWORD": CARRIER_PASSWORD, "PBX_PASSWORD": PBX_PASSWORD}

CARRIER = f"""  - name: carrier
    owner: acme
    network: carrier
    region: US
    trunk: sip:carrier.lab
    sources: [192.0.2.0/25]
    username: lab-acme
    password-env: LAB_PASSWORD
    realm: carrier.lab
"""

# Two targets and then the agent again: a number that is busy, an extension that is too.
SALES = f"""plans:
  - name: sales
    owner: acme
    type: number
    destination: "(202) 555-0132"
    region: US
    caller-id: "{number(1)}"
    provider: carrier
    ring-time: 5s
    fallbacks:
      - type: sip
        destination: sip:busy@pbx.lab
        ring-time: 5s
      - type: agent
"""
# One number.
DESK = f"""plans:
  - name: sales
    owner: acme
    type: number
    destination: "{number(31)}"
    caller-id: "{number(1)}"
    provider: carrier
    ring-time: 5s
"""
# One number, and who hears that it does not answer.
CLOSED = DESK + """    fallbacks:
      - type: announcement
        sound: closed
      - type: hang-up
"""
PBX = """sip-servers:
  - host: pbx.lab
    owner: acme
    username: xfergate
    password-env: PBX_PASSWORD
    realm: pbx.lab
    network: pbx
"""


class Config:
    """Makes the text. Keys that a scenario sets: t1, ring (of targets), agent_ring, ports (of media), quarantine, providers,
    agent_version (4 or 6), agent_last (of its address), route (further lines of the route), plans, servers, sounds
    (name -> frequencies, seconds, further lines), music (name of the sound for those on hold)."""

    ENVIRONMENT = PASSWORDS

    def __init__(self, t1="500ms", ring="10s", agent_ring="10s", ports="16384-17383", quarantine="5s", providers=CARRIER,
                 agent_version=4, route="", plans="",
                 servers="", agent_last=AGENT, sounds=None, music=""):
        self._t1, self._ring, self._agent_ring = t1, ring, agent_ring
        self._ports, self._quarantine = ports, quarantine
        self._providers, self._plans, self._servers = providers, plans, servers
        self._sounds, self._music = sounds or {}, music
        self.agent_version, self.agent_last, self._route = agent_version, agent_last, route

    def text(self, driver, folder, user, group, socket, link):
        """The file that the recording is made with; the arguments are those of labconfig.text."""
        self.write_sounds(folder)
        return self._write(lambda n, name: f"net_{driver}{n},iface=gw-{name}", f"  link: {link}\n  memory: 256\n",
                           f"  socket: {socket}\n  user: {user}\n  group: {group}\n")

    def standalone(self):
        """The file that is kept: nothing in it is of this machine."""
        return self._write(lambda n, _: f"net_null{n}", "", "  user: xfergate\n  group: xfergate\n")

    def write_sounds(self, folder):
        """The WAV files that the configuration names; the same bytes each time. Their paths."""
        paths = []
        for name, (frequencies, seconds, _) in self._sounds.items():
            paths.append(Path(folder) / f"{name}.wav")
            tone.write_wav(paths[-1], frequencies, seconds)
        return paths

    def _write(self, device, dataplane, control):
        return f"""dataplane:
  workers: 1
  idle: backoff
{dataplane}
ports:
{''.join(self._port(n, name, device(n, name)) for n, name in enumerate(NETWORKS))}
networks:
{''.join(self._network(name) for name in NETWORKS)}
control:
{control}
sip:
  t1: {self._t1}
  ring-time: {self._ring}
  max-call-time: 10m

media:
  ports: {self._ports}
  timeout: 10s
  quarantine: {self._quarantine}
{f"  hold-music: {self._music}" + chr(10) if self._music else ""}
providers:
{self._providers}
numbers:
  - number: "{number(1)}"
    owner: acme
    verified: operator
    active: true
    providers: [carrier]

agents:
{self._agent()}
routes:
  - number: "{number(1)}"
    provider: carrier
    agent: bot
    ring-time: {self._agent_ring}
{self._route}""" + "".join(f"\n{section}" for section in (self._plans, self._servers, self._sound_list()) if section)

    def _sound_list(self):
        rows = [f"  - name: {name}\n    file: {name}.wav\n{more}" for name, (_, _, more) in self._sounds.items()]
        return "sounds:\n" + "".join(rows) if rows else ""

    @staticmethod
    def _port(n, name, device):
        block4 = NETWORKS[name][0]
        return f"""  - name: {name}
    device: {device}
    tap: xfg-{name}
    addresses: [{address(name, 1)}/{block4.split('/')[1]}, "{address(name, 1, 6)}/64"]
"""

    def _network(self, name):
        version = self.agent_version if name == "agent" else 4
        own = address(name, 1, version)
        return f"""  - name: {name}
    port: {name}
    sip: "{f'[{own}]' if version == 6 else own}:5060"
    media: ["{own}"]
"""

    def _agent(self):
        host = address("agent", self.agent_last, self.agent_version)
        return f"""  - name: bot
    owner: acme
    network: agent
    uri: sip:bot@{f'[{host}]' if self.agent_version == 6 else host}:5060
    sources: ["{host}"]
    region: US
    caller-id: dialled
    may:
      plans: [{'sales' if self._plans else ''}]
      prefixes: ["+1202"]
      domains: [pbx.lab]
"""
