# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lints share: the project's files and the way to report."""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", "__pycache__", "node_modules"}


def files(*suffixes, under=("",)):
    """(path relative to the root, text) of every text file with one of the suffixes (all files when none is given)."""
    for top in under:
        for folder, names, leaves in os.walk(ROOT / top):
            names[:] = sorted(n for n in names if n not in SKIPPED and not (n.startswith("build") and folder == str(ROOT)))
            for leaf in sorted(leaves):
                if suffixes and not leaf.endswith(suffixes):
                    continue
                path = Path(folder) / leaf
                try:
                    text = path.read_text(encoding="utf-8")
                except (UnicodeDecodeError, OSError):
                    continue  # not text: a fuzz input, a capture
                yield str(path.relative_to(ROOT)), text


def report(problems):
    """Prints what was found; the exit status."""
    found = list(problems)
    for problem in found:
        print(problem)
    print(f"{len(found)} problems")
    return 1 if found else 0
