# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecctl as modules call it: JSON on standard output, words on standard error, exit codes as in macsecctl(1)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re

NOT_FOUND = 3
LATE = 6

# Options of a key besides its name, which the modules for one key and for several share.
KEY_OPTIONS = {
    "profile": {"type": "str", "required": True},
    "ckn": {"type": "str", "required": True, "no_log": False},
    "state": {"type": "str", "choices": ["present", "retired"], "default": "present"},
    "key": {"type": "str", "no_log": True},
    "not_before": {"type": "str"},
    "not_after": {"type": "str"},
    "role": {"type": "str", "choices": ["primary", "fallback"], "default": "primary"},
    "wait": {"type": "int", "default": 30},
    "force": {"type": "bool", "default": False},
}


class Failed(Exception):
    """macsecctl ended with a code other than 0; the text is what it said."""

    def __init__(self, code, text):
        super(Failed, self).__init__(text)
        self.code = code


def snake(name):
    """The name of a property of the bus as Ansible writes names: ReadyToRetire is ready_to_retire."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Macsecctl(object):
    def __init__(self, module):
        self.module = module
        self.program = module.get_bin_path("macsecctl", required=True)

    def run(self, words, data=None):
        """Standard output of macsecctl with these words; `data` is its standard input, the only way of a secret."""
        argv = [self.program, "--no-ask-password", "--no-pager", "--json=short"] + words
        code, out, error = self.module.run_command(argv, data=data, environ_update={"LC_ALL": "C.UTF-8"})
        lines = [re.sub(r"^macsecctl: ", "", line) for line in (error or (out if code else "")).strip().splitlines()]
        if code != 0:
            raise Failed(code, "; ".join(lines) or "macsecctl ended with %d" % code)
        for line in lines:  # where a secret still stands, for one
            self.module.warn(line)
        return out

    def ask(self, words, data=None):
        """What it printed, as JSON; nothing where it printed nothing."""
        out = self.run(words, data).strip()
        return json.loads(out) if out else None

    def profile(self, name):
        """Its properties; None where there is none."""
        try:
            return self.ask(["profile", "show", name])[0]
        except Failed as failure:
            if failure.code == NOT_FOUND:
                return None
            raise


def keys_of(listed):
    """All keys that "key list" prints, each with the name of its profile."""
    found = []
    for profile in listed:
        for key in profile["Keys"]:
            entry = dict((snake(name), value) for name, value in key.items())
            entry["profile"] = profile["Profile"]
            found.append(entry)
    return found


def shown(state, key):
    """A key as a diff shows it: never its CAK."""
    wanted = ("ckn", "role", "not_before", "not_after")
    return dict([("state", state)] + [(name, key[name]) for name in wanted if key.get(name)])


def apply_key(macsecctl, key, check):
    """Brings one key into its state: (changed, outcome in macsecctl's words, state before). A failure changes nothing."""
    words = ["--dry-run"] if check else []
    if key["state"] == "present":
        words += ["key", "add", key["profile"], "--ckn=" + key["ckn"], "--role=" + key["role"], "--key-fd=0"]
        for name in ("not_before", "not_after"):
            if key.get(name):
                words.append("--%s=%s" % (name.replace("_", "-"), key[name]))
        outcome = macsecctl.ask(words, data=key["key"] + "\n")["Outcome"]
        changed = outcome != "present"
        return changed, outcome, "absent" if changed else "present"
    words += ["key", "retire", key["profile"], key["ckn"], "--wait=%d" % key["wait"]]
    if key["force"]:
        words.append("--force")
    try:
        outcome = macsecctl.ask(words)[0]["Outcome"]
    except Failed as failure:
        # What was never there, or retired so long ago that nothing remembers it, is out of use as wanted.
        if failure.code != NOT_FOUND or macsecctl.profile(key["profile"]) is None:
            raise
        return False, "unknown", "absent"
    changed = outcome != "retired already"
    return changed, outcome, "present" if changed else "retired"


def problem_of(key):
    """What is missing in a key that is to be there; nothing where all is said."""
    if key["state"] == "present" and not key.get("key"):
        return "key %s of %s: state=present needs key, the CAK" % (key["ckn"], key["profile"])
    return None
