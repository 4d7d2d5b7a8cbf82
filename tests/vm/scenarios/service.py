# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd.service as it is installed: its user, its sandbox, reload, and what a crash does to the link"""

import os
import signal

from lab import macsec
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.net import Machine
from lab.process import command
from lab.units import wait_active

init = "systemd"
installed = True
timeout = 300

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
UNIT = "macsecd.service"


def process(unit, field):
    with open("/proc/%d/status" % unit.main_pid(), encoding="ascii") as text:
        return next(line.split(None, 1)[1].strip() for line in text if line.startswith(field + ":"))


def profile(c, name, text):
    """A profile as an administrator leaves it: readable by root and the service's group."""
    c.write("/etc/macsecd/%s.macsec" % name, text, 0o640)
    command(["chown", "root:macsecd", "/etc/macsecd/%s.macsec" % name])


def host(c):
    """This machine with a peer behind a cable, and the running service."""
    peer = c.namespace("peer")
    c.veth(None, peer)
    profile(c, "uplink", psk_profile(CAK, CKN))
    c.wpa(peer, CAK, CKN)
    unit = c.unit(UNIT)
    own = Machine()
    found = macsec.wait_secured(own, deadline=20)
    return own, peer, unit, found


def runs(c):
    _, _, unit, _ = host(c)
    check(process(unit, "Uid").split()[0] != "0", "it does not run as root")
    equal(int(process(unit, "CapEff"), 16), 1 << 12 | 1 << 13, "capabilities (CAP_NET_ADMIN, CAP_NET_RAW)")
    equal(process(unit, "NoNewPrivs"), "1", "no new privileges")
    journal = command(["journalctl", "-b", "--no-pager", "_SYSTEMD_UNIT=" + UNIT, "-o", "json"])
    check(CAK not in journal, "the journal holds no key")
    check("org.macsecd1" in command(["busctl", "--list", "--no-pager"]), "it is on the bus")


def reload(c):
    own, _, unit, before = host(c)
    pid = unit.main_pid()
    profile(c, "other", psk_profile(CAK, CKN, parent="eth9", interface="macsec9"))
    unit.reload()
    equal(unit.main_pid(), pid, "process after the reload")
    equal(macsec.secy(own).tx_sa().key_id, before.tx_sa().key_id, "key after the reload")


def crash(c):
    own, _, unit, _ = host(c)
    pid = unit.main_pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: unit.main_pid() not in (0, pid), 20, "the manager starts it again")
    wait_active(UNIT, 20)
    macsec.wait_secured(own, deadline=20)


def run(t):
    t.case("its own user, two capabilities, no key in the journal", runs)
    t.case("reload leaves the link alone", reload)
    t.case("killed and started again, the link is secured", crash)
