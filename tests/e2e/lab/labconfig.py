"""The gateway's configuration for the lab: one provider, one agent address for each call, one number for each.

Numbers are +120255501NN. The last two digits of a number say what it is: 01 to 19 are dialled and lead to the agent of
the same number (198.51.100.10+N), 30 to 39 are subscribers at the provider's edge (192.0.2.NN), 80 to 89 are numbers
that may not be shown as caller ID, each for a reason of its own.
"""
from pathlib import Path

import tone
from topology import NETWORKS, address

CARRIER_PASSWORD = "carrier-secret"
MEDIA_TIMEOUT_S = 10
PBX_PASSWORD = "pbx-secret"
ENVIRONMENT = {"PBX_PASSWORD": PBX_PASSWORD}

# digits -> what makes it unfit, as the numbers section says it
UNFIT = {
    81: {"verified": "no"},
    82: {"active": "false"},
    83: {"providers": "[elsewhere]"},
    84: {"owner": "rival", "providers": "[rival-trunk]"},
}
UNREGISTERED = 90
DIALS = range(1, 20)
NO_CALLER_ID = 9
ANNOUNCED_S = 2.53  # no whole number of packets


def number(digits):
    """A telephone number of the lab, E.164."""
    return f"+120255501{digits:02d}"


def agent_last(call):
    """The last part of the address of a call's agent."""
    return 10 if call == 1 else 10 + call


def _ports(driver):
    for n, (name, (block4, block6, _)) in enumerate(NETWORKS.items()):
        yield f"""  - name: {name}
    device: net_{driver}{n},iface=gw-{name}
    tap: xfg-{name}
    mtu: 1500
    addresses: [{address(name, 1)}/{block4.split('/')[1]}, "{address(name, 1, 6)}/{block6.split('/')[1]}"]
"""


def _networks():
    for name in NETWORKS:
        yield f"""  - name: {name}
    port: {name}
    sip: {address(name, 1)}:5060
    media: [{address(name, 1)}]
"""
    yield f"""  - name: agent6
    port: agent
    sip: "[{address('agent', 1, 6)}]:5060"
    media: ["{address('agent', 1, 6)}"]
"""


def _number(digits, owner="acme", verified="operator", active="true", providers="[carrier]"):
    return f"""  - number: "{number(digits)}"
    owner: {owner}
    verified: {verified}
    active: {active}
    providers: {providers}
"""


def _agent(call, name, host, network="agent", caller_id="dialled"):
    source = host.strip("[]") if host != "agent.lab" else address("agent", 10)
    shown = f"    caller-id: {caller_id}\n" if caller_id else ""
    return f"""  - name: {name}
    owner: acme
    network: {network}
    uri: sip:bot@{host}:5060
    sources: ["{source}"]
    region: US
{shown}    may:
      plans: [sales, closed]
      prefixes: ["+1202"]
      domains: [pbx.lab]
"""


def _agents():
    for call in DIALS:
        host = "agent.lab" if call == 1 else address("agent", agent_last(call))
        yield _agent(call, f"bot-{call}", host, caller_id=None if call == NO_CALLER_ID else "dialled")
    yield _agent(0, "bot-6", f"[{address('agent', 16, 6)}]", "agent6").replace("bot-6", "bot-ipv6")


def _routes():
    for call in DIALS:
        yield f"""  - number: "{number(call)}"
    provider: carrier
    agent: bot-{call}
    ring-time: 10s
"""
    yield f"""  - number: "{number(20)}"
    provider: carrier
    agent: bot-ipv6
    ring-time: 10s
  - number: "*"
    provider: carrier
    agent: bot-4
    ring-time: 10s
"""


def text(driver, folder, user, group, socket, link):
    """The YAML file. driver: af_xdp or af_packet. folder: where the provider's password and the sounds are written."""
    password = Path(folder) / "carrier.password"
    password.write_text(CARRIER_PASSWORD + "\n")
    password.chmod(0o600)
    tone.write_wav(Path(folder) / "closed.wav", (*tone.OWN["announcement"], tone.TOO_HIGH), ANNOUNCED_S)
    tone.write_wav(Path(folder) / "music.wav", tone.OWN["music"], 1)
    numbers = "".join(_number(digits) for digits in [*DIALS, 20])
    numbers += "".join(_number(digits, **fields) for digits, fields in UNFIT.items())
    return f"""# The lab's gateway; written by tests/e2e/lab.
dataplane:
  workers: 1
  idle: backoff
  link: {link}
  memory: 256

ports:
{''.join(_ports(driver))}
networks:
{''.join(_networks())}
control:
  socket: {socket}
  user: {user}
  group: {group}

sip:
  ring-time: 20s
  max-calls: 200
  max-call-time: 10m

media:
  ports: 16384-17383
  timeout: {MEDIA_TIMEOUT_S}s
  quarantine: 5s
  hold-music: music

sounds:
  - name: closed
    file: {folder}/closed.wav
  - name: music
    file: {folder}/music.wav
    loop: true

providers:
  - name: carrier
    owner: acme
    network: carrier
    region: US
    trunk: sip:carrier.lab
    sources: [192.0.2.0/25]
    username: lab-acme
    password-file: {password}
    realm: carrier.lab
  - name: elsewhere
    owner: acme
    network: carrier
    region: US
    trunk: sip:192.0.2.140
    sources: [192.0.2.140]
  - name: rival-trunk
    owner: rival
    network: carrier
    region: US
    trunk: sip:192.0.2.141
    sources: [192.0.2.141]

numbers:
{numbers}
agents:
{''.join(_agents())}
routes:
{''.join(_routes())}
plans:
  - name: sales
    owner: acme
    type: number
    destination: (202) 555-0132
    region: US
    caller-id: "{number(3)}"
    provider: carrier
    ring-time: 10s
    fallbacks:
      - type: number
        destination: "{number(33)}"
        caller-id: "{number(3)}"
        provider: carrier
        ring-time: 3s
      - type: agent
  - name: closed
    owner: acme
    type: number
    destination: "{number(32)}"
    caller-id: "{number(11)}"
    provider: carrier
    fallbacks:
      - type: number
        destination: "{number(33)}"
        caller-id: "{number(11)}"
        provider: carrier
        ring-time: 2s
      - type: announcement
        sound: closed
      - type: hang-up

sip-servers:
  - host: pbx.lab
    owner: acme
    username: xfergate
    password-env: PBX_PASSWORD
    realm: pbx.lab
    network: pbx
"""
