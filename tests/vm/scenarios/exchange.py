# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecctl profile export and import, with the program at the other end that the file is for"""

import os
import subprocess

from lab import macsec, networkd, nm
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile

init = "systemd"
programs = ["/usr/sbin/dnsmasq"]
timeout = 420
turn = 0

CAK, CKN = networkd.CAK, networkd.CKN
# By whose frames they protect.
STATIC = {"here": "11" * 16, "one": "11" * 16, "peer": "22" * 16, "two": "22" * 16}
PROFILE = psk_profile(CAK, CKN, MACsec={"CipherSuites": "GCM-AES-128"}, MKA={"Priority": "20", "RekeySec": "1h"})

# Nothing but what it needs.
WPA = """ap_scan=0
network={
    key_mgmt=NONE
    eapol_flags=0
    macsec_policy=1
    mka_cak=%s
    mka_ckn=%s
}
"""
NETDEV = """[NetDev]
Name=macsec0
Kind=macsec
MACAddress=none

[MACsec]
Encrypt=yes

[MACsecTransmitAssociation]
PacketNumber=1
KeyId=01
Key=%s
UseForEncoding=yes

[MACsecReceiveAssociation]
MACAddress=%s
Port=1
PacketNumber=1
KeyId=02
Key=%s
Activate=yes
"""


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
    """(the text of a profile that says what another program's file says, what was said of it)"""
    target = os.path.join(c.folder("import", 0o700), "profile")
    said = ctl("profile", "import", path, *more, "--output=" + target)
    with open(target, encoding="utf-8") as out:
        return out.read(), said


def cable(c):
    """Two hosts without anything that runs."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    return one, two


def pass_frames(c, one, two):
    for host in (one, two):
        macsec.wait_secured(host, deadline=20)
    lose_nothing(c, one, two)


def lose_nothing(c, one, two):
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
    text, _ = imported(c, path, "Parent=eth0")
    check("Priority=3" in text.splitlines(), "Priority=3 is in the profile: " + text)
    c.macsecd(one, {"imported": text})
    c.wpa(two, CAK, CKN)
    pass_frames(c, one, two)


def from_wpa_supplicant(c):
    """Both ends run it, then macsecd takes the place of one."""
    one, two = cable(c)
    path = os.path.join(c.folder("wpa", 0o700), "wpa_supplicant-macsec-eth0.conf")
    c.write(path, WPA % (CAK, CKN), 0o600)
    ends = [c.start(["wpa_supplicant", "-i", "eth0", "-D", "macsec_linux", "-c", path], host, "wpa-" + host.name) for host in (one, two)]
    for host in (one, two):
        macsec.wait_secured(host, deadline=20)
    ends[0].stop()
    c.macsecd(one, {"imported": imported(c, path)[0]})
    now = macsec.wait_secured(one, deadline=20)
    # Of the key identifier wpa_supplicant gives the kernel the key number in the host's byte order.
    wait_until(lambda: macsec.secy(two).tx_sa().key_id[:24] == now.tx_sa().key_id[:24], 20, "the peer has the new key")
    pass_frames(c, one, two)


def from_nmcli(c):
    """The file is nmcli's own: what is as usual is not in it."""
    c.unit("NetworkManager.service")
    wait_until(lambda: "running" in nm.nmcli("-t", "-f", "RUNNING", "general", check=False), 90, "NetworkManager runs", every=0.2)
    nm.nmcli("connection", "add", "type", "macsec", "con-name", "uplink", "ifname", "macsec0", "autoconnect", "no", "macsec.parent", "eth0",
             "macsec.mode", "psk", "macsec.mka-cak", CAK, "macsec.mka-cak-flags", "0", "macsec.mka-ckn", nm.CKN)
    path = "/etc/NetworkManager/system-connections/uplink.nmconnection"
    c.callback(nm.nmcli, "connection", "delete", "uplink", check=False)
    with open(path, encoding="utf-8") as file:
        check("encrypt" not in file.read(), "nmcli writes no default")
    check("Enable=no" in imported(c, path)[0].splitlines(), "autoconnect=no is followed")
    text, _ = imported(c, path, "Enable=yes")
    one, two = cable(c)
    c.macsecd(one, {"imported": text})
    c.wpa(two, CAK, nm.CKN)
    pass_frames(c, one, two)
    equal((macsec.secy(one).encrypt, macsec.secy(one).send_sci, macsec.secy(one).validate), (True, True, "strict"), "settings")


def static_keys(own, peer):
    """The profile of one end."""
    return ("[Link]\nParent=eth0\n[MACsec]\nReplayWindow=off\n"
            "[StaticKeys]\nDirection=transmit\nKey=%s\n"
            "[StaticKeys]\nDirection=receive\nPeer=%s\nKey=%s\n" % (STATIC[own.name], peer.mac("eth0"), STATIC[peer.name]))


def wait_keys(*hosts):
    for host in hosts:
        wait_until(lambda host=host: (lambda found: found and found.tx_sa() and found.rx_scs)(macsec.secy(host)), 20,
                   "%s has its keys" % host.name, state=lambda host=host: macsec.secy(host))


def pass_static(c, one, two):
    wait_keys(one, two)
    lose_nothing(c, one, two)


def static_to_networkd(c):
    host = networkd.Host(c, network="Address=10.0.0.2/24\n")
    text, said = export(c, "networkd", static_keys(host.here, host.peer), STATIC["here"])
    check("MACsec=macsec0" in said, "where the parent is said is told: " + said)
    host.write_netdev(text)
    c.macsecd(host.peer, {"peer": static_keys(host.peer, host.here)})
    host.start("systemd-networkd")
    pass_static(c, host.here, host.peer)


def static_from_networkd(c):
    """A .netdev as people write them; networkd, then macsecd with what it says."""
    host = networkd.Host(c, network="Address=10.0.0.2/24\n")
    host.write_netdev(NETDEV % (STATIC["here"], host.peer.mac("eth0"), STATIC["peer"]))
    c.macsecd(host.peer, {"peer": static_keys(host.peer, host.here)})
    host.start("systemd-networkd")
    pass_static(c, host.here, host.peer)
    host.networkd.stop()
    host.here.ip("link", "del", "macsec0")
    text, said = imported(c, networkd.NETDEV, "Parent=eth0")
    check("Enable=no" in text.splitlines() and "packet numbers" in said, "keys that were in use are not used, and it is told: " + said)
    text, _ = imported(c, networkd.NETDEV, "Parent=eth0", "Enable=yes")
    c.macsecd(host.here, {"imported": text})
    pass_static(c, host.here, host.peer)


def run(t):
    t.case("a configuration of wpa_supplicant is imported", from_wpa_supplicant)
    t.case("a connection made by nmcli is imported", from_nmcli)
    t.case("networkd starts static keys from what was exported", static_to_networkd)
    t.case("a .netdev with static keys is imported", static_from_networkd)
    t.case("wpa_supplicant starts from what was exported", to_wpa_supplicant)
    t.case("NetworkManager starts from what was exported", to_network_manager)
    t.case("networkd starts from what was exported", to_networkd)
    t.case("a .netdev with [X-MKA] is imported", from_networkd)
