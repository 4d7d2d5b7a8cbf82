# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager's macsec.mode eap: methods, passwords it keeps or asks for, what is refused and in which words, restart and end"""

import os
import time

from lab import macsec, radius, traffic
from lab.authenticator import Authenticator
from lab.check import Failure, at_most, check, equal, wait_until
from lab.nm import Host, Ping, nmcli
from lab.process import command
from lab.terminal import Terminal
from lab.units import Unit

init = "systemd"
installed = True
timeout = 900
turn = 1

HOME = "/home/alice/keys"
OWN, PEER = "172.16.10.2", "172.16.10.1"
AGENT_OWNED = "1"
LOGOFF = 2  # of EAPOL's packet types
# NetworkManager gives an activation up after so many seconds.
PATIENCE = 25

TRUST = ("802-1x.ca-cert", HOME + "/ca.pem", "802-1x.domain-match", radius.SERVER_NAME)
TLS = ("802-1x.eap", "tls", "802-1x.identity", "host1", *TRUST, "802-1x.client-cert", HOME + "/client.pem", "802-1x.private-key", HOME + "/locked.key",
       "802-1x.private-key-password", "open sesame")
STORE = ("802-1x.eap", "tls", "802-1x.identity", "host1", *TRUST, "802-1x.client-cert", HOME + "/store.p12", "802-1x.private-key", HOME + "/store.p12",
         "802-1x.private-key-password", "open sesame")
PEAP = ("802-1x.eap", "peap", "802-1x.identity", "alice", "802-1x.phase2-auth", "mschapv2")


def keys(c):
    """What a user has in his home: certificates, and a private key with a passphrase."""
    made = radius.certificates(c)
    os.makedirs(HOME, 0o700, exist_ok=True)
    for name in ("ca.pem", "client.pem"):
        with open(made[name], encoding="ascii") as text:
            c.write(os.path.join(HOME, name), text.read(), 0o600)
    command(["openssl", "pkcs8", "-topk8", "-in", made["client.key"], "-passout", "pass:open sesame", "-out", HOME + "/locked.key"])
    command(["openssl", "pkcs12", "-export", "-in", made["client.pem"], "-inkey", made["client.key"], "-passout", "pass:open sesame",
             "-out", HOME + "/store.p12"])
    return made


class Site:
    """The connection `lab`, and the access switch at the other end of the cable."""

    def __init__(self, c, host, files, *settings):
        self.host = host
        c.callback(host.peer.ip, "link", "del", "macsec0", check=False)
        self.switch = Authenticator(c, host.peer, host.machine, files)
        nmcli("connection", "add", "type", "macsec", "con-name", "lab", "ifname", "macsec0", "connection.autoconnect", "no", "macsec.parent", "eth0",
              "macsec.mode", "eap", "ipv4.method", "manual", "ipv4.addresses", OWN + "/24", "ipv6.method", "disabled", *settings)
        c.callback(nmcli, "connection", "delete", "lab", check=False)

    def works(self, authentications=1):
        """The link is secured with the key of an authentication, and the peer answers."""
        equal(self.host.state("lab"), "activated", "state of the connection")
        equal(self.host.session("State"), 's "secured"', "state of the session")
        self.switch.wait_keys(authentications)
        macsec.wait_secured(self.host.peer)
        if PEER not in self.host.peer.ip("addr", "show", "dev", "macsec0"):
            self.host.peer.address("macsec0", PEER + "/24")
        traffic.ping(self.host.machine, PEER, deadline=5)

    def comes_up(self):
        took = self.host.up("lab")
        self.works()
        return "activated after %.2f s" % took

    def fails(self, *words):
        """What nmcli says, and how long it took."""
        begin = time.monotonic()
        try:
            nmcli("-w", "60", "connection", "up", "lab", *words)
        except Failure as failure:
            check(not self.host.session("State").endswith('"secured"'), "nothing is secured")
            return str(failure), time.monotonic() - begin
        raise Failure("it came up: " + self.host.session("State") + self.host.session("ReasonText"))

    def told(self, sentence):
        """The sentence stands in the profile that is shown of the connection."""
        wait_until(lambda: sentence in self.host.profile("lab", "Problems"), 5, sentence, every=0.2, state=lambda: self.host.profile("lab", "Problems"))


def kept(c, host, files, *settings):
    return Site(c, host, files, *settings).comes_up()


