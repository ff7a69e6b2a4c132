"""Programs that the lab runs: each in a namespace, in a process group of its own, its output in a file.

They are ended by their own process id and group only, in the reverse order of their start.
"""
import os
import signal
import subprocess
import time
from pathlib import Path

import topology
from topology import LabError


class Process:
    """One running program. `log` is where its standard output and error go."""

    def __init__(self, name, namespace, command, log, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.log = Path(log)
        line = [str(part) for part in command]
        if namespace:
            line = topology.in_namespace(namespace, *line)
        with open(self.log, "wb") as out:
            self._popen = subprocess.Popen(line, stdin=stdin, stdout=out, stderr=subprocess.STDOUT, cwd=cwd,
                                           start_new_session=True, env={**os.environ, **(env or {})})
        topology.remember_process(self._popen.pid)

    @property
    def pid(self):
        return self._popen.pid

    def poll(self):
        """Its exit code, or None while it runs."""
        return self._popen.poll()

    def wait(self, seconds):
        """Its exit code; None if it still runs after so many seconds."""
        try:
            code = self._popen.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return None
        topology.forget_process(self.pid)
        return code

    def send_signal(self, number):
        """Sends a signal to its group, if it still runs."""
        if self._popen.poll() is None:
            os.killpg(self.pid, number)

    def stop(self, first=signal.SIGTERM, seconds=3):
        """Ends it and its children: a polite signal, then SIGKILL. Its exit code."""
        self.send_signal(first)
        code = self.wait(seconds)
        if code is None:
            self.send_signal(signal.SIGKILL)
            code = self.wait(seconds)
        topology.forget_process(self.pid)
        return code

    def tail(self, lines=15):
        """The end of what it said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def expect(self, text, seconds):
        """Waits until its output contains `text`. LabError if it ends or stays silent."""
        wait_for(lambda: text in self.log.read_text(errors="replace"), seconds, f"{self.name} to say '{text}'", self)


def wait_for(ready, seconds, what, process=None):
    """Polls `ready` until it is true. LabError names what did not happen; and at once if `process` ends."""
    deadline = time.monotonic() + seconds
    while True:
        if ready():
            return
        if process is not None and process.poll() is not None:
            raise LabError(f"{process.name} ended with {process.poll()} while waiting for {what}:\n{process.tail()}")
        if time.monotonic() > deadline:
            said = f":\n{process.tail()}" if process is not None else ""
            raise LabError(f"waited {seconds} s in vain for {what}{said}")
        time.sleep(0.02)
