# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys whose lifetimes only touch, on hosts whose clocks differ, under a flood: nothing is lost"""

import json
import time

from lab import macsec
from lab.check import at_most, equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

timeout = 600
turn = 0

DAY = 86400
FIRST, SECOND = ("10", "000102030405060708090a0b0c0d0e0f"), ("20", "ffeeddccbbaa99887766554433221100")


def key_section(ckn, cak, bounds):
    return "[Key]\nCkn=%s\nCak=%s\n" % (ckn, cak) + "".join("%s=@%d\n" % bound for bound in bounds.items())


def listed(host):
    return {each["Ckn"]: each for each in json.loads(host.ctl("key", "list", "link", "--json=short").stdout)[0]["Keys"]}


def flood(c, namespaces):
    for namespace in namespaces:
        macsec.wait_secured(namespace)
    probe = c.probe(*namespaces, interval=0.001)
    probe.wait_both_ways(5)
    return probe


def unharmed(probe):
    spans = probe.finish()
    for span in spans:
        at_most(max(span.lost, span.reordered, span.duplicated), 0, str(span))
    return "%d frames" % sum(span.received for span in spans)


def touching(c, apart, tolerance):
    """The second key begins when the first one ends, and the second end's clock is late: to it all of that is later by as much."""
    namespaces = c.namespaces("n0", "n1")
    c.veth(*namespaces)
    change = int(time.time()) + tolerance + 15
    hosts = []
    for place, namespace in enumerate(namespaces):
        mine = change + place * apart
        text = psk_profile(FIRST[1], FIRST[0], Key={"NotAfter": "@%d" % mine}, MKA={"Priority": 16 * (2 - place), "KeyTolerance": "%ds" % tolerance})
        hosts.append(Commanded(c, namespace, {"link": text + key_section(*SECOND, {"NotBefore": mine, "NotAfter": mine + 30 * DAY})}))
    probe = flood(c, namespaces)
    equal([listed(host)[SECOND[0]]["State"] for host in hosts], ["waiting"] * 2, "the second key before its time")
    # At each of these moments an end changes the state of a key; between them nothing happens.
    for moment in sorted({change + place * apart + after for place in (0, 1) for after in (-tolerance, 0, tolerance)}):
        probe.trickle()
        wait_until(lambda: time.time() >= moment - 1, 200, "a bound is near", every=0.2)  # noqa: B023
        probe.go()
        wait_until(lambda: time.time() >= moment + 2, 20, "a bound is over", every=0.2)  # noqa: B023
    for host in hosts:
        wait_until(lambda: listed(host)[FIRST[0]]["State"] == "retired", 20, "the first key is over", every=0.5,  # noqa: B023
                   state=lambda: host.ctl("key", "list").stdout)  # noqa: B023
        found = listed(host)[SECOND[0]]
        equal((found["State"], found["Principal"], found["LivePeers"]), ("active", True, 1), "the second key")
    return unharmed(probe)


def run(t):
    t.case("lifetimes that touch", touching, 0, 5)
    t.case("lifetimes that touch, clocks 2 s apart", touching, 2, 5)
    t.case("lifetimes that touch, clocks 30 s apart", touching, 30, 35)
