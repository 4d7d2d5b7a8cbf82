#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A class is one header and one source. A source without a header of its own continues somebody else's: its first comment
says why that is not two classes. What registers itself in a table (a verb, a reason) is a source by design."""

import re
import sys
from pathlib import Path

import tree

UNDER = ("engine", "dbus", "plugin", "cli")
# Free functions that a table names: one header, many sources.
TABLES = ("cli/verbs/", "cli/foreign/", "engine/config/rules/", "engine/eap/")
METHOD = re.compile(r"^(?!\s)[^\n;{}()=]*?\b([A-Z]\w*)::~?\w+\s*\([^;{}]*\)[^;{}]*\{", re.M)
# A reason speaks of the class that there is not.
REASON = re.compile(r"\bclass(es)?\b")
COMMENT = re.compile(r"\A// SPDX[^\n]*\n((?://[^\n]*\n)+)")


def check(path, text, has_header):
    if has_header or path.endswith("main.cpp") or path.startswith(TABLES):
        return
    if not METHOD.search(text):
        return  # free functions only
    comment = COMMENT.match(text)
    if not comment or not REASON.search(comment[1]):
        yield f"{path}: has no header of its own: say in a first comment why {METHOD.search(text).group(1)} is not two classes"


def problems():
    for path, text in tree.files(".cpp", under=UNDER):
        yield from check(path, text, (tree.ROOT / Path(path).with_suffix(".hpp")).exists())


if __name__ == "__main__":
    sys.exit(tree.report(problems()))
