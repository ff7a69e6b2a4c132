"""The gateway under test: its two daemons and its command line. All that the lab knows of their interface is here."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import labconfig
import topology
from process import Process, wait_for
from topology import GATEWAY, LabError

PROGRAMS = ("xfergate-dataplane", "xfergate-controlplane", "xfergate")
# Section and name of the gauges in `show stats`.
LEVELS = (("calls", "calls"), ("calls", "legs"), ("calls", "transfers"), ("sip", "transactions"),
          ("media", "endpoints"), ("media", "ports_used"), ("media", "admitted"), ("media", "commands_pending"),
          ("media", "orphans"))
# 64*T1, for which transactions rest and addresses stay admitted, and what the last ones need besides.
RELEASE_S = 45
DRIVERS = ("af_xdp", "af_packet")


def find_programs(bindir):
    """name -> path of the three programs, anywhere below a build directory."""
    found = {}
    for folder, _, files in os.walk(bindir):
        for name in PROGRAMS:
            path = Path(folder) / name
            if name in files and os.access(path, os.X_OK) and path.is_file():
                found.setdefault(name, path.resolve())
    missing = [name for name in PROGRAMS if name not in found]
    if missing:
        raise LabError(f"{bindir} has no {', '.join(missing)}: build first")
    return found


class Gateway:
    """Both daemons in the namespace `gateway`, from start() to stop(). config: has text() and ENVIRONMENT as labconfig."""

    def __init__(self, bindir, folder, user, group, driver="auto", config=labconfig):
        self.programs = find_programs(bindir)
        self.folder = Path(folder)
        self.socket = topology.STATE_DIR / "gateway" / "xfergate.sock"
        self._link = topology.STATE_DIR / "gateway" / "link.sock"
        self._owner = (user, group)
        self._drivers = DRIVERS if driver == "auto" else (driver,)
        self.config = self.folder / "lab.yaml"
        self._source = config
        self.driver = None
        self.dataplane = None
        self.controlplane = None

    def start(self):
        """Starts the dataplane (AF_XDP, or AF_PACKET if that is not to be had, saying so) and the control plane."""
        self.socket.parent.mkdir(exist_ok=True)
        for driver in self._drivers:
            try:
                self._start_dataplane(driver)
                break
            except LabError as error:
                self.dataplane.stop()
                if driver == self._drivers[-1]:
                    raise
                print(f"no {driver} here, so the ports are {self._drivers[-1]}: {str(error).splitlines()[-1]}")
        self.start_controlplane()

    def _start_dataplane(self, driver):
        user, group = self._owner
        self.config.write_text(self._source.text(driver, self.folder, user, group, self.socket, self._link))
        self.driver = driver
        self._link.unlink(missing_ok=True)
        self.dataplane = Process("xfergate-dataplane", GATEWAY,
                                 [self.programs["xfergate-dataplane"], "-c", self.config],
                                 self.folder / f"dataplane-{driver}.log", env=self._source.ENVIRONMENT, cwd=self.folder)
        wait_for(lambda: self._link.exists() and self._taps_up(), 20, "the dataplane's link and TAPs", self.dataplane)

    def _taps_up(self):
        said = topology.run("ip", "-n", GATEWAY, "-o", "-4", "address", "show", check=False)
        return all(f" {topology.address(name, 1)}/" in said for name in topology.NETWORKS)

    def kill_controlplane(self):
        """kill -9, as a crash would."""
        self.controlplane.stop(signal.SIGKILL)
        self.controlplane = None

    def start_controlplane(self):
        """Starts (again) the control plane alone, and waits until it answers."""
        log = self.folder / "controlplane.log"
        if log.exists():
            log = self.folder / "controlplane-again.log"
        self.controlplane = Process("xfergate-controlplane", GATEWAY,
                                    [self.programs["xfergate-controlplane"], "-c", self.config],
                                    log, env=self._source.ENVIRONMENT, cwd=self.folder)
        wait_for(lambda: self.cli("show", "version")[0] == 0, 15, "the control plane to answer", self.controlplane)

    def stop(self):
        """Ends both; LabError if one had died or ends badly: a crash at the end is a crash."""
        bad = []
        for daemon in (self.controlplane, self.dataplane):
            if daemon is None:
                continue
            died = daemon.poll()
            code = daemon.stop(signal.SIGTERM, 8)
            if died is not None or code != 0:
                bad.append(f"{daemon.name} ended with {code if died is None else died}:\n{daemon.tail()}")
        self.controlplane = self.dataplane = None
        if bad:
            raise LabError("\n".join(bad))

    def command(self, *words):
        """A command line of the CLI."""
        return topology.in_namespace(GATEWAY, str(self.programs["xfergate"]), "--socket", str(self.socket), *words)

    def cli(self, *words, seconds=40):
        """Runs the CLI: (exit code, standard output, standard error)."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=seconds)
        return done.returncode, done.stdout, done.stderr

    def start_cli(self, *words):
        """Starts the CLI, for a command that waits: a Popen to communicate() with."""
        return subprocess.Popen(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def show(self, what, *words):
        """`xfergate show WHAT --json`, decoded. A list for calls, transfers, endpoints, sources; else an object."""
        code, out, error = self.cli("show", what, *words, "--json")
        if code:
            raise LabError(f"xfergate show {what}: exit {code}: {error.strip()}")
        answer = json.loads(out)
        return answer[what] if isinstance(answer, dict) and isinstance(answer.get(what), list) else answer

    def call_of(self, caller, seconds=5):
        """Our id of the call from a caller's number, once it is up."""
        deadline = time.monotonic() + seconds
        while True:
            rows = self.show("calls")
            for row in rows:
                if caller in str(row.get("caller")):
                    return str(row["id"])
            if time.monotonic() > deadline:
                raise LabError(f"no call from {caller} among {rows}")
            time.sleep(0.05)

    def left(self):
        """What calls, transfers and endpoints are there now, as text; '' if none."""
        calls, endpoints = self.show("calls"), self.show("endpoints")
        return f"{len(calls)} calls, {len(endpoints)} endpoints" if calls or endpoints else ""

    def wait_empty(self, seconds=4):
        """Waits until nothing is left; what still is, as text."""
        deadline = time.monotonic() + seconds
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def levels(self):
        """name -> how many there are of everything that must be back at its start level after the last call."""
        stats = self.show("stats")
        try:
            return {name: stats[section][name] for section, name in LEVELS}
        except KeyError as error:
            raise LabError(f"xfergate show stats --json has no {error}") from None

    def wait_levels(self, start, seconds):
        """Waits until all levels are back at `start`; those that are not, as text, '' if all are."""
        deadline = time.monotonic() + seconds
        while True:
            levels = self.levels()
            if levels == start:
                return ""
            if time.monotonic() > deadline:
                return ", ".join(f"{levels[name]} {name} (at the start {start[name]})" for name in start
                                 if levels[name] != start[name])
            time.sleep(0.5)

    def drops(self, name):
        """The dataplane's counter of drops of that name."""
        return _find(self.show("stats"), name)

    def memory(self):
        """name -> resident memory of each daemon in kB."""
        return {daemon.name: _resident_kb(daemon.pid) for daemon in (self.dataplane, self.controlplane)}


def _find(tree, name):
    """The sum of all counters called `name`, however the answer nests them."""
    if isinstance(tree, list):
        return sum(_find(item, name) for item in tree)
    if not isinstance(tree, dict):
        return 0
    total = 0
    if tree.get("name") == name:
        total += sum(value for key, value in tree.items() if key in ("value", "count", "packets"))
    for key, value in tree.items():
        if key == name and isinstance(value, int):
            total += value
        else:
            total += _find(value, name)
    return total


def _resident_kb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
