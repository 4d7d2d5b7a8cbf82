# SPDX-License-Identifier: LGPL-2.1-or-later
"""What NetworkManager takes off a macsec device when it ends is put back until it runs again, and no longer"""

from lab.check import at_most, check, equal, stays, wait_until
from lab.nm import MACSECD, SERVER, WPA, Host, Ping, nmcli
from lab.process import command

init = "systemd"
turn = 3
timeout = 1800
programs = ["/usr/sbin/dnsmasq"]

SERVER6 = "2001:db8:1::1"
STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv4.gateway", SERVER,
          "ipv6.method", "manual", "ipv6.addresses", "2001:db8:1::2/64", "ipv6.gateway", SERVER6)
DHCP = ("ipv4.method", "auto", "ipv6.method", "disabled")


def configuration(host, family):
    """Addresses and routes of the device, without what counts down."""
    lines = host.machine.ip("-o", family, "addr", "show", "dev", "macsec0").splitlines()
    addresses = [line.split()[3] for line in lines]
    routes = [line.strip() for line in host.machine.ip(family, "route", "show", "dev", "macsec0").splitlines()]
    return sorted(addresses), sorted(routes)


def both(host):
    return configuration(host, "-4"), configuration(host, "-6")


def connected(c, host, kind, settings):
    host.other_end(c, kind)
    host.add("lab", "macsec0", *settings, scope=c)
    if settings is DHCP:
        host.serve(scope=c)
    else:
        host.address()
        host.peer.ip("addr", "add", SERVER6 + "/64", "dev", "macsec0", "nodad")
    host.up("lab")
    nmcli("connection", "modify", "lab", "connection.autoconnect", "yes")
    host.wait_secured()
    host.ping()


def lasted(host):
    """Until what is on the device is what is put back."""
    wait_until(lambda: "tentative" not in host.machine.ip("addr", "show", "dev", "macsec0"), 10, "the addresses can be used", every=0.2)
    before = both(host)
    stays(lambda: both(host) == before, 2, "nothing changes", every=0.5)


def activated(host):
    wait_until(lambda: host.state("lab") == "activated", 120, "the connection is activated", every=0.5)


def restart(c, host, kind, settings, servers):
    connected(c, host, kind, settings)
    lasted(host)
    before = host.index(), both(host), host.session("Since")
    pings = [Ping(c, address=server) for server in servers]
    for ping in pings:
        ping.wait_answers()
    host.nm.restart()
    activated(host)
    said = []
    for ping in pings:
        ping.wait_answers(20)
        sent, lost = ping.finish()
        said.append("lost %d of %d" % (lost, sent))
        at_most(lost, 1, "echo requests lost of %d" % sent)
    wait_until(lambda: (host.index(), both(host), host.session("Since")) == before, 10, "everything is as it was", every=0.5,
               state=lambda: (before, both(host)))
    if settings is DHCP:  # what was put back does not run out
        stays(lambda: host.answers(SERVER), 70, "an answer", every=5)
    else:  # NetworkManager has taken over what it found
        nmcli("connection", "modify", "lab", "ipv4.addresses", "172.16.10.4/24")
        nmcli("device", "reapply", "macsec0")
        wait_until(lambda: configuration(host, "-4")[0] == ["172.16.10.4/24"], 10, "the address is another", every=0.2,
                   state=lambda: configuration(host, "-4"))
        stays(lambda: configuration(host, "-4")[0] == ["172.16.10.4/24"], 3, "the other does not come back", every=0.5)
    equal(host.state("lab"), "activated", "state of the connection")
    return "; ".join(said)


def changed(c, host):
    """Nothing of the old configuration is left beside the new one."""
    connected(c, host, MACSECD, STATIC)
    lasted(host)
    nmcli("connection", "modify", "lab", "ipv4.addresses", "172.16.10.3/24", "ipv4.gateway", "", "ipv6.addresses", "2001:db8:1::3/64",
          "ipv6.gateway", "")
    host.nm.restart()
    activated(host)
    host.ping()

    def left():
        return [each for addresses, routes in both(host) for each in (*addresses, *routes)
                if each in ("172.16.10.2/24", "2001:db8:1::2/64") or "src 172.16.10.2 " in each or each.startswith("default")]
    stays(lambda: left() == [], 6, "nothing is left", every=0.5)
    check("172.16.10.3/24" in configuration(host, "-4")[0], "the new address")


def stopped(c, host):
    """A minute after NetworkManager is gone for good so is what was put back."""
    connected(c, host, MACSECD, STATIC)
    lasted(host)
    ping = Ping(c)
    ping.wait_answers()
    host.nm.stop()
    c.callback(host.nm.start)
    ping.wait_answers(100)
    sent, lost = ping.finish()
    at_most(lost, 1, "echo requests lost of %d" % sent)
    wait_until(lambda: not host.session("State").startswith("s "), 90, "the session has ended", every=1)
    equal(configuration(host, "-4"), ([], []), "addresses and routes")
    check("2001:db8" not in host.machine.ip("-6", "addr", "show", "dev", "macsec0"), "no IPv6 address")
    host.machine.ip("addr", "add", "172.16.10.9/24", "dev", "macsec0")
    host.machine.ip("addr", "del", "172.16.10.9/24", "dev", "macsec0")
    stays(lambda: configuration(host, "-4") == ([], []), 3, "nothing comes back", every=1)
    return "lost %d of %d" % (lost, sent)


def by_hand(c, host):
    """A connection that does not come up by itself, neither does after its minute, and does when it is told to."""
    connected(c, host, MACSECD, STATIC)
    nmcli("connection", "modify", "lab", "connection.autoconnect", "no")
    lasted(host)
    host.nm.restart()
    stays(lambda: host.answers(SERVER), 20, "an answer", every=2)
    said = host.state("lab"), nmcli("-g", "GENERAL.STATE", "device", "show", "macsec0", check=False).strip()
    wait_until(lambda: not host.session("State").startswith("s "), 90, "the session has ended", every=1)
    check("172.16.10.2/24" not in configuration(host, "-4")[0], "the address is gone")
    host.up("lab")
    host.ping()
    return "meanwhile: connection %s, device %s" % said


def down(c, host):
    connected(c, host, MACSECD, STATIC)
    lasted(host)
    nmcli("connection", "down", "lab")
    wait_until(lambda: host.index() == 0, 10, "the device is gone", every=0.2)
    stays(lambda: "172.16.10" not in host.machine.ip("route"), 3, "nothing is left", every=1)
    host.up("lab")
    host.ping()
    lasted(host)
    host.machine.ip("addr", "del", "172.16.10.2/24", "dev", "macsec0")
    stays(lambda: "172.16.10.2" not in host.machine.ip("addr", "show", "dev", "macsec0"), 3, "nothing is put back while NetworkManager runs",
          every=1)


def run(t):
    host = Host(t)
    command(["sysctl", "-w", "net.ipv4.conf.all.promote_secondaries=0", "net.ipv4.conf.default.promote_secondaries=0"], check=False)
    for kind in (WPA, MACSECD):
        t.case("restarted, to " + kind, restart, host, kind, STATIC, (SERVER, SERVER6))
    t.case("restarted, address from DHCP", restart, host, MACSECD, DHCP, (SERVER,))
    t.case("restarted with another configuration", changed, host)
    t.case("stopped for good", stopped, host)
    t.case("started again by hand", by_hand, host)
    t.case("the connection goes down", down, host)
