#!/usr/bin/env python3
"""Replays the sample captures that others have published: none crashes it, and its counts of packets in each RTP stream
are those of tshark.

    samples.py XFERGATE CONFIG FOLDER
"""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DONE = (0, 3)  # all went; something could never be sent, as these captures know nothing of this gateway


def streams_of_tshark(capture):
    """{(from, to, ssrc): packets}, by tshark's own table of RTP streams."""
    out = subprocess.run(["tshark", "-n", "-q", "-r", str(capture), "-z", "rtp,streams"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True).stdout.decode()
    found = {}
    for line in out.splitlines():
        words = line.split()
        # Start, end, source and port, destination and port, SSRC, payload, packets, lost ...
        ssrc = next((n for n, word in enumerate(words) if word.startswith("0x")), None)
        if ssrc is None or ssrc < 6:
            continue
        source, sport, destination, dport = words[ssrc - 4:ssrc]
        packets = next(int(word) for word in words[ssrc + 2:] if word.isdigit())
        key = (f"{source}:{sport}", f"{destination}:{dport}", words[ssrc].lower())
        found[key] = found.get(key, 0) + packets
    return found


def parties(capture):
    """Who sends the first INVITE to whom, by tshark."""
    out = subprocess.run(["tshark", "-n", "-r", str(capture), "-Y", "sip.Method==INVITE", "-T", "fields", "-e", "ip.src",
                          "-e", "ip.dst"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return out.decode().splitlines()[0].split()


def streams_of_replay(xfergate, config, capture):
    """The same from the report, and what it printed if it did not end well."""
    caller, callee = parties(capture)
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run([str(xfergate), "replay", str(capture), "-c", str(config), "--report", file.name,
                               "--as", f"caller={caller}@carrier,callee={callee}@bot", "--dial", "+12025550100"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        if done.returncode not in DONE:
            return None, f"exit code {done.returncode}\n{done.stderr.decode(errors='replace')}"
        report = json.load(file)
    found = {}
    for stream in report["streams"]["captured"]:
        key = (stream["from"], stream["to"], stream["ssrc"].lower())
        found[key] = found.get(key, 0) + stream["packets"]
    return found, ""


def main():
    """TAP: one test a capture."""
    xfergate, config, folder = (Path(word).resolve() for word in sys.argv[1:4])
    captures = sorted(folder.glob("*.pcap"))
    if not captures:
        print(f"1..0 # SKIP no captures in {folder}")
        return 0
    if not shutil.which("tshark"):
        print("1..0 # SKIP no tshark")
        return 0
    print(f"1..{len(captures)}")
    failed = 0
    for number, capture in enumerate(captures, 1):
        theirs = streams_of_tshark(capture)
        ours, why = streams_of_replay(xfergate, config, capture)
        good = ours is not None and ours == theirs
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {capture.name}: {len(theirs)} streams, "
              f"{sum(theirs.values())} packets", flush=True)
        if not good:
            print("".join(f"# {line}\n" for line in why.splitlines()), end="")
            for key in sorted(set(theirs) | set(ours or {})):
                if ours is not None and theirs.get(key) != ours.get(key):
                    print(f"# {key}: tshark {theirs.get(key)}, replay {ours.get(key)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
