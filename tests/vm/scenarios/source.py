# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys of key servers under a flood: rotations, servers that fail in every way, processes that die, forged names, and the first key"""

import json
import pathlib
import secrets
import time

from lab import macsec, mock_kme, traffic
from lab.check import at_most, check, stays, wait_until
from lab.commanded import Commanded

timeout = 900
turn = 2
programs = ["/usr/bin/openssl"]

EVERY = 10  # seconds, the shortest that is accepted
CKN_AT = 50  # in a frame with an MKPDU
PSK = "ab" * 32


class End(Commanded):
    """A host with macsecd and macsec-keys, whose key server answers on its loopback."""

    def __init__(self, c, namespace, other, serve, kind, identity):
        text = ("[Link]\nParent=eth0\nInterface=macsec0\n[KeySource]\nSource=kme\nRemoteId=SAE-%s\nEvery=%d\n" % (other.name, EVERY))
        super().__init__(c, namespace, {"link": text})
        self.c = c
        self.sources = pathlib.Path(c.folder("sources-" + namespace.name))
        with namespace.inside():  # threads and sockets stay in it
            self.server = serve()
        (self.sources / "kme.source").write_text("[Source]\nType=%s\nUrl=https://127.0.0.1:%d\nLocalId=SAE-%s\n%s" % (
            kind, self.server.port, namespace.name, identity))
        self.keys_process = None

    @property
    def protocol(self):
        return self.server.protocol

    def start_keys(self):
        self.keys_process = self.c.start(["/lab/bin/macsec-keys", "--source-dir", str(self.sources)], self.namespace,
                                         "macsec-keys-" + self.namespace.name, env={"DBUS_SYSTEM_BUS_ADDRESS": self.bus})

    def keys(self):
        """{CKN: entry of the property Keys} of those that are not retired."""
        listed = json.loads(self.ctl("key", "list", "link", "--json=short").stdout)[0]["Keys"]
        return {each["Ckn"]: each for each in listed if each["State"] != "retired"}

    def principal(self):
        return next((ckn for ckn, key in self.keys().items() if key["Principal"]), None)

    def restart_daemon(self):
        self.daemon.kill()
        self.daemon.start()
        wait_until(lambda: self.ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)


def certified(c, kind, store):
    """What makes a server with certificates, and what a source says of it."""
    pki = pathlib.Path(c.folder("pki"))
    mock_kme.make_certificates(pki)
    identity = "CaCertificate=%s/ca.pem\nClientCertificate=%s/client.pem\nPrivateKey=%s/client.key\n" % (pki, pki, pki)

    def serve():
        context = mock_kme.context_of(pki / "server.pem", pki / "server.key", pki / "ca.pem")
        server = mock_kme.Server(mock_kme.Protocol(store, kind), context)
        c.callback(server.server_close)
        c.callback(server.shutdown)
        return server
    return serve, identity


def shared(c, store):
    """The same with a shared key, by TLS 1.3."""
    folder = pathlib.Path(c.folder("psk"))
    c.write(str(folder / "psk"), PSK + "\n", 0o600)

    def serve():
        server = mock_kme.PskServer(mock_kme.Protocol(store, "skip"), "link-1", PSK, folder)
        c.callback(server.close)
        return server
    return serve, "PskIdentity=link-1\nPskFile=%s/psk\n" % folder


def site(c, kind="etsi014", psk=False, third=False):
    namespaces = c.namespaces(*(["a", "b", "forger"] if third else ["a", "b"]))
    if third:
        c.switch("sw", *namespaces)
    else:
        c.veth(*namespaces)
    store = mock_kme.Store()
    serve, identity = shared(c, store) if psk else certified(c, kind, store)
    ends = [End(c, namespaces[i], namespaces[1 - i], serve, kind, identity) for i in range(2)]
    for end in ends:
        end.start_keys()
    return ends, namespaces


def flooded(c, ends):
    """The ends with a first key, and a flood."""
    for end in ends:
        macsec.wait_secured(end.namespace, deadline=40)
    probe = c.probe(ends[0].namespace, ends[1].namespace, interval=0.001)
    probe.wait_both_ways(5)
    return probe


def unharmed(probe):
    spans = probe.finish()
    for span in spans:
        at_most(max(span.lost, span.reordered, span.duplicated), 0, str(span))
    return "%d frames" % sum(span.received for span in spans)


def next_key(ends, within=3 * EVERY):
    """Waits until both ends use a key that they did not use before."""
    before = {end.principal() for end in ends}
    wait_until(lambda: len({end.principal() for end in ends} - {None}) == 1 and ends[0].principal() not in before, within, "both ends use a new key",
               every=0.5, state=lambda: [end.ctl("key", "list").stdout for end in ends])


