# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where frames are encrypted: netdevsim's fake hardware, refusals, and falling back to software"""

import time

from lab import macsec
from lab.check import at_most, check, equal, wait_until
from lab.daemon import psk_profile

timeout = 240

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"


def profile(parent, offload, interface="macsec0", **sections):
    """GCM-AES-128, as netdevsim has nothing else."""
    return psk_profile(CAK, CKN, parent, interface,
                       MACsec={"Offload": offload, "CipherSuites": "GCM-AES-128", **sections.pop("MACsec", {})}, **sections)


def taken(c, offload):
    """The kernel says that the device encrypts."""
    one = c.namespace("one")
    c.netdevsim(one)
    c.macsecd(one, {"link": profile("sim0", offload)})
    found = wait_until(lambda: macsec.secy(one), 10, "a MACsec device")
    equal(found.offload, "mac", "offload")


def refused(c):
    """phy is not to be had: an error that says so, and no device that encrypts elsewhere."""
    one = c.namespace("one")
    c.netdevsim(one)
    daemon = c.macsecd(one, {"link": profile("sim0", "phy")})
    wait_until(lambda: "phy" in daemon.process.output(), 10, "the refusal is told", state=daemon.process.output)
    equal(macsec.secy(one), None, "no device")
    check(daemon.process.running(), "the daemon runs on")


def falls_back(c):
    """auto on a cable that offers nothing: software, said so, and secured."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    daemons = [c.macsecd(namespace, {"link": profile("eth0", "auto")}) for namespace in (one, two)]
    for namespace in (one, two):
        equal(macsec.wait_secured(namespace).offload, "off", "offload")
    check("software" in daemons[0].process.output(), lambda: "it says so: " + daemons[0].process.output())


def one_fails(c):
    """Two ports of one daemon: one is refused and retried, the other loses nothing."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    c.netdevsim(one)
    daemon = c.macsecd(one, {"good": profile("eth0", "off")})
    c.macsecd(two, {"good": profile("eth0", "off")})
    for namespace in (one, two):
        macsec.wait_secured(namespace)
    before = macsec.secy(one)
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    daemon.profile("bad", profile("sim0", "phy", "macsec1"))
    daemon.reload()
    wait_until(lambda: "phy" in daemon.process.output(), 10, "the refusal is told", state=daemon.process.output)
    probe.wait_both_ways(5, frames=200)
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))
    equal(macsec.secy(one).tx_sa().key_id, before.tx_sa().key_id, "the key of the good link")


def refusals_harm_nobody(c):
    """Two profiles whose offload is refused, one of them with a device made beforehand: attempts are paced, the link beside them lives
    for longer than its peer's patience, and SIGTERM is obeyed."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    c.netdevsim(one)
    daemon = c.macsecd(one, {"good": profile("eth0", "off"), "bad": profile("sim0", "phy", "macsec1"),
                             "worse": profile("sim0", "phy", "macsec2", Link={"Port": 2, "Create": "always", "Enable": "no"})})
    c.macsecd(two, {"good": profile("eth0", "off")})
    for namespace in (one, two):
        macsec.wait_secured(namespace)
    before = macsec.secy(one)
    seen = c.start(["ip", "-o", "monitor", "link"], one, "ip-monitor")
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    busy = daemon.process.cpu_seconds()
    end = time.monotonic() + 12
    wait_until(lambda: time.monotonic() > end, 15, "twice the peer's patience")
    at_most(daemon.process.cpu_seconds() - busy, 2, "seconds of CPU in twelve")
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))
    equal(macsec.secy(one).tx_sa().key_id, before.tx_sa().key_id, "the key of the good link")
    # 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7 s after the first one.
    attempts = sum(("macsec1" in line or "macsec2" in line) and "Deleted" in line for line in seen.output().splitlines())
    at_most(attempts, 2 * 8, "attempts")
    equal(daemon.terminate(2), 0, "exit code")


def run(t):
    for offload in ("mac", "auto"):
        t.case("Offload=%s on hardware that offers mac" % offload, taken, offload)
    t.case("Offload=phy where there is none", refused)
    t.case("Offload=auto on a cable without hardware", falls_back)
    t.case("one port fails, the other is untouched", one_fails)
    t.case("refused for long, and nobody else notices", refusals_harm_nobody)
