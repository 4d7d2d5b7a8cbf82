# SPDX-License-Identifier: LGPL-2.1-or-later
"""wpa_supplicant 2.10 in both roles: all of interop-wpa that takes long, and ten minutes of traffic"""

from importlib import import_module

from lab import macsec, traffic
from lab.check import at_most, equal, wait_until

timeout = 2000
in_all = False  # minutes of host time

short = import_module("scenarios.interop-wpa")


def stable(c, own, other):
    """Ten minutes: nothing lost, the same key, both ends agree all the time."""
    one, two, _, _, sniffer = short.link(c, own, other)
    begin = macsec.wait_secured(one)
    probe = c.probe(one, two, interval=0.5)
    probe.wait_both_ways(5)
    wait_until(lambda: min(probe.received()) >= 1200, 640, "ten minutes of frames", every=10)
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))
    equal(macsec.secy(one).tx_sa().key_id, begin.tx_sa().key_id, "no rekey without a cause")
    sniffer.only(traffic.MACSEC, traffic.EAPOL)


def run(t):
    for name, own, other in (("key server", 16, 200), ("member", 200, 16)):
        t.case("macsecd is %s, no suite said" % name, short.unsaid, own, other)
        for end, whose in (("one", "its own"), ("two", "the peer's")):
            t.case("macsecd is %s, %s packet numbers run out" % (name, whose), short.rekey, own, other, end, 3)
        t.case("macsecd is %s, wpa_supplicant restarts" % name, short.peer_restarts, own, other)
        for signal in ("terminate", "kill"):
            t.case("macsecd is %s and restarts (%s)" % (name, signal), short.own_restart, own, other, signal)
        t.case("macsecd is %s, ten minutes" % name, stable, own, other)
