# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd as an access switch: hosts at its ports, RADIUS servers behind it, and whoever alters what passes between them."""

import contextlib
import hashlib
import os
import socket
import threading
import time

from . import macsec, radius, traffic
from .check import equal, wait_until
from .commanded import Commanded

OWN = "10.9.0.2"
CLIENTS = "10.9.0.0/24"
SERVERS = ("10.9.0.1", "10.9.0.3")
MIDDLE = "10.9.0.9"
USERS = {"alice": "wonder"}
MESSAGE_AUTHENTICATOR = 80

_EAP_FOLDER = "/run/macsecd"
_HOST = """[Link]
Parent=eth0

[8021X]
CaCertificate=%(ca.pem)s
ServerName=radius.test
Method=tls
Identity=host1
ClientCertificate=%(client.pem)s
PrivateKey=%(client.key)s
"""


def server_section(address=SERVERS[0], secret=radius.SECRET, **settings):
    """A [RadiusServer]."""
    lines = {"Address": address, "Secret": secret, **settings}
    return "[RadiusServer]\n" + "".join("%s=%s\n" % line for line in lines.items())


def tls_section(files, address=SERVERS[0], **settings):
    """A [RadiusServer] that is asked over TLS, where this host shows the certificate `client`."""
    lines = {"Address": address, "Transport": "tls", "CaCertificate": files["ca.pem"], "ServerName": radius.SERVER_NAME,
             "ClientCertificate": files["client.pem"], "PrivateKey": files["client.key"], **settings}
    return "[RadiusServer]\n" + "".join("%s=%s\n" % line for line in lines.items())


class Access:
    """`switch`, whose eth0 is an access port of `host`, and `server`, with an address for each RADIUS server.

    `servers`: text of the [RadiusServer] sections, or what makes it of the certificates. `worker`: it needs macsec-eap. Further arguments are settings of [8021X]. Nothing at the other end runs yet.
    """

    def __init__(self, c, servers=None, plug=True, worker=False, **settings):
        self.c = c
        # One macsec-eap serves one macsecd: where the port needs it, too, it has another in its own view of the files.
        self._worker_folder = folder = "/run/eap-of-switch" if worker else None
        self._worker = eap_worker(c, folder) if worker else None
        self.plugged = plug
        self.topology(c)
        self.authority = radius.authority(c)
        self.files = self.authority.files
        text = servers(self.files) if callable(servers) else servers
        self.commanded = Commanded(c, self.switch, {"port": self.profile(text, **settings)}, wrap=seeing(folder) if folder else (),
                                   sysfs=True)
        self.radius = []

    def topology(self, c):
        self.host, self.switch, self.server = c.namespaces("host", "switch", "server")
        self.cable = c.veth(self.host, self.switch, up=self.plugged)
        self.uplink(c)

    def uplink(self, c):
        """The cable to the RADIUS servers."""
        c.veth(self.switch, self.server, "up0", "eth0")
        self.switch.address("up0", OWN + "/24")
        for address in (*SERVERS, MIDDLE):
            self.server.address("eth0", address + "/24")

    @staticmethod
    def profile(servers=None, parent="eth0", link="", **settings):
        lines = "".join("%s=%s\n" % line for line in {"Role": "authenticator", **settings}.items())
        return "[Link]\nParent=%s\n%s\n[8021X]\n%s\n%s" % (parent, link, lines, servers or server_section())

    def serve(self, address=SERVERS[0], **options):
        """A RADIUS server; see radius.Radius."""
        found = radius.Radius(self.c, self.server, address, CLIENTS, self.files, USERS, **options)
        self.radius.append(found)
        return found

    def restart_worker(self):
        """SIGKILL of the port's macsec-eap, and another one."""
        self._worker.kill()
        self._worker = eap_worker(self.c, self._worker_folder)

    def plug(self):
        """Carrier on both ends; when."""
        self.host.up("eth0")
        return self.switch.raise_now("eth0")

    def join(self, begin=0.0):
        """Wait until both ends are secured, give them addresses and have them talk; seconds since `begin`."""
        for namespace in (self.host, self.switch):
            macsec.wait_secured(namespace, deadline=30)
        took = time.monotonic() - begin
        for namespace, number in ((self.host, 1), (self.switch, 2)):
            namespace.address("macsec0", "10.0.0.%d/24" % number)
        traffic.ping(self.host, "10.0.0.2", deadline=5)
        return took

    def shown(self, field, device="macsec0", interface="Authenticator"):
        """A property of the port's 802.1X side, or of its session with interface="Session"; None while there is no port."""
        return self.commanded.shown(interface, field, device)

    def wait_shown(self, field, wanted, deadline=30, device="macsec0"):
        """Wait until a property is that; a function is asked."""
        right = wanted if callable(wanted) else lambda value: value == wanted
        return wait_until(lambda: right(self.shown(field, device)), deadline, "%s of %s" % (field, device), every=0.1,
                          state=lambda: self.commanded.ctl("status").stdout)

    def wait_all(self, devices, deadline):
        """Wait until all are secured; when the last one was, by the monotonic clock."""
        wait_until(lambda: sum(secy.secured() for secy in macsec.secys(self.switch).values()) == len(devices), deadline,
                   "%d ports are secured" % len(devices), every=1, state=lambda: self.commanded.ctl("clients").stdout)
        last = max(self.shown("Since", device, "Session") for device in devices) / 1e6
        return last - time.clock_gettime(time.CLOCK_BOOTTIME) + time.monotonic()

    def counters(self, device="macsec0"):
        return self.shown("Counters", device) or {}

    def server_counters(self, number=0, device="macsec0"):
        """Of a RADIUS server, by its place in the profile."""
        return self.shown("Servers", device)[number]["Counters"]["data"]


