# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host with NetworkManager, macsecd and macsec-nm, and a peer behind a cable or a switch."""

import os
import re
import signal
import socket
import time

import boot

from .check import Failure, wait_until
from .daemon import psk_profile
from .macsec import secy
from .net import Machine
from .process import command
from .units import wait_active

CAK = "00112233445566778899001122334455"
CKN = "5544332211009988776655443322110055443322110099887766554433221100"
SERVER = "172.16.10.1"
WPA, MACSECD = "wpa_supplicant", "macsecd"

_MACSECD = """[Unit]
Description=MACsec service
StartLimitIntervalSec=0
[Service]
Type=notify
ExecStart=/lab/bin/macsecd --config-dir /run/macsecd-config --state-dir /run/macsecd-state --log-level debug
Restart=always
RestartSec=100ms
"""
_NM_CONF = """[main]
plugins=keyfile
dhcp=internal
no-auto-default=*
[logging]
level=DEBUG
domains=DEVICE,CORE,SUPPLICANT,PLATFORM:INFO,IP:INFO
"""


def nmcli(*words, check=True, timeout=120):
    """nmcli's output."""
    return command(["nmcli", *map(str, words)], check=check, timeout=timeout)


def install(c):
    """Units and policies; nothing runs yet."""
    data = os.path.join(boot.SOURCE, "data", "networkmanager")
    units = "/etc/systemd/system/"
    for name in ("macsec-nm.service.in", "macsec-nm-bus.service.in", "macsec-nm-bus.socket"):
        with open(os.path.join(data, name), encoding="utf-8") as text:
            content = text.read().replace("@SBINDIR@", "/lab/bin").replace("@DATADIR@", "/usr/share")
        c.write(units + name.removesuffix(".in"), content)
    with open(os.path.join(data, "supplicant-bus.conf"), encoding="utf-8") as text:
        c.write("/usr/share/macsecd/supplicant-bus.conf", text.read())
    # The test's daemon runs as root; what is said of its own user would only be complained about.
    with open(os.path.join(boot.SOURCE, "data", "org.macsecd1.conf"), encoding="utf-8") as text:
        c.write("/etc/dbus-1/system.d/org.macsecd1.conf", text.read().replace('user="macsecd"', 'user="root"'))
    c.write(units + "macsecd.service", _MACSECD)
    os.makedirs("/run/macsecd-config", exist_ok=True)
    os.makedirs("/run/macsecd-state", mode=0o700, exist_ok=True)
    configure(c)


def configure(c):
    """What NetworkManager is told."""
    c.write("/etc/NetworkManager/NetworkManager.conf", _NM_CONF)
    command(["systemctl", "reload", "dbus.service"], check=False)


def supplicant():
    """Process that has the supplicant's name on the system bus."""
    return int(command(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                        "s", "fi.w1.wpa_supplicant1"]).split()[1])


def enable(c):
    """macsec-nm --enable; undone at the end."""
    command(["/lab/bin/macsec-nm", "--enable"], timeout=180)
    c.callback(command, ["/lab/bin/macsec-nm", "--disable"], check=False, timeout=180)


