# SPDX-License-Identifier: LGPL-2.1-or-later
"""A new key, given to one end after the other: how soon the link uses it, and what ten of them cost, beside wpa_supplicant's"""

import re
import statistics
import time

from lab import macsec
from lab.bench import CAK, CKN, PATIENCE, Figures, Theirs
from lab.check import equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile
from lab.process import command

timeout = 1800
turn = 3

ROTATIONS = 10


def key_of(namespace):
    found = macsec.secy(namespace)
    return found.tx_sa().key_id if found and found.secured() else None


def new_key(number):
    """(CKN, CAK)."""
    return "%016x" % (0x7000000000000000 + number), "%032x" % (0x1234567890 + number)


class OurLink:
    """Two macsecd, told by macsecctl."""

    def __init__(self, c):
        self.ends = c.namespaces("one", "two")
        c.veth(*self.ends)
        self._hosts = [Commanded(c, end, {"link": psk_profile(CAK, CKN, MKA={"Priority": 16 * number})})
                       for number, end in enumerate(self.ends, 1)]
        self._old = CKN

    def _good(self, host, *words, key=None):
        done = host.ctl("key", *words, key=key)
        equal(done.returncode, 0, "key %s: %s%s" % (words[0], done.stdout, done.stderr))

    def rotate(self, number):
        """Seconds from the start of macsecctl at the second end until both send with a key made under the new one."""
        ckn, cak = new_key(number)
        before = key_of(self.ends[0])
        self._good(self._hosts[0], "add", "link", "--ckn=" + ckn, "--key-fd=0", key=cak)
        begin = time.monotonic()
        self._good(self._hosts[1], "add", "link", "--ckn=" + ckn, "--key-fd=0", key=cak)
        wait_until(lambda: all(key_of(end) not in (None, before) for end in self.ends), PATIENCE, "both use the new key")
        took = time.monotonic() - begin
        for host in self._hosts:
            self._good(host, "retire", "link", self._old, "--wait=40")
        self._old = ckn
        return took


class TheirLink:
    """Two wpa_supplicant, whose configuration is written and read again."""

    def __init__(self, c):
        self.ends = c.namespaces("one", "two")
        c.veth(*self.ends)
        self._peers = [Theirs.make(c, end, number) for number, end in enumerate(self.ends, 1)]
        for peer in self._peers:
            peer.start()

    @staticmethod
    def _reconfigure(peer, ckn, cak):
        with open(peer.config, encoding="ascii") as text:
            lines = re.sub(r"mka_cak=.*", "mka_cak=" + cak, re.sub(r"mka_ckn=.*", "mka_ckn=" + ckn, text.read()))
        with open(peer.config, "w", encoding="ascii") as out:
            out.write(lines)
        command(["wpa_cli", "-p", peer.control, "-i", peer.device, "reconfigure"], namespace=peer.namespace)

    def rotate(self, number):
        """Seconds from wpa_cli's start at the second end until both send with a key made under the new one."""
        before = key_of(self.ends[0])
        self._reconfigure(self._peers[0], *new_key(number))
        begin = time.monotonic()
        self._reconfigure(self._peers[1], *new_key(number))
        wait_until(lambda: all(key_of(end) not in (None, before) for end in self.ends), PATIENCE, "both use the new key")
        return time.monotonic() - begin


def rotations(c, make, count):
    """(median seconds until the new key is used, frames lost or not taken in all); one is due each millisecond and direction."""
    link = make(c)
    for end in link.ends:
        macsec.wait_secured(end, deadline=20)
    probe = c.probe(*link.ends, interval=0.001)
    probe.wait_both_ways(PATIENCE)
    probe.look()
    taken = [link.rotate(number) for number in range(1, count + 1)]
    spans = probe.finish()
    return statistics.median(taken), sum(span.lost + span.refused for span in spans)


def run(t):
    count = ROTATIONS if t.full else 2
    ours = t.case("%d rotations, ours" % count, rotations, OurLink, count)
    theirs = t.case("%d rotations, wpa_supplicant" % count, rotations, TheirLink, count)
    if ours and theirs:
        figures = Figures(t)
        figures.keep("add_key_to_secured", ours[0], theirs[0], runs=count)
        figures.keep("frames_lost_in_%d_rotations" % count, ours[1], theirs[1], unit="frames")
