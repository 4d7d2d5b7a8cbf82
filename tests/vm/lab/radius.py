# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates, and Debian's FreeRADIUS as the authentication server behind an authenticator."""

import os

from .check import wait_until
from .process import command

SERVER_NAME = "radius.test"
SECRET = "between hostapd and freeradius"

_CONFIG = """prefix = /usr
libdir = /usr/lib/freeradius
confdir = %(folder)s
raddbdir = %(folder)s
logdir = %(folder)s
db_dir = %(folder)s
run_dir = %(folder)s
security {
    reject_delay = 0
    status_server = yes
    allow_vulnerable_openssl = yes
}
client authenticator {
    ipaddr = %(client)s
    secret = "%(secret)s"
    require_message_authenticator = yes
}
modules {
    always ok {
        rcode = ok
    }
    files {
        usersfile = %(folder)s/users
    }
    pap {
    }
    mschap {
    }
    eap {
        default_eap_type = peap
        tls-config common {
            private_key_file = %(server.key)s
            certificate_file = %(server.pem)s
            ca_file = %(ca.pem)s
            tls_min_version = "1.2"
            tls_max_version = "%(tls)s"
%(cache)s
        }
        tls {
            tls = common
        }
        mschapv2 {
        }
        peap {
            tls = common
            default_eap_type = mschapv2
            virtual_server = inner
        }
        ttls {
            tls = common
            default_eap_type = mschapv2
            virtual_server = inner
        }
    }
}
server outer {
    listen {
        type = auth
        ipaddr = %(address)s
        port = 1812
    }
    listen {
        type = acct
        ipaddr = %(address)s
        port = 1813
    }
    authorize {
        %(remember)s
        eap
    }
    authenticate {
        eap
    }
    post-auth {
        %(reply)s
    }
    accounting {
        ok
    }
}
%(radsec)s
server inner {
    authorize {
        files
        mschap
        eap
        pap
    }
    authenticate {
        Auth-Type PAP {
            pap
        }
        Auth-Type MS-CHAP {
            mschap
        }
        eap
    }
}
"""

_CACHE = """            cache {
                enable = yes
                lifetime = 1
                name = "lab"
                max_entries = 255
                persist_dir = %s
            }"""
# It forgets a session for which it has nothing to remember.
_REMEMBER = """update reply {
            &Cached-Session-Policy := "lab"
        }"""


# TLS needs threads.
_RADSEC = """thread pool {
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
    max_requests_per_server = 0
}
clients radsec {
    client switch {
        ipaddr = %(client)s
        proto = tls
        secret = radsec
    }
}
listen {
    type = auth+acct
    ipaddr = %(address)s
    port = 2083
    proto = tcp
    virtual_server = outer
    clients = radsec
    limit {
        max_connections = 16
        lifetime = 0
        idle_timeout = 0
    }
    tls {
        private_key_file = %(key)s
        certificate_file = %(certificate)s
        ca_file = %(ca.pem)s
        require_client_cert = yes
        cipher_list = "DEFAULT"
        ecdh_curve = ""
        tls_min_version = "1.2"
        tls_max_version = "%(tls)s"
    }
}
"""


class Authority:
    """A CA in a folder, and what it signs. `files`: paths of what there is, by their names."""

    def __init__(self, folder, subject="CA of the lab", name="ca"):
        self._folder, self._name = folder, name
        self.files = {}
        self._request(name, subject, "-x509", "-days", "30", "-out", self._new(name + ".pem"))

    def _new(self, file):
        self.files[file] = os.path.join(self._folder, file)
        return self.files[file]

    def _request(self, name, subject, *more):
        command(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch", "-subj", "/CN=" + subject,
                 "-keyout", self._new(name + ".key"), *more])

    def sign(self, name, subject, usage, days=30):
        """NAME.pem and NAME.key. With days below 0 it was good for none."""
        request, extensions = os.path.join(self._folder, name + ".csr"), os.path.join(self._folder, name + ".ext")
        self._request(name, subject, "-out", request)
        with open(extensions, "w", encoding="ascii") as out:
            out.write("extendedKeyUsage=%s\nsubjectAltName=DNS:%s\n" % (usage, subject))
        command(["openssl", "x509", "-req", "-in", request, "-CA", self.files[self._name + ".pem"], "-CAkey",
                 self.files[self._name + ".key"], "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out",
                 self._new(name + ".pem")])


def authority(c):
    """The CA of the lab, which signed `server` and `client`."""
    lab = Authority(c.folder("certificates"))
    lab.sign("server", SERVER_NAME, "serverAuth")
    lab.sign("client", "alice", "clientAuth")
    return lab


def certificates(c):
    """{"ca.pem", "server.pem", "server.key", "client.pem", "client.key"}: paths of a CA and what it signed."""
    return authority(c).files


class Radius:
    """FreeRADIUS in a namespace, for the authenticator at address (or in the network) `client`: EAP-TLS, and PEAP and TTLS for `users`.

    `quiet`: it logs little, where its own time counts. `resume`: it remembers sessions of TLS. `key_name`: it gives the session's identifier (EAP-Key-Name), without which there is no key for MACsec. `reply`: more of its accepts,
    {attribute: value}. `tls`: the highest version. `radsec`: (certificate, key) by which it listens
    for RADIUS over TLS, too; its clients are known by any certificate of the CA.
    """

    def __init__(self, c, namespace, address, client, files, users, secret=SECRET, key_name=True, reply=None, tls="1.2", quiet=False,
                 resume=False, radsec=None):
        self.address = address
        self.secret = secret
        self._c, self._namespace = c, namespace
        self._words = ("-f" if radsec else "-sf") + ("" if quiet else "x")
        self._listens = ("-Hltn", address + ":2083") if radsec else ("-Hlun", address + ":1812")
        self._folder = c.folder("radius-" + address)
        lines = {**({"EAP-Key-Name": "&reply:EAP-Session-Id"} if key_name else {}), **(reply or {})}
        reply = "update reply {\n%s\n        }" % "\n".join("            &%s := %s" % line for line in lines.items()) if lines else "ok"
        values = {"folder": self._folder, "address": address, "client": client, "secret": secret, "tls": tls,
                  "reply": reply, "cache": _CACHE % self._folder if resume else "",
                  "remember": _REMEMBER if resume else "", "radsec": "", **files}
        if radsec:
            # FreeRADIUS binds without SO_REUSEADDR: connections it closed would keep the port from its next start.
            namespace.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets")
            values["radsec"] = _RADSEC % {**values, "certificate": radsec[0], "key": radsec[1]}
        for name, text in (("radiusd.conf", _CONFIG % values), ("dictionary", ""),
                           ("users", "".join('%s Cleartext-Password := "%s"\n' % item for item in users.items()))):
            with open(os.path.join(self._folder, name), "w", encoding="ascii") as out:
                out.write(text)
        self.process = None
        self.start()

    def start(self):
        """Start it (again)."""
        self.process = self._c.start(["freeradius", self._words, "-n", "radiusd", "-d", self._folder, "-l", "stdout"], self._namespace,
                                     "freeradius-" + self.address)
        # Its socket is the only sign of its being ready.
        words, endpoint = self._listens
        wait_until(lambda: endpoint in self._namespace.run("ss", words), 30, "FreeRADIUS listens", every=0.2, state=self.process.output)

    def authenticator(self, own):
        """hostapd's settings for this server, from its address `own`."""
        return "own_ip_addr=%s\nauth_server_addr=%s\nauth_server_port=1812\nauth_server_shared_secret=%s\n" % (own, self.address, self.secret)
