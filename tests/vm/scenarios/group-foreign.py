# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd as key server of two to four of Debian's wpa_supplicant on a switch: everybody receives from everybody, whoever is late"""

import time

from lab import macsec
from lab.check import wait_until
from lab.daemon import psk_profile

timeout = 900
turn = 3

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"


def hears(one, two):
    """The kernel of `one` has the key that `two` sends with."""
    receiver, sender = macsec.secy(one), macsec.secy(two)
    channel = receiver.rx_scs.get(sender.sci) if receiver and sender else None
    sent = sender.tx_sa() if sender else None
    return bool(channel and sent and any(sa.an == sent.an and sa.key_id[:24] == sent.key_id[:24] for sa in channel.active_sas()))


def group(c, foreign, late):
    """Member 0 is macsecd; `late` comes 5 s after the others."""
    members = c.namespaces(*["m%d" % number for number in range(foreign + 1)])
    c.switch("sw", *members)

    def start(number):
        if number == 0:
            c.macsecd(members[0], {"link": psk_profile(CAK, CKN, MKA={"Priority": 16}, MACsec={"CipherSuites": "GCM-AES-128"})})
        else:
            c.wpa(members[number], CAK, CKN, mka_priority=100 + number)

    for number in range(len(members)):
        if number != late:
            start(number)
    begin = time.monotonic()
    if late is not None:
        wait_until(lambda: time.monotonic() - begin > 5, 7, "the others are there", every=0.1)
        start(late)
        begin = time.monotonic()
    pairs = [(one, two) for one in members for two in members if one is not two]
    # Most are there within 6 s. wpa_supplicant 2.10 now and then removes a live peer as the key server changes, and takes another MI for
    # itself when that peer speaks on: two more of its hello times, and the next SAK not before the one under way is 6 s old.
    wait_until(lambda: all(hears(one, two) for one, two in pairs), 20, "all pairs have keys", every=0.05,
               state=lambda: ["%s from %s" % (one.name, two.name) for one, two in pairs if not hears(one, two)])
    took = time.monotonic() - begin
    for one, two in pairs:
        if one.name < two.name:
            probe = c.probe(one, two, interval=0.01)
            probe.wait_both_ways(5, "frames between %s and %s" % (one.name, two.name), frames=20)
            probe.finish()
    return "all pairs after %.1f s" % took


def run(t):
    for foreign in (2, 3, 4):
        for late, when in ((None, "together"), (0, "macsecd late"), (foreign, "a wpa_supplicant late")):
            t.case("%d wpa_supplicants, %s" % (foreign, when), group, foreign, late)
