#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How macsecctl reads its options, in each spelling, and what it says of those that are wrong.

usage: options_test.py MACSECCTL
"""

import re
import sys
import unittest
from pathlib import Path

import cli_test
from cli_test import Case


class Options(Case):
    def test_wait_of_no_time_looks_once(self):
        self.assertEqual(self.run_ctl("status", "--wait=0", "macsec0").returncode, 0)
        done = self.run_ctl("status", "--wait=0", "macsec1")
        self.assertEqual(done.returncode, 6)
        self.assertIn("macsecctl: macsec1 not secured: 02:00:00:00:00:05 uses another CKN", done.stderr)
        for words in (["-w50ms"], ["-w", "50ms"], ["--wait=50ms"], ["--wait", "50ms"]):
            for arguments in (["status", "macsec1", *words], [*words, "status", "macsec1"], ["status", *words, "macsec1"]):
                with self.subTest(arguments=arguments):
                    done = self.run_ctl(*arguments)
                    self.assertEqual(done.returncode, 6)
                    self.assertIn("macsecctl: macsec1 not secured within 50ms: 02:00:00:00:00:05 uses another CKN", done.stderr)

    def test_a_value_that_may_be_left_out_takes_no_name(self):
        self.assertEqual(self.run_ctl("status", "-w", "macsec0").stdout, self.run_ctl("status", "macsec0").stdout)
        self.assertEqual(self.run_ctl("-w", "status", "macsec0").stdout, self.run_ctl("status", "macsec0").stdout)

    def test_every_option_takes_its_value_beside_it_and_apart(self):
        texts = [self.run_ctl(*words).stdout for words in
                 [["--help"]] + [["help", *verb.split()] for verb in re.findall(r"^  ((?:(?:profile|key) )?[a-z]+)(?: |$)",
                                                                               self.run_ctl("--help").stdout.split("Options")[0], re.M)]]
        options = {match for text in texts for match in re.findall(r"^  (?:(-\w) )?(--[a-z-]+)(\[?=\S+)?", text, re.M)}
        self.assertGreater(len(options), 25)
        for letter, name, value in sorted(options):
            for spelling in filter(None, (letter, name)):
                with self.subTest(option=spelling):
                    if value.startswith("="):
                        self.assertEqual((done := self.run_ctl("genkey", spelling)).returncode, 2)
                        self.assertIn(f"{spelling} needs a value: {value[1:]}", done.stderr)
                        # Taken, however it is spelled, so that the word is no argument of help.
                        said = {self.run_ctl("help", *words).stdout + self.run_ctl("help", *words).stderr
                                for words in ([spelling, "7"], [f"{spelling}=7"], *([[f"{spelling}7"]] if spelling == letter else []))}
                        self.assertEqual(len(said), 1, said)
                        self.assertNotIn("there is no verb", said.pop())
                    elif not value:
                        self.assertIn(f"{spelling} takes no value", self.run_ctl("help", f"{spelling}=7").stderr)

    def test_options_that_do_not_exist(self):
        for arguments, said in ((["--jsn=short", "list"], "there is no option --jsn, did you mean --json?"),
                                (["--wiat", "5", "status"], "there is no option --wiat, did you mean --wait?"),
                                (["status", "--bogus"], "there is no option --bogus; see macsecctl --help"),
                                (["status", "-x"], "there is no option -x; see macsecctl --help"),
                                (["genkey", "--complete-args"], "there is no option --complete-args")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(said, done.stderr)

    def test_options_belong_to_verbs(self):
        for arguments, said in ((["rekey", "macsec0", "--openmetrics"], "--openmetrics does not belong to rekey, but to stats"),
                                (["list", "--wait"], "--wait does not belong to list"), (["list", "--jsn=short"], "did you mean --json?"),
                                (["stats", "--openmetrics", "--json=short"], "one of --openmetrics and --json"),
                                (["stauts"], "did you mean status?"), (["profile", "ad"], "did you mean profile add?"),
                                (["profile"], "profile needs one of: add, check, disable")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(said, done.stderr)

    def test_arguments_too_few_and_too_many(self):
        for arguments, said in ((["rekey"], "too few arguments; this is accepted: macsecctl rekey LINK..."),
                                (["suspend", "a", "1", "more"], "more is too much; this is accepted: macsecctl suspend LINK [TIME]"),
                                (["reload", "all"], "all is too much; this is accepted: macsecctl reload")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", f"macsecctl: {said}\n"))

    def test_help_of_a_verb(self):
        for arguments in (["help", "status"], ["status", "--help"], ["status", "macsec0", "-h"]):
            done = self.run_ctl(*arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("--check", done.stdout)
            self.assertNotIn("--openmetrics", done.stdout)
        self.assertEqual(self.run_ctl("help").stdout, self.run_ctl("--help").stdout)
        self.assertEqual(self.run_ctl("help", "nonsense").returncode, 2)


if __name__ == "__main__":
    cli_test.MACSECCTL = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
