# SPDX-License-Identifier: LGPL-2.1-or-later
"""In-service upgrades: macsecd is suspended, stopped for 10 to 115 s and started, in both roles, under a flood; nothing is lost"""

import time

from lab import macsec
from lab.check import at_least, check, equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

timeout = 420
turn = 0

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
REKEY = 4     # seconds: the key server's timer goes off many times while the other end is away
FLOOD = 1000  # frames a second, each way
NOTICED = 8   # seconds after which a peer that only vanished is given up
KINDS = [(serves, version) for serves in (True, False) for version in (3, 2)]


class Pair:
    """`upgraded` is suspended and without a daemon for a while; `other` speaks MKA of this version."""

    def __init__(self, c, number, away, serves, version):
        self.name = "%d s, %s, version %d" % (away, "key server" if serves else "member", version)
        self.away = away
        self.upgraded, self.other = c.namespaces("up%d" % number, "other%d" % number)
        c.veth(self.upgraded, self.other)
        self.host = Commanded(c, self.upgraded, {"link": self._profile(16 if serves else 64)})
        c.macsecd(self.other, {"link": self._profile(32, Version=version)})

    @staticmethod
    def _profile(priority, **more):
        return psk_profile(CAK, CKN, MKA={"Priority": priority, "RekeySec": "%ds" % REKEY, **more})

    def flood(self, c):
        for namespace in (self.upgraded, self.other):
            macsec.wait_secured(namespace)
        self._probe = c.probe(self.upgraded, self.other, interval=1 / FLOOD)
        self._probe.wait_both_ways(5)

    def leave(self):
        """What the script of an upgrade does: one command after the other."""
        done = self.host.ctl("suspend", "macsec0", min(self.away + 5, 120))
        equal((done.returncode, done.stderr), (0, ""), self.name + ": macsecctl suspend")
        equal(self.host.daemon.terminate(), 0, self.name + ": exit code of macsecd")
        self.left = time.monotonic()

    def wait(self, seconds):
        """Until so long after the daemon left."""
        wait_until(lambda: time.monotonic() - self.left >= seconds, seconds + 10, "%s: time passes" % self.name, every=0.1)

    def noticed(self):
        """Who only vanished would be given up now: the other end has kept the key, and makes none until the end. Every frame counts, but
        there are fewer of them until something happens again."""
        self.wait(NOTICED)
        self._key = macsec.secy(self.other).tx_sa().key_id
        if self.away > 2 * NOTICED:
            self._probe.trickle()

    def come_back(self):
        self.wait(self.away - 1)
        self._probe.go()
        self.wait(self.away)
        equal(macsec.secy(self.other).tx_sa().key_id, self._key, self.name + ": key of the end that stayed")
        self.host.daemon.start()

    def finish(self):
        """Keys are changed again, and no frame was lost; how many there were."""
        for namespace in (self.other, self.upgraded):
            macsec.wait_new_key(namespace, self._key, deadline=20)
        spans = self._probe.finish()
        for span in spans:
            at_least(span.sent, NOTICED * FLOOD, self.name + ": frames sent")
            check(span.lost == span.reordered == span.duplicated == span.send_errors == 0, lambda span=span: "%s: %s" % (self.name, span))
        return sum(span.received for span in spans)


def upgrade(c, *kinds):
    """Pairs beside one another, the first to come back first."""
    pairs = [Pair(c, number, *kind) for number, kind in enumerate(kinds)]
    for pair in pairs:
        pair.flood(c)
    for pair in pairs:
        pair.leave()
    for pair in pairs:
        pair.noticed()
    frames = 0
    for away in sorted({pair.away for pair in pairs}):
        returned = [pair for pair in pairs if pair.away == away]
        for pair in returned:
            pair.come_back()
        frames += sum(pair.finish() for pair in returned)
    return "%d frames, 0 lost" % frames


def run(t):
    t.case("stopped for 10 s", upgrade, *[(10, *kind) for kind in KINDS])
    t.case("stopped for 60 and 115 s", upgrade, *[(60, *kind) for kind in KINDS[1:3]], *[(115, *kind) for kind in KINDS])
