# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a scenario file declares about the machine it wants, read without running it."""

import ast
import os

FIELDS = {"clock": ("virtual", "real"), "init": ("plain", "systemd"), "root": ("host", "bookworm", "trixie"),
          "timeout": int, "memory": int, "cpus": int, "programs": list, "freeradius": bool, "modules": list, "installed": bool,
          "bare": bool, "previous": bool, "disk": bool, "turn": (None, 0, 1, 2, 3)}
DEFAULTS = {"clock": "virtual", "init": "plain", "root": "host", "timeout": 120, "memory": 1536, "cpus": 2,
            "programs": [], "freeradius": False, "modules": [], "installed": False, "bare": False, "previous": False, "disk": False,
            "turn": None}
# FreeRADIUS with what it loads by itself, and what makes its certificates.
FREERADIUS = ["/usr/bin/openssl", "/usr/sbin/freeradius", "/usr/share/freeradius"] + [
    "/usr/lib/freeradius/rlm_%s.so" % module
    for module in ("always", "eap", "eap_mschapv2", "eap_peap", "eap_tls", "eap_ttls", "files", "mschap", "pap")]
# Scenarios outside --all take turns: each runs in one of so many runs.
TURNS = 4


class Scenario:
    """One scenario: its name, its file, and its declarations as attributes."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        with open(path, encoding="utf-8") as text:
            tree = ast.parse(text.read(), path)
        values = dict(DEFAULTS)
        for node in tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                if node.targets[0].id in FIELDS:
                    values[node.targets[0].id] = ast.literal_eval(node.value)
        for field, kind in FIELDS.items():
            value = values[field]
            if not (value in kind if isinstance(kind, tuple) else isinstance(value, kind)):
                raise ValueError("%s: %s = %r: expected %s" % (path, field, value, kind))
            setattr(self, field, value)
        if self.freeradius:
            self.programs = [*self.programs, *FREERADIUS]
        if self.disk and (self.root, self.init, self.clock) != ("bookworm", "systemd", "real"):
            raise ValueError("%s: a disk takes root = \"bookworm\", init = \"systemd\", clock = \"real\"" % path)
        self.summary = (ast.get_docstring(tree) or "").partition("\n")[0]


def load(folder):
    """{name: Scenario} of all scenario files."""
    return {name[:-3]: Scenario(name[:-3], os.path.join(folder, name))
            for name in sorted(os.listdir(folder)) if name.endswith(".py") and not name.startswith("_")}
