# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a page of the documentation has its readers write and type."""

import re


def files(path):
    """Files that a page has whole: a fenced block each, with its path in the line above; as (path, text)."""
    with open(path, encoding="utf-8") as text:
        return re.findall(r"^`(/[^`\n]+)`\n\n```\w*\n(.*?)^```$", text.read(), re.M | re.S)


def commands(path, section):
    """The lines that a section says to type."""
    with open(path, encoding="utf-8") as text:
        part = text.read().partition("\n## %s\n" % section)[2].partition("\n## ")[0]
    part = re.sub(r"^```.*?^```$", "", part, flags=re.M | re.S)
    return [line.strip() for line in part.splitlines() if line.startswith("    ")]
