"""dpdk-testpmd as the switch of a host: it joins a gateway's ports, which have no kernel interface beneath them, to the
wires of the peers.

     a ── veth ── af_packet ── testpmd ── memif or vhost-user ── gateway ── ... ── testpmd ── veth ── b
"""

import os
import re
import shutil
import subprocess
import sys
import threading

import net


class Switch:
    """One testpmd, one core. pairs: (interface, device), what comes from one goes to the other."""

    def __init__(self, lab, namespace, pairs, name="switch", queues=1):
        self.text, self.asked = "", 0
        devices = []
        for number, (interface, device) in enumerate(pairs):
            devices += ["--vdev=net_af_packet%d,iface=%s,qpairs=%d" % (number, interface, queues), "--vdev=" + device]
        cpus = sorted(os.sched_getaffinity(0))
        self.log = os.path.join(lab.folder, name + ".log")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace.name, "stdbuf", "-oL", "dpdk-testpmd", "--no-huge", "--no-shconf", "--no-pci", "-m", "256",
             "--no-telemetry", "--file-prefix=%s-%d" % (name, os.getpid()),
             "--lcores=0@%d,1@%d" % (cpus[-1], cpus[0])] + devices +
            ["--", "--interactive", "--no-flush-rx", "--total-num-mbufs=8192", "--nb-cores=1",
             "--rxq=%d" % queues, "--txq=%d" % queues, "--forward-mode=io"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        lab.helpers.append(self.remove)
        net.wait_for("testpmd is up", lambda: "testpmd>" in self.text or self.ended(), 20)
        self.say("start", "nb forwarding ports")
        self.ports = 2 * len(pairs)

    def read(self):
        while piece := self.process.stdout.read(1):
            self.text += piece

    def ended(self):
        if self.process.poll() is not None:
            raise AssertionError("testpmd ended with %d:\n%s" % (self.process.returncode, self.text))
        return False

    def say(self, line, answer, count=1):
        """What it says to it, as soon as that holds so many of the pattern."""
        at = len(self.text)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return net.wait_for("testpmd answers '%s'" % line,
                            lambda: len(found := re.findall(answer, self.text[at:], re.S)) == count and found or
                            self.ended(), 10)

    def counts(self):
        """(received, sent) of each port."""
        found = self.say("show port stats all", r"RX-packets: (\d+) .*?TX-packets: (\d+) ", self.ports)
        return [(int(r), int(t)) for r, t in found]

    def remove(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def missing():
    """What this machine lacks for it, or None."""
    return None if shutil.which("dpdk-testpmd") else "dpdk-testpmd is not installed (Debian package dpdk)"


def cannot(what, why):
    print("not run here: %s: %s" % (what, why))
    sys.exit(77)
