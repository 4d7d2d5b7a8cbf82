# SPDX-License-Identifier: LGPL-2.1-or-later
"""The key from 802.1X: each method to a secured ping, reauthentication, forged frames, restarts, a server that dies"""

import os
import time

from lab import macsec, radius, traffic
from lab.authenticator import Authenticator
from lab.check import at_most, check, equal, stays, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

programs = ["tests/eap/slow/slow_signature.so", "/usr/bin/openssl", "/usr/bin/systemd-socket-activate"]
timeout = 900
turn = 1

SIGNATURE = 5    # seconds
HELLO = 2        # seconds between MKPDUs
MKA = 5          # type of an EAPOL packet

_SOCKET = "/run/macsecd/eap"
_TLS_1_3 = "tls_flags=[ENABLE-TLSv1.3]"

_PROFILE = """[Link]
Parent=eth0

[8021X]
CaCertificate=%(ca.pem)s
ServerName=radius.test
"""
_TLS = "Method=tls\nIdentity=host1\nClientCertificate=%(client.pem)s\nPrivateKey=%(client.key)s\n"
_PASSWORD = "Method=%s\nIdentity=alice\nInnerMethod=%s\nPassword=wonder\n"


class Site:
    """A host with macsecd and macsec-eap, and the access switch it is plugged into."""

    def __init__(self, c, credentials=_TLS, tls="", bits=128, beside=None, environment=(), **options):
        """`beside`: further profiles of the host; `environment`: of macsec-eap, NAME=VALUE."""
        self.c = c
        self.host, self.switch = c.namespaces("host", "switch")
        self.cable = c.veth(self.host, self.switch)
        self.files = radius.certificates(c)
        self.environment = environment
        self.worker = None
        self.start_worker()
        self.authenticator = Authenticator(c, self.switch, self.host, self.files, bits, **options)
        text = (_PROFILE + credentials) % self.files if "%(" in credentials else _PROFILE % self.files + credentials
        if bits != 128:
            text += "CakLength=%d\n" % bits
        if tls:
            text += "MinimumTls=%s\nMaximumTls=%s\n" % (tls, tls)
        self.commanded = Commanded(c, self.host, {"office": text, **(beside or {})})

    def start_worker(self):
        os.makedirs(os.path.dirname(_SOCKET), exist_ok=True)
        if os.path.exists(_SOCKET):
            os.unlink(_SOCKET)
        self.worker = self.c.start(["systemd-socket-activate", "--seqpacket", "-l", _SOCKET, *("--setenv=" + line for line in self.environment),
                                    "/lab/bin/macsec-eap"], None, "macsec-eap")

    def secured(self, authentications=1):
        self.authenticator.wait_keys(authentications)
        for namespace in (self.host, self.switch):
            macsec.wait_secured(namespace)
        if authentications == 1:
            for namespace, number in ((self.host, 1), (self.switch, 2)):
                namespace.address("macsec0", "10.0.0.%d/24" % number)
        traffic.ping(self.host, "10.0.0.2", deadline=5)

    def status(self):
        done = self.commanded.ctl("status", "macsec0")
        return done.stdout + done.stderr

    def refused(self, sentence):
        """No key, and the sentence."""
        wait_until(lambda: sentence in self.status(), 40, sentence, every=0.2, state=self.status)
        check(not macsec.secy(self.host).secured(), "nothing is secured: " + self.status())


def unharmed(probe):
    """No frame was lost either way; frames sent."""
    spans = probe.finish()
    equal([(span.lost, span.reordered) for span in spans], [(0, 0)] * 2, "frames lost and reordered, by direction")
    return sum(span.sent for span in spans)


def method(c, credentials, tls="", bits=128, more=""):
    site = Site(c, credentials, tls, bits, more=more)
    site.secured()
    words = site.status()
    check("authenticated" in words, words)
    if tls:
        check("TLSv" + tls in words, words)
    return words.splitlines()[0]


def rolls_over(c):
    """The server asks every ten seconds, as a switch does; the CAK changes under a flood."""
    site = Site(c, reauthenticate=10)
    site.secured()
    probe = c.probe(site.host, site.switch, interval=0.001)
    site.authenticator.wait_keys(21, 300)
    for namespace in (site.host, site.switch):
        macsec.wait_secured(namespace)
    return "%d frames, 20 reauthentications" % unharmed(probe)


def asked_for(c):
    """macsecctl reauth: another CAK, no frame lost. logoff: the link ends until reauth."""
    site = Site(c)
    site.secured()
    probe = c.probe(site.host, site.switch)
    equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
    site.authenticator.wait_keys(2)
    stays(lambda: macsec.secy(site.host).secured(), 8, "secured")
    unharmed(probe)
    equal(site.commanded.ctl("logoff", "macsec0").returncode, 0, "exit code")
    wait_until(lambda: not macsec.secy(site.host).secured(), 5, "the keys are gone")
    equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
    site.secured(3)


