# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd, macsecd and macsec-networkd are restarted and killed under traffic: nothing is lost"""

from lab import macsec, traffic
from lab.check import equal, wait_until
from lab.networkd import MKA, Host, netdev
from lab.units import systemctl, wait_active

init = "systemd"
timeout = 500


def settled(host, unit, pid):
    """The unit runs as another process and everybody knows the profile and the session again."""
    wait_until(lambda: unit.main_pid() not in (0, pid), 20, "%s runs again" % unit.name, every=0.1)
    wait_active(unit.name, 20)
    wait_until(lambda: host.profile("Owner") not in (None, '""'), 20, "the profile has its owner", every=0.1, state=lambda: host.profile("Owner"))
    wait_until(lambda: host.session("State") == '"secured"', 20, "the session is secured", every=0.1, state=host.story)


def restarts(c):
    host = Host(c, netdev(MKA))
    host.start()
    host.wait_dormant()
    host.start_peer()
    host.wait_secured()
    address = host.wait_address()
    wait_until(lambda: host.session("State") == '"secured"', 10, "the session is secured")
    probe = c.probe(host.here, host.peer, interval=0.02)
    probe.wait_both_ways(10)
    for unit in (host.plugin, host.networkd, host.macsecd):
        for word in ("restart", "kill"):
            pid = unit.main_pid()
            systemctl(*(["restart"] if word == "restart" else ["kill", "--signal=KILL"]), unit.name)
            settled(host, unit, pid)
            equal(host.wait_address(), address, "address after %s %s" % (word, unit.name))
            traffic.ping(host.here, "10.0.0.1")
    spans = probe.finish()
    for span in spans:
        equal(span.lost, 0, "frames lost: %s" % span)
    # What networkd 257 does at a reload: it sends its own encoding AN to the link that is there.
    right = macsec.secy(host.here).encoding_sa
    host.here.ip("link", "set", "macsec0", "type", "macsec", "encodingsa", (right + 1) % 4)
    wait_until(lambda: macsec.secy(host.here).encoding_sa == right, 5, "the encoding AN is put back")
    traffic.ping(host.here, "10.0.0.1")
    return "; ".join(map(str, spans))


def run(t):
    t.case("restart and kill each", restarts)
