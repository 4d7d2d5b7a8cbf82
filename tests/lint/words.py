#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Words that do not belong: open ends, package hosts, sleeps in tests, dialect; the licence line that does."""

import re
import sys

import tree

OPEN_END = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
HOST = re.compile(r"https?://[^\s/]*(debian\.org|ubuntu\.com|pypi|pythonhosted|npmjs|crates|docker|ghcr|quay|golang|registry)")
SLEEP_CODE = re.compile(r"(?<![\w.])(?:::)?(?:std::this_thread::)?(?:u|nano)?sleep(?:_for|_until)?\s*\(|\b(?:time|asyncio)\.sleep\s*\(")
SLEEP_SHELL = re.compile(r"(?:^|[;&|(]|\bdo\b|\bthen\b)\s*sleep\s+[\d.$]")
# A wait on something that sends no event polls; the line or the one before it says what: "poll: the kernel has no event".
POLL = re.compile(r"(#|//) poll: \w+")
# Words of prose that a reader whose first language is not the writer's reads twice, and what to write instead.
DIALECT = {
    r"\banew\b": "re-create, again", r"\bgo(ne|es)? on with\b": "continue, resume", r"\bgoes on as\b": "resumes as",
    r"\b(seen|sees|see) to it\b": "handle, make sure", r"\blets? go of\b": "release", r"\bbeforehand\b": "in advance",
    r"\bwh(o|om)ever\b": "the owner, the program that", r"\bsomebody else\b": "another program", r"\blooked at\b": "read, checked",
}
PROSE = re.compile(r"^(README|CONTRIBUTING|CHANGELOG|SECURITY)\.md$|^docs/|^packaging/|^data/|^tools/|^(engine|dbus|plugin|cli)/")
# REUSE-IgnoreStart
LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"
# What is built for the kernel of the test guests has the kernel's licence, whose text is in LICENSES.
KERNEL = "tests/vm/macseclab/"
KERNEL_LICENCE = "SPDX-License-Identifier: GPL-2.0-only"
# REUSE-IgnoreEnd
SOURCES = (".cpp", ".hpp", ".c", ".h", "Kbuild", ".py", ".sh", "meson.build")
TEXT = SOURCES + (".md", ".xml", ".in", ".service", ".conf", "Makefile")


def check_text(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if OPEN_END.search(line):
            yield f"{path}:{number}: finish it or say what the limit is: {line.strip()}"
        if HOST.search(line):
            yield f"{path}:{number}: names a package host: {line.strip()}"


def check_prose(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        # A word that is quoted is not used; in code it is a message.
        said = re.sub(r'"[^"]*"', "", line) if path.endswith(".md") else line
        for word, instead in DIALECT.items():
            found = re.search(word, said, re.I)
            if found:
                yield f"{path}:{number}: \"{found[0]}\": plainer words are {instead}"


def check_sleep(path, text):
    previous = ""
    pattern = SLEEP_SHELL if path.endswith(".sh") or text.startswith(("#!/bin/sh", "#!/bin/bash")) else SLEEP_CODE
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line) and not POLL.search(line) and not POLL.search(previous):
            yield f"{path}:{number}: wait for an event with a deadline instead: {line.strip()}"
        previous = line


def check_licence(path, text):
    licence = KERNEL_LICENCE if path.startswith(KERNEL) else LICENCE
    if text.strip() and licence not in "\n".join(text.splitlines()[:2]):
        yield f"{path}: lacks \"{licence}\" at its top"


def is_source(path, text):
    name = path.rsplit("/", 1)[-1]
    return path.endswith(SOURCES) and "may use" not in text[:200] or "." not in name and text.startswith("#!")


def problems():
    for path, text in tree.files():
        script = text.startswith("#!")
        own = path.startswith("tests/lint/")  # samples of what the lints find
        if not own and (path.endswith(TEXT) or script):
            yield from check_text(path, text)
        if not own and path.startswith("tests/") and (path.endswith((".cpp", ".hpp", ".py", ".sh")) or script):
            yield from check_sleep(path, text)
        if is_source(path, text):
            yield from check_licence(path, text)
        if PROSE.search(path):
            yield from check_prose(path, text)


if __name__ == "__main__":
    sys.exit(tree.report(problems()))
