"""The programs at the other ends of the gateway: SIPp, Kamailio, baresip, and tcpdump that watches them."""
import json
import shutil
import signal
from pathlib import Path

import topology
from process import Process, wait_for
from topology import LabError, address

HERE = Path(__file__).resolve().parent
NEEDED = {"sipp": "sip-tester", "kamailio": "kamailio", "baresip": "baresip-core", "tcpdump": "tcpdump",
          "ip": "iproute2", "ethtool": "ethtool"}
EDGE = ("carrier", 10)
PBX = ("pbx", 10)
EXTENSION = ("pbx", 20)


def check_programs():
    """LabError with the packages to install, if a program is not there."""
    missing = sorted(package for program, package in NEEDED.items() if not shutil.which(program))
    if missing:
        raise LabError(f"programs of the lab are missing: apt-get install {' '.join(missing)}")


class Sipp(Process):
    """One SIPp with one scenario. Its exit code is 0 only if every call followed the scenario to its end."""

    def __init__(self, name, network, last, scenario, folder, target=None, service="", calls=1, options=(),
                 version=4):
        folder = Path(folder)
        self.address = address(network, last, version)
        host = f"[{self.address}]" if version == 6 else self.address
        file = folder / f"{name}.xml"
        file.write_text(scenario)
        command = ["sipp", "-sf", file, "-i", host, "-p", 5060, "-mi", host, "-mp", 20000 + last * 10,
                   "-nostdin", "-trace_err", "-error_file", folder / f"{name}.errors", "-m", calls, *options]
        if service:
            command += ["-s", service]
        if target:
            command.append(target)
        self.errors = folder / f"{name}.errors"
        super().__init__(name, network, command, folder / f"{name}.log", cwd=folder)
        if not target:
            wait_for(lambda: _bound(network, host, 5060), 5, f"{name} to listen", self)

    def stop(self, first=signal.SIGTERM, seconds=1):
        return super().stop(first, seconds)

    def why(self):
        """What SIPp says about a call that did not go as its scenario wants: the first lines of its error file."""
        if not self.errors.exists():
            return ""
        return "\n".join(self.errors.read_text(errors="replace").splitlines()[:4])


def _bound(namespace, host, port):
    """Whether a UDP socket is bound to host:port in a namespace."""
    said = topology.run(*topology.in_namespace(namespace, "ss", "-H", "-l", "-n", "-u", "src", host))
    return f"{host}:{port} " in said


class Kamailio(Process):
    """Kamailio with one of kamailio/*.cfg, in the foreground, with none of the control sockets of the system's."""

    def __init__(self, name, network, last, folder, defines=None):
        folder = Path(folder) / name
        folder.mkdir()
        command = ["kamailio", "-f", HERE / "kamailio" / f"{name}.cfg", "-DD", "-E", "-m", 16, "-M", 4, "-Y", folder,
                   "-w", folder, "-P", folder / "pid"]
        for key, value in (defines or {}).items():
            command += ["-A", f"{key}={value}"]
        super().__init__(name, network, command, folder / "log", cwd=folder)
        wait_for(lambda: _bound(network, address(network, last), 5060), 10, f"{name} to listen", self)


class Baresip(Process):
    """baresip with one account that answers by itself and sends a tone; commands go to its ctrl_tcp socket."""

    CONTROL_PORT = 4444

    def __init__(self, name, network, last, folder, account, frequency):
        folder = Path(folder) / name
        folder.mkdir()
        self.address = address(network, last)
        self.network = network
        values = {"ADDRESS": self.address, "FREQUENCY": frequency, "CONTROL": f"{self.address}:{self.CONTROL_PORT}"}
        text = (HERE / "baresip" / "config").read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        (folder / "config").write_text(text)
        (folder / "accounts").write_text(account + "\n")
        (folder / "contacts").write_text("")
        super().__init__(name, network, ["baresip", "-f", folder], folder / "log", cwd=folder)
        wait_for(lambda: _bound(network, self.address, 5060), 10, f"{name} to listen", self)

    def command(self, command, params=""):
        """Runs a baresip command ("transfer", "hangup") and returns what it answered."""
        message = json.dumps({"command": command, "params": params})
        talk = ["python3", "-c", _CONTROL_CLIENT, self.address, str(self.CONTROL_PORT), message]
        return topology.run(*topology.in_namespace(self.network, *talk))


# ctrl_tcp speaks JSON in netstrings and is reached only from inside the namespace.
_CONTROL_CLIENT = """
import socket, sys
host, port, message = sys.argv[1:]
with socket.create_connection((host, int(port)), 3) as link:
    link.sendall(f"{len(message)}:{message},".encode())
    link.settimeout(1)
    print(link.recv(4096).decode(errors="replace"))
"""


class Capture:
    """tcpdump on one network's cable, as the peers see it: everything between them and the gateway."""

    def __init__(self, network, folder):
        self.network = network
        self.file = Path(folder) / f"{network}.pcap"
        # Without immediate mode what the kernel still holds when the capture is ended would be missing.
        self._process = Process(f"tcpdump-{network}", network,
                                ["tcpdump", "-i", "eth0", "-n", "-U", "-s", 0, "-B", 16384, "--immediate-mode", "-Z",
                                 "root", "-w", self.file, "not arp and not icmp6"], Path(folder) / f"{network}.tcpdump")
        self._process.expect("listening on", 5)

    def stop(self):
        """Ends the capture. LabError if the kernel dropped packets: what is judged must be complete."""
        self._process.stop(signal.SIGINT)
        said = self._process.log.read_text()
        if "\n0 packets dropped by kernel" not in said:
            raise LabError(f"the capture of {self.network} is not complete: {said.strip()}")
