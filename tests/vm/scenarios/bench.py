# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measurements beside wpa_supplicant's, all in one boot: first data, outages, what a session costs, a thousand of them"""

import statistics
import time

from lab import macsec
from lab.bench import CAK, CKN, PATIENCE, Figures, LowerBound, Ours, passed
from lab.check import Failure, equal, wait_until
from lab.daemon import psk_profile
from lab.process import command

timeout = 3600
memory = 3072
turn = 0

RUNS = 5
SESSIONS = 50
MANY = 1000
FEW = 60  # in place of MANY, where counts are small
BATCH = 250  # cables a run of ip: it keeps each namespace it was told open, and has 1024 descriptors


def ends(c, side, one, two):
    return [side.make(c, one, 1), side.make(c, two, 2)]


def link_up(c, side):
    one, two = c.namespaces("one", "two")
    switch = c.switch("sw", one, two)
    switch.unplug(one)
    switch.unplug(two)
    for end in ends(c, side, one, two):
        end.start()
    for namespace in (one, two):
        namespace.wait_link("macsec0", 20)
    probe = c.probe(one, two)
    # One end has its carrier already; the other's comes by a system call, not by a program that has to start first.
    switch.plug(one)
    one.wait_link("eth0", 5, "LOWER_UP")
    begin = switch.namespace.raise_now(switch.port(two))
    return passed(probe, begin)


def cold_start(c, side):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    made = ends(c, side, one, two)
    probe = c.probe(one, two)
    begin = time.monotonic()
    for end in made:
        end.start()
    return passed(probe, begin)


def outage(c, side, how):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    made = ends(c, side, one, two)
    for end in made:
        end.start()
    probe = c.probe(one, two)
    probe.wait_both_ways(PATIENCE)
    probe.look()
    begin = time.monotonic()
    side.restart(made[0], how)
    # Long enough for a peer's life time to run out, whatever happened.
    wait_until(lambda: time.monotonic() - begin > 10, 12, "the restart is over", every=0.5)
    try:
        probe.wait_both_ways(PATIENCE, frames=50)
    except Failure:
        return LowerBound(time.monotonic() - begin)
    return max(span.longest_gap for span in probe.finish())


def cables(one, two, count):
    """`count` cables between two namespaces, in batches: eth0, eth1, ..."""
    add = ["link add eth%d netns %s type veth peer name eth%d netns %s" % (number, one.name, number, two.name) for number in range(count)]
    up = ["link set eth%d addrgenmode none up" % number for number in range(count)]
    for first in range(0, count, BATCH):
        command(["ip", "-batch", "-"], text_input="\n".join(add[first:first + BATCH]) + "\n")
    for namespace in (one, two):
        command(["ip", "-n", namespace.name, "-batch", "-"], text_input="\n".join(up) + "\n")


def secured(namespace):
    """{device: Secy} of the links with matching keys in the kernel."""
    return {name: secy for name, secy in macsec.secys(namespace).items() if secy.secured()}


def profiles(count, number):
    return {"link%d" % index: psk_profile(CAK, CKN, parent="eth%d" % index, interface="macsec%d" % index, MKA={"Priority": 16 * number})
            for index in range(count)}


def running(c, side, count):
    """A process at each of two ends with `count` sessions, all secured."""
    one, two = c.namespaces("one-%d" % count, "two-%d" % count)
    cables(one, two, count)
    processes = []
    for number, namespace in ((1, one), (2, two)):
        if side is Ours:
            processes.append(c.macsecd(namespace, profiles(count, number)).process)
            continue
        peer = side.make(c, namespace, number)
        argv = ["wpa_supplicant"]
        for index in range(count):
            argv += (["-N"] if index else []) + ["-D", "macsec_linux", "-i", "eth%d" % index, "-c", peer.config]
        processes.append(c.start(argv, namespace, "wpa-%d" % number))
    for namespace in (one, two):
        wait_until(lambda: len(secured(namespace)) == count, 120, "%d links are secured" % count, every=0.5)
    return processes


def memory(processes):
    return statistics.mean(process.memory() for process in processes)


def sessions(c, side, duration):
    """CPU seconds a minute of a session among SESSIONS; octets that each after the first adds to a process, and its octets in all."""
    single = running(c, side, 1)
    alone = memory(single)
    for process in single:
        process.stop()
    processes = running(c, side, SESSIONS)
    before = sum(process.cpu_seconds() for process in processes)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= duration, duration + 10, "%d s pass" % duration, every=1)
    used = (sum(process.cpu_seconds() for process in processes) - before) * 60 / duration
    return used / len(processes) / SESSIONS, (memory(processes) - alone) / (SESSIONS - 1), memory(processes)


def many(c, count, duration):
    """`count` sessions between two processes, for so many seconds."""
    one, two = c.namespaces("one", "two")
    cables(one, two, count)
    begin = time.monotonic()
    daemons = [c.macsecd(namespace, profiles(count, number)) for number, namespace in ((1, one), (2, two))]
    for namespace in (one, two):
        # To ask the kernel for a thousand devices with all their keys takes longer than to secure them: ask when it is said.
        wait_until(lambda: namespace.ip("-br", "link", "show", "type", "macsec").count(" UP ") == count, 600,
                   "%d links are up" % count, every=1)
    took = time.monotonic() - begin
    spent = [daemon.process.cpu_seconds() for daemon in daemons]
    keys = {name: secy.tx_sa().key_id for name, secy in secured(one).items()}
    equal((len(keys), len(secured(two))), (count, count), "links with matching keys")
    before = sum(daemon.process.cpu_seconds() for daemon in daemons)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= duration, duration + 10, "%d s pass" % duration, every=5)
    used = sum(daemon.process.cpu_seconds() for daemon in daemons) - before
    after = secured(one)
    lost = sum(1 for name, key in keys.items() if name not in after or after[name].tx_sa().key_id != key)
    equal((lost, len(secured(two))), (0, count), "lost meanwhile; secured at the other end")
    span = "5_minutes" if duration == 300 else "%d_s" % duration
    return {"seconds_until_all_secured": round(took, 2), "cpu_seconds_until_all_secured": spent, "lost_in_" + span: lost,
            "cpu_seconds_in_" + span: round(used, 2),
            "memory_per_process": [daemon.process.memory() for daemon in daemons]}


def run(t):
    figures = Figures(t)
    runs = RUNS if t.full else 1
    figures.compare(("link_up_to_data",), link_up, runs=runs)
    figures.compare(("cold_start_to_data",), cold_start, runs=runs)
    for how in ("sigkill", "sigterm"):
        figures.compare((how + "_restart_outage",), outage, how, runs=runs)
    figures.compare(("cpu_per_session", "memory_per_session", "memory_of_sessions"), sessions, 60 if t.full else 10,
                    runs=runs, units=("CPU s/min", "octets", "octets"))
    count, duration = (MANY, 300) if t.full else (FEW, 10)
    taken = t.case("sessions_%d" % count, many, count, duration)
    if taken:
        figures.keep("sessions_%d" % count, taken, unit="see names")
