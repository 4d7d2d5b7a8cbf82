# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that are encrypted for the host: sealed under a flood, restarted, retired, and nowhere in clear"""

import os
import shutil
import signal
import subprocess
import threading

from lab import macsec
from lab.check import at_most, check, equal, stays, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile
from lab.net import Machine
from lab.process import command
from lab.service import CKN, UNIT, ctl, forget, profile, status, wait_secured

init = "systemd"
installed = True
timeout = 600
turn = 1

CAK = "5ea1ed0102030405060708090a0b0c0d5ea1ed0e0f101112131415161718191a"
OTHER = "c0ffee0102030405060708090a0b0c0dc0ffee0e0f101112131415161718191b"
STORE = "/etc/credstore.encrypted/macsecd"
SEALED = os.path.join(STORE, "link." + CKN)


def forms(key):
    """A key as a file, a log or a trace would have it."""
    return [key.encode(), key.upper().encode(), bytes.fromhex(key)]


def having(folder, key):
    """Files below `folder` that hold the key in clear."""
    out = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                if not os.path.isfile(path) or os.path.getsize(path) > 1 << 26:
                    continue
                with open(path, "rb") as text:
                    octets = text.read()
            except OSError:
                continue
            if any(form in octets for form in forms(key)):
                out.append(path)
    return out


class Watch:
    """What anybody may see meanwhile: the arguments and the environment of every process, and all of the bus."""

    def __init__(self, c):
        self.seen = set()
        self.trace = os.path.join(c.folder("trace"), "bus.pcap")
        # What a bus keeps from others is seen here, too: the monitor is root.
        self.monitor = subprocess.Popen(["busctl", "capture"], stdout=open(self.trace, "wb"), stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.getsize(self.trace) > 0, 20, "the bus is recorded")
        self.ends = threading.Event()
        self.sampler = threading.Thread(target=self.sample, daemon=True)
        self.sampler.start()

    def sample(self):
        while not self.ends.is_set():
            for pid in os.listdir("/proc"):
                if not pid.isdigit():
                    continue
                for what in ("cmdline", "environ"):
                    try:
                        with open("/proc/%s/%s" % (pid, what), "rb") as text:
                            self.seen.add(text.read())
                    except OSError:
                        pass

    def finish(self, *keys):
        self.ends.set()
        self.sampler.join()
        self.monitor.terminate()
        self.monitor.wait()
        with open(self.trace, "rb") as text:
            self.seen.add(text.read())
        check(any(b"RetireKey" in each for each in self.seen), "the record of the bus has the calls")
        check(any(b"systemd-creds" in each for each in self.seen), "the processes that encrypt were seen")
        self.seen.add(subprocess.run(["journalctl", "--no-pager", "-o", "export"], stdout=subprocess.PIPE, check=True).stdout)
        for key in keys:
            for form in forms(key):
                check(not any(form in each for each in self.seen), "no key in the journal, on the bus, in arguments or the environment")


def site(c):
    """This machine's eth0 with macsecd.service, the other end in a namespace."""
    other = c.namespace("other")
    c.veth(None, other)
    forget(c)
    for folder in (STORE, "/etc/macsecd/link.macsec.d"):
        c.callback(lambda folder=folder: shutil.rmtree(folder, ignore_errors=True))
    peer = Commanded(c, other, {"link": psk_profile(CAK, CKN)})
    path = profile(c, "link", psk_profile(CAK, CKN))
    unit = c.unit(UNIT)
    wait_secured()
    probe = c.probe(Machine(), other, interval=0.001)
    probe.wait_both_ways(5)
    return unit, peer, path, probe


def restart(unit):
    pid = unit.main_pid()
    command(["systemctl", "restart", UNIT])
    wait_until(lambda: unit.main_pid() not in (0, pid) and status().get("State") == "secured", 60, "secured after a restart", every=0.2)
    stays(lambda: macsec.secy(Machine()).secured(), 8, "secured after a restart")


def dies_without_a_core(unit, *keys):
    folder = "/tmp/cores"
    os.makedirs(folder, 0o777, exist_ok=True)
    with open("/proc/sys/kernel/core_pattern", "r+", encoding="ascii") as pattern:
        before = pattern.read()
        pattern.seek(0)
        pattern.write(folder + "/%e.%p\n")
    # What would be left of a process that may leave one.
    sleeper = subprocess.Popen(["sh", "-c", "ulimit -c unlimited && exec sleep 60"])
    wait_until(lambda: "sleep" in open("/proc/%d/comm" % sleeper.pid, encoding="ascii").read(), 20, "another process")
    sleeper.send_signal(signal.SIGSEGV)
    sleeper.wait()
    check(os.listdir(folder), "this machine writes core files")
    pid = unit.main_pid()
    os.kill(pid, signal.SIGSEGV)
    wait_until(lambda: unit.main_pid() not in (0, pid) and status().get("State") == "secured", 60, "secured after a crash", every=0.2)
    check(not any("macsecd" in name for name in os.listdir(folder)), "a core file of macsecd")
    equal([path for key in keys for path in having(folder, key)], [], "core files that hold a key")
    with open("/proc/sys/kernel/core_pattern", "w", encoding="ascii") as pattern:
        pattern.write(before)
    shutil.rmtree(folder)


def sealed(c, with_key):
    unit, peer, path, probe = site(c)
    watch = Watch(c)
    said = ctl("key", "seal", "link", CKN, "--with=" + with_key, deadline=120)
    check(SEALED in said, "where it is: " + said)
    with open(path, encoding="utf-8") as text:
        check("CakCredential=macsecd_link." + CKN in text.read(), "the profile names the credential")
    restart(unit)
    for folder in ("/etc", "/var", "/root"):
        equal(having(folder, CAK), [], "files that hold the key in clear")
    # The next key takes its place, and nothing is left to decrypt.
    ctl("key", "add", "link", "--ckn=20", "--key-fd=0", key=OTHER)
    equal(peer.ctl("key", "add", "link", "--ckn=20", "--key-fd=0", key=OTHER).returncode, 0, "the new key on the other end")
    ctl("key", "seal", "link", "20", "--with=" + with_key, deadline=120)
    restart(unit)
    done = ctl("key", "retire", "link", CKN, "--wait=40")
    equal(done, "link: %s retired\n" % CKN, "what is said")
    equal(os.listdir(STORE), ["link.20"], "credentials that each start decrypts")
    equal(peer.ctl("key", "retire", "link", CKN, "--wait=40").returncode, 0, "retired on the other end")
    restart(unit)
    equal(having("/etc", OTHER), [], "files that hold the new key in clear")
    spans = probe.finish()
    watch.finish(CAK, OTHER)
    for span in spans:
        at_most(max(span.lost, span.reordered, span.duplicated), 0, str(span))
    dies_without_a_core(unit, OTHER)
    ctl("profile", "remove", "link")
    equal(os.listdir(STORE), [], "credentials of a profile that is gone")
    return "%d frames" % sum(span.received for span in spans)


def run(t):
    t.case("sealed for the host", sealed, "host")
