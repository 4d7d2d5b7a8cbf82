# SPDX-License-Identifier: LGPL-2.1-or-later
"""An access port outlives the process that opened it: restart and SIGKILL, with the RADIUS server alive and dead, and what a stop ends"""

import os
import signal

import boot

from lab import macsec, radius
from lab.access_port import OWN, SERVERS, server_section
from lab.check import check, equal, stays, wait_until
from lab.net import Machine
from lab.process import command
from lab.service import EAP_TLS, UNIT, ctl, forget, install_certificates, profile, status, wait_secured

init = "systemd"
installed = True
timeout = 900
turn = 2
freeradius = True

_PORT = """[Link]
Parent=eth0

[8021X]
Role=authenticator

""" + server_section()
_DROP_IN = "/run/systemd/system/macsecd.service.d/radius.conf"


class Site:
    """This machine's eth0 as an access port of macsecd.service, a host with a macsecd of its own, and FreeRADIUS."""

    def __init__(self, c):
        self.host, server = c.namespaces("host", "server")
        c.veth(None, self.host)
        c.veth(None, server, "up0", "eth0")
        Machine().address("up0", OWN + "/24")
        server.address("eth0", SERVERS[0] + "/24")
        files = radius.certificates(c)
        forget(c)
        install_certificates(files)
        self.radius = radius.Radius(c, server, SERVERS[0], OWN, files, {})
        with open(os.path.join(boot.SOURCE, "data/examples/macsecd-radius.conf"), encoding="utf-8") as text:
            c.write(_DROP_IN, text.read() + "IPAddressAllow=%s\n" % SERVERS[0])
        profile(c, "port", _PORT)
        self.unit = c.unit(UNIT)
        c.macsecd(self.host, {"office": EAP_TLS})
        wait_secured()
        macsec.wait_secured(self.host)

    @staticmethod
    def shown(field):
        return command(["busctl", "get-property", "org.macsecd1", "/org/macsecd1/session/macsec0", "org.macsecd1.Authenticator", field],
                       check=False).strip().partition(" ")[2]

    def replaced(self, way):
        """Another process serves the port."""
        pid = self.unit.main_pid()
        if way == "restart":
            command(["systemctl", "restart", UNIT])
        else:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.unit.main_pid() not in (0, pid) and status().get("State") == "secured", 30, "secured after " + way, every=0.2,
                   state=status)
        stays(lambda: macsec.secy(Machine()).secured() and macsec.secy(self.host).secured(), 8, "secured after " + way)


def outlives(c, alive):
    site = Site(c)
    if not alive:
        site.radius.process.kill()
    probe = c.probe(Machine(), site.host)
    for way in ("restart", "SIGKILL", "restart"):
        site.replaced(way)
        equal(site.shown("State"), '"authenticated"', "state of the port after " + way)
        equal(site.shown("Identity"), '"host1"', "identity after " + way)
    spans = probe.finish()
    equal([span.lost for span in spans], [0, 0], "frames lost, by direction")
    return "%d frames" % sum(span.sent for span in spans)


def ended(c):
    """A stop closes the port, and the host is authenticated anew after it."""
    site = Site(c)
    wait_until(lambda: site.unit.show("NFileDescriptorStore") == "1", 5, "the service manager holds the key")
    ctl("terminate", "macsec0")
    wait_until(lambda: site.unit.show("NFileDescriptorStore") == "0", 5, "terminate empties the store")
    wait_until(lambda: status().get("State") == "secured", 90, "the host is back", every=0.5, state=status)
    site.radius.process.kill()
    command(["systemctl", "stop", UNIT])
    command(["systemctl", "start", UNIT])
    stays(lambda: status().get("State") != "secured", 10, "not secured without a server")
    check(site.shown("State") != '"authenticated"', "nobody is authenticated")


def run(t):
    t.case("the server answers", outlives, True)
    t.case("the server is dead", outlives, False)
    t.case("terminate and stop", ended)
