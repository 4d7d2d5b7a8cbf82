# SPDX-License-Identifier: LGPL-2.1-or-later
"""What befalls a host: crashes in a row, a bus that restarts, too many events, full disks, broken profiles, programs that are gone"""

import fcntl
import glob
import os
import shutil
import signal
import socket
import struct
import time

from lab import macsec
from lab.check import at_most, check, equal, wait_until
from lab.daemon import psk_profile
from lab.net import Machine
from lab.nm import Host
from lab.process import command
from lab.service import CAK, CKN, UNIT, ctl, host, profile, run as execute, wait_secured, wait_status
from lab.units import Unit

init = "systemd"
installed = True
timeout = 600
turn = 2

SIOCSIFMTU = 0x8922


class Link:
    """eth0 of this machine, secured, with a probe whose frames are counted."""

    def __init__(self, c):
        self.peer, self.unit = host(c)
        self.own = Machine()
        wait_secured()
        self.index = self.own.link("macsec0")["ifindex"]
        self.probe = c.probe(self.own, self.peer)
        self.probe.wait_both_ways(20)

    def unharmed(self, lost=0):
        """Secured, the same device, and no more frames lost than that; what was seen."""
        wait_secured(deadline=60)
        macsec.wait_secured(self.own, deadline=20)
        equal(self.own.link("macsec0")["ifindex"], self.index, "device")
        self.probe.wait_both_ways(10)
        spans = self.probe.finish()
        for span in spans:
            at_most(span.lost, lost, str(span))
        return " / ".join(map(str, spans))


def journal():
    return command(["journalctl", "-b", "--no-pager", "-o", "cat", "-u", UNIT])


def crashes(c):
    """Killed 20 times, about once a second."""
    link = Link(c)
    begin = time.monotonic()
    for number in range(20):
        pid = wait_until(link.unit.main_pid, 10, "it is started again, after %d crashes" % number, every=0.05)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: link.unit.main_pid() != pid, 10, "the manager notices", every=0.05)
        wait_until(lambda number=number: time.monotonic() - begin > number + 1, 5, "a second has passed")
    took = time.monotonic() - begin
    wait_until(lambda: link.unit.show("ActiveState") == "active", 30, "it is active", every=0.2)
    return "in %.0f s; %s" % (took, link.unharmed())


def bus(c):
    """The bus ends, and its clients with it where they do not outlive it."""
    link = Link(c)
    pid = link.unit.main_pid()
    command(["systemctl", "restart", "dbus.service"])
    wait_until(lambda: execute("macsecctl", "list").returncode == 0, 60, "macsecd answers", every=0.5)
    equal(link.unit.main_pid(), pid, "process")
    return link.unharmed()


def storm(c):
    """40,000 messages about links while the daemon cannot read: among those that are lost is that the carrier is back."""
    link = Link(c)
    pid = link.unit.main_pid()
    os.kill(pid, signal.SIGSTOP)
    link.peer.down("eth0")
    with socket.socket() as control:
        for number in range(40000):
            fcntl.ioctl(control, SIOCSIFMTU, struct.pack("16si20x", b"lo", 60000 + number % 2))
    link.peer.up("eth0")
    os.kill(pid, signal.SIGCONT)
    wait_status({"State": "secured", "Carrier": True})
    equal(link.unit.main_pid(), pid, "process")
    link.probe.wait_both_ways(10)
    link.probe.finish()


PLACES = ("/etc/macsecd", "/run/macsecd")


def small(c, place):
    """The folder is a file system of its own, of 128 KiB."""
    os.makedirs(place, 0o700, exist_ok=True)
    found = os.stat(place)
    command(["mount", "-t", "tmpfs", "-o", "size=128k,mode=%o,uid=%d,gid=%d" % (found.st_mode & 0o7777, found.st_uid, found.st_gid), "tmpfs", place])
    c.callback(command, ["umount", "-l", place], check=False)


def fill(place):
    with open(place + "/ballast", "wb", 0) as out:
        try:
            while True:
                out.write(bytes(4096))
        except OSError as error:
            check("No space" in str(error), str(error))


def full(c):
    """Neither the state nor a profile can be written: what runs goes on, what is asked is refused, and nothing is half done."""
    for place in PLACES:
        small(c, place)
    link = Link(c)
    with open("/etc/macsecd/uplink.macsec", encoding="utf-8") as text:
        before = text.read()
    for place in PLACES:
        fill(place)
    edited = execute("macsecctl", "profile", "edit", "uplink", "MKA.Priority=3")
    check(edited.returncode == 1 and "No space left on device" in edited.stderr, "an edit is refused: %s" % edited.stderr)
    key = os.path.join(c.folder("key"), "cak")
    c.write(key, CAK + "\n", 0o600)
    added = execute("macsecctl", "profile", "add", "more", "Parent=eth7", "Interface=macsec7", "Key.Ckn=01", "--key-file=" + key)
    check(added.returncode == 1 and "No space left on device" in added.stderr, "so is a new profile: %s" % added.stderr)
    with open("/etc/macsecd/uplink.macsec", encoding="utf-8") as text:
        equal(text.read(), before, "the profile")
    equal(sorted(os.listdir("/etc/macsecd")), ["ballast", "uplink.macsec"], "files")
    link.unit.restart()  # with nothing new in /run to resume with
    wait_secured(deadline=60)
    check("No space left on device" in journal(), lambda: "the journal says so: " + journal()[-800:])
    for place in PLACES:
        os.unlink(place + "/ballast")
    ctl("profile", "edit", "uplink", "MKA.Priority=3")
    return "%s; %s" % (edited.stderr.strip(), link.unharmed(lost=300))


