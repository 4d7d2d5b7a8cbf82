# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys change by command under a flood: nothing lost, and no key goes that a peer needs"""

import json
import os
import subprocess
import time

from lab import clock, macsec
from lab.check import at_most, check, equal, stays, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile
from lab.process import command

timeout = 900
turn = 3

CLOCKED = "0f0e0d0c0b0a09080706050403020100"
OLD, NEW = "000102030405060708090a0b0c0d0e0f", "ffeeddccbbaa99887766554433221100"


class End(Commanded):
    """One end of the link whose keys change."""

    def __init__(self, c, namespace, priority, ckn):
        super().__init__(c, namespace, {"link": psk_profile(OLD, ckn, MKA={"Priority": priority})})

    def add(self, ckn, key, *more):
        return self.ctl("key", "add", "link", "--ckn=" + ckn, "--key-fd=0", *more, key=key)

    def begin_replacing(self, old, ckn, key):
        """ReplaceKey, which macsecctl has no word for: what was a step of a script."""
        octets = [str(octet) for octet in bytes.fromhex(key)]
        return subprocess.Popen(["busctl", "--address=" + self.bus, "call", "org.macsecd1", "/org/macsecd1/profile/link", "org.macsecd1.Profile",
                                 "ReplaceKey", "sa{sv}a{sv}", old, "2", "Ckn", "s", ckn, "Cak", "ay", str(len(octets)), *octets, "0"])

    def retire(self, ckn, *more):
        return self.ctl("key", "retire", "link", ckn, *more)

    def keys(self):
        """{CKN: entry of the property Keys}."""
        return {each["Ckn"]: each for each in json.loads(self.ctl("key", "list", "link", "--json=short").stdout)[0]["Keys"]}

    def file(self, ckn):
        return os.path.join(self.daemon.config, "link.macsec.d", "key-%s.conf" % ckn)


def ends(c, count=2, ckn="10"):
    namespaces = c.namespaces(*("n%d" % number for number in range(count)))
    if count == 2:
        c.veth(*namespaces)
    else:
        c.switch("sw", *namespaces)
    hosts = [End(c, namespace, 16 * (number + 1), ckn) for number, namespace in enumerate(namespaces)]
    for namespace in namespaces:
        macsec.wait_secured(namespace, peers=count - 1)
    probe = c.probe(namespaces[0], namespaces[1], interval=0.001)
    probe.wait_both_ways(5)
    return hosts, probe


def good(done, what):
    equal(done.returncode, 0, "%s: %s%s" % (what, done.stdout, done.stderr))


def unharmed(probe):
    spans = probe.finish()
    for span in spans:
        at_most(max(span.lost, span.reordered, span.duplicated), 0, str(span))
    return "%d frames" % sum(span.received for span in spans)


def rotations(c, count, server_first, names):
    """Keys whose names go up and down, each second with a NotBefore, added on all and then retired on one end after the other."""
    hosts, probe = ends(c, count)
    order = hosts if server_first else hosts[::-1]
    old = "10"
    for number, new in enumerate(names):
        key = "%032x" % (0x1234567890 + number)
        bounds = ["--not-before=@%d" % (int(time.time()) + 3)] if number % 2 else []
        for host in order:
            good(host.add(new, key, *bounds), "add")
        for host in order:
            good(host.retire(old, "--wait=40"), "retire")
        for host in order:
            check(host.keys()[new]["Principal"], "the link uses the new key")
        old = new
    return unharmed(probe)


def by_rotate(c):
    """One command on one end, one on the other, with the file it wrote."""
    (one, two), probe = ends(c)
    written = os.path.join(one.daemon.folder, "newkey")
    late = one.ctl("key", "rotate", "link", "--output=" + written, "--wait=8")
    equal(late.returncode, 6, "exit status while the other end has no key: " + late.stderr)
    check(macsec.sci(two.namespace.mac("eth0")) in late.stderr, "the peer is named: " + late.stderr)
    good(two.ctl("key", "add", "link", written), "the file on the other end")
    good(one.ctl("key", "rotate", "link", "--output=" + written, "--wait=40"), "the same command again")
    good(two.retire("10", "--wait=40"), "retire on the other end")
    equal([key["State"] for key in two.keys().values() if "RetiredAt" not in key], ["active"], "states")
    return unharmed(probe)


