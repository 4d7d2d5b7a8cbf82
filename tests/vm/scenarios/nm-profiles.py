# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager's macsec connections in macsecctl, and a profile handed to NetworkManager"""

import json

from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.nm import CAK, CKN, MACSECD, WPA, Host, nmcli
from lab.process import command

init = "systemd"
timeout = 420
turn = 3

STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled")


def macsecctl(*words):
    return command(["/lab/bin/macsecctl", "--no-pager", *words])


def profiles():
    """{name: properties} of NetworkManager's profiles."""
    return {each["Name"]: each for each in json.loads(macsecctl("profile", "list", "--json=short")) if each["Source"] == "networkmanager"}


def installed(c, host):
    """From a file of macsecd's to a connection that runs."""
    host.other_end(c, MACSECD)
    host.address()
    path = "/run/moved.macsec"
    host.c.write(path, psk_profile(CAK, CKN, MKA={"Priority": 10}), 0o600)
    said = macsecctl("profile", "export", "--to=networkmanager", "--install", path)
    host.c.callback(nmcli, "connection", "delete", "moved", check=False)
    check("nmcli connection up moved" in said and CAK not in said, said)
    nmcli("connection", "modify", "moved", *STATIC, "connection.autoconnect", "no")
    equal(nmcli("-s", "-g", "macsec.mka-cak,macsec.mka-ckn,macsec.parent", "connection", "show", "moved").split(), [CAK, CKN, "eth0"], "connection")
    host.up("moved")
    host.ping()
    equal(host.session("IsKeyServer"), "b true", "key server, by the priority in user.data")
    nmcli("connection", "delete", "moved")


def follows(c, host):
    """Connections come, change, come up, go down and go; macsecctl says so at once."""
    host.other_end(c, WPA)
    host.add("lab", "macsec0", *STATIC)
    uuid = nmcli("-g", "connection.uuid", "connection", "show", "lab").strip()

    def shows(what, **wanted):
        def found():
            profile = profiles().get("lab")
            return profile is not None and all(profile[key] == value for key, value in wanted.items())
        wait_until(found, 10, what, every=0.1, state=lambda: profiles().get("lab"))

    shows("the new connection", Origin=uuid, Description="lab", Interface="macsec0", Parent="eth0", Enabled=False, Valid=True, Session="/")
    for verb in ("list", "status"):
        check("not active" in macsecctl(verb), verb + " tells of it: " + macsecctl(verb))
    refused = command(["/lab/bin/macsecctl", "profile", "enable", "lab"], check=False)
    check("its key is not here" in refused, "only NetworkManager can activate it: " + refused)
    nmcli("connection", "modify", "lab", "connection.interface-name", "macsec7")
    shows("the other name of the device", Interface="macsec7", Enabled=False)
    nmcli("connection", "modify", "lab", "connection.interface-name", "macsec0")
    host.up("lab")
    shows("the active connection", Origin=uuid, Enabled=True, Session="/org/macsecd1/session/macsec0")
    check("secured" in macsecctl("list") and "not active" not in macsecctl("list"), "list tells the live state: " + macsecctl("list"))
    nmcli("connection", "down", "lab")
    shows("the connection that is down", Origin=uuid, Enabled=False, Session="/")
    nmcli("connection", "delete", "lab")
    wait_until(lambda: "lab" not in profiles(), 10, "the deleted connection is gone", every=0.1)


def run(t):
    host = Host(t)
    t.case("a profile is installed as a connection", installed, host)
    t.case("macsecctl follows NetworkManager's connections", follows, host)
