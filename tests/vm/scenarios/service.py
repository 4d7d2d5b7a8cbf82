# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd as it is installed: bus activation, its user and sandbox, who may do what, and what its users are told"""

import os
import re
import shutil
import signal
import xml.etree.ElementTree as ElementTree

import boot

from lab import macsec
from lab.check import at_most, check, equal, wait_until
from lab.daemon import psk_profile
from lab.net import Machine
from lab.networkd import Here
from lab.page import commands
from lab.process import command
from lab.service import (CAK, CKN, NOBODY, UNIT, OtherHost, ctl, forget, host, profile, run as execute, status, wait_secured,
                         wait_status)
from lab.units import Unit, wait_active

init = "systemd"
installed = True
timeout = 420

INTERFACES = "/usr/share/dbus-1/interfaces"
OTHER_CKN = "7071727374757677"


def process(unit, field):
    with open("/proc/%d/status" % unit.main_pid(), encoding="ascii") as text:
        return next(line.split(None, 1)[1].strip() for line in text if line.startswith(field + ":"))


def activated(c):
    """The first call starts a service that is enabled; what is asked for over the bus and through macsecctl is secured alike."""
    peer = c.namespace("peer")
    c.veth(None, peer)
    c.veth(None, peer, "eth1", "eth1")
    c.macsecd(peer, {name: psk_profile(CAK, CKN, parent="eth" + name, interface="macsec" + name) for name in "01"})
    forget(c)
    unit = c.unit(UNIT, start=False)
    check(execute("busctl", "call", "org.macsecd1", "/org/macsecd1", "org.macsecd1.Manager", "Reload").returncode != 0,
          "a call starts nothing that is not enabled")
    command(["systemctl", "enable", "--quiet", UNIT])
    c.callback(lambda: command(["systemctl", "disable", "--quiet", UNIT]))
    equal(unit.show("ActiveState"), "inactive", "state of the unit before the first call")
    octets = [str(int(CAK[i:i + 2], 16)) for i in range(0, len(CAK), 2)]
    command(["busctl", "call", "org.macsecd1", "/org/macsecd1", "org.macsecd1.Manager", "AddProfile", "sa(sa{sv})a{sv}", "called",
             "2", "Link", "1", "Parent", "s", "eth0", "Key", "2", "Ckn", "s", CKN, "Cak", "ay", str(len(octets)), *octets,
             "1", "Lifetime", "s", "memory"])
    equal(unit.show("ActiveState"), "active", "state of the unit after it")
    key = os.path.join(c.folder("key"), "cak")
    c.write(key, CAK + "\n", 0o600)
    ctl("profile", "add", "typed", "Parent=eth1", "Interface=macsec1", "Key.Ckn=" + CKN, "--key-file=" + key, "--wait=30")
    for device in ("macsec0", "macsec1"):
        wait_secured(device)
        check(macsec.secy(Machine(), device).secured(), "the kernel has the keys of " + device)
    check("called" not in "".join(os.listdir("/etc/macsecd")), "a profile in memory has no file")
    found = os.stat("/etc/macsecd/typed.macsec")
    equal(found.st_mode & 0o7007, 0, "the file of a profile is nothing to others")
    confined(unit)


def confined(unit):
    """Its own user, two capabilities, and no key where it does not belong."""
    check(process(unit, "Uid").split()[0] != "0", "it does not run as root")
    equal(int(process(unit, "CapEff"), 16), 1 << 12 | 1 << 13, "capabilities (CAP_NET_ADMIN, CAP_NET_RAW)")
    equal(process(unit, "NoNewPrivs"), "1", "no new privileges")
    check(CAK not in command(["journalctl", "-b", "--no-pager", "-o", "json"]), "the journal holds no key")


