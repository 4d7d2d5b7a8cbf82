# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cipher suites that NetworkManager's own device cannot have: macsecd makes the device before the connection comes up"""

import os
import shutil

from lab.check import Failure, at_most, check, equal, stays, wait_until
from lab.macsec import sci, secys
from lab.nm import MACSECD, Host, Ping, nmcli
from lab.process import command

init = "systemd"
timeout = 600
turn = 1

STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled")
XPN = "GCM-AES-XPN-256"


def add(host, name, suites, scope, **settings):
    """A connection with user.data, which nmcli 1.42 cannot write."""
    host.add(name, "macsec0", *STATIC, scope=scope)
    path = "/etc/NetworkManager/system-connections/%s.nmconnection" % name
    with open(path, "a", encoding="utf-8") as out:
        out.write("\n[user]\norg.macsecd.cipher-suites=%s\norg.macsecd.activation=secured\n" % suites)
    nmcli("connection", "load", path)
    for key, value in settings.items():
        nmcli("connection", "modify", name, key.replace("_", "."), value)


def peer(c, host, suites=XPN):
    host.other_end(c, MACSECD, MACsec={"CipherSuites": suites})
    host.address()


def suite_of(host):
    """The device's suite as the kernel tells it; "" without a device."""
    found = host.secy()
    return found.cipher if found else ""


def wait_device(host, suite=XPN):
    wait_until(lambda: suite_of(host) == suite, 10, "macsec0 is there with " + suite, every=0.05, state=lambda: suite_of(host))


def works(host, name):
    wait_until(lambda: host.state(name) == "activated", 60, "the connection is activated", every=0.2,
               state=lambda: nmcli("-t", "-f", "DEVICE,STATE,CONNECTION", "device") + host.plugin.journal()[-600:])
    host.wait_secured()
    equal(host.session("CipherSuite"), 's "%s"' % XPN, "cipher suite")
    equal(suite_of(host), XPN, "suite of the device")
    host.ping()


def by_hand(c, host):
    """`add`, `up`, `down` and `up` at once after each other; the device waits meanwhile, and goes with the connection."""
    peer(c, host)
    add(host, "suite", XPN, c)
    wait_device(host)
    index = host.index()
    for _ in range(3):
        host.up("suite")
        works(host, "suite")
        nmcli("connection", "down", "suite")
    equal(host.index(), index, "index of the device")
    wait_until(lambda: host.profile("suite", "Session") == 'o "/"', 10, "the session has ended", every=0.2,
               state=lambda: host.profile("suite", "Session"))
    wait_until(lambda: host.profile("suite", "Enabled") == "b false", 10, "the profile is that of a connection that is down", every=0.2)
    check("172.16.10.2" not in host.machine.ip("-4", "address", "show", "macsec0"), "no address is left")
    nmcli("connection", "delete", "suite")
    wait_until(lambda: not host.index(), 10, "the device is gone", every=0.05)


def by_itself(c, host):
    """connection.autoconnect brings it up as soon as it is there, and not after somebody took it down."""
    peer(c, host)
    add(host, "suite", XPN, c, connection_autoconnect="yes")
    works(host, "suite")
    nmcli("connection", "down", "suite")
    stays(lambda: host.state("suite") == "", 5, "the connection is down", every=0.5)
    host.up("suite")
    works(host, "suite")


def restarted(c, host):
    peer(c, host)
    add(host, "suite", XPN, c, connection_autoconnect="yes")
    works(host, "suite")
    before = host.index(), host.session("Since")
    ping = Ping(c)
    ping.wait_answers(20)  # what has lasted for a second is put back
    host.nm.restart()
    works(host, "suite")
    ping.wait_answers(10)
    sent, lost = ping.finish()
    at_most(lost, 2, "echo requests lost of %d" % sent)
    equal((host.index(), host.session("Since")), before, "index of the device, and since when it is secured")
    return "lost %d of %d" % (lost, sent)


def booted(c, host):
    """NetworkManager starts where nothing is left of an earlier run, and is first to make the device."""
    peer(c, host)
    add(host, "suite", XPN, c, connection_autoconnect="yes")
    works(host, "suite")
    units = (host.nm, host.plugin, host.macsecd)
    for unit in units:
        command(["systemctl", "stop", unit.name])
    shutil.rmtree("/run/NetworkManager", ignore_errors=True)
    if host.index():
        host.machine.ip("link", "del", "macsec0")
    for unit in reversed(units):
        command(["systemctl", "start", unit.name])
    works(host, "suite")


def changed(c, host):
    """A device that waits follows the connection: another suite, another port."""
    peer(c, host)
    add(host, "suite", "GCM-AES-256", c)
    wait_device(host, "GCM-AES-256")
    path = "/etc/NetworkManager/system-connections/suite.nmconnection"
    with open(path, encoding="utf-8") as text:
        said = text.read()
    with open(path, "w", encoding="utf-8") as out:
        out.write(said.replace("GCM-AES-256", XPN))
    nmcli("connection", "load", path)
    wait_device(host)
    nmcli("connection", "modify", "suite", "macsec.port", 7)
    wanted = sci(host.machine.mac("eth0"), 7)
    wait_until(lambda: wanted in [found.sci for found in secys(host.machine).values()], 10, "the device has the other port", every=0.05)
    host.up("suite")
    works(host, "suite")


def parent(c, host):
    """The device goes and comes with its parent."""
    peer(c, host)
    add(host, "suite", XPN, c)
    wait_device(host)
    host.machine.ip("link", "del", "eth0")
    wait_until(lambda: not host.index(), 10, "the device is gone", every=0.05)
    host.c.veth(None, host.peer)
    host.wait_parent()
    wait_device(host)
    host.address()
    host.up("suite")
    works(host, "suite")


def shared(c, host):
    """Connections with one device and different suites: none is favoured, and the one that cannot come up says why."""
    peer(c, host, "GCM-AES-128 " + XPN)
    add(host, "suite", XPN, c)
    wait_device(host)
    host.add("plain", "macsec0", *STATIC, scope=c)
    wait_until(lambda: not host.index(), 10, "the device is gone", every=0.05)
    try:
        host.up("suite")
    except Failure:
        pass
    else:
        raise Failure("it came up")
    wait_until(lambda: "interface-name=macsec0" in host.profile("suite", "Problems"), 10, "the profile says why", every=0.2)
    host.up("plain")  # which the refused one does not push aside
    stays(lambda: host.state("plain") == "activated", 3, "the other connection is up", every=0.5)
    nmcli("connection", "delete", "plain")
    wait_device(host)
    host.up("suite")
    works(host, "suite")


def run(t):
    host = Host(t)
    os.makedirs("/etc/NetworkManager/system-connections", exist_ok=True)
    t.case("by hand", by_hand, host)
    t.case("by itself", by_itself, host)
    t.case("NetworkManager is restarted", restarted, host)
    t.case("the host boots", booted, host)
    t.case("the connection is changed", changed, host)
    t.case("the parent goes and comes", parent, host)
    t.case("another connection has the same device", shared, host)
