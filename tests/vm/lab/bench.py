# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measurements beside wpa_supplicant's in one boot, written to bench.json among the results

`make bench` takes full counts and judges the figures; a run among the other scenarios takes few, and only shows that all can be taken.
Medians, where no more is said. Where data never came back the figure is the time it was waited for: a lower bound, said so in `note`.
"""

import json
import os
import statistics

from .check import wait_until
from .daemon import psk_profile

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
PATIENCE = 30


class LowerBound(float):
    """A time that was waited in vain."""


class Ours:
    """Two macsecd."""

    name = "ours"

    @staticmethod
    def make(c, namespace, number, **sections):
        mka = {"Priority": 16 * number, **sections.pop("MKA", {})}
        return c.macsecd(namespace, {"link": psk_profile(CAK, CKN, MKA=mka, **sections)}, start=False)

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


SIDES = (Ours, Theirs)


def passed(probe, begin, deadline=PATIENCE):
    """Seconds from `begin` until each end has received a frame."""
    wait_until(lambda: min(probe.first()) > 0, deadline, "the first frames pass")
    return max(probe.first()) - begin


def share_of(values, share):
    """The least value that so many of them do not exceed: share_of(v, 0.99) is p99."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 1000) // 1000) - 1)]


class Figures:
    """What a scenario measured: an entry a figure in its bench.json, with `ours`, `wpa_supplicant`, their `ratio`, `unit` and `runs`."""

    def __init__(self, t):
        self._t = t
        self._kept = {}

    def keep(self, name, ours, theirs=None, unit="s", runs=1, **more):
        """`theirs`: None where there is nothing to compare with. `more` goes into the entry as it is."""
        ratio = theirs / ours if theirs is not None and ours else None
        self._kept[name] = {"ours": ours, "wpa_supplicant": theirs, "ratio": ratio, "unit": unit, "runs": runs, **more}
        if isinstance(theirs, LowerBound):
            self._kept[name]["note"] = "wpa_supplicant: a lower bound, data never came back"
        self._t.note("%s: %s" % (name, json.dumps(self._kept[name])))
        with open(os.path.join(self._t.logs, "bench.json"), "w", encoding="ascii") as out:
            json.dump(self._kept, out, indent=1)

    def compare(self, names, measure, *arguments, runs=1, units=()):
        """So many runs of each side; `measure` returns a figure for each of the names. Their medians are kept."""
        taken = {}
        for side in SIDES:
            taken[side.name] = []
            for number in range(1, runs + 1):
                found = self._t.case("%s, %s, run %d" % (", ".join(names), side.name, number), measure, side, *arguments)
                if found is not None:
                    taken[side.name].append(found if isinstance(found, tuple) else (found,))
                    self._t.note("%s, %s: %s" % (", ".join(names), side.name, ", ".join("%.4g" % figure for figure in taken[side.name][-1])))
        if not all(len(each) == runs for each in taken.values()):
            return
        for index, name in enumerate(names):
            ours, theirs = (statistics.median(run[index] for run in taken[side.name]) for side in SIDES)
            self.keep(name, ours, theirs, units[index] if units else "s", runs)