def introspected(c):
    """busctl shows each member the interface descriptions have."""
    host(c, peer=False)
    wait_status({"Reason": "no-peer"})
    for path, name in (("", "Manager"), ("/profile/uplink", "Profile"), ("/session/macsec0", "Session")):
        table = command(["busctl", "introspect", "--no-pager", "--full", "org.macsecd1", "/org/macsecd1" + path, "org.macsecd1." + name])
        shown = {line.split()[0].lstrip("."): line.split()[1:3] for line in table.splitlines() if line.startswith(".")}
        tree = ElementTree.parse(os.path.join(INTERFACES, "org.macsecd1.%s.xml" % name))
        members = {}
        for member in tree.iter():
            if member.tag in ("method", "signal"):
                inward = [each.get("type") for each in member.iter("arg") if member.tag == "signal" or each.get("direction") == "in"]
                members[member.get("name")] = [member.tag, "".join(inward) or "-"]
            elif member.tag == "property":
                members[member.get("name")] = ["property", member.get("type")]
        equal(shown, members, "members of org.macsecd1." + name)


def untouched(c):
    """Reload, with another profile and with a changed setting, and rekey: not a frame is lost."""
    peer, unit = host(c, MKA={"Priority": "1"})
    own = c.enter_context(Here())
    wait_secured()
    pid = unit.main_pid()
    probe = c.probe(own, peer)
    probe.wait_both_ways(20)
    before = macsec.secy(own).tx_sa().key_id
    profile(c, "other", psk_profile(CAK, CKN, parent="eth9", interface="macsec9"))
    unit.reload()
    wait_until(lambda: status("macsec9"), 20, "the new profile has a session", every=0.1)
    profile(c, "uplink", psk_profile(CAK, CKN, MKA={"Priority": "1", "RekeySec": "1h"}))
    ctl("reload")
    wait_until(lambda: status().get("NextRekey"), 20, "the new setting is in use", every=0.1)
    equal(macsec.secy(own).tx_sa().key_id, before, "key after two reloads")
    ctl("rekey", "macsec0", "--wait=30")
    macsec.wait_new_key(own, before)
    probe.wait_both_ways(20, frames=20)
    spans = probe.finish()
    for span in spans:
        check(span.sent > 50 and span.lost == 0 and span.send_errors == 0, lambda: "frames were lost: %s" % span)
    equal(unit.main_pid(), pid, "process")
    return " and ".join(map(str, spans))


def told(c, reason, wanted, prepare):
    """`macsecctl status` says why the link is not secured, in words that hold `wanted`."""
    peer, _ = host(c, peer=False, MACsec={"CipherSuites": "GCM-AES-128"})
    prepare(c, peer)
    found = wait_status({"Reason": reason})
    text = ctl("status", "macsec0")
    for each in wanted:
        check(each in text, "status says %r; it says: %s" % (each, text))
    check(found["State"] != "secured", "it is not secured")
    check(found["ReasonText"] in re.sub(r"\s+", " ", text), "the reason is told: " + text)
    return found["ReasonText"]


def with_peer(cak=CAK, ckn=CKN, **sections):
    return lambda c, peer: c.macsecd(peer, {"peer": psk_profile(cak, ckn, **sections)})


REASONS = (
    ("no peer", "no-peer", ("eth0",), lambda c, peer: None),
    ("no carrier", "no-carrier", ("eth0", "no carrier"), lambda c, peer: peer.down("eth0")),
    ("wrong CKN", "ckn-mismatch", (CKN, OTHER_CKN), with_peer(ckn=OTHER_CKN)),
    ("wrong CAK", "cak-mismatch", ("CAK",), with_peer(cak="ff" * 16)),
    ("no cipher suite in common", "cipher-mismatch", ("peers disagree on the cipher suite", "GCM-AES-128", "GCM-AES-256"),
     with_peer(MACsec={"CipherSuites": "GCM-AES-256"}, MKA={"Priority": "1"})),
)


def refused(c):
    """The kernel takes no second device of the same SCI: `macsecctl status` has its words, and goes on when it can."""
    peer = c.namespace("peer")
    c.veth(None, peer)
    command(["ip", "link", "add", "link", "eth0", "other", "type", "macsec", "port", "1"])
    forget(c)
    profile(c, "uplink", psk_profile(CAK, CKN))
    c.unit(UNIT)
    c.macsecd(peer, {"peer": psk_profile(CAK, CKN)})
    found = wait_status({"State": "failed", "Reason": "secy-error"})
    text = re.sub(r"\s+", " ", ctl("status", "macsec0"))
    for each in (found["ReasonText"], "Device or resource busy", "other"):
        check(each in text, "status says %r; it says: %s" % (each, text))
    command(["ip", "link", "del", "other"])
    wait_secured(deadline=60)
    return found["ReasonText"]


