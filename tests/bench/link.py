"""The control plane's end of the daemon's link."""

import ctypes
import os

from steps import Failed, require


class Stats(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("received", "forwarded", "to_kernel", "turns", "busy_turns",
                                                     "endpoints")]


class Summary(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("endpoints", "resolved", "patched", "locked", "received", "sent",
                                                     "sent_least", "sent_most", "wrong_source", "dropped")]


class Link:
    """The control plane's end (link_client.h)."""

    def __init__(self, daemon, path):
        self.daemon = daemon
        self.library = ctypes.CDLL(daemon.rig.path("tests/bench/libbench_link.so"), use_errno=True)
        self.library.link_client_create.restype = ctypes.c_void_p
        self.library.link_client_drop_name.restype = ctypes.c_char_p
        self.client = ctypes.c_void_p(self.library.link_client_create(path.encode()))
        require(self.client, "link: %s", os.strerror(ctypes.get_errno()))

    def call(self, name, *args):
        r = getattr(self.library, "link_client_" + name)(self.client, *args)
        if r < 0:
            raise Failed("link: %s: %s\n%s" % (name, os.strerror(-r), self.daemon.log()))
        return r

    def drop_names(self):
        return [self.library.link_client_drop_name(i).decode() for i in range(self.library.link_client_drop_count())]

    def stats(self):
        names = self.drop_names()
        whole = (ctypes.c_uint64 * (6 + len(names)))()
        self.call("stats", whole)
        head = Stats.from_buffer(whole)
        return {name: getattr(head, name) for name, _ in Stats._fields_}, dict(zip(names, whole[6:]))

    def summary(self):
        out = Summary()
        self.call("summary", ctypes.byref(out))
        return {name: getattr(out, name) for name, _ in Summary._fields_}

    def close(self):
        if self.client:
            self.library.link_client_destroy(self.client)
            self.client = None
