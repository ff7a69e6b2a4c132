"""The steps of a benchmark: each is done, or the benchmark fails and says what was not."""

import subprocess
import sys
import time


class Failed(Exception):
    """The work was not done as it should be: a figure for something else is worse than none."""


def require(condition, what, *args):
    if not condition:
        raise Failed(what % args)


def say(what, *args):
    print(what % args, file=sys.stderr, flush=True)


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    require(done.returncode == 0, "%s: %s", " ".join(words), done.stdout.strip())
    return done.stdout


def wait_for(what, test, seconds):
    end = time.monotonic() + seconds
    while not (value := test()):
        require(time.monotonic() < end, "not within %g s: %s", seconds, what)
        time.sleep(0.01)
    return value
