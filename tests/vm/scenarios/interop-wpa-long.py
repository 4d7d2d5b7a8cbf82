# SPDX-License-Identifier: LGPL-2.1-or-later
"""wpa_supplicant 2.10 in both roles: what interop-wpa has of one role only, in the other too, and more often"""

from importlib import import_module

timeout = 2000
turn = 1

short = import_module("scenarios.interop-wpa")


def run(t):
    for name, own, other in (("key server", 16, 200), ("member", 200, 16)):
        for end, whose in (("one", "its own"), ("two", "the peer's")):
            t.case("macsecd is %s, %s packet numbers run out" % (name, whose), short.rekey, own, other, end, 3)
        t.case("macsecd is %s, wpa_supplicant restarts" % name, short.peer_restarts, own, other)
        for signal in ("terminate", "kill"):
            t.case("macsecd is %s and restarts (%s)" % (name, signal), short.own_restart, own, other, signal)
    t.case("macsecd is member, ten minutes", short.stable, 200, 16)
