"""The lab's network: four namespaces and the cables between them.

    carrier 192.0.2.0/24 ----- gw-carrier \\
    agent 198.51.100.0/24 ---- gw-agent    gateway (xfg-carrier, xfg-agent, xfg-pbx: TAPs of the dataplane)
    pbx 203.0.113.0/24 ------- gw-pbx     /

The lower interfaces gw-* carry no address: they belong to the dataplane, which makes the TAPs and sets the addresses.
Everything that the lab makes is written down in STATE_DIR first, so that a lab that was killed is cleaned up by the
next one, and nothing that somebody else made is ever touched.
"""
import fcntl
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

STATE_DIR = Path("/run/xfergate-lab")
NETNS_ETC = Path("/etc/netns")
GATEWAY = "gateway"

# name -> (IPv4 network, IPv6 network, last parts of the peers' addresses). The gateway is .1 (::1) in each. The first
# address of a network is the one that baresip sends media from.
NETWORKS = {
    "carrier": ("192.0.2.0/24", "2001:db8:1::/64", [10, *range(20, 40), 200]),
    "agent": ("198.51.100.0/24", "2001:db8:2::/64", [18, *range(10, 18), *range(19, 40)]),
    "pbx": ("203.0.113.0/24", "2001:db8:3::/64", [20, 10]),
}
HOSTS = {"carrier.lab": ("carrier", 10), "agent.lab": ("agent", 10), "pbx.lab": ("pbx", 10),
         "acme.pstn.twilio.com": ("carrier", 10), "sip.nexmo.com": ("carrier", 10)}


class LabError(Exception):
    """Something that the person who started the lab has to know; printed without a traceback."""


def address(network, last, version=4):
    """The address of a network's host number `last`, as text."""
    block = ipaddress.ip_network(NETWORKS[network][0 if version == 4 else 1])
    return str(block[last] if version == 4 else block[int(str(last), 16)])


def run(*command, check=True):
    """Runs a command; its standard output as text. Failing is a LabError with what the command said."""
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def in_namespace(namespace, *command):
    """The command line that runs `command` in a namespace. `ip` execs it, so the process id stays."""
    return ["ip", "netns", "exec", namespace, *command]


def _start_time(pid):
    """When a process started, in clock ticks since boot: with the id it names one process for good. None: gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def remember_process(pid):
    """Notes a process (leader of its own group) that the lab started, for a later clean-up."""
    (STATE_DIR / f"pid-{pid}").write_text(str(_start_time(pid)))


def forget_process(pid):
    """The process was ended and waited for."""
    (STATE_DIR / f"pid-{pid}").unlink(missing_ok=True)


def _kill_remembered():
    for note in STATE_DIR.glob("pid-*"):
        pid = int(note.name[4:])
        if _start_time(pid) == note.read_text():
            os.killpg(pid, signal.SIGTERM)
            deadline = time.monotonic() + 3
            while _start_time(pid) == note.read_text() and time.monotonic() < deadline:
                time.sleep(0.05)
            if _start_time(pid) == note.read_text():
                os.killpg(pid, signal.SIGKILL)
        note.unlink()


class Topology:
    """The namespaces, from up() to down(). Only one may exist on a machine at a time."""

    def __init__(self):
        self._lock = None

    def up(self):
        """Makes everything, after cleaning up what a killed lab left. LabError if a name is taken by somebody else."""
        if os.geteuid():
            raise LabError("the lab makes network namespaces: run it as root")
        STATE_DIR.mkdir(mode=0o755, exist_ok=True)
        self._lock = open(STATE_DIR / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise LabError("a lab is running on this machine already: end it first") from None
        self._clean()
        names = [*NETWORKS, GATEWAY]
        for name in names:
            if Path(f"/run/netns/{name}").exists():
                raise LabError(f"there is a network namespace '{name}' that the lab did not make: "
                               f"rename it, or remove it with 'ip netns del {name}'")
            if (NETNS_ETC / name).exists():
                raise LabError(f"{NETNS_ETC / name} exists and is not the lab's: move it away")
        for name in names:
            self._add_namespace(name)
        for name in NETWORKS:
            self._join(name)
        self.write_hosts()

    def down(self):
        """Removes everything, in the reverse order. May be called at any time, and twice."""
        if self._lock is None:
            return
        self._clean()
        self._lock.close()
        self._lock = None
        shutil.rmtree(STATE_DIR, ignore_errors=True)

    def write_hosts(self):
        """/etc/hosts and resolv.conf of each namespace: `ip netns exec` lays them over the machine's.

        The machine's own name servers cannot be reached from there, and asking them would hold every start up.
        """
        lines = [f"127.0.0.1 localhost {socket.gethostname()}", "::1 localhost"]
        lines += [f"{address(network, last)} {name}" for name, (network, last) in HOSTS.items()]
        for namespace in [*NETWORKS, GATEWAY]:
            folder = NETNS_ETC / namespace
            (STATE_DIR / f"etc-{namespace}").touch()
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "hosts").write_text("\n".join(lines) + "\n")
            if Path("/etc/resolv.conf").exists():
                (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")

    def _add_namespace(self, name):
        marker = STATE_DIR / f"ns-{name}"
        marker.write_text("new")
        run("ip", "netns", "add", name)
        marker.write_text(str(os.stat(f"/run/netns/{name}").st_ino))
        run("ip", "-n", name, "link", "set", "lo", "up")

    def _join(self, name):
        lower = f"gw-{name}"
        run("ip", "link", "add", lower, "netns", GATEWAY, "type", "veth", "peer", "name", "eth0", "netns", name)
        for namespace, device in ((GATEWAY, lower), (name, "eth0")):
            # With offloads a veth hands over packets without checksums, and what leaves the gateway could not be judged.
            run(*in_namespace(namespace, "ethtool", "-K", device, "tx", "off", "rx", "off", "gso", "off", "tso", "off",
                              "gro", "off"))
        run("ip", "-n", GATEWAY, "link", "set", lower, "up")
        block4, block6, lasts = NETWORKS[name]
        for last in lasts:
            run("ip", "-n", name, "address", "add", f"{address(name, last)}/{block4.split('/')[1]}", "dev", "eth0")
            run("ip", "-n", name, "address", "add", f"{address(name, last, 6)}/{block6.split('/')[1]}", "dev", "eth0",
                "nodad")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "route", "add", "default", "via", address(name, 1))
        run("ip", "-n", name, "-6", "route", "add", "default", "via", address(name, 1, 6))

    def _clean(self):
        _kill_remembered()
        for marker in STATE_DIR.glob("ns-*"):
            name, path = marker.name[3:], Path(f"/run/netns/{marker.name[3:]}")
            written = marker.read_text()
            if path.exists() and written in ("new", str(path.stat().st_ino)):
                run("ip", "netns", "del", name)
            marker.unlink()
        for marker in STATE_DIR.glob("etc-*"):
            shutil.rmtree(NETNS_ETC / marker.name[4:], ignore_errors=True)
            marker.unlink()
        if NETNS_ETC.exists() and not any(NETNS_ETC.iterdir()):
            NETNS_ETC.rmdir()
