# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs of devices whose MACsec offload behaves as a known driver's does: the module macseclab, which counts what goes wrong."""

import os

from .check import equal
from .net import ip
from .process import command

_FOLDER = "/sys/kernel/debug/macseclab"

# What must not happen whatever the driver is.
VIOLATIONS = ("out_pn_twice", "out_wrong_an", "out_clear", "in_clear_delivered")


class Kind:
    """What a driver can, as far as scenarios differ by it.

    `mode`: what Offload= names it by. `rekey_gap`: seconds without frames at most for each new key, 0 where it is hitless.
    `suite`: the best one it has of the default list on a link of 10 Gb/s.
    """

    def __init__(self, name, mode="mac", rekey_gap=0.0, group=True, should_secure=True, suite="GCM-AES-XPN-128"):
        self.name = name
        self.mode = mode
        self.rekey_gap = rekey_gap
        self.group = group
        self.should_secure = should_secure
        self.suite = suite


KINDS = [
    Kind("mlx5", rekey_gap=0.002, should_secure=False),
    Kind("atlantic", suite="GCM-AES-128"),
    Kind("cn10k"),
    # A new AN takes every key off and puts the new one on.
    Kind("mscc", mode="phy", rekey_gap=0.01, should_secure=False, suite="GCM-AES-128"),
    Kind("nxp", mode="phy", group=False),
]


def _write(name, text):
    with open(os.path.join(_FOLDER, name), "w", encoding="ascii") as out:
        out.write(text)


def _load():
    if os.path.exists(_FOLDER):
        return
    if not os.path.ismount("/sys/kernel/debug"):
        command(["mount", "-t", "debugfs", "debugfs", "/sys/kernel/debug"])
    command(["modprobe", "macseclab"])


class Pair:
    """A cable between two such devices, in namespaces `one` and `two`; their rules are names of tests/vm/macseclab/rules.c."""

    _next = 0

    def __init__(self, one, two, rules, names=("eth0", "eth0")):
        _load()
        self.id = Pair._next
        Pair._next += 1
        self.ends = tuple(zip((one, two), names))
        _write("control", "add %d %s %s" % ((self.id,) + tuple(rules)))
        for side, (namespace, name) in zip("ab", self.ends):
            ip("link", "set", "lab%d%s" % (self.id, side), "netns", namespace.name, "name", name)
            # No IPv6 of its own: what is seen on the wire is what the programs under test sent.
            namespace.ip("link", "set", name, "addrgenmode", "none")
            namespace.up(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _write("control", "del %d" % self.id)

    def plug(self, plugged=True):
        """The cable: without it neither end has carrier, both stay up."""
        _write("pair%d/cable" % self.id, "%d" % plugged)

    def unplug(self):
        self.plug(False)

    def leak(self):
        """A seeded fault: frames for which there is no key leave in clear."""
        _write("pair%d/leak" % self.id, "1")

    def counters(self, side):
        """{name: value} of the end `side`, 0 or 1; the names are in tests/vm/macseclab/macseclab.h."""
        with open(os.path.join(_FOLDER, "pair%d" % self.id, "ab"[side]), encoding="ascii") as text:
            return {name: int(value) for name, value in (line.split() for line in text)}

    def both(self, name):
        """A counter of both ends together."""
        return self.counters(0)[name] + self.counters(1)[name]

    def violations(self):
        """{name of end and counter: value} of what must not happen and did."""
        return {"%s %s" % ("ab"[side], name): value for side in (0, 1) for name, value in self.counters(side).items()
                if name in VIOLATIONS and value}

    def told(self):
        """What each end counted, without zeros."""
        return [{name: value for name, value in self.counters(side).items() if value} for side in (0, 1)]

    def unharmed(self):
        """Fail if anything happened that must not."""
        equal(self.violations(), {}, "what must not happen")
