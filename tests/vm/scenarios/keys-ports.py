# SPDX-License-Identifier: LGPL-2.1-or-later
"""A key of many ports goes at all of them or at none, under a flood on each: who needs it is named, who is unplugged keeps no other"""

import glob
import json
import os

from lab import macsec
from lab.check import at_most, check, equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

timeout = 420
turn = 2

LOWER, OLD, NEW = "08", "10", "20"
KEYS = {OLD: "000102030405060708090a0b0c0d0e0f", NEW: "ffeeddccbbaa99887766554433221100", LOWER: "0f0e0d0c0b0a09080706050403020100"}
PORTS = 4
# Of each port both ways: a thousand a second over all ports.
INTERVAL = 0.001 * PORTS


class End(Commanded):
    """A host with one profile for all its ports."""

    def __init__(self, c, namespace, priority):
        super().__init__(c, namespace, {"ports": psk_profile(KEYS[OLD], OLD, parent="swp*", interface="macsec*", MKA={"Priority": priority})})

    def add(self, ckn):
        done = self.ctl("key", "add", "ports", "--ckn=" + ckn, "--key-fd=0", key=KEYS[ckn])
        equal(done.returncode, 0, "%s: add: %s" % (self.namespace.name, done.stderr))

    def retire(self, ckn, wait=40):
        return self.ctl("key", "retire", "ports", ckn, "--wait=%d" % wait)

    def retired(self, ckn):
        """Retires the key; what was said besides."""
        done = self.retire(ckn)
        equal((done.returncode, done.stdout), (0, "ports: %s retired\n" % ckn), "%s: retire: %s" % (self.namespace.name, done.stderr))
        equal(self.keys()[ckn]["State"], "retired", "state of the old key")
        return done.stderr

    def keys(self):
        return {each["Ckn"]: each for each in json.loads(self.ctl("key", "list", "ports", "--json=short").stdout)[0]["Keys"]}

    def held(self):
        """What could change where a key is retired: the states of the keys at each port, and all that is in files."""
        states = {}
        for device in macsec.secys(self.namespace):
            states[device] = sorted((each["Ckn"]["data"], each["State"]["data"]) for each in self.shown("Session", "Participants", device))
        files = {}
        for path in glob.glob(os.path.join(self.daemon.config, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, encoding="utf-8") as text:
                    files[path] = text.read()
        return states, files

    def secured(self):
        return {device for device, secy in macsec.secys(self.namespace).items() if secy.secured()}


def devices(*numbers):
    return {"macsec%d" % number for number in numbers}


def wait_secured(host, *numbers):
    wait_until(lambda: host.secured() == devices(*numbers), 60, "%s: secured" % host.namespace.name, state=host.secured)


class Site:
    """A switch with four ports, three of them to one host, the last to another, and a flood on each."""

    def __init__(self, c):
        self.switch, self.three, self.one = namespaces = c.namespaces("switch", "three", "one")
        for number in range(1, PORTS + 1):
            c.veth(namespaces[0], namespaces[1 if number < PORTS else 2], "swp%d" % number, "swp%d" % number)
        self.hosts = [End(c, namespace, 16 * (place + 1)) for place, namespace in enumerate(namespaces)]
        self.switch, self.three, self.one = self.hosts
        for host, numbers in zip(self.hosts, ((1, 2, 3, 4), (1, 2, 3), (4,))):
            wait_secured(host, *numbers)
        self.probes = {}
        for number in range(1, PORTS + 1):
            other = namespaces[1 if number < PORTS else 2]
            device = "macsec%d" % number
            self.probes[number] = c.probe(namespaces[0], other, device, interval=INTERVAL)
            self.probes[number].wait_both_ways(5)

    def unharmed(self, *numbers):
        """Ends the floods of these ports; how many frames passed."""
        total = 0
        for number in numbers:
            for span in self.probes.pop(number).finish():
                at_most(max(span.lost, span.reordered, span.duplicated), 0, "swp%d: %s" % (number, span))
                total += span.received
        return total


def rotated(c):
    """With a key of lower name, the key server of all ports last; the other way round is below."""
    site = Site(c)
    for host in site.hosts[::-1]:
        host.add(LOWER)
    for host in site.hosts[::-1]:
        check("carrier" not in host.retired(OLD), "no port is left out")
    for host in site.hosts:
        check(host.keys()[LOWER]["Principal"], "the new key is in use")
    return "%d frames" % site.unharmed(1, 2, 3, 4)


def needed_at_one(c):
    site = Site(c)
    for host in (site.switch, site.three):
        host.add(NEW)
    sci = macsec.sci(site.one.namespace.mac("swp4"))
    wait_until(lambda: sci in site.switch.keys()[OLD]["Blocker"], 20, "only one port is missing", state=lambda: site.switch.keys()[OLD])
    before = [host.held() for host in site.hosts]
    done = site.switch.retire(OLD, wait=8)
    equal(done.returncode, 6, "exit status: " + done.stderr)
    check("macsec4: %s is not live under CKN %s" % (sci, NEW) in done.stderr, "who is named: " + done.stderr)
    equal([host.held() for host in site.hosts], before, "keys and files")
    # The same where nobody is left to ask at a port that has carrier.
    frames = site.unharmed(4)
    site.one.daemon.terminate()
    wait_until(lambda: site.switch.keys()[OLD]["Blocker"].startswith("macsec4: no peer is live"), 20, "the peer is gone",
               state=lambda: site.switch.keys()[OLD]["Blocker"])
    done = site.switch.retire(OLD, wait=2)
    check(done.returncode == 6 and "macsec4: no peer is live" in done.stderr, "who is named: " + done.stderr)
    equal(site.switch.held(), before[0], "keys and files")
    site.one.daemon.start()
    wait_until(lambda: site.one.ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)
    site.one.add(NEW)
    for host in site.hosts:
        check("carrier" not in host.retired(OLD), "no port is left out")
    wait_secured(site.switch, 1, 2, 3, 4)
    return "%d frames" % (frames + site.unharmed(1, 2, 3))


def unplugged(c):
    """A port without carrier is named and keeps no other; what comes back there with the new key is secured."""
    site = Site(c)
    frames = site.unharmed(3)
    site.three.namespace.down("swp3")
    for host in site.hosts:
        host.add(NEW)
    wait_until(lambda: site.switch.keys()[OLD].get("LeftOut") == ["macsec3"], 20, "the port is left out", state=lambda: site.switch.keys()[OLD])
    for host in site.hosts:
        said = host.retired(OLD)
        equal("macsec3" in said, host is not site.one, "%s: who is named: %s" % (host.namespace.name, said))
    site.three.namespace.up("swp3")
    wait_secured(site.switch, 1, 2, 3, 4)
    return "%d frames" % (frames + site.unharmed(1, 2, 4))


def run(t):
    t.case("all ports have the new key", rotated)
    t.case("one peer has no other key", needed_at_one)
    t.case("one port is unplugged", unplugged)
