# SPDX-License-Identifier: LGPL-2.1-or-later
"""One profile for many ports: all are secured, and one that comes, goes or is renamed touches no other"""

import json

from lab import macsec
from lab.check import check, equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

timeout = 420
turn = 1

CAK, CKN = "000102030405060708090a0b0c0d0e0f", "10"
COUNT = 8


def name(number):
    return "swp%d" % number


def cable(ends, number):
    return ends[0].scope.veth(ends[0].namespace, ends[1].namespace, name(number), name(number))


class End(Commanded):
    """One end of all cables, with one profile for them."""

    def __init__(self, c, namespace, priority):
        self.scope = c
        super().__init__(c, namespace, {"ports": psk_profile(CAK, CKN, parent="swp*", interface="macsec*",
                                                             MKA={"Priority": priority})})

    def good(self, *words):
        done = self.ctl(*words)
        equal(done.returncode, 0, "macsecctl %s: %s%s" % (" ".join(words), done.stdout, done.stderr))
        return done.stdout

    def keys(self):
        """{device: key it sends with} of all devices that are secured."""
        return {device: secy.tx_sa().key_id for device, secy in macsec.secys(self.namespace).items() if secy.secured()}

    def devices(self):
        return set(macsec.secys(self.namespace))

    def profile(self):
        return json.loads(self.good("profile", "show", "ports", "--json=short"))[0]

    def wait_devices(self, numbers):
        wanted = {"macsec%d" % number for number in numbers}
        wait_until(lambda: set(self.keys()) == wanted and self.devices() == wanted, 60,
                   "%s: %s are secured" % (self.namespace.name, sorted(wanted)), state=self.devices)


def ends(c):
    namespaces = c.namespaces("n0", "n1")
    for number in range(1, COUNT + 1):
        c.veth(*namespaces, name(number), name(number))
    both = [End(c, namespace, 16 * (place + 1)) for place, namespace in enumerate(namespaces)]
    for end in both:
        end.wait_devices(range(1, COUNT + 1))
    return both


def wait_all(both, numbers):
    for end in both:
        end.wait_devices(numbers)


def unharmed(both, before):
    """The ports that were there still send with the keys they had."""
    for end, keys in zip(both, before):
        now = end.keys()
        for device, key in keys.items():
            if device in now:
                equal(now[device], key, "%s: key of %s" % (end.namespace.name, device))


def comes_and_goes(c):
    both = ends(c)
    before = [end.keys() for end in both]
    cable(both, COUNT + 1)
    wait_all(both, range(1, COUNT + 2))
    both[0].namespace.ip("link", "del", name(3))
    left = set(range(1, COUNT + 2)) - {3}
    wait_all(both, left)
    for end in both:
        end.namespace.down(name(5))
        end.namespace.ip("link", "set", name(5), "name", name(15))
        end.namespace.up(name(15))
    wait_all(both, left - {5} | {15})
    for end in both:
        end.namespace.down(name(15))
        end.namespace.ip("link", "set", name(15), "name", "lan0")
        end.namespace.up("lan0")
    left -= {5}
    wait_all(both, left)
    unharmed(both, before)
    equal(len(both[0].profile()["Sessions"]), len(left), "sessions of the profile")
    return "%d ports" % len(left)


def a_profile_of_its_own(c):
    both = ends(c)
    before = [end.keys() for end in both]
    for end in both:
        end.daemon.profile("uplink", psk_profile(CAK, CKN, parent=name(1), interface="uplink"))
        end.daemon.profile("none", psk_profile(CAK, CKN, parent=name(2), interface="none", Link={"Enable": "no"}))
        end.good("reload")
    for end in both:
        wanted = {"uplink"} | {"macsec%d" % number for number in range(3, COUNT + 1)}
        wait_until(lambda: set(end.keys()) == wanted and end.devices() == wanted, 60, "the uplink is a link of its own",
                   state=end.devices)
    unharmed(both, before)
    for end in both:
        for other in ("uplink", "none"):
            end.daemon.remove_profile(other)
        end.good("reload")
    wait_all(both, range(1, COUNT + 1))
    unharmed(both, [{device: key for device, key in keys.items() if device not in ("macsec1", "macsec2")} for keys in before])


def taken_name(c):
    namespaces = c.namespaces("n0", "n1")
    namespaces[0].ip("link", "add", "macsec2", "type", "dummy")
    long = "swp1234567890"
    c.veth(*namespaces, name(1), name(1))
    c.veth(*namespaces, name(2), name(2))
    c.veth(*namespaces, long, name(3))
    one, two = (End(c, namespace, 16) for namespace in namespaces)
    macsec.wait_secured(namespaces[0], "macsec1", deadline=30)
    problems = one.profile()["Problems"]
    check(any(long in row[4] and "15 characters" in row[4] for row in problems), "the port with the long name: %s" % problems)
    status = json.loads(one.good("--json=short", "status", "macsec2"))[0]
    check(status["State"] != "secured" and "macsec2" in status["ReasonText"] + status["LastError"], "why: %s" % status)
    namespaces[0].ip("link", "del", "macsec2")
    macsec.wait_secured(namespaces[0], "macsec2", deadline=30)


def commands(c):
    both = ends(c)
    one = both[0]
    before = one.keys()
    one.good("down", "ports")
    wait_until(lambda: not one.keys(), 30, "all ports are down", state=one.keys)
    one.good("up", "ports")
    wait_all(both, range(1, COUNT + 1))
    one.good("down", "ports@" + name(4))
    wait_until(lambda: set(before) - set(one.keys()) == {"macsec4"}, 30, "one port is down", state=one.keys)
    one.good("up", "macsec4")
    wait_all(both, range(1, COUNT + 1))
    one.good("profile", "disable", "ports")
    wait_until(lambda: not one.devices(), 30, "a disabled profile has no port", state=one.devices)
    one.good("up", "ports", "--wait=60")
    equal(set(one.keys()), {"macsec%d" % number for number in range(1, COUNT + 1)}, "all are secured after up --wait")


def restarted(c):
    both = ends(c)
    before = [end.keys() for end in both]
    for stop in (both[0].daemon.terminate, both[0].daemon.kill):
        stop()
        both[0].daemon.start()
        wait_until(lambda: both[0].ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)
        wait_all(both, range(1, COUNT + 1))
        unharmed(both, before)


def run(t):
    t.case("one comes, one goes, one is renamed", comes_and_goes)
    t.case("a profile of its own takes a port out", a_profile_of_its_own)
    t.case("a name that is taken or too long", taken_name)
    t.case("all ports or one by command", commands)
    t.case("a restart resumes every port", restarted)
