#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files over 500 lines fail; functions over 60 lines fail."""

import re
import sys

import tree

FILE_LINES = 500
FUNCTION_LINES = 60

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
NOT_A_FUNCTION = re.compile(r"^\s*(?:if|else|for|while|switch|catch|do|try|namespace|class|struct|enum|union|extern|return)\b")
HEAD_END = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|&&?|->[^;{}]*|:[^;]*|requires[^;]*|\s)*$")


def blank(match):
    """Comments and literals without their text, but with their lines."""
    text = match.group(0)
    return '""' + "\n" * text.count("\n") if text[0] in "\"R'" else "\n" * text.count("\n")


def functions(text):
    """(first line, lines) of every function body that lies in no other function."""
    text = NOISE.sub(blank, text)
    text = re.sub(r"^\s*#[^\n]*", "", text, flags=re.M)
    depth, inside, start, head = 0, None, 0, 0
    for at, char in enumerate(text):
        if char == "{":
            before = text[head:at]
            if inside is None and HEAD_END.search(before) and not NOT_A_FUNCTION.match(before):
                inside, start = depth, text.count("\n", 0, at) + 1
            depth += 1
            head = at + 1
        elif char == "}":
            depth -= 1
            head = at + 1
            if inside == depth:
                inside = None
                yield start, text.count("\n", 0, at) + 1 - start
        elif char == ";":
            head = at + 1


def check_file(path, text):
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines: split it"


def check_functions(path, text):
    for line, length in functions(text):
        if length > FUNCTION_LINES:
            yield f"{path}:{line}: a function of {length} lines: split it"


def main():
    problems = []
    for path, text in tree.files(".cpp", ".hpp", ".c", ".h", ".py", under=("engine", "dbus", "plugin", "cli", "tests", "tools")):
        problems += check_file(path, text)
        if not path.endswith(".py"):
            problems += check_functions(path, text)
    return tree.report(problems)


if __name__ == "__main__":
    sys.exit(main())