_MANY_HOSTS = """[Link]
Parent=h*
Interface=macsec*

[8021X]
CaCertificate=%(ca.pem)s
ServerName=radius.test
"""
METHODS = {"TLS": "Method=tls\nIdentity=host1\nClientCertificate=%(client.pem)s\nPrivateKey=%(client.key)s\n",
           "PEAP": "Method=peap\nIdentity=alice\nInnerMethod=mschapv2\nPassword=" + USERS["alice"] + "\n"}


class ManyPorts(Access):
    """swp1, swp2 ... of a switch, at each of which is an interface h1, h2 ... of one host: one macsecd for all of them."""

    def __init__(self, c, count, method):
        self.numbers = range(1, count + 1)
        super().__init__(c, parent="swp*", link="Interface=macsec*", plug=False)
        self.serve(quiet=True, resume=True)
        self.worker = eap_worker(c)
        self.supplicants = Commanded(c, self.host, {"office": (_MANY_HOSTS + METHODS[method]) % self.files}, sysfs=True)

    def topology(self, c):
        self.host, self.switch, self.server = c.namespaces("host", "switch", "server")
        self.uplink(c)
        for number in self.numbers:
            c.veth(self.host, self.switch, "h%d" % number, "swp%d" % number, up=False)

    def plug(self):
        """Carrier on all ports together; seconds until the last one is secured."""
        for number in self.numbers:
            self.host.raise_now("h%d" % number)
        begin = min([self.switch.raise_now("swp%d" % number) for number in self.numbers])
        return self.wait_all(["macsec%d" % number for number in self.numbers], 120) - begin

    def processes(self):
        """{name: process} whose time is told."""
        return {"access port": self.commanded.daemon.process, "supplicants": self.supplicants.daemon.process,
                "macsec-eap": self.worker, "FreeRADIUS": self.radius[0].process}

    def authentications(self, number):
        return self.counters("macsec%d" % number)["Authentications"]


def unharmed(probe):
    """No frame was lost either way; frames sent."""
    spans = probe.finish()
    equal([(span.lost, span.reordered) for span in spans], [(0, 0)] * 2, "frames lost and reordered, by direction")
    return sum(span.sent for span in spans)


def eap_worker(c, folder=None):
    """macsec-eap for a macsecd of this machine, or for one that is `seeing` this folder."""
    path = os.path.join(folder or _EAP_FOLDER, "eap")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    return c.start(["systemd-socket-activate", "--seqpacket", "-l", path, "/lab/bin/macsec-eap"], None, "macsec-eap")


