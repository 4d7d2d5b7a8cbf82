# SPDX-License-Identifier: LGPL-2.1-or-later
"""An access switch of 48 ports: memory a port, and 1,000 resumed authentications a minute with our own supplicants"""

import time

from lab import macsec
from lab.access_port import METHODS, ManyPorts
from lab.bench import Figures
from lab.check import at_least, check, equal, wait_until

programs = ["/usr/bin/systemd-socket-activate"]
freeradius = True
timeout = 2400
turn = 2

PORTS = 48
FEW = 4         # in place of PORTS, where counts are small
A_MINUTE = 1200  # asked for, so that what takes a little longer than it should does not hide it


def memory(c, count):
    """(octets of the access port's process with so many ports secured, seconds from their carriers until the last was)."""
    site = ManyPorts(c, count, "TLS")
    took = site.plug()
    return site.commanded.daemon.process.memory(), took


def sustained(c, method, count, rounds):
    """(authentications a minute, CPU seconds for each by process) while every port is told to authenticate again and again."""
    site = ManyPorts(c, count, method)
    site.plug()
    devices = ["macsec%d" % number for number in site.numbers]
    before = sum(site.authentications(number) for number in site.numbers)
    spent = {name: process.cpu_seconds() for name, process in site.processes().items()}
    begin = time.monotonic()
    for number in range(rounds):
        due = begin + number * 60 * count / A_MINUTE
        wait_until(lambda: time.monotonic() >= due, 60, "it is time", every=0.1)
        equal(site.commanded.ctl("reauth", *devices).returncode, 0, "exit code")
    wait_until(lambda: site.authentications(count) >= rounds, 60, "the last port is done", every=0.2, state=lambda: site.counters(devices[-1]))
    took = time.monotonic() - begin
    done = sum(site.authentications(number) for number in site.numbers) - before
    spent = {name: round((process.cpu_seconds() - spent[name]) / done, 4) for name, process in site.processes().items()}
    equal(sum(secy.secured() for secy in macsec.secys(site.switch).values()), count, "ports that are secured")
    resumed = sum(site.supplicants.shown("Supplicant", "Counters", device)["Resumptions"] for device in devices)
    at_least(resumed, done, "resumed authentications")
    check(done <= rounds * count, "no more than were asked for")
    return 60 * done / took, spent, done


def run(t):
    figures = Figures(t)
    count = PORTS if t.full else FEW
    alone, all_of_them = t.case("one port", memory, 1), t.case("%d ports" % count, memory, count)
    if alone and all_of_them:
        figures.keep("memory_per_access_port", (all_of_them[0] - alone[0]) / (count - 1), unit="octets", ports=count)
        figures.keep("all_access_ports_secured", all_of_them[1], ports=count)
    for method in METHODS:
        taken = t.case("%s, resumed, again and again" % method, sustained, method, count, A_MINUTE // count if t.full else 3)
        if taken:
            figures.keep("authentications_per_minute_%s" % method.lower(), taken[0], unit="a minute", runs=taken[2], cpu_seconds_each=taken[1])
