# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads networkd-syntax.txt, which says what its lines mean."""

_OCTETS = {"<CR>": b"\r", "<TAB>": b"\t", "<BOM>": b"\xef\xbb\xbf", "<FF>": b"\xff"}
_MKA = b"[X-MKA]\nCkn=01\nCakFile=/k\n"


class Case:
    """`entries`: [(kind, where, content or target)]; `takes`: {(name, port, encrypted)}."""

    def __init__(self, number, what):
        self.number = number
        self.what = what
        self.entries = []
        self.takes = set()


def _octets(text):
    line = text.encode()
    for name, octets in _OCTETS.items():
        line = line.replace(name.encode(), octets)
    return line[:-5] if line.endswith(b"<END>") else line + b"\n"


def _line(cases, line):
    if line.startswith("case "):
        cases.append(Case("%02d" % (len(cases) + 1), line[5:]))
        return
    case = cases[-1]
    line = line.replace("@", case.number)
    if line[0] in "|$":
        kind, name, content = case.entries[-1]
        case.entries[-1] = (kind, name, content + (_MKA if line == "$" else _octets(line[1:])))
        return
    word, *words = line.split(" ")
    if word == "takes":
        case.takes.add((words[0], int(words[1]), words[2] == "yes"))
    else:
        case.entries.append((word, words[0], words[1] if word == "link" else b""))


def load(path):
    """All cases of the file."""
    cases = []
    with open(path, encoding="utf-8") as text:
        for line in text.read().split("\n"):
            if line and not line.startswith("#"):
                _line(cases, line)
    return cases
