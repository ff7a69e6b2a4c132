#!/usr/bin/env python3
"""The lab: plays real calls through xfergate with real peers, in network namespaces of this machine, and judges them.

    lab.py --bindir build              plays all calls; exit 0 only if everything came out as promised
    lab.py --bindir build --only 1,3   plays some
    lab.py --bindir build --stay       leaves the lab up with a live call, and says what to type
"""
import argparse
import grp
import pwd
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import calls
import livecapture
import load
import outage
import peers
import reroute
import scenarios
import tone
from gateway import RELEASE_S, Gateway
from labconfig import number
from stage import Stage
from topology import LabError, Topology, address


class Lab:
    """Everything that stands while calls are played: topology, gateway, edge, PBX and its extension."""

    def __init__(self, options, folder):
        self.folder = folder
        self.topology = Topology()
        self.gateway = Gateway(options.bindir, folder, options.user, options.group, options.driver)
        self._servers = []
        self.extension = None

    def start(self):
        """The ladder of the start; stop() is its mirror."""
        self.topology.up()
        self.gateway.start()
        self._servers = [peers.Kamailio("edge", "carrier", 10, self.folder),
                         peers.Kamailio("pbx", "pbx", 10, self.folder)]
        last = peers.EXTENSION[1]
        account = f"<sip:reception@{address('pbx', last)}>;regint=0;answermode=auto;audio_codecs=pcmu"
        self.extension = peers.Baresip("extension", "pbx", last, self.folder, account, tone.FREQUENCIES["extension"])
        self._servers.append(self.extension)

    def stop(self):
        """Ends everything, whatever happened before."""
        try:
            for server in reversed(self._servers):
                server.stop()
            self.gateway.stop()
        finally:
            self.topology.down()

    def play(self, call):
        """Plays one call of calls.CALLS and prints its report; the Stage."""
        title, steps = calls.CALLS[call]
        stage = Stage(self.gateway, self.folder, call, title)
        try:
            steps(stage, self.extension) if call == 2 else steps(stage)
        except LabError as error:
            stage.promise("the call can be played", False, error)
            stage.close()
            stage.read()
        except BaseException:
            stage.close()
            raise
        report = stage.report()
        (stage.folder / "report.txt").write_text("\n".join(report) + "\n")
        print("\n".join(report), end="\n\n", flush=True)
        return stage


def table(stages):
    """The table of results."""
    lines = [f"{'call':>4}  {'result':<7} {'promises':>9}  {'gap':>6}  what"]
    for stage in stages:
        kept = sum(kept for _, kept, _ in stage.promises)
        gap = max((verdict.gap_ms for verdict in stage.verdicts), default=0)
        result = "ok" if stage.kept else "BROKEN"
        promises = f"{kept}/{len(stage.promises)}"
        lines.append(f"{stage.call:>4}  {result:<7} {promises:>9}  {gap:>3.0f} ms  {stage.title}")
    return "\n".join(lines)


def play_all(lab, chosen):
    """Plays the calls in order; 0 if every promise was kept."""
    start = lab.gateway.levels()
    stages = [lab.play(call) for call in chosen]
    print(table(stages), flush=True)
    broken = [f"call {stage.call}" for stage in stages if not stage.kept]
    print(f"waiting, at most {RELEASE_S} s, until the last transactions and admitted addresses have timed out", flush=True)
    left = lab.gateway.wait_levels(start, RELEASE_S)
    if left:
        broken.append(f"left after the last call: {left}")
    print("all came out as promised, and nothing is left" if not broken else f"broken: {'; '.join(broken)}")
    return 1 if broken else 0


