#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecctl on a terminal, and its completion in real shells (those that are installed).

usage: terminal_test.py MACSECCTL
"""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
import unittest
from pathlib import Path

import cli_test
from cli_test import CAK, ROOT, Case, environment

PROGRAM = None


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, env, rows=24, columns=80):
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(argv[0], argv, env)
        self.text = ""

    def read_until(self, wanted=None, deadline=60):
        """All that was written until `wanted` is there, or until the end."""
        end = time.monotonic() + deadline
        while wanted is None or wanted not in self.text:
            if not select.select([self._fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {wanted!r} within {deadline} s: {self.text!r}")
            try:
                got = os.read(self._fd, 65536)
            except OSError:  # the other side is closed
                got = b""
            if not got:
                break
            self.text += got.decode()
        return self.text

    def type(self, text):
        os.write(self._fd, text.encode())

    def finish(self):
        """(exit status, everything written)"""
        self.read_until()
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.text.replace("\r\n", "\n")


class OnATerminal(Case):
    def open(self, *arguments, rows=24, columns=80, **more):
        env = environment(self.bus.address, **{"TERM": "xterm", "MACSECCTL_PAGER": "", **more})
        del env["COLUMNS"]
        return Terminal([PROGRAM, *arguments], env, rows, columns)

    def show(self, *arguments, **more):
        status, text = self.open(*arguments, **more).finish()
        self.assertEqual(status, 0, text)
        return text

    def test_the_key_is_asked_for_and_not_shown(self):
        terminal = self.open("profile", "add", "asked", "Parent=eth3", "Key.Ckn=01")
        terminal.read_until("not shown): ")
        terminal.type(CAK + "\n")
        status, text = terminal.finish()
        self.assertEqual(status, 0, text)
        self.assertNotIn(CAK, text)
        self.assertIn("'Cak': '<16 octets>'", self.next_call())

    def test_what_is_no_key_is_refused_and_not_shown(self):
        terminal = self.open("profile", "add", "asked", "Parent=eth3", "Key.Ckn=01")
        terminal.read_until("not shown): ")
        terminal.type("secret\n")
        status, text = terminal.finish()
        self.assertEqual(status, 1)
        self.assertNotIn("secret", text)

    def edit(self, answer):
        """(exit status, what was written, the folder it was edited in) with an editor that slips the first time."""
        editor = Path(self.directory.name) / "editor"
        record = Path(self.directory.name) / "record"
        editor.write_text('#!/bin/sh\ndirname "$1" >"$RECORD"\nif grep -q Priority=300 "$1"; then '
                          'sed -i "/Priority=300/d;s/^Offload=.*/Offload=phy/" "$1"; else printf "[MKA]\\nPriority=300\\n" >>"$1"; fi\n')
        editor.chmod(0o700)
        terminal = self.open("profile", "edit", "lab", EDITOR=str(editor), RECORD=str(record))
        terminal.read_until("[Y/n] ")
        terminal.type(answer)
        status, text = terminal.finish()
        self.assertRegex(text, r"profile\.macsec:\d+: Priority=300 is not accepted")
        return status, text, Path(record.read_text().strip())

    def test_a_slip_in_the_editor_can_be_mended(self):
        status, text, folder = self.edit("\n")
        self.assertEqual(status, 0, text)
        self.assertIn("'Offload': 'phy'", self.next_call())
        self.assertFalse(folder.exists())

    def test_a_slip_in_the_editor_can_be_given_up(self):
        status, _, folder = self.edit("n\n")
        self.assertEqual(status, 1)
        self.assertFalse(folder.exists())

    def test_a_slip_in_the_editor_is_kept_without_an_answer(self):
        status, text, folder = self.edit("\x04")
        self.addCleanup(shutil.rmtree, folder)
        self.assertEqual(status, 1)
        self.assertIn(f"kept in {folder}/profile.macsec", text.replace("\n", " "))
        self.assertIn("Priority=300", (folder / "profile.macsec").read_text())

    def test_long_output_goes_through_a_pager(self):
        pager = {"MACSECCTL_PAGER": "sed s/^/paged:/"}
        self.assertIn("paged:", self.show("status", rows=5, **pager))
        self.assertNotIn("paged:", self.show("status", rows=200, **pager))
        self.assertNotIn("paged:", self.show("status", "--no-pager", rows=5, **pager))

    def test_color_by_state(self):
        self.assertIn("\033[32msecured", self.show("list"))
        for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\033", self.show("list", **plain))
        self.assertNotIn("\033", self.show("list", "--color=never"))
        self.assertIn("\033", self.show("list", "--color=always", NO_COLOR="1"))

    def test_tables_fit(self):
        narrow = self.show("list", columns=50, NO_COLOR="1").splitlines()
        wide = self.show("list", columns=200, NO_COLOR="1").splitlines()
        self.assertLessEqual(max(map(len, narrow)), 50)
        self.assertGreater(max(map(len, wide)), 60)
        self.assertLessEqual(max(map(len, self.show("status", columns=60, NO_COLOR="1").splitlines())), 60)


class Shells(Case):
    """What a shell offers for a line, by its own completion with our file."""

    def candidates(self, shell, script, line):
        if shutil.which(shell) is None:
            self.skipTest(f"{shell} is not installed")
        env = environment(self.bus.address) | {"LINE": line, "HOME": self.directory.name}
        env["PATH"] = f"{Path(PROGRAM).parent}:{env['PATH']}"
        done = subprocess.run([shell, *script], env=env, cwd=self.directory.name, capture_output=True, text=True, timeout=60,
                              check=False)
        return sorted(re.split(r"[\t:]", each)[0].strip() for each in done.stdout.splitlines()), done.stderr

    def check_lines(self, shell, *script):
        (Path(self.directory.name) / "a-file").touch()
        for line, expected in (("macsecctl profile e", ["edit", "enable", "export"]),
                               ("macsecctl status ", ["macsec0", "macsec1", "macsec2"]),
                               ("macsecctl profile show u", ["uplink"]),
                               ("macsecctl --json=short -w 5 profile show u", ["uplink"]),
                               ("macsecctl --to networkd profile export old", ["old"]),
                               ("macsecctl profile add x Parent=eth0 MKA.Pri", ["MKA.Priority="])):
            with self.subTest(line=line):
                found, errors = self.candidates(shell, script, line)
                self.assertEqual(found, expected, errors)

    def test_bash(self):
        self.check_lines("bash", "--norc", "-c", f"""source {ROOT}/data/completions/macsecctl
            COMP_LINE=$LINE COMP_POINT=${{#LINE}}; read -ra COMP_WORDS <<<"$LINE"
            [[ $LINE == *" " ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _macsecctl; printf '%s\n' "${{COMPREPLY[@]}}" """)

    def test_bash_on_its_line_editor(self):
        """Its own words end at '=' and ':', and readline replaces what is behind these only."""
        env = environment(self.bus.address) | {"HOME": self.directory.name, "TERM": "dumb", "PS1": "", "INPUTRC": "/dev/null"}
        env["PATH"] = f"{Path(PROGRAM).parent}:{env['PATH']}"
        terminal = Terminal([shutil.which("bash"), "--norc", "--noprofile", "-i"], env, columns=200)
        terminal.type(f"bind 'set enable-bracketed-paste off'; source {ROOT}/data/completions/macsecctl; echo rea''dy\n")
        terminal.read_until("ready")
        for typed, whole in (("macsecctl --from=networkd --to", "--to="), ("macsecctl --json=sh", "--json=short"),
                             ("macsecctl --host=far profile ed", "edit"), ("macsecctl profile edit lab MKA.Pri", "MKA.Priority="),
                             ("macsecctl profile edit lab KeyExpiry=c", "KeyExpiry=cut")):
            terminal.type(f"{typed}\t")
            terminal.read_until(whole)
            terminal.type("\x15")
        terminal.type("exit\n")
        terminal.finish()

    def test_zsh(self):
        # _describe is a part of zsh's completion system that works on the line editor only.
        self.check_lines("zsh", "-f", "-c", f"""_describe() {{ print -l -- $candidates $begun }}
            _files() {{ }}
            words=("${{(@s: :)LINE}}"); CURRENT=$#words
            source {ROOT}/data/completions/_macsecctl""")

    def test_zsh_on_its_line_editor(self):
        if shutil.which("zsh") is None:
            self.skipTest("zsh is not installed")
        env = environment(self.bus.address) | {"HOME": self.directory.name, "TERM": "xterm", "PS1": "", "PS2": ""}
        env["PATH"] = f"{Path(PROGRAM).parent}:{env['PATH']}"
        terminal = Terminal([shutil.which("zsh"), "-f", "-i"], env, columns=200)
        terminal.type(f"fpath=({ROOT}/data/completions $fpath); autoload -Uz compinit && compinit -u -D && echo rea''dy\n")
        terminal.read_until("ready")
        terminal.type("macsecctl profile show u\t")
        terminal.read_until("uplink")
        terminal.type("\x15macsecctl profile e\t")
        listed = terminal.read_until("Write a profile as another program")
        for name, about in (("edit", "Change settings"), ("enable", "Use profiles"), ("export", "Write a profile")):
            self.assertRegex(listed, rf"{name} +-- {about}")
        # A whole word is followed by a blank, a setting by its value.
        terminal.type("\x15macsecctl profile edit la\tMKA.Pri\t10")
        terminal.read_until("MKA.Priority=10")
        terminal.type("\x15exit\n")
        terminal.finish()

    def test_fish(self):
        script = ("--no-config", "-c", f"source {ROOT}/data/completions/macsecctl.fish; complete -C $LINE")
        self.check_lines("fish", *script)
        self.assertEqual(self.candidates("fish", script, "macsecctl profile import a-")[0], ["a-file"])


if __name__ == "__main__":
    PROGRAM = cli_test.MACSECCTL = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