def seeing(folder):
    """What runs a program that finds this folder where macsec-eap's socket is. Needs unshare in the guest."""
    os.makedirs(_EAP_FOLDER, exist_ok=True)
    return ["unshare", "-m", "sh", "-ec", 'mount --bind "$0" %s; exec "$@"' % _EAP_FOLDER, folder]


class OwnHost:
    """Our own supplicant at the port, with EAP-TLS. `more`: lines of its [8021X]."""

    def __init__(self, c, site, more=""):
        eap_worker(c)
        self.commanded = Commanded(c, site.host, {"office": _HOST % site.files + more})


def stock_settings(method, files, tls, password="wonder"):
    """wpa_supplicant's own words for a method."""
    quoted = {"ca_cert": files["ca.pem"], "domain_match": radius.SERVER_NAME}
    if method == "TLS":
        quoted |= {"identity": "host1", "client_cert": files["client.pem"], "private_key": files["client.key"]}
    else:
        quoted |= {"identity": "alice", "password": password, "anonymous_identity": "anonymous"}
        quoted["phase2"] = "auth=MSCHAPV2" if method == "PEAP" else "auth=PAP"
    quoted["phase1"] = "tls_disable_tlsv1_3=%d" % (tls != "1.3")
    return {"eap": method, **{name: '"%s"' % value for name, value in quoted.items()}}


class Middle:
    """Stands between the port and a RADIUS server, at MIDDLE: `forge(answer, request)` gives what the port hears before the right answer.

    `sent`: how many of those; `withhold`: the right one is kept back.
    """

    def __init__(self, c, namespace, forge, server=SERVERS[0], withhold=False):
        self.sent = 0
        self._forge, self._server, self._withhold = forge, server, withhold
        self._port = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._port.bind((MIDDLE, 1812))
        self._far = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far.bind((MIDDLE, 0))
        self._far.settimeout(5)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._port.settimeout(0.2)
        c.callback(self._end)
        self._thread.start()

    def _end(self):
        self._stop.set()
        self._thread.join(10)
        self._port.close()
        self._far.close()

    def _pass_on(self):
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                request, client = self._port.recvfrom(4096)
                self._far.sendto(request, (self._server, 1812))
                answer = self._far.recv(4096)
                forged = self._forge(answer, request)
                if forged is not None:
                    self._port.sendto(forged, client)
                    self.sent += 1
                if not self._withhold:
                    self._port.sendto(answer, client)


def attributes(packet):
    """[(type, value)] of a RADIUS packet."""
    found, at = [], 20
    while at + 2 <= len(packet):
        found.append((packet[at], packet[at + 2:at + packet[at + 1]]))
        at += packet[at + 1]
    return found


def packet_of(code, identifier, authenticator, found):
    body = b"".join(bytes([kind, len(value) + 2]) + value for kind, value in found)
    return bytes([code, identifier]) + (20 + len(body)).to_bytes(2, "big") + authenticator + body


def signed(packet, request, secret):
    """The answer with the Response Authenticator that who knows the secret gives it."""
    head = packet[:4] + request[4:20] + packet[20:]
    return packet[:4] + hashlib.md5(head + secret.encode()).digest() + packet[20:]


def altered(answer, _request):
    """One octet of one attribute is another, as by whoever sits on the path."""
    found = attributes(answer)
    index = next(i for i, (kind, _) in enumerate(found) if kind != MESSAGE_AUTHENTICATOR)
    kind, value = found[index]
    found[index] = (kind, bytes([value[0] ^ 1]) + value[1:])
    return packet_of(answer[0], answer[1], answer[4:20], found)


def accepted(answer, _request):
    """A question that says it is an acceptance."""
    return bytes([2]) + answer[1:] if answer[0] != 2 else None


def bare(answer, request):
    """Without Message-Authenticator, and right in all else."""
    found = [each for each in attributes(answer) if each[0] != MESSAGE_AUTHENTICATOR]
    return signed(packet_of(answer[0], answer[1], answer[4:20], found), request, radius.SECRET)


__all__ = ["Access", "METHODS", "MIDDLE", "ManyPorts", "Middle", "OWN", "OwnHost", "SERVERS", "accepted", "altered", "bare", "eap_worker",
           "server_section", "stock_settings", "tls_section", "unharmed"]