def authorised(c):
    """polkit itself decides: root may, others may read, and a rule of the administrator is followed."""
    host(c)
    wait_secured()
    check("macsec0" in ctl("list", user=NOBODY), "everybody may read")
    check(CAK not in ctl("--json=short", "profile", "show", "uplink", user=NOBODY), "nobody reads a key")
    refused = (("reload",), ("rekey", "macsec0"), ("down", "macsec0"), ("profile", "remove", "uplink"), ("profile", "disable", "uplink"),
               ("profile", "add", "mine", "Parent=eth0", "Interface=macsec7", "Key.Ckn=01", "Key.CakFile=/etc/macsecd/none"))
    for words in refused:
        equal(execute("macsecctl", *words, user=NOBODY).returncode, 4, "exit status of %s by somebody else" % " ".join(words))
    equal(ctl("--no-legend", "profile", "list").split()[0], "uplink", "profiles after that")
    equal(Unit("polkit.service").show("ActiveState"), "active", "state of polkit")
    c.write("/etc/polkit-1/rules.d/10-lab.rules", 'polkit.addRule(function(action, subject) {\n'
            '  if (action.id == "org.macsecd1.control" && subject.user == "nobody") return polkit.Result.YES;\n});\n')
    wait_until(lambda: execute("macsecctl", "down", "macsec0", user=NOBODY).returncode == 0, 20, "the rule is in use", every=0.2)
    wait_status({"Reason": "disabled"})
    ctl("up", "macsec0", user=NOBODY)
    wait_secured()
    equal(execute("macsecctl", "reload", user=NOBODY).returncode, 4, "what the rule does not name stays refused")
    ctl("reload")


def first_link(c):
    """The commands of README.md, as they stand there, on two hosts."""
    lines = commands(os.path.join(boot.SOURCE, "README.md"), "A first link")
    equal(len(lines), 3, "commands of README.md")
    peer = c.namespace("peer")
    c.veth(None, peer)
    forget(c)
    c.unit(UNIT)
    other = OtherHost(c, peer)
    folder = c.folder("one-host")
    for number, (place, bus) in enumerate(((folder, None), (other.folder, other.bus))):
        if number != 0:
            shutil.copy(os.path.join(folder, "key"), place)
        for line in lines[number:]:
            done = execute("sh", "-e", "-c", line, folder=place, bus=bus)
            equal((done.returncode, done.stderr), (0, ""), line)
    for bus in (None, other.bus):
        wait_until(lambda: " secured" in ctl(bus=bus), 30, "a bare macsecctl says secured", state=lambda: ctl(bus=bus), every=0.1)


def exposure(_):
    """How exposed the service is, in systemd's own opinion."""
    text = command(["systemd-analyze", "security", "--no-pager", UNIT])
    found = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", text).group(1))
    at_most(found, 1.5, "exposure")
    return "exposure %.1f" % found


def crash(c):
    _, unit = host(c)
    wait_secured()
    pid = unit.main_pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: unit.main_pid() not in (0, pid), 20, "the manager starts it again")
    wait_active(UNIT, 20)
    macsec.wait_secured(Machine(), deadline=20)


def run(t):
    t.case("started by the first call, as its own user, secured over busctl and macsecctl", activated)
    t.case("busctl introspect shows what the interface descriptions say", introspected)
    t.case("reload and rekey leave traffic alone", untouched)
    for what, reason, wanted, prepare in REASONS:
        t.case("status explains: " + what, told, reason, wanted, prepare)
    t.case("status explains: refused by the kernel", refused)
    t.case("polkit decides", authorised)
    t.case("the first link of README.md", first_link)
    t.case("exposure", exposure)
    t.case("killed and started again, the link is secured", crash)
