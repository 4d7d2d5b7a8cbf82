#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a rotation plans from the keys of the ends, and what it says of links that fail, without Ansible."""

import sys
import time
import tracemalloc
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins/filter"))
import links  # noqa: E402

NOW, DAY = 1_800_000_000, 86400
X, Y, Z = "0a", "0b", "0c"


def key(ckn, age=0, live=1, state="active", ready=True, profile="uplink", **more):
    return {"profile": profile, "ckn": ckn, "role": "primary", "state": state, "live_peers": live, "not_before": NOW - age,
            "ready_to_retire": ready, "blocker": "" if ready else f"02:b is not live under CKN {Y}", **more}


class Hosts(dict):
    raw_get = dict.__getitem__


def info(*keys):
    return {"macsec_keys": list(keys), "macsec_profiles": ["uplink"]}


LINKS = [{"name": "ab", "ends": {"a": "uplink", "b": "uplink"}}]


def hosts(a, b, **of_localhost):
    return Hosts(a={"macsec_before": a}, b={"macsec_before": b}, localhost=of_localhost)


class Plan(unittest.TestCase):
    def plan(self, a, b, max_age=DAY, **more):
        return links.plan(LINKS, hosts(a, b), NOW, max_age, **more)[0]

    def expect(self, planned, new, a, b):
        self.assertEqual((bool(planned["new"]), planned["retire"], planned["failed"]), (new, {"a": a, "b": b}, ""))

    def test_an_old_key_is_replaced(self):
        planned = self.plan(info(key(X, 2 * DAY)), info(key(X, 2 * DAY)))
        self.expect(planned, True, [X], [X])
        self.assertRegex(planned["new"], "^[0-9a-f]{32}$")

    def test_a_young_key_stays(self):
        self.expect(self.plan(info(key(X, 60)), info(key(X, 60))), False, [], [])

    def test_a_young_key_goes_where_each_link_is_to_get_one(self):
        self.expect(self.plan(info(key(X, 0)), info(key(X, 0)), max_age=0), True, [X], [X])

    def test_a_key_without_a_beginning_is_old(self):
        self.expect(self.plan(info(key(X, not_before=None)), info(key(X))), False, [], [])
        one = key(X)
        del one["not_before"]
        self.expect(self.plan(info(one), info(one)), True, [X], [X])

    def test_an_interrupted_rotation_continues_with_its_key(self):
        self.expect(self.plan(info(key(X, 2 * DAY), key(Y, 60)), info(key(X, 2 * DAY), key(Y, 60))), False, [X], [X])

    def test_an_end_that_was_not_retired_is_finished(self):
        self.expect(self.plan(info(key(Y, 60)), info(key(X, 2 * DAY), key(Y, 60))), False, [], [X])

    def test_a_key_that_only_one_end_got_is_taken_back(self):
        self.expect(self.plan(info(key(X, 2 * DAY), key(Y, 60, live=0)), info(key(X, 2 * DAY))), True, [X, Y], [X])

    def test_a_key_with_another_cak_at_the_other_end_is_taken_back(self):
        side = info(key(X, 2 * DAY), key(Y, 60, live=0))
        self.expect(self.plan(side, side), True, [X, Y], [X, Y])

    def test_an_end_from_an_old_backup_gets_a_new_key(self):
        self.expect(self.plan(info(key(Y, 60, live=0)), info(key(X, 2 * DAY, live=0))), True, [Y], [X])

    def test_keys_for_later_and_fallback_keys_stay(self):
        side = info(key(X, 2 * DAY), key(Y, -DAY, live=0, state="waiting"), key(Z, 2 * DAY) | {"role": "fallback"})
        self.expect(self.plan(side, side), True, [X], [X])

    def test_an_overdue_key_is_replaced_however_young(self):
        side = info(key(X, 60, state="overdue"))
        self.expect(self.plan(side, side), True, [X], [X])

    def test_hosts_that_did_not_answer(self):
        for register, said in (({"unreachable": True}, "b is unreachable"), ({"failed": True, "msg": "no bus"}, "b: no bus"),
                               (None, "b: its keys were not read"), ({"macsec_keys": [], "macsec_profiles": []}, "b has no profile uplink")):
            planned = self.plan(info(key(X, 2 * DAY)), register)
            self.assertEqual((planned["failed"], planned["new"], planned["retire"]), (said, "", {}))

    def test_lists_that_are_wrong(self):
        both = hosts(info(), info())
        for wrong, said in (([{"name": "ab", "ends": {"a": "uplink"}}], "ab needs ends"), (LINKS + LINKS, "two links are named ab"),
                            ([{"ends": {}}], "without a name"), ([{"name": "ac", "ends": {"a": "uplink", "c": "uplink"}}], "no host c"),
                            (LINKS + [{"name": "ba", "ends": LINKS[0]["ends"]}], "profile uplink of a is in ab and in ba")):
            with self.assertRaisesRegex(links.Refused, said):
                links.plan(wrong, both, NOW, DAY)
        with self.assertRaisesRegex(links.Refused, "there is no link xy"):
            links.plan(LINKS, both, NOW, DAY, limit=["xy"])

    def test_ten_thousand_links(self):
        """Within 60 s and 500 MB on any machine: what is in the way is a step for each pair of links or of hosts."""
        count = 10_000
        many = [{"name": f"l{number}", "ends": {f"a{number}": "uplink", f"b{number}": "uplink"}} for number in range(count)]
        answers = {f"{side}{number}": {"macsec_before": info(key(X, 2 * DAY))} for number in range(count) for side in "ab"}
        tracemalloc.start()
        began = time.process_time()
        planned = links.plan(many, Hosts(localhost={}, **answers), NOW, DAY)
        took, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.assertEqual(len({each["new"] for each in planned}), count)
        self.assertFalse([each for each in planned if each["failed"]])
        self.assertLess(took, 60)
        self.assertLess(most, 500_000_000)

    def test_ten_thousand_links_with_stop(self):
        """Each host asks for what concerns it; whether to stop is judged once for all of them."""
        count = 10_000
        planned = [{"name": f"l{number}", "ends": {f"a{number}": "uplink", f"b{number}": "uplink"}, "new": Y,
                    "retire": {f"a{number}": [X], f"b{number}": [X]}, "failed": ""} for number in range(count)]
        answer = {"macsec_added": {"results": [{"profile": "uplink", "ckn": Y, "failed": False}]},
                  "macsec_evidence": info(key(X, 2 * DAY), key(Y))}
        controller = {"macsec_plan": planned}
        many = Hosts(localhost=controller, **{f"{side}{number}": answer for number in range(count) for side in "ab"})
        asked = []
        many.raw_get, get = lambda host: asked.append(host) or get(host), many.raw_get
        controller["macsec_stopped"] = {phase: links.stopped(many, phase) for phase in ("prove", "retire")}
        self.assertEqual(controller["macsec_stopped"], {"prove": False, "retire": False})
        asked.clear()
        for number in range(100):
            self.assertEqual(len(links.work(many, f"a{number}", "retire", stop=True)), 1)
        self.assertLess(len(asked), 100 * 10, "questions about hosts")

    def test_names_limit_it(self):
        two = LINKS + [{"name": "cd", "ends": {"a": "lab", "b": "lab"}}]
        side = {"macsec_keys": [], "macsec_profiles": ["uplink", "lab"]}
        self.assertEqual([each["name"] for each in links.plan(two, hosts(side, side), NOW, DAY, ["cd"])], ["cd"])

    def test_each_key_is_its_own(self):
        count = 50
        many = [{"name": str(each), "ends": {"a": f"p{each}", "b": f"p{each}"}} for each in range(count)]
        side = {"macsec_keys": [key(X, 2 * DAY, profile=f"p{each}") for each in range(count)], "macsec_profiles": [f"p{each}" for each in range(count)]}
        caks = links.caks(links.plan(many, hosts(side, side), NOW, DAY))
        self.assertEqual((len(caks), len(set(caks.values()))), (count, count))
        self.assertTrue(all(len(cak) == 64 for cak in caks.values()))


