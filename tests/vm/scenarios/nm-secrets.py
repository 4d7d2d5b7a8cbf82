# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys NetworkManager does not keep: agent-owned and not-saved CAKs, asked for when the connection comes up"""

import os

from lab.check import Failure, check, equal
from lab.nm import CAK, CKN, MACSECD, WPA, Host, nmcli
from lab.terminal import Terminal

init = "systemd"
turn = 2
timeout = 600

WRONG = "ffeeddccbbaa99887766554433221100"
AGENT_OWNED, NOT_SAVED = "1", "2"


def add(c, host, kind, flags):
    host.other_end(c, kind)
    nmcli("connection", "add", "type", "macsec", "con-name", "lab", "ifname", "macsec0", "connection.autoconnect", "no", "macsec.parent", "eth0",
          "macsec.mode", "psk", "macsec.mka-ckn", CKN, "macsec.mka-cak-flags", flags, "ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24",
          "ipv6.method", "disabled")
    c.callback(nmcli, "connection", "delete", "lab", check=False)


def runs(host):
    equal(host.state("lab"), "activated", "state of the connection")
    equal(host.session("State"), 's "secured"', "state of the session")
    with open("/etc/NetworkManager/system-connections/lab.nmconnection", encoding="utf-8") as text:
        saved = text.read()
    check(CKN in saved and CAK not in saved, "the file of the connection has no CAK: " + saved)


def asked(c, host, kind, flags, *wrong):
    """A person at a terminal is asked for the key. A wrong one ends the activation, and the next one asks anew."""
    add(c, host, kind, flags)
    for key in (*wrong, CAK):
        terminal = Terminal(c, "--ask", "-w", "120", "connection", "up", "lab")
        terminal.answer("(macsec.mka-cak)", 1, key)
        equal(terminal.process.wait(120), 0 if key == CAK else 4, "exit code of nmcli")
    runs(host)


def from_file(c, host, kind):
    add(c, host, kind, NOT_SAVED)
    secrets = os.path.join(c.folder("secrets", 0o700), "key")
    c.write(secrets, "macsec.mka-cak:%s\n" % CAK, 0o600)
    nmcli("-w", "60", "connection", "up", "lab", "passwd-file", secrets)
    runs(host)


def nobody(c, host, kind):
    add(c, host, kind, AGENT_OWNED)
    try:
        nmcli("-w", "60", "connection", "up", "lab")
    except Failure as failure:
        check("ecrets were required" in str(failure), str(failure))
    else:
        raise Failure("it came up without a key")
    check("secured" not in host.session("State"), "no session")


def run(t):
    host = Host(t)
    t.case("an agent-owned key is asked for", asked, host, WPA, AGENT_OWNED)
    t.case("a not-saved key is asked for, and anew after a wrong one", asked, host, MACSECD, NOT_SAVED, WRONG)
    t.case("a not-saved key comes from a file", from_file, host, WPA)
    t.case("without anybody to ask it does not come up", nobody, host, MACSECD)
