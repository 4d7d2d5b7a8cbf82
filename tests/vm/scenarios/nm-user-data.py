# SPDX-License-Identifier: LGPL-2.1-or-later
"""What NetworkManager's setting cannot say: user.data of the connection, and a device with another cipher suite"""

import os

from lab.check import Failure, check, equal, wait_until
from lab.nm import MACSECD, WPA, Host, nmcli
from lab.process import command

init = "systemd"
turn = 3
timeout = 400

OTHER_CAK = "ffeeddccbbaa99887766554433221100"
OTHER_CKN = "aabb"
STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled")


def add(host, name, **words):
    """A connection with user.data, which this nmcli cannot write."""
    host.add(name, "macsec0", *STATIC)
    path = "/etc/NetworkManager/system-connections/%s.nmconnection" % name
    with open(path, "a", encoding="utf-8") as out:
        out.write("\n[user]\n" + "".join("org.macsecd.%s=%s\n" % (key.replace("_", "-"), value) for key, value in words.items()))
    nmcli("connection", "load", path)


def extras(c, host):
    host.other_end(c, WPA)
    add(host, "extras", priority=10, rekey_sec="1h", activation="secured", nonsense=1)
    host.up("extras")
    settings = host.profile("extras", "Settings")
    check('"Priority" s "10"' in settings, settings)
    check('"RekeySec" s "1h"' in settings, settings)
    check("org.macsecd.nonsense" in host.profile("extras", "Problems"), "the key that is not known is a problem of the profile")
    equal(host.session("IsKeyServer"), "b true", "key server, by the better priority")
    nmcli("connection", "delete", "extras")


def refused(c, host):
    """A wrong value is told with the accepted ones, where a connection is looked at and where it does not come up."""
    host.other_end(c, MACSECD)
    add(host, "refused", priority=300)
    complaint = "org.macsecd.priority=300 is not accepted: a number from 0 to 255"

    def status():
        return " ".join(command(["/lab/bin/macsecctl", "--no-pager", "status"]).split())
    wait_until(lambda: "error in profile refused: " + complaint in status(), 20, "macsecctl status tells", every=0.5, state=status)
    try:
        host.up("refused")
    except Failure:
        pass
    else:
        raise Failure("it came up")
    check(complaint in host.plugin.journal(), host.plugin.journal()[-400:])
    check("error in profile refused: " + complaint in status(), lambda: "macsecctl status tells it still: " + status())
    nmcli("connection", "delete", "refused")


def fallback(c, host):
    """The peer has no other key than the one the connection falls back on."""
    host.other_end(c, WPA, OTHER_CAK, OTHER_CKN)
    key = os.path.join(c.folder("keys", 0o700), "fallback.cak")
    c.write(key, OTHER_CAK + "\n", 0o600)
    add(host, "fallback", fallback_ckn=OTHER_CKN, fallback_cak_file=key, activation="secured")
    host.up("fallback")
    equal(host.session("Ckn"), 's "%s"' % OTHER_CKN, "CKN in use")
    host.address()
    host.ping()
    nmcli("connection", "delete", "fallback")


def suite(c, host):
    """A device that is there before the connection keeps its suite."""
    host.other_end(c, MACSECD, MACsec={"CipherSuites": "GCM-AES-128 GCM-AES-256"})
    command(["ip", "link", "add", "link", "eth0", "macsec0", "type", "macsec", "port", "1", "cipher", "gcm-aes-256"])
    add(host, "suite", cipher_suites="GCM-AES-256", priority=10, activation="secured")
    host.up("suite")
    equal(host.session("CipherSuite"), 's "GCM-AES-256"', "cipher suite")
    nmcli("connection", "delete", "suite")


def run(t):
    host = Host(t)
    t.case("user.data is applied", extras, host)
    t.case("a wrong value keeps the connection down and is told", refused, host)
    t.case("a fallback key from a file is used", fallback, host)
    t.case("a device made with GCM-AES-256 is used", suite, host)