def stay(lab):
    """A live call of ten minutes, and another one as soon as it has ended, and what to type; until Ctrl-C."""
    folder = lab.folder / "live"
    folder.mkdir()
    for party in ("caller", "agent", "callee"):
        tone.Source(party, 600).write(folder / f"{party}.voice")
    agent = peers.Sipp("agent", "agent", 12, scenarios.agent(folder / "agent.voice", 600000), folder, calls=1000)
    callee = peers.Sipp("callee", "carrier", 31, scenarios.callee(folder / "callee.voice", 2000, 600000), folder,
                        calls=1000)
    caller = peers.Sipp("caller", "carrier", 20, scenarios.caller(number(20), folder / "caller.voice", 600000), folder,
                        target=f"{address('carrier', 1)}:5060", service=number(2), calls=1000,
                        options=["-l", 1, "-r", 1])
    call = lab.gateway.call_of(number(20)) and number(20)  # CALL may be the caller's number, which stays the same
    type_this = " ".join(lab.gateway.command())
    print(f"""The lab is up, with a call of {number(20)} to an agent. To see it, and to transfer it, in another terminal:

  {type_this} show calls
  {type_this} transfer {call} --to sip:reception@pbx.lab
  {type_this} hangup {call}                      (the caller calls again)
  {type_this} transfer {call} --to {number(31)} --caller-id {number(2)}
  {type_this} show transfers
  ip netns exec carrier tcpdump -ni eth0          (what provider and caller see; likewise agent, pbx)

Logs, configuration and captures are in {lab.folder}. Ctrl-C ends the lab and removes it.""", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    finally:
        for peer in (caller, callee, agent):
            peer.stop()


def service_user():
    """User and group of an installed xfergate; else nobody's."""
    try:
        entry = pwd.getpwnam("xfergate")
        return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name
    except KeyError:
        return "nobody", "nogroup"


def options_of(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description="plays real calls through xfergate and judges them")
    parser.add_argument("--bindir", required=True, help="the build directory, with the three programs below it")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--only", metavar="N,N", help=f"play these of the calls {', '.join(map(str, calls.CALLS))}")
    what.add_argument("--load", action="store_true", help="instead: 50 calls with transfers, 10 at a time")
    what.add_argument("--outage", action="store_true", help="instead: the control plane is killed during a call")
    what.add_argument("--routes", action="store_true", help="instead: the gateway's routes change during a call")
    what.add_argument("--capture", action="store_true", help="instead: a call is captured by the gateway")
    what.add_argument("--stay", action="store_true", help="instead: leave the lab up with a live call")
    parser.add_argument("--keep", metavar="DIR", help="keep captures, logs and configuration there")
    parser.add_argument("--driver", choices=("auto", "af_xdp", "af_packet"), default="auto")
    user, group = service_user()
    parser.add_argument("--user", default=user, help=f"whom the control plane runs as ({user})")
    parser.add_argument("--group", default=group, help=f"its group ({group})")
    options = parser.parse_args(arguments)
    options.chosen = list(calls.CALLS)
    if options.only:
        try:
            options.chosen = [int(word) for word in options.only.split(",")]
        except ValueError:
            parser.error("--only wants numbers: 1,3")
        unknown = set(options.chosen) - set(calls.CALLS)
        if unknown:
            parser.error(f"there is no call {min(unknown)}; there are {', '.join(map(str, calls.CALLS))}")
    return options


def main(arguments):
    """Runs the lab; the exit code."""
    options = options_of(arguments)
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, signal.default_int_handler)
    started = time.monotonic()
    lab, code = None, 1
    folder = Path(options.keep).resolve() if options.keep else Path(tempfile.mkdtemp(prefix="xfergate-lab-"))
    try:
        peers.check_programs()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise LabError(f"{folder} is not empty")
        lab = Lab(options, folder)
        lab.start()
        print(f"the lab is up: ports by {lab.gateway.driver}, files in {folder}\n", flush=True)
        if options.stay:
            code = stay(lab)
        elif options.load:
            code = load.run(lab)
        elif options.outage:
            code = outage.run(lab)
        elif options.routes:
            code = reroute.run(lab)
        elif options.capture:
            code = livecapture.run(lab)
        else:
            code = play_all(lab, options.chosen)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        code = 130
    except Exception:
        traceback.print_exc()
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, signal.SIG_IGN)
    try:
        if lab:
            lab.stop()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        code = code or 1
    if not options.keep and (code == 0 or not any(folder.iterdir())):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        print(f"captures, logs and reports are in {folder}")
    print(f"{time.monotonic() - started:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
