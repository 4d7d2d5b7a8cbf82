# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd takes from files what lab/networkd-syntax.txt says, as our reader does (tests/unit)"""

import json
import os

from lab import macsec, net, syntax
from lab.check import wait_until
from lab.networkd import Here, stop_networkd
from lab.process import command

init = "systemd"
timeout = 300
turn = 1

PLACES = {"etc": "/etc/systemd/network/", "run": "/run/systemd/network/", "local": "/usr/local/lib/systemd/network/",
          "lib": "/usr/lib/systemd/network/"}
NETWORK = "[Match]\nName=p@\n[Network]\nMACsec=s@\nLinkLocalAddressing=no\n"


def lay_out(c, case):
    """The files of one case, where networkd finds them."""
    entries = list(case.entries)
    if not any(".network" in name for _, name, _ in entries):
        entries.append(("file", "etc/%s.network" % case.number, NETWORK.replace("@", case.number).encode()))
    for kind, name, content in entries:
        place, _, name = name.partition("/")
        path = PLACES[place] + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if kind == "folder":
            os.mkdir(path)
            c.callback(os.rmdir, path)
            continue
        if kind == "link":
            os.symlink(content, path)
        else:
            with open(path, "wb") as out:
                out.write(content)
        c.callback(os.unlink, path)


def settled(cases):
    """networkd is done with the parents of all cases: what they carry was made, or never will be."""
    links = json.loads(command(["networkctl", "--json=short", "list"], check=False) or "{}").get("Interfaces", [])
    states = {link["Name"]: link["AdministrativeState"] for link in links}
    return all(states.get("p" + case.number) in ("configured", "unmanaged", "failed") for case in cases)


def run(t):
    cases = syntax.load("/lab/lab/networkd-syntax.txt")
    stop_networkd()
    here = t.enter_context(Here())
    for case in cases:
        lay_out(t, case)
        here.ip("link", "add", "p" + case.number, "type", "dummy")
        t.callback(here.ip, "link", "del", "p" + case.number, check=False)
    t.unit("systemd-networkd.service")
    t.callback(stop_networkd)
    wait_until(lambda: settled(cases), 60, "networkd is done", every=0.2, state=lambda: command(["networkctl", "list"], check=False))
    links = [link for link in net.ip_json("link", "show", "type", "macsec") if link]
    secys = macsec.secys(here)
    for case in cases:
        found = {(link["ifname"], secys[link["ifname"]].port, secys[link["ifname"]].encrypt) for link in links
                 if link.get("link") == "p" + case.number}
        if found != case.takes:
            t.ok(False, case.what, "expected %s, networkd made %s" % (case.takes, found))
    t.ok(len(links) == sum(len(case.takes) for case in cases), "%d links of %d cases" % (len(links), len(cases)))
