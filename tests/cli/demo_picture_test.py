#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/demo.svg shows the demonstration as it is: each line that is typed in it, and each step's heading. When it does not: tools/demo-picture."""

import html
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/vm/scenarios"))
sys.dont_write_bytecode = True

import demo  # noqa: E402


class Picture(unittest.TestCase):
    def test_current(self):
        svg = (ROOT / "docs/demo.svg").read_text(encoding="utf-8")
        lines = {}
        for y, text in re.findall(r'<text [^>]*y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
            lines[y] = lines.get(y, "") + html.unescape(text)
        shown = " ".join(" ".join(lines.values()).replace("\u00a0", " ").split())
        source = Path(demo.__file__).read_text(encoding="utf-8")
        typed = [demo.GENKEY, demo.ADD, *re.findall(r'\.types\("([^"%]+)"', source)]
        told = re.findall(r'say\("(\d\. [^"%\\]+)', source)
        self.assertGreaterEqual(len(typed) + len(told), 8)
        for text in typed + told:
            self.assertIn(" ".join(text.split()), shown, "run tools/demo-picture")
        self.assertNotIn("http", svg.replace("http://www.w3.org/2000/svg", ""), "a picture that fetches nothing")


if __name__ == "__main__":
    unittest.main()
