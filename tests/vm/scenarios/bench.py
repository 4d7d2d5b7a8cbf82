# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measurements beside wpa_supplicant's, all in one boot, written to bench.json among the results

Medians. Where data never came back the figure is the time it was waited for: a lower bound, said so in `note`.
`make bench` judges the figures; a run among the other scenarios only shows that all of them can be taken.
"""

import json
import os
import statistics
import time

from lab import macsec
from lab.check import Failure, equal, wait_until
from lab.daemon import psk_profile
from lab.process import command

timeout = 3600
memory = 3072
turn = 0

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
RUNS = 5
PATIENCE = 30
SESSIONS = 50
MANY = 1000
BATCH = 250  # cables a run of ip: it keeps each namespace it was told open, and has 1024 descriptors
UNITS = {"cpu_per_session": "CPU s/min", "memory_per_session": "octets", "memory_of_sessions": "octets"}  # others: seconds


class LowerBound(float):
    """A time that was waited in vain."""


class Ours:
    """Two macsecd."""

    name = "ours"

    @staticmethod
    def make(c, namespace, number):
        return c.macsecd(namespace, {"link": psk_profile(CAK, CKN, MKA={"Priority": 16 * number})}, start=False)

    @staticmethod
    def restart(end, how):
        end.kill() if how == "sigkill" else end.terminate()
        end.start()


class Theirs:
    """Two wpa_supplicant 2.10."""

    name = "wpa_supplicant"

    @staticmethod
    def make(c, namespace, number):
        return c.wpa(namespace, CAK, CKN, debug=False, start=False, mka_priority=16 * number)

    @staticmethod
    def restart(end, how):
        end.process.kill() if how == "sigkill" else end.process.stop()
        end.start()


def ends(c, side, one, two):
    return [side.make(c, one, 1), side.make(c, two, 2)]


def passed(probe, begin, deadline=PATIENCE):
    """Seconds from `begin` until each end has received a frame."""
    wait_until(lambda: min(probe.first()) > 0, deadline, "the first frames pass")
    return max(probe.first()) - begin


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


def sessions(c, side):
    """CPU seconds a minute of a session among SESSIONS; octets that each after the first adds to a process, and its octets in all."""
    single = running(c, side, 1)
    alone = memory(single)
    for process in single:
        process.stop()
    processes = running(c, side, SESSIONS)
    before = sum(process.cpu_seconds() for process in processes)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= 60, 70, "a minute passes", every=1)
    used = sum(process.cpu_seconds() for process in processes) - before
    return used / len(processes) / SESSIONS, (memory(processes) - alone) / (SESSIONS - 1), memory(processes)


def thousand(c):
    one, two = c.namespaces("one", "two")
    cables(one, two, MANY)
    begin = time.monotonic()
    daemons = [c.macsecd(namespace, profiles(MANY, number)) for number, namespace in ((1, one), (2, two))]
    for namespace in (one, two):
        # To ask the kernel for a thousand devices with all their keys takes longer than to secure them: ask when it is said.
        wait_until(lambda: namespace.ip("-br", "link", "show", "type", "macsec").count(" UP ") == MANY, 600,
                   "%d links are up" % MANY, every=1)
    took = time.monotonic() - begin
    spent = [daemon.process.cpu_seconds() for daemon in daemons]
    keys = {name: secy.tx_sa().key_id for name, secy in secured(one).items()}
    equal((len(keys), len(secured(two))), (MANY, MANY), "links with matching keys")
    before = sum(daemon.process.cpu_seconds() for daemon in daemons)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= 300, 310, "five minutes pass", every=5)
    used = sum(daemon.process.cpu_seconds() for daemon in daemons) - before
    after = secured(one)
    lost = sum(1 for name, key in keys.items() if name not in after or after[name].tx_sa().key_id != key)
    equal((lost, len(secured(two))), (0, MANY), "lost in five minutes; secured at the other end")
    return {"seconds_until_all_secured": round(took, 2), "cpu_seconds_until_all_secured": spent, "lost_in_5_minutes": lost,
            "cpu_seconds_in_5_minutes": round(used, 2),
            "memory_per_process": [daemon.process.memory() for daemon in daemons]}


def compare(t, results, names, measure, *arguments):
    """RUNS runs of each side; `measure` returns a figure for each of the names."""
    taken = {}
    for side in (Ours, Theirs):
        taken[side.name] = []
        for number in range(1, RUNS + 1):
            figures = t.case("%s, %s, run %d" % (", ".join(names), side.name, number), measure, side, *arguments)
            if figures is not None:
                taken[side.name].append(figures if isinstance(figures, tuple) else (figures,))
                t.note("%s, %s: %s" % (", ".join(names), side.name, ", ".join("%.4g" % figure for figure in taken[side.name][-1])))
    if not all(len(runs) == RUNS for runs in taken.values()):
        return
    for index, name in enumerate(names):
        ours, theirs = (statistics.median(run[index] for run in taken[side.name]) for side in (Ours, Theirs))
        results[name] = {"ours": ours, "wpa_supplicant": theirs, "ratio": theirs / max(ours, 1e-9),
                         "unit": UNITS.get(name, "s"), "runs": RUNS}
        if isinstance(theirs, LowerBound):
            results[name]["note"] = "wpa_supplicant: a lower bound, data never came back"


def save(t, results):
    with open(os.path.join(t.logs, "bench.json"), "w", encoding="ascii") as out:
        json.dump(results, out, indent=1)


def run(t):
    results = {}
    compare(t, results, ("link_up_to_data",), link_up)
    compare(t, results, ("cold_start_to_data",), cold_start)
    for how in ("sigkill", "sigterm"):
        compare(t, results, (how + "_restart_outage",), outage, how)
    compare(t, results, ("cpu_per_session", "memory_per_session", "memory_of_sessions"), sessions)
    save(t, results)
    many = t.case("sessions_%d" % MANY, thousand)
    if many:
        results["sessions_%d" % MANY] = {"ours": many, "wpa_supplicant": None, "ratio": None, "unit": "see names", "runs": 1}
        t.note("sessions_%d: %s" % (MANY, many))
    save(t, results)
