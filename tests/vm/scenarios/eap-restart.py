# SPDX-License-Identifier: LGPL-2.1-or-later
"""A key from 802.1X outlives the process that got it: restart and SIGKILL with the server dead, and what a stop ends"""

import os
import signal

from lab import macsec, radius
from lab.authenticator import Authenticator
from lab.check import check, equal, stays, wait_until
from lab.net import Machine
from lab.process import command
from lab.service import EAP_TLS, UNIT, ctl, forget, install_certificates, profile, status, wait_secured

init = "systemd"
installed = True
timeout = 600
turn = 1


def site(c):
    """This machine's eth0 with macsecd.service, on a port of an access switch."""
    switch = c.namespace("switch")
    c.veth(None, switch)
    files = radius.certificates(c)
    forget(c)
    install_certificates(files)
    authenticator = Authenticator(c, switch, Machine(), files)
    profile(c, "office", EAP_TLS)
    unit = c.unit(UNIT)
    authenticator.wait_keys(1)
    wait_secured()
    macsec.wait_secured(switch)
    return unit, switch, authenticator


def outlives(c):
    """Nobody answers EAP any more: only the key that the service manager holds can carry the link through."""
    unit, switch, authenticator = site(c)
    authenticator.process.kill()
    probe = c.probe(Machine(), switch)
    for way in ("restart", "SIGKILL", "restart"):
        pid = unit.main_pid()
        if way == "restart":
            command(["systemctl", "restart", UNIT])
        else:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: unit.main_pid() not in (0, pid) and status().get("State") == "secured", 30, "secured after " + way, every=0.2)
        stays(lambda: macsec.secy(Machine()).secured(), 8, "secured after " + way)
    equal([span.lost for span in probe.finish()], [0, 0], "frames lost, by direction")
    check(len(authenticator.keys) == 1, "with the key of the first authentication")


def moves_on(c):
    """With a server that answers, a process that starts authenticates at once and the link moves to the new key."""
    unit, switch, authenticator = site(c)
    probe = c.probe(Machine(), switch)
    command(["systemctl", "restart", UNIT])
    authenticator.wait_keys(2)
    stays(lambda: macsec.secy(Machine()).secured(), 10, "secured")
    equal([span.lost for span in probe.finish()], [0, 0], "frames lost, by direction")
    equal(unit.show("NFileDescriptorStore"), "1", "descriptors in the store")


def ended(c):
    """Logoff and stop leave nothing behind."""
    unit, _, authenticator = site(c)
    ctl("logoff", "macsec0")
    wait_until(lambda: unit.show("NFileDescriptorStore") == "0", 5, "logoff empties the store")
    ctl("reauth", "macsec0")
    authenticator.wait_keys(2)
    wait_secured()
    authenticator.process.kill()
    command(["systemctl", "stop", UNIT])
    command(["systemctl", "start", UNIT])
    stays(lambda: status().get("State") != "secured", 10, "not secured without a server")


def run(t):
    t.case("the server is dead", outlives)
    t.case("the server answers", moves_on)
    t.case("logoff and stop", ended)
