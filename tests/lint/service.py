#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit's sandbox, as systemd judges it: at most 1.5. And every message id has its text."""

import re
import shutil
import subprocess
import sys

LIMIT = 1.5


def exposure(unit):
    """systemd's verdict on a unit file, without running it."""
    shown = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                           capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"})
    found = re.search(r"exposure level for \S+: ([0-9.]+)", shown.stdout)
    return float(found.group(1)) if found else None


def main(unit, catalog, header):
    with open(header, encoding="utf-8") as text:
        used = set(re.findall(r'"([0-9a-f]{32})"', text.read()))
    with open(catalog, encoding="utf-8") as text:
        told = set(re.findall(r"^-- ([0-9a-f]{32})$", text.read(), re.M))
    problems = ["%s: lacks message %s" % (catalog, one) for one in sorted(used - told)]
    problems += ["%s: message %s is never sent" % (catalog, one) for one in sorted(told - used)]
    if shutil.which("systemd-analyze"):
        found = exposure(unit)
        if found is None or found > LIMIT:
            problems.append("%s: exposure %s, at most %s" % (unit, found, LIMIT))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
