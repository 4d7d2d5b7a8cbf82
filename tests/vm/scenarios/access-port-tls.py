# SPDX-License-Identifier: LGPL-2.1-or-later
"""An access port that asks FreeRADIUS over TLS: our host is secured, servers that must be refused are, one that begins again loses no frame"""

import signal

from lab import macsec, radius
from lab.access_port import Access, OwnHost, tls_section, unharmed
from lab.check import equal, stays, wait_until

programs = ["/usr/bin/unshare", "/usr/bin/systemd-socket-activate"]
freeradius = True
timeout = 900
turn = 0

FRAME = 0.001  # seconds between two frames each way


def served(site, tls="1.2"):
    """FreeRADIUS with the certificate that the port is to trust."""
    return site.serve(tls=tls, radsec=(site.files["server.pem"], site.files["server.key"]))


def secured(c, tls):
    """Our host is secured and talks; nothing went by UDP."""
    site = Access(c, servers=tls_section, worker=True, plug=False)
    served(site, tls)
    OwnHost(c, site)
    took = site.join(site.plug())
    equal(site.shown("State"), "authenticated", "state of the port")
    server, = site.shown("Servers")
    equal([server[field]["data"] for field in ("State", "Transport", "TlsVersion")], ["alive", "tls", "TLSv" + tls], "the server")
    return "secured %.2f s after carrier" % took


def reauthenticated(site, count):
    wait_until(lambda: site.counters()["Reauthentications"] == count, 90, "%d reauthentications" % count, every=0.2, state=site.counters)
    for namespace in (site.host, site.switch):
        macsec.wait_secured(namespace)


def begins_again(c):
    """The server dies when it has been asked and has not answered: it is asked again once it is back, while a thousand frames a second pass."""
    site = Access(c, servers=tls_section, worker=True)
    server = served(site)
    OwnHost(c, site)
    site.join()
    probe = c.probe(site.host, site.switch, interval=FRAME)
    for count in (1, 2):
        before = site.server_counters()["AccessRequests"]
        server.process.signal(signal.SIGSTOP)
        equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
        wait_until(lambda: site.server_counters()["AccessRequests"] > before, 20, "the server is asked", state=site.server_counters)
        server.process.kill()
        server.start()
        reauthenticated(site, count)
    equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
    reauthenticated(site, 3)
    equal(site.shown("Reason"), "none", "reason")
    return "%d frames" % unharmed(probe)


def worker_dies(c):
    """macsec-eap, which has the TLS of the port, dies while the server is asked: another connection is made, the link stays."""
    site = Access(c, servers=tls_section, worker=True)
    server = served(site)
    OwnHost(c, site)
    site.join()
    probe = c.probe(site.host, site.switch, interval=FRAME)
    before = site.server_counters()["AccessRequests"]
    server.process.signal(signal.SIGSTOP)
    equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
    wait_until(lambda: site.server_counters()["AccessRequests"] > before, 20, "the server is asked", state=site.server_counters)
    site.restart_worker()
    server.process.signal(signal.SIGCONT)
    reauthenticated(site, 1)
    return "%d frames" % unharmed(probe)


def refused(c, certificate, words):
    """A server with another certificate: the port says what is wrong with it, and nothing is ever secured."""
    site = Access(c, servers=tls_section, worker=True)
    other = radius.Authority(c.folder("others"), "Other CA", "other")
    other.sign("impostor", radius.SERVER_NAME, "serverAuth")
    lab = site.authority
    lab.sign("wrongname", "mail.test", "serverAuth")
    lab.sign("expired", radius.SERVER_NAME, "serverAuth", days=-1)
    made = {**lab.files, **other.files}
    site.serve(radsec=(made[certificate + ".pem"], made[certificate + ".key"]))
    OwnHost(c, site)
    site.wait_shown("Reason", "no-radius-server", 60)
    site.wait_shown("ReasonText", lambda text: words in (text or ""), 10)
    stays(lambda: not macsec.secy(site.switch).tx_sas, 5, "nothing is secured", every=0.5)
    equal(site.counters().get("Authentications", 0), 0, "authentications")
    return site.shown("ReasonText")


def run(t):
    t.case("TLS 1.2", secured, "1.2")
    t.case("TLS 1.3", secured, "1.3")
    t.case("the server begins again in the middle of a reauthentication", begins_again)
    t.case("macsec-eap dies in the middle of a reauthentication", worker_dies)
    t.case("a server of another authority", refused, "impostor", "Other CA")
    t.case("a server of another name", refused, "wrongname", "mail.test")
    t.case("a server whose certificate has expired", refused, "expired", "expired")