def broken(c):
    """Every kind of broken file beside the one that works, and that one broken too."""
    link = Link(c)
    folder = "/etc/macsecd/"
    os.mkdir(folder + "folder.macsec")
    os.symlink("/nowhere", folder + "dangling.macsec")
    os.mkfifo(folder + "fifo.macsec")
    c.callback(lambda: os.path.isdir(folder + "folder.macsec") and os.rmdir(folder + "folder.macsec"))
    texts = {"empty": "", "rubbish": "\x01\x02[Link\n=\n[[]]\n", "zeros": "\0" * 4096, "long": "[Link]\nParent=" + "e" * 100000 + "\n",
             "large": "# " + "x" * 78 + "\n", "keyless": "[Link]\nParent=eth9\n", "twice": psk_profile(CAK, CKN),
             "nofile": "[Link]\nParent=eth9\n[Key]\nCkn=01\nCakFile=/etc/macsecd/none\n", "badkey": psk_profile("xyz", "01", parent="eth9")}
    for name, text in texts.items():
        profile(c, name, text * 20000 if name == "large" else text)
    c.write(folder + "secret.macsec", psk_profile(CAK, "02", parent="eth9", interface="macsec9"), 0o000)
    profile(c, "uplink", psk_profile(CAK, CKN).replace("[MACsec]", "").replace("Parent=eth0", "Parnt=eth0\nPriority=1x0"))
    for _ in range(3):
        done = execute("macsecctl", "reload")
        check(done.returncode == 1, "exit code of reload: %d" % done.returncode)
        link.unit.reload()
    said = done.stdout + done.stderr
    # An empty file masks, as the manual page says; a folder is no file; what only cannot run beside others, as "twice", has a unit test.
    names = {*texts, "dangling", "fifo", "secret", "uplink"} - {"empty", "twice"}
    missing = [name for name in names if name + ".macsec" not in said and "profile " + name not in said]
    equal(missing, [], "files that reload says nothing of: " + said)
    check("uplink" in execute("macsecctl", "status").stdout, "status names the profile that runs with the settings from before")
    at_most(len(said), 20000, "octets that reload says")
    profile(c, "uplink", psk_profile(CAK, CKN))
    return link.unharmed()


def supplicant():
    """What the supplicant on the system bus says it can do."""
    return command(["busctl", "get-property", "fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", "fi.w1.wpa_supplicant1", "EapMethods"], check=False)


PRODUCT = ("/usr/sbin/macsec*", "/usr/local/sbin/macsec*", "/usr/lib/systemd/system/macsec*", "/usr/local/lib/systemd/system/macsec*",
           "/usr/local/share/macsecd", "/usr/share/macsecd", "/usr/share/dbus-1/system.d/*macsecd1*", "/usr/share/dbus-1/system-services/*macsecd1*")


def removed(c):
    """The product's files are deleted as by a package without scripts, with macsec-nm enabled; then the services start anew."""
    nm = Host(c, installed=True)
    check("PEAP" in supplicant(), "before: " + supplicant())
    found = [path for pattern in PRODUCT for path in glob.glob(pattern)]
    gone = sorted({os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)) for path in found})
    check(any(path.endswith("/macsec-nm") for path in gone) and any(path.endswith(".socket") for path in gone), "files of the product: %s" % gone)
    kept = c.folder("kept")
    for number, path in enumerate(gone):
        place = os.path.join(kept, str(number))
        shutil.move(path, place)
        c.callback(shutil.move, place, path)
    command(["systemctl", "daemon-reload"])
    # As after a boot: what has no unit any more is not there.
    for name in ("macsec-nm.service", "macsec-nm-bus.service", "macsec-nm-bus.socket", UNIT):
        command(["systemctl", "stop", name], check=False)
    shutil.rmtree("/run/macsec-nm", ignore_errors=True)
    command(["systemctl", "restart", "wpa_supplicant.service"])
    nm.nm.restart()
    wait_until(lambda: "PEAP" in supplicant(), 30, "wpa_supplicant answers on the system bus", every=0.5, state=supplicant)
    equal(Unit("wpa_supplicant.service").show("ActiveState"), "active", "wpa_supplicant.service")
    return "%d files" % len(gone)


def run(t):
    t.case("20 crashes in 20 s", crashes)
    t.case("the bus restarts", bus)
    t.case("40,000 messages at once", storm)
    t.case("full disks", full)
    t.case("broken files", broken)
    t.case("removed while enabled", removed)
