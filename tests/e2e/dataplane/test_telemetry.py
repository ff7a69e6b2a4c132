#!/usr/bin/python3
"""DPDK's telemetry of the running daemon, by DPDK's own client: what it answers is what the link says; who may ask; what
wrong questions get; and that the client of the gateway shows the same."""

import json
import os
import socket
import stat
import subprocess
import threading

import link
import net

FOLDER = "/run/dpdk/xfergate"
COMMANDS = ["info", "workers", "worker,0", "cycles,0", "endpoints", "endpoint,0", "drops", "ports", "port,0", "screen",
            "peers", "peer,0"]


def own_socket(pid):
    """Of several daemons on this machine, this one's, and its number."""
    for number in range(32):
        path = os.path.join(FOLDER, "dpdk_telemetry.v2" + (":%d" % number if number else ""))
        try:
            if ask(path, "/xfergate/info")["/xfergate/info"]["pid"] == pid:
                return path, number
        except (OSError, KeyError, TypeError):
            continue
    raise AssertionError("no telemetry of process %d in %s: %s" % (pid, FOLDER, os.listdir(FOLDER)))


def ask(path, *commands):
    answers = {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(5)
        s.connect(path)
        room = json.loads(s.recv(1024))["max_output_len"]
        for command in commands:
            s.send(command.encode())
            answers.update(json.loads(s.recv(room)))
    return answers


def client(number, *commands):
    """dpdk-telemetry.py's words."""
    done = subprocess.run(["dpdk-telemetry.py", "-f", "xfergate", "-i", str(number)],
                          input="".join(c + "\n" for c in commands) + "quit\n", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.stdout


def plain(name):
    return name.replace("-", "_")


def media(lab, control, count):
    one, two = lab.a.udp("192.0.2.2", 4000), lab.b.udp("198.51.100.2", 5000)
    ea = control.open(link.index(0, 20000), link.settings(("192.0.2.2", 4000), "192.0.2.2", 0))
    eb = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1), 1)
    control.close_endpoint(eb)
    eb = control.open(link.index(2, 20000), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1))
    control.patch((eb, ea, 0), (ea, eb, 0))
    net.wait_for("neighbours", lambda: all(row["resolved"] for row in control.dump().values()))
    net.ping(lab.a, "192.0.2.1")
    for i in range(count):
        one.sendto(net.rtp(i, 160 * i, 1, bytes(160)), ("192.0.2.1", 20000))
        if i % 16 == 15:
            assert len([two.recv(2000) for _ in range(16)]) == 16
    return one, two, ea


def same(lab, path, control):
    stats = control.stats()
    answers = ask(path, *("/xfergate/" + c for c in COMMANDS), "/xfergate/worker,1", "/xfergate/port,1")
    for index in (0, 1):
        row = answers["/xfergate/worker"] if index == 1 else ask(path, "/xfergate/worker,0")["/xfergate/worker"]
        for name in ("lcore", "endpoints", "rx_packets", "forwarded", "to_kernel", "handed_over"):
            assert row[name] == stats["workers"][index][name], (index, name, row, stats["workers"][index])
    assert {plain(k): v for k, v in stats["drops"].items()} == answers["/xfergate/drops"]
    assert answers["/xfergate/workers"] == [0, 1] and answers["/xfergate/ports"] == [0, 1]
    port = ask(path, "/xfergate/port,0")["/xfergate/port"]
    assert (port["name"], port["tap"], port["driver"]) == ("outside", "xfg-out", "net_af_xdp"), port
    assert port["rx_packets"] == stats["ports"]["outside"]["rx_packets"]
    assert answers["/xfergate/endpoints"] == {"open": 2, "worker_0": 2, "worker_1": 0}, answers["/xfergate/endpoints"]
    assert answers["/xfergate/screen"]["rules"] == 0
    cycles = answers["/xfergate/cycles"]
    assert cycles["cycle_hz"] > 1e8, cycles
    for stage in ("receive", "express", "transmit"):
        assert cycles[stage + "_items"] > 0 and cycles[stage + "_cycles"] > 0, cycles
    each = cycles["express_cycles"] / cycles["express_items"]
    assert 10 < each < 1e6, "a packet on the short way costs %g cycles" % each


def wrong(path):
    for question in ("worker", "worker,2", "worker,-1", "worker,0x0", "worker,1 ", "port,2", "endpoint,", "endpoint,99999999999999999999",
                     "peer,70000", "cycles,9"):
        name = "/xfergate/" + question.split(",")[0]
        answer = ask(path, "/xfergate/" + question)
        assert answer == {name: None}, (question, answer)


def shown(lab):
    """The same by the gateway's client."""
    log = open(os.path.join(lab.folder, "controlplane.log"), "wb")
    here = os.path.dirname(os.path.dirname(os.path.dirname(net.daemon_path())))
    control = subprocess.Popen(["ip", "netns", "exec", lab.gateway.name,
                                os.path.join(here, "controlplane/daemon/xfergate-controlplane"), "-c", lab.config],
                               stderr=log, stdin=subprocess.DEVNULL)

    def show(*words):
        done = subprocess.run([os.path.join(here, "controlplane/cli/xfergate"), "--socket",
                               os.path.join(lab.folder, "xfergate.sock"), *words, "show", "dataplane"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return done.stdout if done.returncode == 0 else None
    try:
        answer = json.loads(net.wait_for("show dataplane", lambda: show("--json"), 15))
        assert [w["worker"] for w in answer["workers"]] == [0, 1]
        assert answer["workers"][0]["stages"]["express"]["items"] > 0, answer["workers"][0]
        assert [p["name"] for p in answer["ports"]] == ["outside", "inside"]
        assert answer["drops"]["no-endpoint"] == 0
        text = show()
        assert "CYCLES-EACH" in text and "express" in text and "net_af_xdp" in text, text
    finally:
        control.terminate()
        control.wait()


def test(make):
    lab = make(workers=2).start()
    path, number = own_socket(lab.pid)
    mode = os.stat(FOLDER)
    assert mode.st_uid == 0 and stat.S_IMODE(mode.st_mode) == 0o700, oct(mode.st_mode)
    control = lab.link(1)
    control.sources([("192.0.2.2/32", 0, "provider")])
    stop, asked = threading.Event(), []

    def pester():
        """Endpoints come and go while it looks at them."""
        while not stop.is_set():
            row = ask(path, "/xfergate/endpoint,%d" % link.index(2, 20000))["/xfergate/endpoint"]
            assert row == {} or row["local"] == "198.51.100.1:20000", row
            asked.append(row)
    thread = threading.Thread(target=pester)
    thread.start()
    one, two, ea = media(lab, control, 3200)
    for _ in range(200):
        control.close_endpoint(control.open(link.index(2, 20002), link.settings(("198.51.100.2", 5000), "198.51.100.2", 1)))
    stop.set()
    thread.join()
    assert len(asked) > 20 and any(asked), len(asked)
    row = ask(path, "/xfergate/endpoint,%d" % ea[0])["/xfergate/endpoint"]
    assert row["rx_packets"] == 3200 and row["remote"] == row["locked"] == "192.0.2.2:4000", row
    same(lab, path, control)
    wrong(path)
    text = client(number, "/xfergate/info", "/xfergate/drops", "/help,/xfergate/cycles")
    assert '"workers": 2' in text.replace('":', '": ').replace("  ", " ") and "no_endpoint" in text and "Cycles" in text, text
    control.close()
    shown(lab)
    assert lab.stop() == 0
    assert not os.path.exists(path), "the socket is left"


net.main(test)
