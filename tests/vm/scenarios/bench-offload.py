# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests to the driver until a link is secured and changes of settings for a new key, beside wpa_supplicant's, by driver

wpa_supplicant 2.10 has no setting for offload: it takes a device that is there, so the device is made before it, offloaded.
"""

from lab import hardware, macsec
from lab.bench import CAK, CKN, Figures
from lab.check import Failure, wait_until
from lab.daemon import psk_profile

timeout = 1800
turn = 1
modules = ["macseclab"]

# Where wpa_supplicant is never secured, this long is waited for it.
PATIENCE = 20


class OursOffloaded:
    """Two macsecd with Offload= and a new key each second."""

    @staticmethod
    def start(c, namespace, number, kind):
        profile = psk_profile(CAK, CKN, MACsec={"Offload": kind.mode}, MKA={"Priority": 16 * number, "RekeySec": "1s"})
        return c.macsecd(namespace, {"link": profile}, sysfs=True)

    @staticmethod
    def rekey(c, ends):
        """The profile does."""


class TheirsOffloaded:
    """Two wpa_supplicant on devices that are offloaded already."""

    @staticmethod
    def start(c, namespace, number, kind):
        namespace.ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "port", 1, "encrypt", "on", "validate", "strict",
                     "offload", kind.mode)
        namespace.ip("link", "set", "macsec0", "addrgenmode", "none")
        return c.wpa(namespace, CAK, CKN, debug=False, mka_priority=16 * number)

    @staticmethod
    def rekey(c, ends):
        """A new key by what makes it give one: the member starts again."""
        ends[1].process.stop()
        ends[1].start()


def key_of(namespace):
    found = macsec.secy(namespace)
    return found.tx_sa().key_id if found and found.secured() else None


def settled(pair, namespace):
    """(key in use, changes of settings so far) at one moment: asked until nothing happened in between."""
    def look():
        return key_of(namespace), pair.counters(0)["settings"]
    found = look()
    while found[0] is None or found != look():
        found = look()
    return found


def driven(c, side, kind, count):
    """(requests until secured, changes of settings for each of `count` new keys) at the key server's end."""
    one, two = c.namespaces("one", "two")
    pair = c.hardware(one, two, (kind.name, kind.name))
    ends = [side.start(c, namespace, number, kind) for number, namespace in ((1, one), (2, two))]
    wait_until(lambda: all(key_of(namespace) for namespace in (one, two)), PATIENCE, "a key at both ends",
               state=lambda: (macsec.secy(one), pair.told()))
    requests = pair.counters(0)["requests"]
    probe = c.probe(one, two, interval=0.02)
    probe.wait_both_ways(PATIENCE)
    first, before = settled(pair, one)
    seen = {first}
    while len(seen) <= count:
        known = len(seen)
        side.rekey(c, ends)
        wait_until(lambda: len(seen | {key_of(one)} - {None}) > known, PATIENCE, "another key", every=0.1, state=lambda: macsec.secy(one))
        last, after = settled(pair, one)
        seen.add(last)
    probe.finish()
    return requests, (after - before) / (len(seen) - 1)


def theirs(c, kind, count):
    """The same of wpa_supplicant; in words why not, where it does not get so far with the driver."""
    try:
        return driven(c, TheirsOffloaded, kind, count)
    except Failure as failure:
        return "not with this driver: %s" % failure


def run(t):
    figures = Figures(t)
    for kind in hardware.KINDS:
        count, their_count = (20, 3) if t.full else (3, 1)
        ours = t.case("%s, ours" % kind.name, driven, OursOffloaded, kind, count)
        other = t.case("%s, wpa_supplicant" % kind.name, theirs, kind, their_count)
        if ours is None or other is None:
            continue
        note = {"note": "wpa_supplicant does not get so far with this driver"} if isinstance(other, str) else {}
        for index, (name, unit) in enumerate((("requests_until_secured", "requests"), ("settings_per_rekey", "changes"))):
            figures.keep("%s_%s" % (name, kind.name), ours[index], None if note else other[index], unit, count, wpa_supplicant_runs=their_count, **note)
