#!/usr/bin/python3
"""Start and end: wrong usage, what is refused and why, AF_PACKET where AF_XDP is not to be had, two daemons, one link."""

import os
import subprocess

import net

RUNTIME = "/run/dpdk/xfergate"


def usage(*words):
    done = subprocess.run([net.daemon_path(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


def refused(lab, reason):
    try:
        lab.start()
    except AssertionError as e:
        assert "ended with 1" in str(e) and reason in str(e), e
        return
    raise AssertionError("started in spite of: " + reason)


def test(make):
    assert usage()[0] == 2
    assert usage("--frob")[0] == 2
    code, out, _ = usage("--help")
    assert code == 0 and "usage:" in out
    code, out, _ = usage("--version")
    assert code == 0 and out.startswith("xfergate-dataplane ")
    assert usage("-c", "/nonexistent")[0] == 1

    before = set(os.listdir(RUNTIME)) if os.path.exists(RUNTIME) else set()
    # Without the right to load programs into the kernel there is no AF_XDP.
    lab = make().start("setpriv", "--bounding-set=-sys_admin,-bpf")
    assert lab.log_text().count("af-xdp-unavailable") == 2, lab.log_text()
    ports = lab.link(1).stats()["ports"]
    assert {p["driver"] for p in ports.values()} == {"net_af_packet"}, ports
    net.ping(lab.a, "192.0.2.1")
    second = subprocess.run(["ip", "netns", "exec", lab.gateway.name, net.daemon_path(), "-c", lab.config],
                            stderr=subprocess.PIPE, text=True)
    assert second.returncode == 1, "a second daemon on the same ports and link: exit code %d" % second.returncode
    net.ping(lab.a, "192.0.2.1")
    assert lab.stop() == 0
    left = set(os.listdir(RUNTIME)) - before
    assert not left, "the daemon left %s" % left

    lab.gateway.ip("addr", "add", "203.0.113.9/24", "dev", "lower0")
    refused(lab, "lower-has-address interface=lower0 address=203.0.113.9")
    said = lab.log_text().split("event=lower-has-address", 1)[1]
    assert "ip address flush dev lower0" in said, said
    assert 'event=port-failed' in said and "the interface below has an address" in said, said
    assert "Address already in use" not in said, said
    assert "203.0.113.9/24" in lab.gateway.ip("addr", "show", "dev", "lower0")
    lab.gateway.ip("addr", "del", "203.0.113.9/24", "dev", "lower0")
    lab.gateway.ip("addr", "add", "2001:db8:9::9/64", "dev", "lower0", "nodad")
    refused(lab, "lower-has-address interface=lower0 address=2001:db8:9::9")
    assert "2001:db8:9::9/64" in lab.gateway.ip("addr", "show", "dev", "lower0")
    lab.gateway.ip("addr", "del", "2001:db8:9::9/64", "dev", "lower0")
    lab.gateway.exec("sysctl", "-q", "-w", "net.ipv4.conf.all.rp_filter=2")
    with open(lab.config) as f:
        text = f.read()
    with open(lab.config, "w") as f:
        f.write(text.replace("net_af_xdp", "net_af_packet"))
    refused(lab, "lower-rp-filter interface=lower0")
    lab.gateway.exec("sysctl", "-q", "-w", "net.ipv4.conf.all.rp_filter=0")
    with open(os.path.join(os.path.dirname(lab.config), "junk.wav"), "w", encoding="utf-8") as f:
        f.write("no sound")
    with open(lab.config, encoding="utf-8") as f:
        text = f.read()
    with open(lab.config, "w", encoding="utf-8") as f:
        f.write(text + "sounds: [{name: closed, file: junk.wav}]\n")
    refused(lab, "sounds[0].file: ")
    said = lab.log_text().split("event=sounds-refused", 1)[1]
    assert "event=tables-failed" not in said and " error event=" not in said, said
    with open(lab.config, "w", encoding="utf-8") as f:
        f.write(text)
    lab.start()
    assert lab.stop() == 0


net.main(test)