class Host:
    """Everything started, with the cable `eth0` to the namespace `peer`; connections made here are deleted at the end.

    `installed`: the units, users and policies are those of `meson install`.
    """

    def __init__(self, c, installed=False):
        self.c = c
        if installed:
            configure(c)
        else:
            install(c)
        self.machine = Machine()
        self.peer = c.namespace("peer")
        c.veth(None, self.peer)
        self.macsecd = c.unit("macsecd.service")
        enable(c)
        wait_active("macsec-nm.service", 30)
        self.plugin = c.unit("macsec-nm.service", start=False)
        self.nm = c.unit("NetworkManager.service")
        wait_until(lambda: "running" in nmcli("-t", "-f", "RUNNING", "general", check=False), 90, "nmcli talks to NetworkManager", every=0.2)
        self.wait_parent()

    @staticmethod
    def wait_parent():
        wait_until(lambda: "eth0:" in nmcli("-t", "-f", "DEVICE,TYPE", "device", check=False), 60, "NetworkManager sees eth0", every=0.2)

    def other_end(self, c, kind, cak=CAK, ckn=CKN, **sections):
        """The peer, stock wpa_supplicant or macsecd, until `c` ends, and its device with it; sections of a profile are for macsecd."""
        c.callback(self.peer.ip, "link", "del", "macsec0", check=False)
        if kind == WPA:
            return c.wpa(self.peer, cak, ckn)
        # As NetworkManager's devices have it: with another suite the peer would make its device, and addresses, anew.
        sections = {"MACsec": {"CipherSuites": "GCM-AES-128"}, **sections}
        return c.macsecd(self.peer, {"peer": psk_profile(cak, ckn, **sections)})

    def add(self, name, ifname="macsec0", *more, cak=CAK, ckn=CKN, scope=None):
        """A connection as in NetworkManager's own documentation, until `scope` ends."""
        nmcli("connection", "add", "type", "macsec", "con-name", name, "ifname", ifname, "connection.autoconnect", "no",
              "macsec.parent", "eth0", "macsec.mode", "psk", "macsec.mka-cak", cak, "macsec.mka-cak-flags", "0",
              "macsec.mka-ckn", ckn, *more)
        (scope or self.c).callback(nmcli, "connection", "delete", name, check=False)

    def up(self, name, wait=60):
        """nmcli connection up; seconds until it was activated."""
        begin = time.monotonic()
        try:
            nmcli("-w", wait, "connection", "up", name)
        except Failure as failure:
            raise Failure("%s\n%s\n%s" % (failure, self.plugin.journal()[-800:], self.macsecd.journal()[-1500:])) from None
        return time.monotonic() - begin

    @staticmethod
    def index(device="macsec0"):
        """The device's index; 0 without one."""
        try:
            return socket.if_nametoindex(device)
        except OSError:
            return 0

    def secy(self, device="macsec0"):
        """What the kernel says about a device of this machine."""
        return secy(self.machine, device)

    @staticmethod
    def activation(name):
        """Which activation of the connection this is: another one each time it comes up; "" while it is down."""
        return nmcli("-g", "GENERAL.DBUS-PATH", "connection", "show", name, check=False).strip()

    @staticmethod
    def kill(unit):
        """SIGKILL to all of a unit."""
        command(["systemctl", "kill", "--signal=KILL", unit.name])

    def state(self, name):
        return nmcli("-g", "GENERAL.STATE", "connection", "show", name, check=False).strip()

    def address(self, device="macsec0", address=SERVER):
        """An address at the peer's end."""
        self.peer.wait_link(device, 30)
        self.peer.address(device, address + "/24")

    def serve(self, device="macsec0", scope=None):
        """Address and DHCP at the peer's end, until `scope` ends."""
        self.address(device)
        (scope or self.c).start(["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--bind-interfaces", "--interface=" + device,
                      "--dhcp-range=172.16.10.10,172.16.10.254,60m", "--leasefile-ro", "--no-ping", "--dhcp-authoritative",
                      "--user=root", "--log-dhcp"], self.peer)

    def ping(self, count=3, address=SERVER):
        command(["ping", "-n", "-c", str(count), "-i", "0.2", "-W", "5", address])

    @staticmethod
    def answers(address):
        """Whether one echo request is answered."""
        return "1 received" in command(["ping", "-n", "-c", "1", "-W", "1", address], check=False)

    def profile(self, name, field):
        return command(["busctl", "get-property", "org.macsecd1", "/org/macsecd1/profile/" + _encode(name), "org.macsecd1.Profile", field],
                       check=False).strip()

    def wait_secured(self, device="macsec0", deadline=60):
        wait_until(lambda: self.session("State", device) == 's "secured"', deadline, "the session of %s is secured" % device, every=0.3,
                   state=lambda: self.session("State", device) + self.session("ReasonText", device))

    def session(self, field, device="macsec0", interface="Session"):
        """A property of the session as busctl prints it; of its 802.1X side with interface="Supplicant"."""
        return command(["busctl", "get-property", "org.macsecd1", "/org/macsecd1/session/" + _encode(device), "org.macsecd1." + interface, field],
                       check=False).strip()


def _encode(name):
    out = re.sub(r"[^A-Za-z0-9]", lambda found: "_%02x" % ord(found.group(0)), name)
    return "_%02x" % ord(name[0]) + out[1:] if name[0].isdigit() else out


class Ping:
    """Echo requests to the peer until finish(), which tells how many were not answered."""

    def __init__(self, c, interval=0.1, address=SERVER):
        self._process = c.start(["ping", "-n", "-i", str(interval), address], name="ping")

    def answers(self):
        return self._process.output().count("bytes from")

    def wait_answers(self, more=5, deadline=30):
        goal = self.answers() + more
        wait_until(lambda: self.answers() >= goal, deadline, "%d more answers" % more, every=0.1)

    def finish(self):
        """(sent, lost)"""
        self.wait_answers()
        self._process.signal(signal.SIGINT)
        self._process.wait(10)
        # The last request may be under way as it ends: what came before the last answer counts.
        answered = {int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+)", self._process.output())}
        return max(answered), max(answered) - len(answered)
