# SPDX-License-Identifier: LGPL-2.1-or-later
"""An access switch with a port a host, all from one profile, bridged: every host is secured and reaches the others; one that flaps disturbs none"""

import os

from lab import radius, traffic
from lab.access_port import Access, ManyPorts
from lab.check import at_most, check, equal, stays, wait_until

programs = ["/usr/bin/systemd-socket-activate"]
freeradius = True
timeout = 900
turn = 0

PORTS = 48
DEVICES = ["macsec%d" % number for number in range(1, PORTS + 1)]
# Seconds from carrier on all ports together. A wpa_supplicant computes 70 ms for its authentication, 48 of them alone need 3.4 s, and each
# says its first word of MKA within 2 s.
TOGETHER = 5
# Seconds that the carrier of one port is away, each time; it ends the host's session from 6 on.
OUTAGES = (0, 1, 0, 8)


class Switch(Access):
    """Hosts host1, host2 ... at swp1, swp2 ..., each with Debian's wpa_supplicant."""

    def topology(self, c):
        self.switch, self.server = c.namespaces("switch", "server")
        self.uplink(c)
        self.hosts = c.namespaces(*("host%d" % number for number in range(1, PORTS + 1)))
        self.cables = [c.veth(host, self.switch, "eth0", "swp%d" % number, up=False) for number, host in enumerate(self.hosts, 1)]

    def start_hosts(self):
        self.supplicants = []
        for number, host in enumerate(self.hosts, 1):
            host.raise_now("eth0")
            self.supplicants.append(self.c.wpa(host, debug=False, eap="TLS", identity='"host%d"' % number,
                                               ca_cert='"%s"' % self.files["ca.pem"],
                                               domain_match='"%s"' % radius.SERVER_NAME, client_cert='"%s"' % self.files["client.pem"],
                                               private_key='"%s"' % self.files["client.key"]))

    def spent(self):
        """CPU seconds so far, by who spent them; the lab with the programs it ran. All share the one CPU of the guest."""
        return {"macsecd": self.commanded.daemon.process.cpu_seconds(), "FreeRADIUS": self.radius[0].process.cpu_seconds(),
                "hosts": sum(each.process.cpu_seconds() for each in self.supplicants), "lab": sum(os.times()[:4])}

    def plug(self):
        """Carrier on all ports together, by system calls: programs that have to start first would spread it over seconds; when."""
        return min([self.switch.raise_now("swp%d" % number) for number in range(1, PORTS + 1)])

    def bridge(self):
        """One network of all ports; the hosts' addresses."""
        self.switch.ip("link", "add", "br0", "type", "bridge")
        self.switch.up("br0")
        for number, host in enumerate(self.hosts, 1):
            self.switch.ip("link", "set", "macsec%d" % number, "master", "br0")
            host.address("macsec0", "10.0.1.%d/24" % number)

    def since(self):
        """When each port was secured, by its device."""
        return {device: self.shown("Since", device, "Session") for device in DEVICES}


def flaps(c):
    site = Switch(c, parent="swp*", link="Interface=macsec*")
    site.serve(quiet=True)
    site.start_hosts()
    before = site.spent()
    begin = site.plug()
    took = site.wait_all(DEVICES, 120) - begin
    spent = ", ".join("%s %.2f s" % (name, seconds - before[name]) for name, seconds in site.spent().items())
    site.bridge()
    for number in range(2, PORTS + 1):
        traffic.ping(site.hosts[0], "10.0.1.%d" % number, deadline=10)
    clients = site.commanded.ctl("clients").stdout
    check(all("host%d " % number in clients for number in range(1, PORTS + 1)), clients)
    before = site.since()
    probe = c.probe(site.hosts[0], site.hosts[1], interval=0.02)
    for outage in OUTAGES:
        site.cables[2].down(0)
        wait_until(lambda: site.shown("State", "macsec3", "Session") == "down", 10, "the port sees its carrier go", every=0.2)
        stays(lambda: site.shown("State", "macsec3", "Session") == "down", outage, "without carrier", every=1)
        site.cables[2].up(0)
        wait_until(lambda: site.shown("State", "macsec3", "Session") != "down", 10, "the port sees its carrier come", every=0.2)
    site.wait_all(DEVICES, 120)
    equal(site.counters("macsec3")["Authentications"], 2, "authentications of the port that flapped")
    spans = probe.finish()
    equal([span.lost for span in spans], [0, 0], "frames lost between two other ports")
    after = site.since()
    equal({name: at for name, at in after.items() if at != before[name]}.keys() - {"macsec3"}, set(), "ports that were secured anew")
    traffic.ping(site.hosts[2], "10.0.1.1", deadline=10)
    return "%d ports %.2f s after the first carrier (CPU: %s); %d frames while one flaps" % (PORTS, took, spent,
                                                                                            sum(span.sent for span in spans))


def ours(c):
    """Our own hosts, each in full: what 48 of them and FreeRADIUS compute on the one CPU of the guest is part of it."""
    took = ManyPorts(c, PORTS, "TLS").plug()
    at_most(took, TOGETHER, "seconds from the first carrier until the last port is secured")
    return "%d ports %.2f s after the first carrier" % (PORTS, took)


def run(t):
    t.case("%d ports of one profile" % PORTS, flaps)
    t.case("%d ports of one profile, our own hosts" % PORTS, ours)
