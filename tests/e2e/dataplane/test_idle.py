#!/usr/bin/python3
"""What workers do without traffic. With interrupts (vhost-user) one takes a small part of the processor that polling takes,
forwards at once what comes, and takes commands in time; a port without interrupts is refused by name."""

import os
import time

import link
import net
import nfv
import switch

RESTS = {}
PORTS = ("path=FOLDER/NUMBER.sock", "net_vhostNUMBER,iface=FOLDER/NUMBER.sock", "net_virtio_user", "theirs")


def worker_thread(pid):
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/comm" % (pid, task)) as f:
            if "worker-1" in f.read():
                return "/proc/%d/task/%s" % (pid, task)
    raise AssertionError("no worker's thread")


def seconds_of(task):
    """That it ran, of all its life."""
    with open(task + "/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


def sleeps_of(task):
    with open(task + "/status") as f:
        return int(f.read().split("\nvoluntary_ctxt_switches:")[1].split()[0])


def rest(lab):
    """While nothing comes: the share of a processor that it takes, and how often it sleeps in a second."""
    task = worker_thread(lab.pid)
    time.sleep(0.5)
    begin, before, slept = time.monotonic(), seconds_of(task), sleeps_of(task)
    time.sleep(2)
    took = time.monotonic() - begin
    return (seconds_of(task) - before) / took, (sleeps_of(task) - slept) / took


def latencies(lab):
    """From a packet sent to a to the same one heard at b, one at a time: each finds the worker asleep."""
    control = lab.link(2)
    one, two = lab.a.udp("192.0.2.2", 4100), lab.b.udp("198.51.100.2", 5100)
    ea = control.open(link.index(0, 21000), link.settings(("192.0.2.2", 4100), "192.0.2.2", 0))
    eb = control.open(link.index(2, 21000), link.settings(("198.51.100.2", 5100), "198.51.100.2", 1))
    control.patch((eb, ea, 0), (ea, eb, 0))
    net.wait_for("neighbours", lambda: all(r["resolved"] for r in control.dump().values()))
    took = []
    for i in range(50):
        time.sleep(0.02)
        sent = time.monotonic()
        one.sendto(net.rtp(i, 160 * i, 5, bytes(160)), ("192.0.2.1", 21000))
        two.recv(2000)
        took.append(time.monotonic() - sent)
    begin = time.monotonic()
    for _ in range(50):
        control.close_endpoint(control.open(link.index(0, 21002), link.settings(("192.0.2.2", 4102), "192.0.2.2", 0)))
    commands = (time.monotonic() - begin) / 100
    for s in (one, two):
        s.close()
    control.close()
    return sorted(took), commands


def measured(name):
    def more(lab):
        share, sleeps = RESTS[name] = rest(lab)
        took, commands = latencies(lab)
        print("idle: %s: %.1f %% of a processor, %.0f sleeps a second; a packet takes %.2f ms (median), %.2f ms (45th of 50); a command %.2f ms"
              % (name, 100 * share, sleeps, 1e3 * took[25], 1e3 * took[44], 1e3 * commands))
        # That commands and packets are taken at all and soon; a worker wakes by itself each millisecond, so this says
        # nothing of its interrupts.
        assert name == "poll" or commands < 0.5, "a command takes %.1f ms" % (1e3 * commands)
        assert name == "poll" or took[25] < 0.5, "a packet takes %.1f ms" % (1e3 * took[25])
    return more


def refused(make):
    lab = make()
    with open(lab.config) as f:
        text = f.read()
    with open(lab.config, "w") as f:
        f.write(text.replace("idle: backoff", "idle: interrupt"))
    try:
        lab.start()
    except AssertionError as e:
        assert "daemon ended with 1" in str(e) and "port outside (net_af_xdp) has no receive interrupts" in str(e), e
        assert "af-xdp-unavailable" not in str(e), e
    else:
        raise AssertionError("started with interrupts on AF_XDP")
    lab.daemon = None
    lab.remove()


def test(make):
    refused(make)
    if why := switch.missing():
        switch.cannot("interrupts of vhost-user", why)
    for idle in ("poll", "interrupt"):
        nfv.both(make, *PORTS, idle=idle, more=measured(idle))
    # How much of its processor a polling worker gets is for what else runs there to say.
    assert RESTS["poll"][1] < 10, "a polling worker sleeps: %s" % RESTS["poll"][1]
    assert RESTS["interrupt"][0] < 0.15 and RESTS["interrupt"][1] > 40, RESTS["interrupt"]


net.main(test)
