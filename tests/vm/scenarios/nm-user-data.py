# SPDX-License-Identifier: LGPL-2.1-or-later
"""What NetworkManager's setting cannot say: user.data of the connection, and a device with another cipher suite"""

from lab.check import Failure, check, equal
from lab.daemon import psk_profile
from lab.nm import CAK, CKN, Host, nmcli
from lab.process import command

init = "systemd"
in_all = False  # not settled enough for every run: make vm TEST=nm-user-data
timeout = 400

STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled")


def add(host, name, **words):
    """A connection with user.data, which this nmcli cannot write."""
    host.add(name, "macsec0", *STATIC)
    path = "/etc/NetworkManager/system-connections/%s.nmconnection" % name
    with open(path, "a", encoding="utf-8") as out:
        out.write("\n[user]\n" + "".join("org.macsecd.%s=%s\n" % (key.replace("_", "-"), value) for key, value in words.items()))
    nmcli("connection", "load", path)


def extras(_, host):
    add(host, "extras", priority=10, rekey_sec="1h", activation="secured", nonsense=1)
    host.up("extras")
    settings = host.profile("extras", "Settings")
    check('"Priority" s "10"' in settings, settings)
    check('"RekeySec" s "1h"' in settings, settings)
    check("org.macsecd.nonsense" in host.profile("extras", "Problems"), "the key that is not known is a problem of the profile")
    equal(host.session("IsKeyServer"), "b true", "key server, by the better priority")
    nmcli("connection", "delete", "extras")


def refused(_, host):
    add(host, "refused", priority=300)
    try:
        host.up("refused")
    except Failure:
        pass
    else:
        raise Failure("it came up")
    check("org.macsecd.priority=300 is not accepted: a number from 0 to 255" in host.plugin.journal(), host.plugin.journal()[-400:])
    nmcli("connection", "delete", "refused")


def suite(_, host):
    """A device that is there before the connection keeps its suite."""
    command(["ip", "link", "add", "link", "eth0", "macsec0", "type", "macsec", "port", "1", "cipher", "gcm-aes-256"])
    add(host, "suite", cipher_suites="GCM-AES-256", priority=10, activation="secured")
    host.up("suite")
    equal(host.session("CipherSuite"), 's "GCM-AES-256"', "cipher suite")
    nmcli("connection", "delete", "suite")


def run(t):
    host = Host(t)
    t.macsecd(host.peer, {"peer": psk_profile(CAK, CKN, MACsec={"CipherSuites": "GCM-AES-128 GCM-AES-256"})})
    t.case("user.data is applied", extras, host)
    t.case("a wrong value keeps the connection down and is told", refused, host)
    t.case("a device made with GCM-AES-256 is used", suite, host)
