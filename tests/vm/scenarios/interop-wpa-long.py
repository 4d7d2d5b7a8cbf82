# SPDX-License-Identifier: LGPL-2.1-or-later
"""wpa_supplicant 2.10 in both roles: all of interop-wpa that takes long, and ten minutes of traffic"""

from importlib import import_module

timeout = 2000
in_all = False  # minutes of host time

short = import_module("scenarios.interop-wpa")


def run(t):
    for name, own, other in (("key server", 16, 200), ("member", 200, 16)):
        t.case("macsecd is %s, no suite said" % name, short.unsaid, own, other)
        for end, whose in (("one", "its own"), ("two", "the peer's")):
            t.case("macsecd is %s, %s packet numbers run out" % (name, whose), short.rekey, own, other, end, 3)
        t.case("macsecd is %s, wpa_supplicant restarts" % name, short.peer_restarts, own, other)
        for signal in ("terminate", "kill"):
            t.case("macsecd is %s and restarts (%s)" % (name, signal), short.own_restart, own, other, signal)
        t.case("macsecd is %s, ten minutes" % name, short.stable, own, other)
