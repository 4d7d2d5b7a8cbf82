#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecctl for monitoring: where nobody answers, and what a reference parser reads of its metrics.

usage: reach_test.py MACSECCTL
"""

import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import cli_test
from cli_test import HERE, Bus, Case, run


class Unreachable(unittest.TestCase):
    """Where nobody answers one is told what to look at, soon."""

    def setUp(self):
        self.bus = Bus()
        self.addCleanup(self.bus.close)

    def ask(self, *arguments, address=None):
        """(standard output, standard error, seconds)"""
        begin = time.monotonic()
        done = run(address or self.bus.address, arguments or ["list"])
        self.assertEqual(done.returncode, 5, done.stderr)
        return done.stdout, done.stderr, time.monotonic() - begin

    def test_no_bus(self):
        self.assertIn("systemctl status dbus", self.ask(address="unix:path=/nonexistent")[1])

    def test_no_service(self):
        self.bus.service.terminate()
        self.bus.service.wait(timeout=20)
        shown, said, _ = self.ask()
        self.assertEqual(shown, "")
        self.assertIn("systemctl status macsecd; journalctl -u macsecd", said)
        self.assertEqual(self.ask("monitor")[0], "")

    def test_a_service_that_does_not_answer(self):
        self.bus.service.send_signal(signal.SIGSTOP)
        self.addCleanup(self.bus.service.send_signal, signal.SIGCONT)
        _, said, took = self.ask()
        self.assertIn("macsecd did not answer within 3 s", said)
        self.assertLess(took, 10)

    def test_the_state_of_the_unit_is_told(self):
        self.bus.service.terminate()
        self.bus.service.wait(timeout=20)
        for state, said in ((["not-found", "inactive", "dead", "success", "0"], "is not installed"),
                            (["masked", "inactive", "dead", "success", "0"], "systemctl unmask macsecd"),
                            (["loaded", "failed", "failed", "exit-code", "4"], "macsecd does not start (exit-code, exit status 4)"),
                            (["loaded", "activating", "auto-restart", "exit-code", "217"], "exit status 217"),
                            (["loaded", "inactive", "dead", "success", "0"], "macsecd does not run: systemctl enable --now macsecd")):
            with subprocess.Popen([sys.executable, HERE / "service_manager.py", self.bus.address, *state],
                                  stdout=subprocess.PIPE, text=True) as manager:
                self.assertEqual(manager.stdout.readline().strip(), "ready")
                self.assertIn(said, self.ask()[1])
                manager.terminate()

    def test_metrics_say_that_nobody_answers(self):
        shown = self.ask("stats", "--openmetrics", address="unix:path=/nonexistent")[0]
        self.assertIn("\nmacsec_up 0\n", shown)
        self.assertTrue(shown.endswith("# EOF\n"))


class OpenMetrics(Case):
    """What a reference parser reads."""

    def samples(self):
        try:
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
        except ImportError:
            self.skipTest("python3-prometheus-client is not installed")
        families = list(text_string_to_metric_families(self.run_ctl("stats", "--openmetrics").stdout))
        for family in families:
            self.assertNotEqual(family.documentation, "", family.name)
            self.assertNotIn("org.macsecd1(5)", family.documentation, family.name)
            if family.name.endswith(("_seconds", "_bytes", "_ratio")):
                self.assertEqual(family.name.rsplit("_", 1)[1], family.unit)
        return {family.name: family for family in families}

    def value(self, family, **labels):
        found = [each.value for each in family.samples if labels.items() <= each.labels.items()]
        self.assertEqual(len(found), 1, (family.name, labels))
        return found[0]

    def test_what_one_wants_to_be_told_of(self):
        found = self.samples()
        # node_exporter's textfile collector refuses a file with another type.
        self.assertLessEqual({each.type for each in found.values()}, {"gauge", "counter"})
        self.assertEqual(self.value(found["macsec_state"], link="macsec1", macsec_state="pending"), 1)
        self.assertEqual(self.value(found["macsec_state"], link="macsec1", macsec_state="secured"), 0)
        self.assertEqual(self.value(found["macsec_reason"], link="macsec1", macsec_reason="ckn-mismatch"), 1)
        self.assertEqual(self.value(found["macsec_clear_text"], link="macsec0"), 0)
        self.assertEqual(self.value(found["macsec_key_not_after_timestamp_seconds"], ckn="0a1b", role="primary"), 35 * 86400)
        self.assertEqual(self.value(found["macsec_fallback_in_use"], link="macsec0"), 0)
        self.assertEqual(self.value(found["macsec_profile_errors"], profile="broken"), 1)
        self.assertEqual(self.value(found["macsecd_info"], version="0.1.0"), 1)
        self.assertEqual(self.value(found["macsec_up"]), 1)
        self.assertEqual(self.value(found["macsec_receive_validated_bytes"], link="macsec0"), 123456)
        self.assertEqual(self.value(found["macsec_sak_age_seconds"], link="macsec0"), 720)


if __name__ == "__main__":
    cli_test.MACSECCTL = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
