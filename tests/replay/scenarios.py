#!/usr/bin/env python3
"""Replays every pcap/SCENARIO and compares what comes out with what is stored there.

    scenarios.py XFERGATE FOLDER [NAME...]            TAP, one line a scenario; those that wait for a feature are named
    scenarios.py --accept XFERGATE FOLDER [NAME...]   stores what comes out now

A scenario is a folder with README.md, input.pcap, config.yaml, expect/, and where they are needed replay.args (further
arguments of `xfergate replay`) and replay.env (NAME=VALUE lines).
"""
import os
import shlex
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 120


def pending(folder):
    """(name, line of the list of scenarios, missing feature) of those that cannot be played yet."""
    file = folder / "PENDING"
    rows = file.read_text().splitlines() if file.exists() else []
    return [row.split("\t") for row in rows if row and not row.startswith("#")]


def environment(scenario):
    """The process's, and what the scenario sets."""
    env = dict(os.environ)
    file = scenario / "replay.env"
    for line in file.read_text().splitlines() if file.exists() else []:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            env[name] = value
    return env


def replay(xfergate, scenario, accept):
    """(exit code, all that it printed)."""
    file = scenario / "replay.args"
    more = shlex.split(file.read_text(), comments=True) if file.exists() else []
    command = [str(xfergate), "replay", "input.pcap", "-c", "config.yaml", "--expect", "expect", *more]
    if accept:
        command.append("--accept")
    try:
        done = subprocess.run(command, cwd=scenario, env=environment(scenario), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nno end after {TIMEOUT_S} s"
    return done.returncode, done.stdout.decode(errors="replace")


def missing(scenario, accept):
    """What a scenario's folder lacks."""
    names = ["README.md", "input.pcap", "config.yaml"] + ([] if accept else ["expect"])
    return [name for name in names if not (scenario / name).exists()]


def main():
    """Exit code 0 only if all that could be played came out as expected, and there was something."""
    words = [word for word in sys.argv[1:] if word != "--accept"]
    accept = len(words) < len(sys.argv) - 1
    if len(words) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    xfergate, folder, wanted = Path(words[0]).resolve(), Path(words[1]).resolve(), words[2:]
    scenarios = sorted(path.parent for path in folder.glob("*/input.pcap") if not wanted or path.parent.name in wanted)
    waiting = [] if wanted else pending(folder)
    print(f"1..{len(scenarios) + len(waiting)}")
    failed = 0
    for number, scenario in enumerate(scenarios, 1):
        lacks = missing(scenario, accept)
        code, text = (1, f"missing: {', '.join(lacks)}") if lacks else replay(xfergate, scenario, accept)
        failed += code != 0
        print(f"{'ok' if code == 0 else 'not ok'} {number} - {scenario.name}", flush=True)
        if code:
            print("".join(f"# {line}\n" for line in [f"exit code {code}", *text.splitlines()[-60:]]), end="")
    for number, (name, line, feature) in enumerate(waiting, len(scenarios) + 1):
        print(f"ok {number} - {name} # SKIP pending: {line}: {feature}")
    if not scenarios:
        print("# no scenario is there")
    return 0 if scenarios and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
