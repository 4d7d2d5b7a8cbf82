# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys in memory outlive the process that was given them: restart and SIGKILL under a flood, and what a stop ends"""

import json
import os
import signal

from lab import macsec
from lab.check import at_most, check, equal, stays, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile
from lab.net import Machine
from lab.process import command
from lab.service import UNIT, ctl, forget, profile, status, wait_secured, wait_status

init = "systemd"
installed = True
timeout = 600
turn = 2

NEW = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"


def add(name, ckn, key):
    return ctl("key", "add", name, "--runtime", "--ckn=" + ckn, "--key-fd=0", key=key)


def keys(name):
    return {each["Ckn"]: each for each in json.loads(ctl("key", "list", name, "--json=short"))[0]["Keys"]}


# Only memory ever has a key.
WAITING = """[Link]
Parent=eth0
[KeySource]
Source=lab
RemoteId=other
"""


def site(c):
    """This machine's eth0 with macsecd.service, the other end in a namespace."""
    other = c.namespace("other")
    c.veth(None, other)
    forget(c)
    Commanded(c, other, {"link": psk_profile(NEW, "20")})
    profile(c, "link", WAITING)
    unit = c.unit(UNIT)
    wait_status({"Reason": "no-key"})
    add("link", "20", NEW)
    wait_secured()
    return unit, other


def outlives(c):
    unit, other = site(c)
    probe = c.probe(Machine(), other, interval=0.001)
    probe.wait_both_ways(5)
    for way in ("restart", "SIGKILL", "restart", "SIGKILL"):
        pid = unit.main_pid()
        if way == "restart":
            command(["systemctl", "restart", UNIT])
        else:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: unit.main_pid() not in (0, pid) and status().get("State") == "secured", 60, "secured after " + way, every=0.2)
        stays(lambda: macsec.secy(Machine()).secured(), 8, "secured after " + way)
        equal(keys("link")["20"]["Lifetime"], "memory", "where the key is after " + way)
    for span in probe.finish():
        at_most(span.lost, 0, str(span))
    equal(add("link", "20", NEW).count("present"), 1, "the same key again")
    written = command(["grep", "-rl", NEW[:32], "/etc/macsecd", "/run/macsecd", "/var/lib/macsecd"], check=False)
    check(not written, "no file has the key: " + written)


def ended(c):
    """A stop forgets it, and without another key nothing is said any more."""
    site(c)
    command(["systemctl", "stop", UNIT])
    command(["systemctl", "start", UNIT])
    wait_status({"Reason": "no-key"})
    equal(keys("link"), {}, "keys after a stop")


def run(t):
    t.case("restart and SIGKILL", outlives)
    t.case("a stop", ended)
