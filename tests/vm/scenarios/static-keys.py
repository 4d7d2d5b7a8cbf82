# SPDX-License-Identifier: LGPL-2.1-or-later
"""Links with static keys, as with `ip macsec` by hand"""

import signal
import time

from lab import macsec, traffic
from lab.check import at_least, at_most, check, equal, wait_until

turn = 2

KEYS = {"one": "11" * 16, "two": "22" * 16}


def profile(host, other):
    """A [StaticKeys] section for each direction."""
    return ("[Link]\nParent=eth0\n"
            "[StaticKeys]\nDirection=transmit\nKey=%s\n"
            "[StaticKeys]\nDirection=receive\nPeer=%s\nKey=%s\n" % (KEYS[host.name], other.mac("eth0"), KEYS[other.name]))


def pair(c):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    return one, two


def both_ours(c):
    one, two = pair(c)
    sniffer = c.sniff(two)
    for host, other in ((one, two), (two, one)):
        c.macsecd(host, {"link": profile(host, other)})
    for host in (one, two):
        wait_until(lambda host=host: macsec.secy(host) and macsec.secy(host).tx_sa(), 5, "the keys are there")
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    for span in probe.finish():
        equal(span.lost, 0, str(span))
    sniffer.only(traffic.MACSEC)


def with_ip_macsec(c):
    """One end by hand."""
    one, two = pair(c)
    macsec.by_hand(one, two)
    one.ip("link", "del", "macsec0")
    c.macsecd(one, {"link": profile(one, two)})
    probe = c.probe(one, two)
    probe.wait_both_ways(5)


def numbers(c):
    """Packet numbers go on after a restart, and after the device was lost as by a reboot."""
    one, two = pair(c)
    daemons = [c.macsecd(host, {"link": profile(host, other)}) for host, other in ((one, two), (two, one))]
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    daemons[0].terminate()
    before = macsec.secy(one).tx_sa().pn
    daemons[0].start()
    probe.wait_both_ways(5)
    after = macsec.secy(one).tx_sa().pn
    at_least(after, before, "packet number after a restart")
    at_most(after, before + 10000, "packet number after a restart")
    daemons[0].kill()
    before = macsec.secy(one).tx_sa().pn
    one.ip("link", "del", "macsec0")
    daemons[0].start()
    found = wait_until(lambda: macsec.secy(one) and macsec.secy(one).tx_sa(), 5, "the key is back")
    at_least(found.pn, before + 1000, "packet number after a reboot")
    probe.wait_both_ways(5)
    return "restart %d, reboot %d" % (after, found.pn)


def stops(c):
    """SIGINT removes keys and device."""
    one, two = pair(c)
    daemon = c.macsecd(one, {"link": profile(one, two)})
    wait_until(lambda: macsec.secy(one) and macsec.secy(one).tx_sa(), 5, "the keys are there")
    daemon.process.signal(signal.SIGINT)
    equal(daemon.process.wait(10), 0, "exit code")
    equal(one.link("macsec0"), None, "the device")


def parent_comes_back(c):
    one, two = pair(c)
    texts = {host.name: profile(host, other) for host, other in ((one, two), (two, one))}
    macs = {host.name: host.mac("eth0") for host in (one, two)}
    for host in (one, two):
        c.macsecd(host, {"link": texts[host.name]})
        wait_until(lambda host=host: macsec.secy(host) and macsec.secy(host).tx_sa(), 5, "the keys are there")
    one.ip("link", "del", "eth0")
    c.veth(one, two, up=False)
    for host in (one, two):
        host.ip("link", "set", "eth0", "address", macs[host.name])
        host.up("eth0")
    begin = time.monotonic()
    for host in (one, two):
        wait_until(lambda host=host: macsec.secy(host) and macsec.secy(host).tx_sa(), 5, "the keys are back")
    check(time.monotonic() - begin < 5, "soon")


def run(t):
    t.case("a pair of ours", both_ours)
    t.case("the other end by hand", with_ip_macsec)
    t.case("packet numbers are never used twice", numbers)
    t.case("SIGINT", stops)
    t.case("the parent comes back", parent_comes_back)
