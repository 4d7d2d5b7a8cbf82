#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/troubleshooting.md has each sentence that status says in answer to why a link is not secured, and each subject of the journal's
catalogue, so that whoever reads one finds its cause and a command."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/troubleshooting.md"
CATALOGUE = ROOT / "data/macsecd.catalog"
# Functions whose texts are shown as the reason of a state.
SOURCES = {
    "engine/core/reporter.cpp": ("cipher_suites_of_all", "Reporter::words", "Reporter::why_not_all", "objection_in_use"),
    "engine/core/mka/refusal.cpp": ("cipher_disagreement", "objection", "shortage"),
    "engine/core/mka/key_evidence.cpp": ("KeyEvidence::words",),
    "engine/core/admission.cpp": ("Admission::words",),
    "engine/core/pae/authenticator.cpp": ("Authenticator::words",),
    "engine/core/pae/supplicant.cpp": ("Supplicant::words",),
    "engine/core/pae/failed_authentication.cpp": ("no_answer", "too_long"),
}
WORDS = 3  # a shorter text is a part of a sentence that is found by its others


def body(text, function):
    """Text of the definition of a function; nothing where there is none."""
    found = re.search(r"^[^\n;]*\b%s\([^;{]*\{" % re.escape(function), text, re.M)
    if found is None:
        return None
    return text[found.end():].partition("\n}")[0]


def texts(code):
    """String literals of more than a few words, those that stand behind one another as one."""
    for found in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', code):
        joined = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', found[0])).replace('\\"', '"').strip(" :,;")
        if len(joined.split()) >= WORDS:
            yield joined


def subjects(catalogue):
    """(message id, subject) of each entry."""
    return re.findall(r"^-- ([0-9a-f]{32})\nSubject: (.*)$", catalogue, re.M)


def pattern(subject):
    """What a page may write for the names in a subject is up to it."""
    return re.sub(r"@\w+@", r"[\\w.:]+", re.escape(subject))


def missing(page, sources, catalogue):
    """Each text that the page has not, with where it comes from."""
    page = " ".join(page.split())
    for path, functions in sources.items():
        code = (ROOT / path).read_text(encoding="utf-8")
        for function in functions:
            found = body(code, function)
            if found is None:
                yield f"{path}: there is no {function} any more: say in tests/lint/sentences.py where its texts are"
                continue
            yield from (f"{path}: {text}" for text in texts(found) if text not in page)
    known = set()
    for identifier, subject in subjects(catalogue):
        if identifier in known:
            yield f"data/macsecd.catalog: {identifier} is there twice"
        known.add(identifier)
        if not re.search(pattern(subject), page):
            yield f"data/macsecd.catalog: {subject}"


def main():
    problems = list(missing(PAGE.read_text(encoding="utf-8"), SOURCES, CATALOGUE.read_text(encoding="utf-8")))
    for problem in problems:
        print(f"docs/troubleshooting.md lacks: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
