# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/access-switch.md as its readers follow it: its files as they stand there, its lines typed, hosts of both makes behind the switch"""

import grp
import os
import pwd
import re
import shutil

import boot

from lab import page, radius, traffic
from lab.check import check, equal, wait_until
from lab.net import Machine
from lab.networkd import stop_networkd
from lab.service import OtherHost, ctl, forget, wait_secured
from lab.service import run as run_program
from lab.units import systemctl

init = "systemd"
installed = True
timeout = 600
turn = 3
# FreeRADIUS as its package lays it out, with what its own files have it load.
programs = ["/usr/bin/openssl", "/usr/bin/chgrp", "/usr/bin/ln", "/usr/sbin/freeradius", "/usr/share/freeradius", "/etc/freeradius",
            "/usr/lib/freeradius/rlm_always.so", "/usr/lib/freeradius/rlm_attr_filter.so", "/usr/lib/freeradius/rlm_chap.so",
            "/usr/lib/freeradius/rlm_detail.so", "/usr/lib/freeradius/rlm_digest.so", "/usr/lib/freeradius/rlm_dynamic_clients.so",
            "/usr/lib/freeradius/rlm_eap.so", "/usr/lib/freeradius/rlm_eap_tls.so", "/usr/lib/freeradius/rlm_exec.so",
            "/usr/lib/freeradius/rlm_expiration.so", "/usr/lib/freeradius/rlm_expr.so", "/usr/lib/freeradius/rlm_files.so",
            "/usr/lib/freeradius/rlm_linelog.so", "/usr/lib/freeradius/rlm_logintime.so", "/usr/lib/freeradius/rlm_mschap.so",
            "/usr/lib/freeradius/rlm_pap.so", "/usr/lib/freeradius/rlm_passwd.so", "/usr/lib/freeradius/rlm_preprocess.so",
            "/usr/lib/freeradius/rlm_radutmp.so", "/usr/lib/freeradius/rlm_realm.so", "/usr/lib/freeradius/rlm_replicate.so",
            "/usr/lib/freeradius/rlm_soh.so", "/usr/lib/freeradius/rlm_unix.so", "/usr/lib/freeradius/rlm_unpack.so",
            "/usr/lib/freeradius/rlm_utf8.so"]

PAGE = os.path.join(boot.SOURCE, "docs/access-switch.md")
RADDB = "/etc/freeradius/3.0/"
SECRET = "/etc/macsecd/radius.secret"
BY_HAND = "/usr/local/sbin/access-switch"
MANAGEMENT, HOSTS = 10, 17
SERVER, SWITCH = "192.0.2.10", "192.0.2.2"
IN_HOSTS = "198.51.100.%d"   # the VLAN of the hosts: 1 and 2 behind the switch, 10 beyond its uplink


def typed(line):
    """A line typed by root on the switch; what it says."""
    done = run_program("sh", "-c", line)
    check(done.returncode == 0, "%s: exit %d: %s" % (line, done.returncode, done.stderr.strip()))
    return done.stdout


