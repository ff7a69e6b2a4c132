#!/usr/bin/python3
"""The configurations in docs/deployment-nfv.md are such as `xfergate check` takes without a word."""

import os
import re
import subprocess
import sys
import tempfile

REST = """
networks:
  - {name: outside, port: outside, sip: 192.0.2.1, media: [192.0.2.1, "2001:db8:1::1"]}
  - {name: inside, port: inside, sip: 198.51.100.1, media: [198.51.100.1]}
control: {user: root, group: root}
"""


def main(program, page):
    with open(page) as f:
        blocks = re.findall(r"^```yaml\n(.*?)^```$", f.read(), re.M | re.S)
    assert len(blocks) >= 5, "%d examples in %s" % (len(blocks), page)
    failed = 0
    for number, block in enumerate(blocks, 1):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(block + REST)
            f.flush()
            done = subprocess.run([program, "check", f.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        devices = re.findall(r"^    device: \"?([^\"\n]*)", block, re.M)
        good = done.returncode == 0 and not done.stderr and all("device " + d in done.stdout for d in devices)
        print("example %d (%s): %s" % (number, ", ".join(devices), "good" if good else done.stderr + done.stdout))
        failed += not good
    # A test that passes whatever the examples say would be none.
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(blocks[0].replace("device: ", "devise: ") + REST)
        f.flush()
        assert subprocess.run([program, "check", f.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    return failed > 0


sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2]))