def asked(c, host, files):
    """A password that only its user knows: a wrong one ends the activation with the reason, the next one is asked for again."""
    site = Site(c, host, files, *PEAP, *TRUST, "802-1x.password-flags", AGENT_OWNED)
    for password in ("blunder", "wonder"):
        terminal = Terminal(c, "--ask", "-w", "120", "connection", "up", "lab")
        terminal.answer("802-1x.identity", 1, "")  # it is offered as the connection has it
        terminal.answer("802-1x.password", 1, password)
        equal(terminal.process.wait(120), 0 if password == "wonder" else 4, "exit code of nmcli")
    site.works()
    with open("/etc/NetworkManager/system-connections/lab.nmconnection", encoding="utf-8") as text:
        saved = text.read()
    check("identity=alice" in saved and "wonder" not in saved, "the file of the connection has no password: " + saved)


def refused(c, host, files):
    site = Site(c, host, files, *PEAP, *TRUST, "802-1x.password", "blunder")
    _, took = site.fails()
    at_most(took, PATIENCE, "seconds until NetworkManager knows")
    site.told("was refused")
    return "after %.1f s" % took


def trusts_nobody(c, host, files):
    """Without a CA nobody is told the password: the activation ends at once, and the switch hears nothing."""
    site = Site(c, host, files, *PEAP, "802-1x.password", "wonder")
    _, took = site.fails()
    at_most(took, 5, "seconds until NetworkManager knows")
    site.told("802-1x.ca-cert is not set")
    equal(site.switch.keys, [], "authentications")
    return "after %.1f s" % took


def again(c, host, files):
    """What is up is activated once more; what is changed then counts from the next activation on."""
    site = Site(c, host, files, *PEAP, *TRUST, "802-1x.password", "wonder")
    site.comes_up()
    before = host.activation("lab")
    host.up("lab")
    check(host.activation("lab") != before, "another activation")
    site.works()
    nmcli("connection", "modify", "lab", "802-1x.eap", "ttls", "802-1x.phase2-auth", "pap", "802-1x.anonymous-identity", "anonymous")
    host.up("lab")
    site.works(2)
    equal(host.session("Method", interface="Supplicant"), 's "ttls"', "method")
    equal(host.session("Identity", interface="Supplicant"), 's "anonymous"', "identity shown to everybody")


def restarted(c, host, files):
    """NetworkManager is restarted, and a server that is dead meanwhile is not needed."""
    site = Site(c, host, files, *TLS)
    site.comes_up()
    nmcli("connection", "modify", "lab", "connection.autoconnect", "yes")
    site.switch.process.kill()
    ping = Ping(c)
    ping.wait_answers()
    before = host.index(), host.session("Since")
    host.nm.restart()
    wait_until(lambda: host.state("lab") == "activated", 120, "the connection is activated", every=0.5)
    ping.wait_answers(20)
    sent, lost = ping.finish()
    equal((host.index(), host.session("Since")), before, "device and session")
    equal(len(site.switch.keys), 1, "authentications")
    equal(lost, 0, "echo requests lost of %d" % sent)
    return "lost %d of %d" % (lost, sent)


def ended(c, host, files):
    """A connection that is down leaves no device, no session, no key with the service manager, and has told the switch."""
    site = Site(c, host, files, *TLS)
    site.comes_up()
    unit = Unit("macsecd.service")
    wait_until(lambda: unit.show("NFileDescriptorStore") == "1", 5, "the service manager holds the key")
    sniffer = c.sniff(host.peer)
    nmcli("connection", "down", "lab")
    wait_until(lambda: host.index() == 0, 10, "the device is gone", every=0.2)
    wait_until(lambda: not host.session("State").startswith("s "), 10, "the session is gone", every=0.2)
    wait_until(lambda: unit.show("NFileDescriptorStore") == "0", 10, "the key is gone", every=0.2)
    equal(host.profile("lab", "Enabled"), "b false", "the profile that is shown")
    check(any(frame[15] == LOGOFF for frame in sniffer.frames(traffic.EAPOL)), "EAPOL-Logoff was sent")


def run(t):
    host = Host(t, installed=True)
    files = keys(t)
    t.case("EAP-TLS, with files below a home", kept, host, files, *TLS)
    t.case("EAP-TLS, with a PKCS#12 file", kept, host, files, *STORE)
    t.case("PEAP, with a password that NetworkManager keeps", kept, host, files, *PEAP, *TRUST, "802-1x.password", "wonder")
    t.case("PEAP, with a password that is asked for", asked, host, files)
    t.case("a wrong password", refused, host, files)
    t.case("no CA", trusts_nobody, host, files)
    t.case("up again, and changed", again, host, files)
    t.case("NetworkManager is restarted", restarted, host, files)
    t.case("down", ended, host, files)