class Site:
    """This machine as the switch of the page: eth0 to a server, eth1 and eth2 to a host each. Nothing runs."""

    def __init__(self, c):
        self.c = c
        stop_networkd()
        forget(c)
        self.here = Machine()
        self.server, *self.hosts = c.namespaces("server", "host1", "host2")
        for number, namespace in enumerate((self.server, *self.hosts)):
            c.veth(self.here, namespace, "eth%d" % number, "eth0")
        self.texts = dict(page.files(PAGE))
        c.callback(self._end)

    def _end(self):
        systemctl("stop", "macsecd.service", "macsec-eap.service", check=False)
        stop_networkd()
        for link in ("mgmt0", "br0", "macsec1", "macsec2"):
            self.here.ip("link", "del", link, check=False)

    def write(self, wanted, **replaced):
        """The page's files whose path begins so; `replaced`: {what stands there: what does here}."""
        for path, text in self.texts.items():
            if path.startswith(wanted):
                for old, new in replaced.items():
                    text = text.replace(old, new)
                secret = path.startswith((RADDB, "/etc/macsecd/"))
                self.c.write(path, text, 0o755 if text.startswith("#!") else 0o640 if secret else 0o644)
                if path.endswith(".macsec"):
                    shutil.chown(path, "root", "macsecd")

    def give(self, files, folder, group=None, **names):
        """Copies of certificates and keys, by the names that the page has for them."""
        for name, source in names.items():
            path = os.path.join(folder, name.replace("_", "-"))
            for end in (".pem", ".key"):
                if source + end in files:
                    shutil.copy(files[source + end], path + end)
                    os.chmod(path + end, 0o640)
                    shutil.chown(path + end, "root", group)
                    self.c.callback(os.unlink, path + end)

    def prepare(self):
        """Certificates, the secret, and the files of the ports, the RADIUS server and both hosts."""
        servers = radius.Authority(self.c.folder("radius-ca"), "CA of the servers")
        servers.sign("radius", "radius.example.org", "serverAuth")
        hosts = radius.Authority(self.c.folder("hosts-ca"), "CA of the hosts")
        hosts.sign("host1", "host1.example.org", "clientAuth")
        for line in page.commands(PAGE, "The ports"):
            typed(line)
        self.c.callback(os.unlink, SECRET)
        with open(SECRET, encoding="ascii") as text:
            secret = text.read().strip()
        for path in ("/etc/macsecd/macsec", "/etc/systemd/system/"):
            self.write(path)
        saved = self.c.folder("raddb")
        shutil.copytree(RADDB, os.path.join(saved, "3.0"), symlinks=True)
        self.c.callback(shutil.copytree, os.path.join(saved, "3.0"), RADDB, symlinks=True)
        self.c.callback(shutil.rmtree, RADDB)
        self.write(RADDB, **{"as in %s of the switch" % SECRET: secret})
        owner = (pwd.getpwnam("freerad").pw_uid, grp.getgrnam("freerad").gr_gid)
        for folder, _, names in os.walk(RADDB):
            for name in names:
                os.chown(os.path.join(folder, name), *owner, follow_symlinks=False)
        self.give({"ca.pem": hosts.files["ca.pem"]}, RADDB + "certs", "freerad", hosts_ca="ca")
        self.give(servers.files, RADDB + "certs", "freerad", radius="radius")
        for folder, group in (("/etc/macsecd", "macsecd"), ("/etc/wpa_supplicant", "root")):
            os.makedirs(folder, exist_ok=True)
            self.give({"ca.pem": servers.files["ca.pem"]}, folder, group, radius_ca="ca")
            self.give(hosts.files, folder, group, host1="host1")
        self.write("/etc/wpa_supplicant/")

    def serve(self):
        """The RADIUS server is in the VLAN of management, and checks its files before it starts."""
        for vlan, address in ((MANAGEMENT, SERVER), (HOSTS, IN_HOSTS % 10)):
            self.server.ip("link", "add", "vlan%d" % vlan, "link", "eth0", "type", "vlan", "id", vlan)
            self.server.address("vlan%d" % vlan, address + "/24")
            self.server.up("vlan%d" % vlan)
        links, start = page.commands(PAGE, "The RADIUS server")
        self.server.run("sh", "-ec", links)
        checks, _, starts = start.partition(" && ")
        equal(starts, "systemctl restart freeradius", "what starts the server, here in its namespace")
        self.server.run("sh", "-ec", checks)
        self.c.start(["freeradius", "-fx", "-l", "stdout"], self.server, "freeradius")
        wait_until(lambda: ":1812" in self.server.run("ss", "-Hlun"), 30, "FreeRADIUS listens", every=0.2)

    def plug(self):
        """Ours at the first port, wpa_supplicant at the second."""
        ours = OtherHost(self.c, self.hosts[0])
        path = os.path.join(ours.config, "uplink.macsec")
        with open(path, "w", encoding="utf-8") as out:
            out.write(self.texts["/etc/macsecd/uplink.macsec"])
        ctl("reload", bus=ours.bus)
        with open(PAGE, encoding="utf-8") as text:
            words = re.search(r"`(wpa_supplicant -D [^`]+) -c` and this file", text.read())[1].split()
        name, = (path for path in self.texts if path.startswith("/etc/wpa_supplicant/"))
        self.c.start([*words, "-c", name], self.hosts[1], "wpa_supplicant")

    def works(self):
        """Each host is secured and reaches the others of its VLAN, and those only. What the last section has typed says so."""
        for device in ("macsec1", "macsec2"):
            wait_secured(device, 60)
        for number, host in enumerate(self.hosts, 1):
            host.address("macsec0", IN_HOSTS % number + "/24")
        for number in (2, 10):
            traffic.ping(self.hosts[0], IN_HOSTS % number, deadline=15)
        traffic.ping(self.server, SWITCH)
        self.hosts[0].address("macsec0", "192.0.2.77/24")
        equal(self.hosts[0].run("ping", "-c", "3", "-i", "0.2", "-W", "1", SWITCH, check=False).count(" bytes from "), 0,
              "answers from the VLAN of management")
        said = {line: typed(line) for line in page.commands(PAGE, "Does it work")}
        clients = said["macsecctl clients"]
        equal(len(re.findall(r"(?m)^macsec[12] .*\bauthenticated\b", clients)), 2, "ports in: " + clients)
        for line, words in (("macsecctl status macsec1", "secured"), ("macsecctl doctor", "macsec2"), ("bridge vlan show", "17 PVID Egress Untagged")):
            check(words in said[line], "%s in what %s says: %s" % (words, line, said[line]))


def by_hand(c):
    """With the script, which starts macsecd itself."""
    site = Site(c)
    site.prepare()
    site.write(BY_HAND)
    systemctl("daemon-reload")
    site.serve()
    typed(BY_HAND)
    site.plug()
    site.works()


def by_networkd(c):
    """With the files for systemd-networkd."""
    site = Site(c)
    site.prepare()
    site.write("/etc/systemd/network/")
    systemctl("daemon-reload")
    site.serve()
    systemctl("start", "systemd-networkd")
    site.plug()
    typed(page.commands(PAGE, "Does it work")[0])
    c.callback(systemctl, "disable", "macsecd", check=False)
    site.works()


def run(t):
    t.case("by hand", by_hand)
    t.case("by systemd-networkd", by_networkd)
