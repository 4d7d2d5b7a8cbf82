# SPDX-License-Identifier: LGPL-2.1-or-later
"""Carrier until the first frames pass with EAP-TLS at our access port, in full and resumed: our supplicant beside wpa_supplicant"""

import time

from lab import macsec
from lab.access_port import Access, OwnHost, stock_settings
from lab.bench import Figures, passed
from lab.check import check, wait_until

programs = ["/usr/bin/systemd-socket-activate"]
freeradius = True
timeout = 1200
turn = 2

RUNS = 5
WITHOUT_CARRIER = 8  # longer than a peer's life time: the session is over


class OurHost:
    """macsecd with macsec-eap. It keeps no CAK over the loss of its carrier, as that would take the place of an authentication."""

    def __init__(self, c, site):
        self._commanded = OwnHost(c, site, "CacheSec=0\n").commanded

    def resumed(self):
        return self._commanded.shown("Supplicant", "Resumed")


class TheirHost:
    """wpa_supplicant, which resumes by default."""

    def __init__(self, c, site):
        self._wpa = c.wpa(site.host, debug=False, **stock_settings("TLS", site.files, "1.2"))
        self._wpa.wait_running()

    def resumed(self):
        return self._wpa.status().get("tls_session_reused") == "1"


HOSTS = {"ours": OurHost, "wpa_supplicant": TheirHost}


def plugged(c, site):
    """Seconds from the carrier of both ends, by a system call, until each has received a frame."""
    probe = c.probe(site.host, site.switch)
    took = passed(probe, site.switch.raise_now("eth0"))
    for namespace in (site.host, site.switch):
        macsec.wait_secured(namespace)
    probe.finish()
    return took


def authenticated(c, side):
    """(in full, resumed)."""
    site = Access(c, plug=False)
    site.serve(quiet=True, resume=True)
    host = HOSTS[side.name](c, site)
    site.host.up("eth0")
    full = plugged(c, site)
    check(not host.resumed(), "the first authentication is in full")
    site.switch.down("eth0")
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= WITHOUT_CARRIER, WITHOUT_CARRIER + 2, "without carrier", every=1)
    resumed = plugged(c, site)
    check(host.resumed(), "the second authentication is resumed")
    return full, resumed


def run(t):
    Figures(t).compare(("eap_tls_full_to_data", "eap_tls_resumed_to_data"), authenticated, runs=RUNS if t.full else 1)
