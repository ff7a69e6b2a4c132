"""The hugepages that a benchmark adds to the machine's, and takes away again."""

import fcntl

from steps import say

HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
HUGEPAGE_MB = 2


def hugepages_add(count):
    """How many more there are now. Others may be at it at the same time."""
    with open(HUGEPAGES, "r+") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        before = int(f.read())
        f.seek(0)
        f.write("%d" % max(0, before + count))
        f.flush()
        f.seek(0)
        return int(f.read()) - before


class Hugepages:
    def __init__(self, wanted):
        """wanted: False if everything shall run on ordinary memory in small pages."""
        self.wanted = wanted
        self.added = 0

    def add(self, megabytes):
        """So many more; False if this machine does not give them, or they are not wanted."""
        if not self.wanted:
            return False
        wanted = -(-megabytes // HUGEPAGE_MB)
        try:
            self.added = hugepages_add(wanted)
        except (OSError, ValueError) as e:
            say("no hugepages (%s): both programs run without", e)
            return False
        if self.added < wanted:
            say("%d MB of hugepages wanted, %d to be had: both programs run without", wanted * HUGEPAGE_MB,
                self.added * HUGEPAGE_MB)
            self.restore()
            return False
        return True

    def restore(self):
        try:
            if self.added:
                hugepages_add(-self.added)
            self.added = 0
        except OSError as e:
            say("%d hugepages are left over: %s", self.added, e)

    def __str__(self):
        """In words, what memory programs have."""
        return "hugepages" if self.added else "no hugepages"
