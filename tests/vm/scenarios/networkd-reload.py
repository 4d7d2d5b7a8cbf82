# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: [X-MKA] is added, changed, broken, mended and removed while frames flow"""

from lab import macsec
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.networkd import CAK, CKN, MKA, NETDEV, Host, netdev
from lab.process import command

init = "systemd"
timeout = 400
turn = 2

ADDRESS = "Address=10.0.0.2/24\nIPv6AcceptRA=no\n"


def key(host):
    return macsec.secy(host.here).tx_sa().key_id


def edit(host, text):
    host.write_netdev(text)
    command(["networkctl", "reload"])


def lay_unrelated(c, host):
    """Another secured link of networkd's, macsec9 on eth9, in files of its own; the profile for its peer."""
    c.veth(host.here, host.peer, "eth9", "eth9")
    c.callback(host.here.ip, "link", "del", "macsec9", check=False)
    folder = "/etc/systemd/network/"
    c.write(folder + "90-macsec9.netdev", netdev(MKA).replace("macsec0", "macsec9"))
    c.write(folder + "90-eth9.network", "[Match]\nName=eth9\n[Network]\nLinkLocalAddressing=no\nMACsec=macsec9\n")
    c.write(folder + "91-macsec9.network", "[Match]\nName=macsec9\n[Network]\nAddress=10.9.0.2/24\nIPv6AcceptRA=no\n")
    return psk_profile(CAK, CKN, "eth9", "macsec9", MACsec={"CipherSuites": "GCM-AES-128"})


def run_edits(c):
    host = Host(c, netdev(), ADDRESS)
    beside = lay_unrelated(c, host)
    host.start()
    host.here.wait_link("macsec0", 20)
    host.start_peer(beside=beside)
    unrelated = macsec.wait_secured(host.here, "macsec9").tx_sa().key_id
    other = c.probe(host.here, host.peer, "macsec9", interval=0.02)
    other.wait_both_ways(10)
    wait_until(lambda: host.here.link("macsec0")["operstate"] == "UP", 10, "without [X-MKA] nobody makes it wait", state=host.story)
    equal(host.profile("Source"), None, "profile without [X-MKA]")

    edit(host, netdev(MKA))
    host.wait_secured()
    wait_until(lambda: host.session("State") == '"secured"', 5, "the session says secured")
    probe = c.probe(host.here, host.peer, interval=0.02)
    probe.wait_both_ways(10)
    before = key(host)

    edit(host, "# a comment\n" + netdev(MKA))
    edit(host, netdev(MKA + "RekeySec=1h\n"))
    host.wait_profile("Settings", '"RekeySec" s "1h"')

    edit(host, netdev(MKA + "Priority=300\n"))
    host.wait_profile("Problems", '"/etc/systemd/network/25-macsec0.netdev" 10 "MKA.Priority"')
    equal(host.profile("Valid"), "true", "the settings from before stay in use")
    shown = command(["/lab/bin/macsecctl", "status", "macsec0"])
    check("macsec0 secured" in shown and NETDEV + ":10: Priority=300" in shown, lambda: "file and line beside the link: " + shown)
    edit(host, "[NetDev\nName=macsec0\nKind=macsec\n[X-MKA]\n")
    host.wait_profile("Problems", "section header")

    c.write("/etc/systemd/network/26-macsec1.netdev", netdev(MKA).replace("macsec0", "macsec1"))
    command(["networkctl", "reload"])
    host.wait_profile("Problems", "no .network file says MACsec=macsec1", name="macsec1")
    edit(host, netdev(MKA))
    wait_until(lambda: host.profile("Problems") == "0", 10, "no problem is left", state=lambda: host.profile("Problems"))
    spans = probe.finish()
    for span in spans:
        equal(span.lost, 0, "frames lost: %s" % span)
    equal(key(host), before, "key after all edits")
    log = host.plugin.journal("-o", "cat")
    check("25-macsec0.netdev:10: Priority=300" in log, lambda: "file and line in the journal: " + log[-500:])

    edit(host, netdev())
    wait_until(lambda: host.profile("Source") is None, 10, "the profile goes")
    found = wait_until(lambda: (lambda s: s if s and not s.tx_sas else None)(macsec.secy(host.here)), 10, "the keys go")
    equal(found.rx_scs, {}, "receive channels after [X-MKA] is removed")
    for span in other.finish():
        equal(span.lost, 0, "frames lost on the unrelated link: %s" % span)
    equal(macsec.secy(host.here, "macsec9").tx_sa().key_id, unrelated, "key of the unrelated link")
    return "; ".join(map(str, spans))


def run(t):
    t.case("edits under traffic", run_edits)
