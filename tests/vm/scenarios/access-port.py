# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd as the access port, behind it FreeRADIUS: stock hosts and ours, reauthentication, servers that die, forgers, an operator"""

from lab import macsec
from lab.access_port import MIDDLE, SERVERS, Access, Middle, OwnHost, accepted, altered, bare, server_section, stock_settings, unharmed
from lab.check import at_least, check, equal, stays, wait_until

programs = ["/usr/bin/systemd-socket-activate"]
freeradius = True
timeout = 1200
turn = 3


def stock(c, method, tls):
    """Debian's wpa_supplicant at the port. The port is key server, however good the other's priority."""
    site = Access(c, plug=False)
    site.serve(tls=tls)
    c.wpa(site.host, mka_priority=1, **stock_settings(method, site.files, tls))
    took = site.join(site.plug())
    equal(site.shown("IsKeyServer", interface="Session"), True, "the port is key server")
    equal(site.shown("State"), "authenticated", "state of the port")
    equal(site.shown("Identity"), "host1" if method == "TLS" else "anonymous", "identity the host told in clear")
    return "secured %.2f s after carrier" % took


def reauthenticates(c, settings, reply, interval):
    """Seven authentications in a row, by the profile or by the server, under traffic."""
    site = Access(c, **settings)
    site.serve(reply=reply)
    OwnHost(c, site)
    site.join()
    probe = c.probe(site.host, site.switch, interval=interval)
    wait_until(lambda: site.counters().get("Reauthentications", 0) >= 6, 120, "six reauthentications", every=0.5, state=site.counters)
    for namespace in (site.host, site.switch):
        macsec.wait_secured(namespace)
    return "%d frames, %d reauthentications" % (unharmed(probe), site.counters()["Reauthentications"])


def servers_die(c):
    """The first server is killed in the middle of a session: the second decides; with both dead the session goes on."""
    site = Access(c, servers=server_section(TimeoutSec=4, RetrySec=1) + server_section(SERVERS[1], TimeoutSec=4, RetrySec=1))
    first, second = site.serve(), site.serve(SERVERS[1])
    OwnHost(c, site)
    site.join()
    equal(site.shown("Server"), SERVERS[0], "server that decided")
    probe = c.probe(site.host, site.switch, interval=0.01)
    first.process.kill()
    equal(site.commanded.ctl("reauth", "macsec0").returncode, 0, "exit code")
    site.wait_shown("Server", SERVERS[1], 60)
    wait_until(lambda: site.counters()["Reauthentications"] == 1, 30, "a reauthentication", every=0.2, state=site.counters)
    second.process.kill()
    site.commanded.ctl("reauth", "macsec0")
    site.wait_shown("Reason", "no-radius-server", 60)
    stays(lambda: macsec.secy(site.switch).secured(), 10, "secured", every=1)
    first.start()
    wait_until(lambda: site.counters()["Reauthentications"] == 2, 120, "a reauthentication once a server is back", every=0.5, state=site.counters)
    site.wait_shown("Reason", "none", 30)
    return "%d frames" % unharmed(probe)


def refused(c, options, servers, reason, words, password=None):
    """The port says what is wrong, and nothing is ever secured."""
    site = Access(c, servers=servers)
    site.serve(**options)
    c.wpa(site.host, **(stock_settings("PEAP", site.files, "1.2", password) if password else stock_settings("TLS", site.files, "1.2")))
    wait_until(lambda: words in (site.shown("LastFailureText") or "") + (site.shown("ReasonText") or ""), 60, words, every=0.5,
               state=lambda: (site.shown("Reason"), site.shown("ReasonText"), site.shown("LastFailureText"), site.shown("Servers")))
    equal(site.shown("Reason"), reason, "reason")
    stays(lambda: not macsec.secy(site.switch).tx_sas, 3, "nothing is secured", every=0.5)
    return site.shown("ReasonText")


def forged(c, forge, counter):
    """Each answer of the server comes forged first. The forged ones are counted and change nothing: the port waits for the right one."""
    site = Access(c, servers=server_section(MIDDLE))
    site.serve()
    middle = Middle(c, site.server, forge)
    c.wpa(site.host, **stock_settings("TLS", site.files, "1.2"))
    site.join()
    at_least(middle.sent, 4, "forged answers")
    equal(site.server_counters()[counter], middle.sent, counter)
    return "%d forged answers" % middle.sent


def only_forged(c, forge, words):
    """With nothing but such answers nothing is secured, and the port says what is wrong with them."""
    site = Access(c, servers=server_section(MIDDLE, TimeoutSec=5))
    site.serve()
    middle = Middle(c, site.server, forge, withhold=True)
    c.wpa(site.host, **stock_settings("TLS", site.files, "1.2"))
    site.wait_shown("Reason", "no-radius-server", 60)
    stays(lambda: not macsec.secy(site.switch).tx_sas, 3, "nothing is secured", every=0.5)
    check(words in site.shown("ReasonText"), site.shown("ReasonText"))
    return "%d forged answers" % middle.sent


def operated(c):
    """macsecctl clients tells who is there; terminate ends the session, and the host may come back."""
    site = Access(c)
    site.serve()
    OwnHost(c, site)
    site.join()
    shown = site.commanded.ctl("clients").stdout
    for word in ("macsec0", site.host.mac("eth0"), "host1", "authenticated", SERVERS[0]):
        check(word in shown, "%s in:\n%s" % (word, shown))
    equal(site.commanded.ctl("terminate", "macsec0").returncode, 0, "exit code")
    wait_until(lambda: not macsec.secy(site.switch).secured(), 5, "the keys are gone")
    wait_until(lambda: macsec.secy(site.switch).secured(), 90, "the host is back", every=0.5)
    return shown.splitlines()[1]


def run(t):
    t.case("wpa_supplicant, EAP-TLS with TLS 1.2", stock, "TLS", "1.2")
    t.case("wpa_supplicant, EAP-TLS with TLS 1.3", stock, "TLS", "1.3")
    t.case("wpa_supplicant, PEAP", stock, "PEAP", "1.2")
    t.case("wpa_supplicant, TTLS", stock, "TTLS", "1.2")
    t.case("reauthentication by the profile", reauthenticates, {"ReauthenticateSec": 10}, None, 0.001)
    t.case("reauthentication by the server", reauthenticates, {}, {"Session-Timeout": 10, "Termination-Action": "RADIUS-Request"},
           0.01)
    t.case("servers die and come back", servers_die)
    t.case("a wrong secret", refused, {"secret": "another secret of theirs"}, server_section(TimeoutSec=5), "no-radius-server", "secret")
    t.case("no EAP-Key-Name", refused, {"key_name": False}, None, "authentication-failed", "EAP-Key-Name")
    t.case("a wrong password", refused, {}, None, "authentication-failed", "rejects", "blunder")
    t.case("an altered attribute before each answer", forged, altered, "BadAuthenticators")
    t.case("an acceptance that is none before each answer", forged, accepted, "BadAuthenticators")
    t.case("no Message-Authenticator before each answer", forged, bare, "BadAuthenticators")
    t.case("an altered attribute in each answer", only_forged, altered, "fail their check")
    t.case("no Message-Authenticator in any answer", only_forged, bare, "have no Message-Authenticator")
    t.case("clients and terminate", operated)
