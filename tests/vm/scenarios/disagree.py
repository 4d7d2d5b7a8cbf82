# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two ends that disagree on suite, Encrypt=, policy, version or device, from the start, by a reload and over restarts"""

import json
import time

from lab.check import check, equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

timeout = 900
turn = 1

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
SETTLED = 20    # seconds within which each end must know
MUST_SECURE = {"Policy": "must-secure"}


def profile(priority, settings):
    """`settings` by section, as of psk_profile."""
    return psk_profile(CAK, CKN, **{**settings, "MKA": {"Priority": priority, **settings.get("MKA", {})}})


class End(Commanded):
    """One end, and what its settings are to be."""

    def __init__(self, c, namespace, priority, settings):
        self._priority = priority
        super().__init__(c, namespace, {"link": profile(priority, settings)})

    def reload(self, settings):
        self.daemon.profile("link", profile(self._priority, settings))
        done = self.ctl("reload")
        equal((done.returncode, done.stderr), (0, ""), "macsecctl reload")

    def restart(self):
        self.daemon.terminate()
        self.daemon.start()
        wait_until(lambda: self.ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)

    def status(self):
        """Of the bus; without a session, nothing is secured."""
        done = self.ctl("--json=short", "status", "macsec0")
        return json.loads(done.stdout)[0] if done.returncode == 0 else {"State": "", "Reason": "", "ReasonText": ""}

    def said(self):
        found = self.status()
        return "%s: %s %s (%s)" % (self.namespace.name, found["State"], found["Reason"], found["ReasonText"])

    def dormant(self):
        link = self.namespace.link("macsec0")
        return link is not None and link["operstate"] == "DORMANT"


def flows(c, ends):
    """Frames of one end that arrived at the other within a second, of both directions."""
    probe = c.probe(*[end.namespace for end in ends], interval=0.02)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 1, 3, "a second passes", every=0.2)
    return [span.received for span in probe.finish()]


def agree(c, ends, _):
    """Both say secured, and frames pass both ways."""
    wait_until(lambda: all(end.status()["State"] == "secured" for end in ends), SETTLED, "both are secured", every=0.5,
               state=lambda: [end.said() for end in ends])
    probe = c.probe(*[end.namespace for end in ends], interval=0.01)
    probe.wait_both_ways(5)
    probe.finish()


def refuse(c, ends, reasons):
    """There was never a key that both take: each end says why, none says secured, devices are dormant, nothing passes."""
    def settled():
        return all(end.status()["Reason"] in reason and end.status()["State"] != "secured" and end.dormant()
                   for end, reason in zip(ends, reasons))
    wait_until(settled, SETTLED, "both say why", every=0.5, state=lambda: [(end.said(), end.dormant()) for end in ends])
    equal(flows(c, ends), [0, 0], "frames that passed")
    check(settled(), lambda: "after that: %s" % [(end.said(), end.dormant()) for end in ends])


def honest(c, ends, reasons):
    """Each end says why. A key from before goes on being used where it can be; where nothing passes, no end says secured, and each is dormant."""
    def settled():
        return all(end.status()["Reason"] in reason for end, reason in zip(ends, reasons))
    wait_until(settled, SETTLED, "both say why", every=0.5, state=lambda: [(end.said(), end.dormant()) for end in ends])
    passed = flows(c, ends)
    said = "frames %s; %s" % (passed, [(end.said(), end.dormant()) for end in ends])
    check(all(passed) or not any(passed), "one way only: " + said)
    for end in ends:
        equal(end.dormant(), not any(passed), "dormant where nothing passes: " + said)
        check(any(passed) or end.status()["State"] != "secured", "secured where nothing passes: " + said)
    return "with the key from before" if any(passed) else "dormant"


def disagree(c, ours, theirs, agreed, reasons):
    """`ours` and `theirs` from the start; with `agreed` the key server agrees with the other, and again no more; then each restarts."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    ends = [End(c, one, 16, ours), End(c, two, 32, theirs)]
    first, then = (refuse, honest) if reasons else (agree, agree)
    first(c, ends, reasons)
    said = [end.said() for end in ends]
    ends[0].reload(agreed)
    agree(c, ends, ())
    ends[0].reload(ours)
    found = [then(c, ends, reasons)]
    for end in ends:
        end.restart()
        found.append(then(c, ends, reasons))
    return "; ".join(said) + ("; after reload and restarts: " + ", ".join(found) if reasons else "")


def short_icv(c, side):
    """Another program made the device of one end with an ICV that no other takes: that end says so, and works once the device is gone."""
    namespaces = c.namespaces("one", "two")
    c.veth(*namespaces)
    namespaces[side].ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "icvlen", 8, "encrypt", "on")
    ends = [End(c, namespace, priority, {}) for namespace, priority in zip(namespaces, (16, 32))]

    def settled():
        found = [end.status() for end in ends]
        return found[side]["Reason"] == "secy-error" and found[1 - side]["Reason"] == "no-peer" and ends[1 - side].dormant()
    wait_until(settled, SETTLED, "both say why", every=0.5, state=lambda: [end.said() for end in ends])
    said = [end.said() for end in ends]
    namespaces[side].ip("link", "delete", "macsec0")
    agree(c, ends, ())
    return "; ".join(said)


def own_suite(c, side):
    """Another program made the device of one end with a suite that the other end's profile does not allow."""
    namespaces = c.namespaces("one", "two")
    c.veth(*namespaces)
    namespaces[side].ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "cipher", "gcm-aes-128", "encrypt", "on")
    namespaces[side].ip("link", "set", "macsec0", "up")
    settings = [suites("GCM-AES-256"), {}] if side else [{}, suites("GCM-AES-256")]
    ends = [End(c, namespace, priority, each) for namespace, priority, each in zip(namespaces, (16, 32), settings)]
    refuse(c, ends, CIPHER)
    said = [end.said() for end in ends]
    other = ends[1 - side]
    other.reload({})
    agree(c, ends, ())
    other.reload(suites("GCM-AES-256"))
    found = [honest(c, ends, CIPHER)]
    for end in ends:
        end.restart()
        found.append(honest(c, ends, CIPHER))
    return "; ".join(said) + "; after reload and restarts: " + ", ".join(found)


def suites(*names):
    return {"MACsec": {"CipherSuites": " ".join(names)}}


def encrypt(word):
    return {"MACsec": {"Encrypt": word}}


CIPHER = (("cipher-mismatch", "secy-error"),) * 2


def run(t):
    t.case("suite", disagree, suites("GCM-AES-256"), suites("GCM-AES-128"), suites("GCM-AES-128"), CIPHER)
    t.case("Encrypt=no at the key server", disagree, encrypt("no"), encrypt("yes"), encrypt("yes"),
           (("awaiting-sak", "confidentiality-mismatch"), ("confidentiality-mismatch",)))
    t.case("Encrypt=no at the member", disagree, encrypt("yes"), encrypt("no"), encrypt("no"), ())
    t.case("policy", disagree, {"MACsec": {"Policy": "should-secure"}}, {"MACsec": MUST_SECURE}, {"MACsec": MUST_SECURE}, ())
    t.case("version", disagree, {"MKA": {"Version": 1}}, {"MKA": {"Version": 3}}, {}, ())
    t.case("version 1, with a suite that came later", disagree, {"MKA": {"Version": 1}}, suites("GCM-AES-XPN-256"), {}, ())
    for side, name in ((0, "the key server"), (1, "the member")):
        t.case("device of %s with a short ICV" % name, short_icv, side)
        t.case("device of %s with a suite of its own" % name, own_suite, side)
