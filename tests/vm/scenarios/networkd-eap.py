# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: [X-8021X] in a .netdev, with the installed units: secured, changed, broken, restarted, taken out"""

import os
import shutil

from lab import macsec, radius, traffic
from lab.authenticator import Authenticator
from lab.check import check, equal, stays, wait_until
from lab.networkd import MKA, NETDEV, Host, netdev
from lab.process import command
from lab.units import systemctl

init = "systemd"
installed = True
timeout = 600
turn = 2

CONFIG = "/etc/macsecd/"
ADDRESS = "Address=10.0.0.2/24\nIPv6AcceptRA=no\n"
TRUST = "CaCertificate=%sca.pem\nServerName=%s\n" % (CONFIG, radius.SERVER_NAME)
TLS = "Method=tls\nIdentity=host1\n%sClientCertificate=%sclient.pem\nPrivateKey=%sclient.key\n" % (TRUST, CONFIG, CONFIG)
PEAP = "Method=peap\nIdentity=alice\nPasswordFile=%spassword\n%s" % (CONFIG, TRUST)


def eap(lines):
    """Text of the .netdev, whose seventh line is the first of these."""
    return netdev() + "\n[X-8021X]\n" + lines


def lay(c, name, text):
    """A file that root and macsecd may read."""
    c.write(CONFIG + name, text, 0o640)
    shutil.chown(CONFIG + name, "root", "macsecd")


class Site:
    """This machine's eth0 with systemd-networkd, at a port of an access switch."""

    def __init__(self, c, lines):
        self.host = Host(c, eap(lines), ADDRESS, installed=True)
        files = radius.certificates(c)
        for name in ("ca.pem", "client.pem", "client.key"):
            with open(files[name], encoding="ascii") as text:
                lay(c, name, text.read())
        lay(c, "password", "wonder\n")
        self.switch = Authenticator(c, self.host.peer, self.host.here, files)
        self.host.start()

    def secured(self, authentications=1):
        self.switch.wait_keys(authentications)
        self.host.wait_secured()
        macsec.wait_secured(self.host.peer)

    def edit(self, lines):
        self.host.write_netdev(eap(lines))
        command(["networkctl", "reload"])

    def shown(self, field):
        """A property of the 802.1X side, as busctl prints it."""
        return self.host.session(field, interface="Supplicant")


def unharmed(probe):
    spans = probe.finish()
    for span in spans:
        equal(span.lost, 0, "frames lost: %s" % span)
    return "%d frames" % sum(span.sent for span in spans)


def edits(c):
    """Another identity is another authentication, without a lost frame; what is wrong is told by file and line, and touches nothing."""
    site = Site(c, PEAP)
    host = site.host
    site.secured()
    equal(host.wait_address(), "10.0.0.2", "address, now that it is secured")
    host.peer.address("macsec0", "10.0.0.1/24")
    traffic.ping(host.here, "10.0.0.1", deadline=5)
    equal(host.profile("Origin"), '"%s"' % NETDEV, "origin of the profile")
    equal(host.profile("Problems"), "0", "problems of the profile")
    probe = c.probe(host.here, host.peer, interval=0.02)
    site.edit(PEAP.replace("alice", "bob"))
    site.secured(2)
    wait_until(lambda: site.shown("Identity") == '"bob"', 10, "the other identity", every=0.1, state=lambda: site.shown("Identity"))
    for lines, setting in ((PEAP.replace("=peap", "=md5"), "8021X.Method"), (PEAP.replace("PasswordFile=%spassword" % CONFIG, "Password=wonder"), "8021X.Password")):
        site.edit(lines)
        number = eap(lines).splitlines().index(next(line for line in lines.splitlines() if line.startswith(setting[6:]))) + 1
        host.wait_profile("Problems", '"%s" %d "%s"' % (NETDEV, number, setting))
        check("wonder" not in host.profile("Problems"), "no password in what is told")
    shown = command(["/lab/bin/macsecctl", "status", "macsec0"])
    check("macsec0 secured" in shown and "%s:" % NETDEV in shown, lambda: "file and line beside the link: " + shown)
    site.edit(PEAP.replace("alice", "bob"))
    wait_until(lambda: host.profile("Problems") == "0", 10, "no problem is left", state=lambda: host.profile("Problems"))
    stays(lambda: len(site.switch.keys) == 2, 3, "two authentications", every=0.5)
    return unharmed(probe)


def restarts(c):
    """The server is dead: what is restarted continues with the key there is."""
    site = Site(c, TLS)
    host = site.host
    site.secured()
    host.wait_address()
    site.switch.process.kill()
    probe = c.probe(host.here, host.peer, interval=0.02)
    for unit in (host.macsecd, host.plugin, host.networkd):
        pid = unit.main_pid()
        systemctl("restart", unit.name)
        wait_until(lambda: unit.main_pid() not in (0, pid), 20, "%s runs again" % unit.name, every=0.1)
        wait_until(lambda: host.session("State") == '"secured"' and host.profile("Owner") not in (None, '""'), 20, "everybody is back", every=0.2,
                   state=host.story)
        stays(lambda: macsec.secy(host.here).secured(), 7, "secured after a restart of " + unit.name, every=0.5)
        equal(host.addresses(), ["10.0.0.2"], "address after a restart of " + unit.name)
    equal(len(site.switch.keys), 1, "authentications")
    return unharmed(probe)


def taken_out(c):
    """Where a key takes the place of [X-8021X], the session of before ends."""
    site = Site(c, TLS)
    host = site.host
    site.secured()
    wait_until(lambda: host.macsecd.show("NFileDescriptorStore") == "1", 5, "the service manager holds the key")
    host.write_netdev(netdev(MKA))
    wait_until(lambda: not macsec.secy(host.here).tx_sas, 20, "the keys go", every=0.2)
    wait_until(lambda: host.macsecd.show("NFileDescriptorStore") == "0", 10, "the service manager's, too", every=0.2)
    equal(site.shown("State"), None, "no 802.1X any more")


def run(t):
    t.case("changed and broken under traffic", edits)
    t.case("restarts, with the server dead", restarts)
    t.case("[X-8021X] is taken out", taken_out)