class Phases(unittest.TestCase):
    """Two links of the same hosts, of which only the first is disturbed."""

    def setUp(self):
        self.plan = [{"name": name, "ends": {"a": name, "b": name}, "new": new, "retire": {"a": [X], "b": [X]}, "failed": ""}
                     for name, new in (("one", Y), ("two", Z))]
        self.hosts = Hosts(localhost={"macsec_plan": self.plan, "macsec_caks": {Y: "11" * 32, Z: "22" * 32}, "macsec_begins": "@5"},
                           a=self.registers(), b=self.registers())

    @staticmethod
    def registers():
        done = [{"profile": name, "ckn": ckn, "failed": False} for name, ckn in (("one", Y), ("two", Z))]
        gone = [{"profile": name, "ckn": X, "failed": False} for name in ("one", "two")]
        keys = [key(ckn, profile=name) for name, new in (("one", Y), ("two", Z)) for ckn in (X, new)]
        return {"macsec_added": {"results": done}, "macsec_evidence": {"macsec_keys": keys}, "macsec_retired": {"results": gone}}

    def outcome(self):
        return {each["name"]: (each["result"], each["text"]) for each in links.report(self.hosts)}

    def expect_one_failed(self, said, last):
        """The first link fails with a reason, after the phase `last`; the second does not notice."""
        found = self.outcome()
        self.assertEqual(found["two"], ("rotated", ""))
        self.assertEqual(found["one"][0], "failed")
        self.assertIn(said, found["one"][1])
        for phase in ("add", "prove", "retire")[("add", "prove", "retire").index(last) + 1:]:
            for host in ("a", "b"):
                self.assertEqual([each["profile"] for each in links.work(self.hosts, host, phase)], ["two"])
                self.assertEqual(links.work(self.hosts, host, phase, stop=True), [])
                self.hosts["localhost"]["macsec_stopped"] = {phase: links.stopped(self.hosts, phase)}
                self.assertEqual(links.work(self.hosts, host, phase, stop=True), [])
                self.hosts["localhost"].pop("macsec_stopped")

    def test_all_is_well(self):
        self.assertEqual(self.outcome(), {"one": ("rotated", ""), "two": ("rotated", "")})
        self.assertEqual(links.work(self.hosts, "a", "add"), [
            {"profile": "one", "ckn": Y, "key": "11" * 32, "not_before": "@5"}, {"profile": "two", "ckn": Z, "key": "22" * 32, "not_before": "@5"}])
        self.assertEqual(links.work(self.hosts, "a", "retire"), [{"profile": name, "ckn": X, "state": "retired"} for name in ("one", "two")])

    def test_a_link_that_was_not_planned(self):
        self.plan[0].update(failed="b is unreachable", new="", retire={})
        self.assertEqual([each["profile"] for each in links.work(self.hosts, "a", "add")], ["two"])
        self.expect_one_failed("phase plan: b is unreachable", "add")

    def test_a_key_that_could_not_be_added(self):
        self.hosts["b"]["macsec_added"]["results"][0].update(failed=True, msg="the disk is full")
        self.expect_one_failed("phase add: b: the disk is full", "add")

    def test_a_key_that_is_not_proved(self):
        self.hosts["b"]["macsec_evidence"]["macsec_keys"][0].update(ready_to_retire=False, blocker="02:a is not live")
        self.hosts["b"]["macsec_evidence"].update(failed=True, attempts=30)  # what "until" makes of it
        self.expect_one_failed("phase prove: b: CKN 0a: 02:a is not live", "prove")

    def test_another_cak_is_guessed(self):
        for host in ("a", "b"):
            keys = self.hosts[host]["macsec_evidence"]["macsec_keys"]
            keys[0].update(ready_to_retire=False, blocker="not live")
            keys[1].update(live_peers=0)
        self.expect_one_failed("its CAK differs at another end", "prove")

    def test_an_end_that_lost_the_new_key(self):
        del self.hosts["b"]["macsec_evidence"]["macsec_keys"][1]
        self.expect_one_failed("b does not have the new key 0b any more", "prove")

    def test_an_end_that_keeps_the_old_key(self):
        self.hosts["b"]["macsec_retired"]["results"][0].update(failed=True, msg="not proved in time")
        self.expect_one_failed("phase retire: b has 0a still: not proved in time", "retire")

    def test_a_host_that_dies(self):
        for phase, name in (("add", "added"), ("prove", "evidence"), ("retire", "retired")):
            self.setUp()
            self.hosts["b"][f"macsec_{name}"] = {"unreachable": True}
            for found in self.outcome().values():
                self.assertEqual(found[0], "failed")
                self.assertIn(f"phase {phase}: b", found[1])
                self.assertIn("is unreachable", found[1])

    def test_what_is_stopped_is_named(self):
        self.hosts["b"]["macsec_evidence"]["macsec_keys"][0].update(ready_to_retire=False, blocker="02:a is not live")
        for host in ("a", "b"):
            self.hosts[host]["macsec_retired"] = {"skipped": True}
        self.assertIn("a has 0a still: a: stopped, another link failed", self.outcome()["two"][1])

    def test_readiness(self):
        wanted = links.work(self.hosts, "a", "prove")
        register = self.hosts["a"]["macsec_evidence"]
        self.assertTrue(links.ready(register, wanted))
        register["macsec_keys"][2]["ready_to_retire"] = False
        self.assertFalse(links.ready(register, wanted))
        self.assertTrue(links.ready(register, wanted[:1]))

    def test_check_mode_asks_for_no_evidence(self):
        self.hosts["a"].pop("macsec_evidence")
        self.assertEqual({each["result"] for each in links.report(self.hosts, check=True)}, {"rotated"})


class Audit(unittest.TestCase):
    def audit(self, a, b):
        return [each["why"] for each in links.audit(hosts(a, b), LINKS, NOW, DAY)]

    def test_it(self):
        self.assertEqual(self.audit(info(key(X, 60)), info(key(X, 60))), [])
        self.assertIn("b has 0a still", self.audit(info(key(Y, 60)), info(key(X, 2 * DAY), key(Y, 60)))[0])
        self.assertIn("younger than 1 days", self.audit(info(key(X, 2 * DAY)), info(key(X, 2 * DAY)))[0])
        self.assertIn("b is unreachable", self.audit(info(key(X, 60)), {"unreachable": True})[0])


if __name__ == "__main__":
    unittest.main()