def forged(c):
    """Whoever is on the cable sends Failure, Success, Identity and Logoff a hundred times a second for a minute."""
    site = Site(c)
    site.secured()
    probe = c.probe(site.host, site.switch)
    source = bytes.fromhex(site.switch.mac("eth0").replace(":", ""))
    head = bytes.fromhex("0180c2000003") + source + bytes.fromhex("888e02")
    frames = [head + bytes.fromhex(text) for text in ("00000404070004", "00000403070004", "0000050107000501", "020000")]
    raw = c.raw(site.switch)
    for i in range(6000):
        raw.send(frames[i % len(frames)])
        if i % 100 == 99:
            stays(lambda: macsec.secy(site.host).secured(), 0.5, "secured", every=0.25)
    unharmed(probe)


def restarts(c):
    """SIGTERM and SIGKILL of macsec-eap, a hostapd that is dead: a link that MKA holds does not notice."""
    site = Site(c, reauthenticate=10)
    site.secured()
    probe = c.probe(site.host, site.switch)
    site.worker.kill()
    site.start_worker()
    site.authenticator.wait_keys(2, 60)
    site.worker.stop()
    stays(lambda: macsec.secy(site.host).secured(), 15, "secured", every=1)
    site.start_worker()
    site.authenticator.process.kill()
    stays(lambda: macsec.secy(site.host).secured(), 40, "secured", every=1)
    unharmed(probe)


def signs_slowly(c):
    """All of macsec-eap waits five seconds for a signature: neither the link whose key it is for nor the one beside it notices."""
    pipe = os.path.join(c.folder("token"), "pipe")
    key = {"cak": "00" * 16, "ckn": "6f74686572"}
    site = Site(c, beside={"other": psk_profile(**key, parent="eth1", interface="macsec1")},
                environment=("LD_PRELOAD=/lab/bin/slow_signature.so", "SLOW_SIGNATURE=" + pipe))
    other = c.namespace("other")
    c.veth(site.host, other, "eth1", "eth0")
    c.macsecd(other, {"other": psk_profile(**key)})
    site.secured()
    macsec.wait_secured(other)
    probes = [c.probe(site.host, site.switch), c.probe(site.host, other, ("macsec1", "macsec0"))]
    heard = c.raw(other, ethertype=traffic.EAPOL)
    os.mkfifo(pipe)
    equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
    end = wait_until(lambda: writer(pipe), 10, "a signature waits")
    begin, gap = time.monotonic(), 0.0
    while time.monotonic() - begin < SIGNATURE:
        before = time.monotonic()
        heard.next(lambda frame: frame[15] == MKA, HELLO + 1, "an MKPDU")
        gap = max(gap, time.monotonic() - before)
    at_most(gap, HELLO + 0.1, "seconds between two MKPDUs of the other link")
    equal(len(site.authenticator.keys), 1, "authentications while the signature is waited for")
    os.unlink(pipe)
    os.close(end)
    site.secured(2)
    return "%d frames, %.2f s between MKPDUs" % (sum(map(unharmed, probes)), gap)


def writer(pipe):
    """The writing end of a pipe that somebody reads; nothing where nobody does."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def wrong(c, credentials, sentence):
    site = Site(c, credentials)
    site.refused(sentence)


def run(t):
    t.case("EAP-TLS with TLS 1.2", method, _TLS, "1.2")
    t.case("EAP-TLS with TLS 1.3", method, _TLS, "1.3", 128, _TLS_1_3)
    t.case("EAP-TLS, a CAK of 256 bit", method, _TLS, "", 256)
    t.case("PEAP with MSCHAPv2", method, _PASSWORD % ("peap", "mschapv2"))
    t.case("TTLS with PAP", method, _PASSWORD % ("ttls", "pap"))
    t.case("TTLS with MSCHAPv2", method, _PASSWORD % ("ttls", "mschapv2"))
    t.case("reauthentication by the server", rolls_over)
    t.case("reauth and logoff", asked_for)
    t.case("forged frames", forged)
    t.case("macsec-eap and the server die", restarts)
    t.case("a signature that takes %d seconds" % SIGNATURE, signs_slowly)
    t.case("a wrong password", wrong, (_PASSWORD % ("peap", "mschapv2")).replace("wonder", "other"), "was refused")
    t.case("a server of another name", wrong, _TLS.replace("Method=tls", "ServerName=\nServerName=other.test\nMethod=tls"), "radius.test")
