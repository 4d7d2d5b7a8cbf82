# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecctl profile export, with the program at the other end that the file is for; a .netdev comes back by import"""

import os
import subprocess

from lab import macsec, networkd, nm
from lab.check import check, equal
from lab.daemon import psk_profile

init = "systemd"
programs = ["/usr/sbin/dnsmasq"]
timeout = 420
in_all = False  # takes minutes

CAK, CKN = networkd.CAK, networkd.CKN
PROFILE = psk_profile(CAK, CKN, MACsec={"CipherSuites": "GCM-AES-128"}, MKA={"Priority": "20", "RekeySec": "1h"})


def ctl(*words):
    """macsecctl's warnings; a failure shows them."""
    done = subprocess.run(["/lab/bin/macsecctl", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, timeout=60)
    equal((done.returncode, done.stdout), (0, ""), "macsecctl %s: %s" % (" ".join(words), done.stderr))
    return done.stderr


def export(c, to, text=PROFILE, key=""):
    """(the file of the profile `uplink` for another program, what was said of it)"""
    folder = c.folder("export", 0o700)
    source = os.path.join(folder, "uplink.macsec")
    c.write(source, text, 0o600)
    target = os.path.join(folder, "out")
    said = ctl("profile", "export", source, "--to=" + to, "--output=" + target)
    equal(os.stat(target).st_mode & 0o777, 0o600, "mode of what was written")
    with open(target, encoding="utf-8") as out:
        found = out.read()
    equal(key in found, True, "the key is in the file for " + to)
    return found, said


def imported(c, path, *more):
    """The text of a profile that says what another program's file says."""
    target = os.path.join(c.folder("import", 0o700), "profile")
    ctl("profile", "import", path, *more, "--output=" + target)
    with open(target, encoding="utf-8") as out:
        return out.read()


def cable(c):
    """Two hosts without anything that runs."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    return one, two


def pass_frames(c, one, two):
    for host in (one, two):
        macsec.wait_secured(host, deadline=20)
    probe = c.probe(one, two)
    probe.wait_both_ways(20, frames=10)
    for span in probe.finish():
        equal(span.lost, 0, "frames lost")


def to_wpa_supplicant(c):
    one, two = cable(c)
    text, said = export(c, "wpa_supplicant", key=CAK)
    check("RekeySec=1h" in said, "what cannot be said is told: " + said)
    c.macsecd(two, {"peer": psk_profile(CAK, CKN)})
    config = os.path.join(c.folder("wpa", 0o700), "wpa.conf")
    c.write(config, text, 0o600)
    c.start(["wpa_supplicant", "-i", "eth0", "-D", "macsec_linux", "-c", config], one)
    pass_frames(c, one, two)


def to_network_manager(c):
    host = nm.Host(c)
    c.wpa(host.peer, CAK, CKN)
    host.serve()
    text, said = export(c, "networkmanager", key=CAK)
    equal(said, "", "everything can be said to NetworkManager")
    path = "/etc/NetworkManager/system-connections/uplink.nmconnection"
    c.write(path, text, 0o600)
    nm.nmcli("connection", "load", path)
    c.callback(nm.nmcli, "connection", "delete", "uplink", check=False)
    host.up("uplink")
    equal(host.state("uplink"), "activated", "state of the connection")
    host.ping()
    equal(host.session("State"), 's "secured"', "state of the session")
    check('"Priority" s "20"' in host.profile("uplink", "Settings"), "user.data is followed: " + host.profile("uplink", "Settings"))


def to_networkd(c):
    text, said = export(c, "networkd")
    for words in ("MACsec=macsec0", networkd.CAK_FILE):
        check(words in said, "%s is told: %s" % (words, said))
    host = networkd.Host(c, text)
    host.start()
    host.start_peer()
    host.wait_secured()
    host.wait_address()
    host.wait_profile("Settings", '"RekeySec" s "1h"')


def from_networkd(c):
    one, two = cable(c)
    path = os.path.join(c.folder("netdev"), "25-macsec0.netdev")
    c.write(path, networkd.netdev("%sPriority=3\n" % networkd.MKA))
    c.write(networkd.CAK_FILE, CAK + "\n", 0o640)
    text = imported(c, path, "Parent=eth0")
    check("Priority=3" in text.splitlines(), "Priority=3 is in the profile: " + text)
    c.macsecd(one, {"imported": text})
    c.wpa(two, CAK, CKN)
    pass_frames(c, one, two)


def run(t):
    t.case("wpa_supplicant starts from what was exported", to_wpa_supplicant)
    t.case("NetworkManager starts from what was exported", to_network_manager)
    t.case("networkd starts from what was exported", to_networkd)
    t.case("a .netdev with [X-MKA] is imported", from_networkd)
