# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: networkctl, busctl and macsecctl say the same of link and profile, before and after it is secured"""

import json

from lab.check import check, equal, wait_until
from lab.networkd import MKA, NETDEV, Host, netdev
from lab.process import command

init = "systemd"
timeout = 200
turn = 0

NETWORK = "/etc/systemd/network/30-macsec0.network"


def same_story(host, operational, state):
    """networkctl, busctl and macsecctl say the same of link and profile."""
    link = host.here.link("macsec0")
    number, name, _, seen, _ = command(["networkctl", "--no-legend", "--no-pager", "list", "macsec0"]).split()
    equal((int(number), name, seen), (link["ifindex"], "macsec0", operational), "the link in networkctl")
    status = command(["networkctl", "--no-pager", "status", "macsec0"])
    check(NETWORK in status and link["address"] in status.lower(), lambda: "networkctl status: " + status)

    session, = json.loads(command(["/lab/bin/macsecctl", "--json=short", "status", "macsec0"]))
    told = {field: session[field] for field in ("Interface", "Ifindex", "Parent", "State", "ProfileName")}
    equal(told, {"Interface": "macsec0", "Ifindex": link["ifindex"], "Parent": "eth0", "State": state, "ProfileName": "macsec0"},
          "the link in macsecctl status")
    for field in ("State", "Sci", "Ckn", "CipherSuite"):
        equal(host.session(field), '"%s"' % session[field], "%s of the session, busctl beside macsecctl" % field)

    profile, = (item for item in json.loads(command(["/lab/bin/macsecctl", "--json=short", "profile", "list"])) if item["Name"] == "macsec0")
    equal((profile["Source"], profile["Origin"]), ("networkd", NETDEV), "source and path of the profile in macsecctl")
    equal((host.profile("Source"), host.profile("Origin")), ('"networkd"', '"%s"' % NETDEV), "source and path of the profile in busctl")


def story(c):
    host = Host(c, netdev(MKA))
    host.start()
    host.wait_dormant()
    wait_until(lambda: "dormant" in command(["networkctl", "list", "macsec0"], check=False), 10, "networkctl says dormant", state=host.story)
    same_story(host, "dormant", "pending")
    host.start_peer()
    host.wait_secured()
    host.wait_address()
    wait_until(lambda: "routable" in command(["networkctl", "list", "macsec0"], check=False), 10, "networkctl says routable", state=host.story)
    same_story(host, "routable", "secured")


def run(t):
    t.case("the same story", story)