def replaced(c):
    """One step on both ends at once."""
    hosts, probe = ends(c)
    for old, new in (("10", "20"), ("20", "15")):
        for process in [host.begin_replacing(old, new, "%032x" % int(new)) for host in hosts]:
            equal(process.wait(20), 0, "exit status of busctl")
        for host in hosts:
            wait_until(lambda: host.keys()[old]["State"] == "retired", 40, "the old key is retired", every=0.5,  # noqa: B023
                       state=lambda: host.ctl("key", "list").stdout)  # noqa: B023
    return unharmed(probe)


def refusals(c):
    """What must not be retired is not, and the link does not notice."""
    (one, two), probe = ends(c)
    equal(one.retire("10").returncode, 1, "the last key")
    equal(one.retire("10", "--force").returncode, 1, "the last key by force")
    equal(one.retire("77").returncode, 3, "no such key")
    good(one.add("20", NEW), "add")
    equal(one.retire("10", "--wait=8").returncode, 6, "a peer without the new key")
    good(two.add("20", OLD), "add another CAK under the same name")
    equal(one.retire("10", "--wait=8").returncode, 6, "a peer with another CAK")
    check(not one.keys()["10"]["ReadyToRetire"], "not ready")
    equal(one.add("20", OLD).returncode, 1, "another CAK for a CKN")
    good(one.add("20", NEW), "the same key once more")
    good(one.retire("20", "--wait=20"), "a key that was never in use is taken back")
    good(two.retire("20", "--wait=20"), "there, too")
    equal(one.add("20", NEW).returncode, 1, "a retired CKN")
    for host in (one, two):
        good(host.add("30", NEW, "--not-after=@%d" % (int(time.time()) + 1800)), "a key that ends soon")
    equal(one.retire("10", "--wait=8").returncode, 6, "the other key ends within the hour")
    for host in (one, two):
        good(host.add("40", CLOCKED, "--not-before=@%d" % (int(time.time()) + 3600)), "a key that begins later")
    equal(one.retire("10", "--wait=8").returncode, 6, "the other key has not begun")
    done = unharmed(probe)
    two.daemon.terminate()
    two.namespace.down("eth0")
    equal(one.retire("10", "--wait=8").returncode, 6, "nobody is there")
    return done