def first(c):
    """A link without any key is secured within a second of what the second server answers."""
    ends, _ = site(c)
    for end in ends:
        macsec.wait_secured(end.namespace, deadline=40)
    took = time.monotonic() - max(end.protocol.answered.get("known", 0) for end in ends)
    at_most(took, 1, "seconds from the answer of the second server until secured")
    return "%.0f ms" % (took * 1000)


def rotations(c, kind, psk, count):
    ends, _ = site(c, kind, psk)
    probe = flooded(c, ends)
    for _ in range(count):
        next_key(ends)
    for end in ends:
        check(len(end.keys()) <= 3, "keys are retired: %s" % sorted(end.keys()))
    return unharmed(probe)


def failures(c):
    """Servers that fail in every way cost a rotation, never a frame."""
    ends, _ = site(c)
    probe = flooded(c, ends)
    one, two = (end.protocol for end in ends)
    for protocol, trouble, value in ((one, "down", True), (one, "status", 503), (one, "cut", 60), (one, "delay", 30), (two, "status", 503),
                                     (one, "replayed", None), (two, "wrong_key", True)):
        kept = getattr(protocol, trouble)
        asked = len(protocol.asked)
        if trouble == "replayed":
            old = ends[0].principal()
            value = "-".join((old[:8], old[8:12], old[12:16], old[16:20], old[20:]))
        setattr(protocol, trouble, value)
        if trouble == "down":
            wait_until(lambda: "down" in ends[0].ctl("status").stdout, 2 * EVERY, "the server is seen to be down", every=0.5)
        else:
            wait_until(lambda: len(protocol.asked) > asked, 3 * EVERY, "a question during: " + trouble, every=0.2)  # noqa: B023
        setattr(protocol, trouble, kept)
        check(macsec.secy(ends[0].namespace).secured(), "secured during: " + trouble)
    next_key(ends, within=60)
    return unharmed(probe)


def killed(c):
    """Whatever process dies, the link does not notice, and the next rotation comes."""
    ends, _ = site(c)
    probe = flooded(c, ends)
    for end in ends:
        end.keys_process.kill()
        end.start_keys()
    next_key(ends, within=60)
    ends[0].keys_process.kill()
    stays(lambda: macsec.secy(ends[0].namespace).secured(), 5, "secured without the plugin")
    ends[0].start_keys()
    next_key(ends, within=60)
    return unharmed(probe)


def daemons_killed(c):
    """A daemon outside of a service manager loses the keys in memory when it is killed: the plugin brings them again."""
    ends, _ = site(c)
    for end in ends:
        macsec.wait_secured(end.namespace, deadline=40)
    old = ends[0].principal()
    for end in ends:
        end.restart_daemon()
        wait_until(lambda: old in end.keys(), 10, "the key is brought again", every=0.2)  # noqa: B023
        macsec.wait_secured(end.namespace, deadline=20)
    next_key(ends, within=60)


def forged(c):
    """Names that a third host makes up cost two questions a second, and no frame."""
    ends, namespaces = site(c, third=True)
    sniffer = c.sniff(ends[0].namespace)
    probe = flooded(c, ends)
    real = wait_until(lambda: next((frame for frame in sniffer.frames(traffic.EAPOL) if len(frame) >= CKN_AT + 32), None), 10, "an MKPDU")
    raw = c.raw(namespaces[2])
    asked = ends[1].protocol.asked.count("known")
    began = time.monotonic()
    for _ in range(5000):
        raw.send(real[:6] + b"\x02\0\0\0\0\x77" + real[12:22] + b"\x02\0\0\0\0\x77\0\x01" + real[30:CKN_AT] + secrets.token_bytes(16) +
                 real[CKN_AT + 16:])
        raw.receive(0.001)  # a thousand a second
    took = time.monotonic() - began
    asked = ends[1].protocol.asked.count("known") - asked
    at_most(asked, 8 + 2 * took + 2, "questions")
    check(asked > 0, "names were asked for")
    next_key(ends, within=60)
    return "%d questions in %.1f s, %s" % (asked, took, unharmed(probe))


def run(t):
    t.case("the first key", first)
    t.case("rotations by ETSI GS QKD 014 with certificates", rotations, "etsi014", False, 2)
    t.case("rotations by SKIP with a shared key", rotations, "skip", True, 1)
    t.case("servers that fail", failures)
    t.case("plugins killed", killed)
    t.case("daemons killed", daemons_killed)
    t.case("forged names", forged)
