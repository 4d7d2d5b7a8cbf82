# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host, a switch and a RADIUS server in three network namespaces: hostapd of Debian on the switch, FreeRADIUS behind it, the real
macsec-eap on the host. Certificates are made on the spot."""

import os
import re
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

SECRET = "a shared secret of the lab"
SERVER, SECOND, NOBODY = "10.9.0.1", "10.9.0.3", "10.9.0.77"
HERE = Path(__file__).parent


def sh(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Certificates:
    """A CA and what it signed, and such as must be refused: of another CA, for another name or use, out of date."""

    def __init__(self, folder):
        self.folder = folder
        self.authority("ca", "Lab CA")
        self.authority("other", "Other CA")
        self.leaf("server", "radius.example.org", "serverAuth")
        self.leaf("client", "host1.example.org", "clientAuth")
        self.leaf("stranger", "host2.example.org", "clientAuth", "other")
        self.leaf("impostor", "radius.example.org", "serverAuth", "other")
        self.leaf("wrongname", "mail.example.org", "serverAuth")
        self.leaf("wronguse", "radius.example.org", "clientAuth")
        self.leaf("expired", "radius.example.org", "serverAuth", expired=True)
        self.leaf("oldclient", "host1.example.org", "clientAuth", expired=True)

    def path(self, name):
        return str(self.folder / name)

    def key(self, name):
        sh("openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))

    def authority(self, name, common_name):
        self.key(name)
        sh("openssl", "req", "-new", "-x509", "-key", self.path(name + ".key"), "-subj", f"/O=Lab/CN={common_name}", "-days", "3650",
           "-out", self.path(name + ".pem"), "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
           "keyUsage=critical,keyCertSign,cRLSign")

    def leaf(self, name, common_name, use, issuer="ca", expired=False):
        self.key(name)
        extensions = f"extendedKeyUsage={use}\nsubjectAltName=DNS:{common_name}\nbasicConstraints=CA:FALSE\n"
        (self.folder / (name + ".ext")).write_text(extensions, encoding="ascii")
        sh("openssl", "req", "-new", "-key", self.path(name + ".key"), "-subj", f"/O=Lab/CN={common_name}", "-out", self.path(name + ".csr"))
        if not expired:
            sh("openssl", "x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path(issuer + ".pem"), "-CAkey",
               self.path(issuer + ".key"), "-CAcreateserial", "-days", "365", "-extfile", self.path(name + ".ext"), "-out",
               self.path(name + ".pem"))
            return
        issued = self.folder / ("issued-" + name)
        issued.mkdir()
        (issued / "index").touch()
        (issued / "serial").write_text("1000\n", encoding="ascii")
        (issued / "cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={issued}/index\nserial={issued}/serial\nnew_certs_dir={issued}\n"
                                    "default_md=sha256\npolicy=p\n[p]\norganizationName=optional\ncommonName=supplied\n", encoding="ascii")
        sh("openssl", "ca", "-batch", "-notext", "-config", str(issued / "cnf"), "-cert", self.path("ca.pem"), "-keyfile",
           self.path("ca.key"), "-in", self.path(name + ".csr"), "-extfile", self.path(name + ".ext"), "-startdate", "20200101000000Z",
           "-enddate", "20201231000000Z", "-out", self.path(name + ".pem"))


class Process:
    """A program in a namespace, and what it has written so far."""

    def __init__(self, namespace, *words):
        self.lines = []
        self.written = threading.Condition()
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, text=True, encoding="utf-8", errors="replace")
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.written:
                self.lines.append(line)
                self.written.notify_all()
        with self.written:
            self.lines.append("(ended)\n")
            self.written.notify_all()

    def text(self):
        with self.written:
            return "".join(self.lines)

    def until(self, holds, seconds=30):
        """Waits until the text is one of which `holds` is true."""
        with self.written:
            if not self.written.wait_for(lambda: holds("".join(self.lines)) or self.lines[-1:] == ["(ended)\n"], seconds) or \
                    not holds("".join(self.lines)):
                raise RuntimeError(f"{self.process.args} does not say what it should:\n{''.join(self.lines)[-2000:]}")
        return self

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.reader.join()
        self.process.stdout.close()


HOSTAPD = """interface=port1
driver=wired
logger_stdout=-1
logger_stdout_level=0
ieee8021x=1
eapol_version=2
use_pae_group_addr=1
eap_reauth_period=3600
"""
OWN_SERVER = """eap_server=1
eap_user_file={folder}/users
ca_cert={pki}/ca.pem
server_cert={pki}/server.pem
private_key={pki}/server.key
server_id=radius.example.org
tls_flags=[ENABLE-TLSv1.3]
tls_session_lifetime=600
"""
OWN_USERS = """"host1.example.org" TLS
"bob" MD5 "md5pass"
"gtc@example.org" PEAP [ver=0]
* PEAP,TTLS,TLS [ver=0]
"carol" GTC "wonder" [2]
"alice" MSCHAPV2,TTLS-MSCHAPV2,TTLS-PAP,TTLS-MSCHAP,TTLS-CHAP,GTC "wonder" [2]
"""
BEHIND = """own_ip_addr=10.9.0.2
nas_identifier=switch.example.org
auth_server_addr=10.9.0.1
auth_server_port=1812
auth_server_shared_secret={secret}
"""


class Lab:
    """host:sup0 -- port1:switch:up0 -- rad0:server"""

    def __init__(self, eap_host):
        self.eap_host = eap_host
        self.scratch = tempfile.TemporaryDirectory(prefix="eap-host-")
        self.folder = Path(self.scratch.name)
        pki = self.folder / "pki"
        pki.mkdir()
        self.pki = Certificates(pki)
        self.host, self.switch, self.server = (f"eap{os.getpid()}-{name}" for name in ("host", "switch", "radius"))
        self.running = []
        self.hosts = 0
        self.authenticator = self.radius = None

    def __enter__(self):
        for name in (self.host, self.switch, self.server):
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "link", "add", "sup0", "netns", self.host, "type", "veth", "peer", "name", "port1", "netns", self.switch)
        sh("ip", "link", "add", "up0", "netns", self.switch, "type", "veth", "peer", "name", "rad0", "netns", self.server)
        sh("ip", "-n", self.switch, "addr", "add", "10.9.0.2/24", "dev", "up0")
        for address in (SERVER, SECOND):
            sh("ip", "-n", self.server, "addr", "add", address + "/24", "dev", "rad0")
        for name, device in ((self.host, "sup0"), (self.switch, "port1"), (self.switch, "up0"), (self.server, "rad0")):
            sh("ip", "-n", name, "link", "set", device, "up")
        # FreeRADIUS binds without SO_REUSEADDR, so that connections it closed keep the port from its next start.
        sh("ip", "netns", "exec", self.server, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets")
        return self

    def __exit__(self, *_):
        self.stop()
        for name in (self.host, self.switch, self.server):
            subprocess.run(["ip", "netns", "del", name], check=False)
        self.scratch.cleanup()

    def stop(self):
        for process in reversed(self.running):
            process.stop()
        self.running.clear()
        self.authenticator = self.radius = None

    def start_own(self):
        """hostapd with its own EAP server."""
        self.stop()
        (self.folder / "users").write_text(OWN_USERS, encoding="ascii")
        self._start_hostapd(OWN_SERVER.format(folder=self.folder, pki=self.pki.folder))

    def start_radius(self, server="server", minimum="1.2", maximum="1.3", fragment=1024):
        """FreeRADIUS with the certificate `server`, and hostapd before it."""
        self.stop()
        self.radius = self.run_radius(server=server, minimum=minimum, maximum=maximum, fragment=fragment)
        self._start_hostapd(BEHIND.format(secret=SECRET))

    def run_radius(self, address=SERVER, server="server", minimum="1.2", maximum="1.3", fragment=1024, says_session=True, radsec=None,
                   radsec_tls="1.3", idle=0):
        """FreeRADIUS alone, at an address of the server's; over TLS as well, with the certificate `radsec`."""
        folder = self.folder / ("radius-" + address)
        folder.mkdir(exist_ok=True)
        text = (HERE / "radiusd.conf.in").read_text(encoding="ascii")
        over_tls = (HERE / "radsec.conf.in").read_text(encoding="ascii") if radsec else ""
        text = text.replace("@OVERTLS@", over_tls)
        for key, value in {"DIR": folder, "PKI": self.pki.folder, "SECRET": SECRET, "SERVER": server, "TLSMIN": minimum, "TLSMAX": maximum,
                           "FRAGMENT": fragment, "ADDRESS": address, "RADSEC": radsec, "RADSECTLS": radsec_tls, "IDLE": idle,
                           "SAYS_SESSION": "&reply:EAP-Session-Id" if says_session else '&User-Name == "nobody"'}.items():
            text = text.replace(f"@{key}@", str(value))
        (folder / "radiusd.conf").write_text(text, encoding="ascii")
        (folder / "users").write_text('alice Cleartext-Password := "wonder"\n', encoding="ascii")
        (folder / "dictionary").touch()
        radius = Process(self.server, "stdbuf", "-oL", "freeradius", "-fxx", "-l", "stdout", "-n", "radiusd", "-d", str(folder))
        self.running.append(radius)
        return radius.until(lambda text: "Ready to process requests" in text)

    def _start_hostapd(self, more):
        configuration = self.folder / "hostapd.conf"
        configuration.write_text(HOSTAPD + more, encoding="ascii")
        self.authenticator = Process(self.switch, "stdbuf", "-oL", "hostapd", "-dd", "-K", str(configuration))
        self.running.append(self.authenticator)
        self.authenticator.until(lambda text: "AP-ENABLED" in text)

    def authenticate(self, settings, rounds=1):
        """The host's words of each conversation, as it printed them. Each call is another host: a refused one has to wait."""
        self.hosts += 1
        done = subprocess.run(["ip", "netns", "exec", self.host, self.eap_host, "sup0", f"0200000001{self.hosts:02x}", str(rounds),
                               *(f"{key}={value}" for key, value in settings.items())], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=60)
        return done.stdout.splitlines()

    def need_key(self, msk):
        """Waits until the other end has logged this MSK."""
        if self.radius is None:
            self.authenticator.until(lambda text: msk in dumps(r"EAP-(?:TLS|PEAP|TTLS): Derived key", text))
        else:
            self.authenticator.until(lambda text: msk[:64] in dumps("MS-MPPE-Recv-Key", text) and
                                     msk[64:] in dumps("MS-MPPE-Send-Key", text))

    def need_session(self, session_id):
        """Waits until FreeRADIUS has told its authenticator this Session-Id."""
        self.radius.until(lambda text: session_id in re.findall(r"EAP-Key-Name := 0x([0-9a-f]+)", text))


def dumps(label, text):
    return [octets.replace(" ", "") for octets in re.findall(label + r"[^\n]* - hexdump\(len=\d+\): ([0-9a-f ]+)", text)]


class LabTest(unittest.TestCase):
    """With a lab for all tests of the class."""

    maxDiff = None
    program = None  # the host's

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(cls.program)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
