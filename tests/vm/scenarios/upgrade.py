# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the last release to this version and back, one end at a time, under a flood: not a frame is lost, the keys stay"""

import os
import signal

from lab import macsec
from lab.check import at_least, check, equal, stays, wait_until
from lab.daemon import psk_profile

previous = True
timeout = 300
turn = 2

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
BEFORE = "/lab/previous/macsecd"
NOW = "/lab/bin/macsecd"


def link(c, program):
    """Two hosts that both run `program`, secured."""
    hosts = c.namespaces("one", "two")
    c.veth(*hosts)
    daemons = [c.macsecd(host, {"link": psk_profile(CAK, CKN)}, start=False) for host in hosts]
    for daemon in daemons:
        replace(daemon, program, stop=None)
    for host in hosts:
        macsec.wait_secured(host)
    return hosts, daemons


def replace(daemon, program, stop=signal.SIGTERM):
    """The process ends as a service manager or a crash ends it, and the other version starts on its configuration and state."""
    if stop is not None:
        daemon.process.signal(stop)
        daemon.process.wait(10)
    daemon.program = program
    daemon.start()


def settled(hosts, keys):
    """As long as it takes for a peer that is missing to be missed."""
    stays(lambda: all((found := macsec.secy(host)) and found.secured() and found.tx_sa().key_id == key for host, key in zip(hosts, keys)),
          8, "secured with the same key")


def there_and_back(c):
    hosts, daemons = link(c, BEFORE)
    keys = [macsec.secy(host).tx_sa().key_id for host in hosts]
    probe = c.probe(*hosts, interval=0.001)
    probe.wait_both_ways(10)
    for program, stop in ((NOW, signal.SIGTERM), (BEFORE, signal.SIGKILL)):
        for daemon in daemons:
            replace(daemon, program, stop)
            settled(hosts, keys)
    spans = probe.finish()
    equal([span.lost for span in spans], [0, 0], "frames lost, by direction")
    for span in spans:
        at_least(span.sent, 10_000, "frames in the flood")
    return " and ".join(map(str, spans))


def mixed(c, server):
    """One end of each version goes on to rekey: the one with priority 1 is key server."""
    hosts = c.namespaces("one", "two")
    c.veth(*hosts)
    for host, program in zip(hosts, (BEFORE, NOW)):
        priority = 1 if program == server else 200
        daemon = c.macsecd(host, {"link": psk_profile(CAK, CKN, MKA={"Priority": priority, "RekeySec": "5s"})}, start=False)
        replace(daemon, program, stop=None)
    for host in hosts:
        macsec.wait_secured(host)
    probe = c.probe(*hosts)
    probe.wait_both_ways(10)
    seen = {macsec.secy(hosts[0]).tx_sa().key_id}

    def rekeyed():
        found = macsec.secy(hosts[0]).tx_sa()
        if found:
            seen.add(found.key_id)
        return len(seen) >= 4
    wait_until(rekeyed, 40, "three rekeys")
    spans = probe.finish()
    equal([span.lost for span in spans], [0, 0], "frames lost, by direction")
    return " and ".join(map(str, spans))


def foreign_state(c):
    """State of a version to come is not understood, and not believed: the link comes back with a new key."""
    hosts, daemons = link(c, NOW)
    before = macsec.secy(hosts[0]).tx_sa().key_id
    daemons[0].terminate()
    written = [os.path.join(folder, name) for folder, _, names in os.walk(daemons[0].state) for name in names]
    changed = 0
    for path in written:
        with open(path, "rb") as text:
            octets = text.read()
        if octets.startswith(b"macsecd-snapshot "):
            changed += 1
            with open(path, "wb") as out:
                out.write(b"macsecd-snapshot 1000" + octets[octets.index(b"\n"):])
    check(changed, "there is state of the link: %s" % written)
    daemons[0].start()
    macsec.wait_new_key(hosts[0], before, deadline=30)
    macsec.wait_secured(hosts[1], deadline=30)


def run(t):
    t.case("to this version by SIGTERM, back by SIGKILL, both ends in turn", there_and_back)
    t.case("the version before is key server", mixed, BEFORE)
    t.case("this version is key server", mixed, NOW)
    t.case("state of a version to come", foreign_state)