def unwritten(c):
    """A retirement that cannot be written is not done by force, is told of otherwise, and can be asked for again."""
    (one, two), probe = ends(c)
    for host in (one, two):
        good(host.add("20", NEW), "add")
    folder = os.path.dirname(one.file("20"))
    with open(one.file("20"), encoding="utf-8") as text:
        content = text.read()
    command(["mount", "-t", "tmpfs", "-o", "size=64k,mode=750", "tmpfs", folder])
    c.callback(command, ["umount", "-l", folder], check=False)
    c.write(one.file("20"), content, 0o640)
    with open(folder + "/ballast", "wb", 0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError as error:
            check("No space" in str(error), str(error))
    forced = one.retire("10", "--force")
    check(forced.returncode == 1 and "No space left on device" in forced.stderr, "by force: %s" % forced.stderr)
    stays(lambda: one.keys()["10"]["State"] == "active", 8, "the key stays in use")
    proved = one.retire("10", "--wait=40")
    check(proved.returncode == 1 and "No space left on device" in proved.stderr, "with evidence: %s" % proved.stderr)
    os.unlink(folder + "/ballast")
    good(one.retire("10", "--wait=40"), "the same command again")
    with open(one.file("10"), encoding="utf-8") as text:
        check("Retired=" in text.read(), "the file says so")
    good(two.retire("10", "--wait=40"), "on the other end")
    return unharmed(probe)


def killed(c):
    """SIGKILL while keys are added and retired: both keys or one, never none."""
    (one, two), probe = ends(c)
    old = "10"
    for number in range(6):
        new, key = "2%d" % number, "%032x" % (0x9876543210 + number)
        adding = subprocess.Popen(["/lab/bin/macsecctl", "key", "add", "link", "--ckn=" + new, "--key-fd=0"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": one.bus})
        adding.stdin.write(key.encode())
        adding.stdin.close()
        one.daemon.kill()
        adding.wait()
        one.daemon.start()
        wait_until(lambda: one.ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)
        for host in (one, two):
            good(host.add(new, key), "add")
        good(two.retire(old, "--wait=40"), "retire there")
        retiring = subprocess.Popen(["/lab/bin/macsecctl", "key", "retire", "link", old, "--wait=2"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": one.bus})
        retiring.wait()
        one.daemon.kill()
        one.daemon.start()
        wait_until(lambda: one.ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)
        macsec.wait_secured(one.namespace)
        check(one.keys()[new]["State"] in ("active", "draining"), "the new key is there")
        good(one.retire(old, "--wait=40"), "retire here")
        check("Cak=" not in open(one.file(old), encoding="utf-8").read(), "the secret is gone")
        old = new
    # What a kill costs in the first seconds of a link is no matter of its keys.
    spans = probe.finish()
    at_most(max(span.longest_gap for span in spans), 0.5, "seconds without a frame")
    return ", ".join(map(str, spans))


def clock_set_again(c):
    """A clock that is set is noticed each time: the time of a key comes with the second step."""
    day = 86400
    namespace = c.namespace("n0")
    text = psk_profile(OLD, "10") + "[Key]\nCkn=20\nCak=%s\nNotBefore=@%d\n" % (NEW, int(time.time()) + 400 * day)
    host = Commanded(c, namespace, {"link": text})

    def state():
        listed = json.loads(host.ctl("key", "list", "link", "--json=short").stdout)[0]["Keys"]
        return next(each["State"] for each in listed if each["Ckn"] == "20")

    namespace.ip("link", "add", "eth0", "type", "dummy")
    wait_until(lambda: state() == "waiting", 20, "the key waits", state=state)
    c.callback(lambda: clock.step(-500 * day))
    clock.step(100 * day)
    equal(state(), "waiting", "after 100 days")
    clock.step(400 * day)
    wait_until(lambda: state() == "active", 5, "after 500 days the key is active", state=state)


def clock_jumps(c):
    """A clock that goes to 1970, to 2038 and back costs no frame, whatever the lifetimes of the key are."""
    namespaces = c.namespaces("n0", "n1")
    c.veth(*namespaces)
    day = 86400
    now = int(time.time())
    bounds = {"NotBefore": "@%d" % (now - day), "NotAfter": "@%d" % (now + day)}
    for namespace in namespaces:
        c.macsecd(namespace, {"link": psk_profile(OLD, "10", Key=bounds)})
    for namespace in namespaces:
        macsec.wait_secured(namespace)
    probe = c.probe(*namespaces, interval=0.001)
    probe.wait_both_ways(5)
    for _ in range(5):
        for year in (1970, 2038):
            there = int((year - 1970) * 365.25 * day) + 40 * day
            with clock.stepped(there - time.time()):
                stays(lambda: macsec.secy(namespaces[0]).secured(), 1, "secured in %d" % year)  # noqa: B023
    return unharmed(probe)


def cut(c):
    """KeyExpiry=cut ends the link at the bound, and not before."""
    namespaces = c.namespaces("n0", "n1")
    c.veth(*namespaces)
    end = int(time.time()) + 15
    for namespace in namespaces:
        c.macsecd(namespace, {"link": psk_profile(OLD, "10", Key={"NotAfter": "@%d" % end}, MKA={"KeyTolerance": "0s", "KeyExpiry": "cut"})})
    for namespace in namespaces:
        macsec.wait_secured(namespace)
    probe = c.probe(*namespaces, interval=0.001)
    probe.wait_both_ways(5)
    ended = end - time.time() + time.monotonic()
    wait_until(lambda: time.time() >= end + 2, 30, "the end of the key is over")
    last = [span.last for span in probe.finish()]
    for each in last:
        check(-0.1 <= each - ended <= 1, "the last frame came %.2f s after the end" % (each - ended))
    return ", ".join("%.2f s" % (each - ended) for each in last)


def run(t):
    t.case("the clock is set twice", clock_set_again)
    t.case("the clock goes to 1970, to 2038 and back", clock_jumps)
    t.case("a key that is cut at its end", cut)
    t.case("replaced in one step on both ends", replaced)
    t.case("rotations by two, key server first", rotations, 2, True, ("20", "15", "30", "05"))
    t.case("rotations by two, key server last", rotations, 2, False, ("20", "15"))
    t.case("rotations by three", rotations, 3, False, ("20", "15"))
    t.case("key rotate, interrupted and continued", by_rotate)
    t.case("refused where a peer would be lost", refusals)
    t.case("a full disk", unwritten)
    t.case("killed at each step", killed)
