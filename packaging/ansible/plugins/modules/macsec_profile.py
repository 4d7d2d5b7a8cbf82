#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A profile of macsecd: there with these settings, or not."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: macsec_profile
short_description: Manage a profile of macsecd
version_added: 0.2.0
author: macsecd maintainers (!UNKNOWN)
description:
  - Adds a profile, changes the settings of one, or removes it.
  - Settings that are not named stay as they are. Keys of a profile that is there are the business of
    M(macsecd.macsec.macsec_key).
  - Profiles of NetworkManager and systemd-networkd are changed there, and refused here.
options:
  name:
    description: Name of the profile.
    type: str
    required: true
  state:
    description: Whether the profile is there. To remove one ends its link.
    type: str
    choices: [present, absent]
    default: present
  enabled:
    description: Whether the profile is used, now and after a reboot. What it says now, or yes for a new one, where it is not named.
    type: bool
  settings:
    description:
      - Settings as B(macsec.profile)(5) names them, with their section, C(MKA.Priority) for one. C(Key2.Role) is of the second key.
      - An empty value takes a setting back. Secrets are refused.
    type: dict
    default: {}
  ckn:
    description: Name of the key that a new profile begins with. Not needed where I(settings) says where its keys come from.
    type: str
  key:
    description: The CAK of that key, 32 or 64 hexadecimal digits.
    type: str
attributes:
  check_mode:
    description: Says what would change. The settings of a new profile are judged by macsecctl.
    support: full
  diff_mode:
    description: Shows settings, never keys.
    support: full
  platform:
    description: Systems it runs on.
    support: full
    platforms: linux
seealso:
  - module: macsecd.macsec.macsec_key
"""

EXAMPLES = r"""
- name: Secure eth0
  macsecd.macsec.macsec_profile:
    name: uplink
    settings:
      Link.Parent: eth0
      MACsec.CipherSuites: GCM-AES-XPN-256
    ckn: 2f0c9d5e71b84a6690d3a1f7c2e4b586
    key: "{{ vault_uplink_cak }}"
"""

RETURN = r"""
changes:
  description: What became different, or would.
  returned: success
  type: list
  elements: str
  sample: [MKA.Priority=16]
"""

import os
import re
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.macsecd.macsec.plugins.module_utils.macsecctl import Failed, Macsecctl

# The settings of a profile that are secrets themselves.
SECRET = re.compile(r"^(Key\d*\.Cak|StaticKeys\d*\.(Key|Salt)|RadiusServer\d*\.Secret|8021X\.(Password|PrivateKeyPassword))$")

# Those that are where they hold the octets themselves, PKCS#12 with the private key for one.
SECRET_AS_DATA = re.compile(r"^8021X\.(PrivateKey|ClientCertificate)$")


def is_secret(name, value):
    return SECRET.search(name) or (SECRET_AS_DATA.search(name) and value.startswith("data:"))


def text_of(value):
    """A value of YAML as profiles write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(text_of(each) for each in value)
    return "" if value is None else str(value)


def present(profile):
    """{name: value} of the settings of a profile that is there; those of the second section of a name begin with NAME2."""
    found, counts = {}, {}
    for section, texts in profile["Settings"]:
        counts[section] = counts.get(section, 0) + 1
        number = "" if counts[section] == 1 else str(counts[section])
        for name, value in texts.items():
            found["%s%s.%s" % (section, number, name)] = value
    return found


def profile_text(settings):
    """A profile of these settings. What stands for its secrets is not looked for."""
    sections = {}
    for name, value in settings.items():
        section, dot, key = name.partition(".")
        if value:
            sections.setdefault(section, []).append("%s=%s" % (key, value))
    for section, lines in sections.items():
        if re.match(r"Key\d*$", section) and not any(line.startswith("Cak") for line in lines):
            lines.append("CakCredential=key")
    return "".join("[%s]\n%s\n" % (re.sub(r"^(Key|StaticKeys|RadiusServer)\d+$", r"\1", section), "\n".join(lines))
                   for section, lines in sections.items())


class Profile(object):
    """The profile that a task is about."""

    def __init__(self, module):
        self.module = module
        self.macsecctl = Macsecctl(module)
        self.name = module.params["name"]
        self.settings = dict((name, text_of(value)) for name, value in module.params["settings"].items())
        for name, value in self.settings.items():
            if "." not in name:
                module.fail_json(msg="settings: %s lacks its section, MKA.Priority for one" % name)
            if is_secret(name, value):
                module.fail_json(msg="settings: %s is a secret, which settings would show: give it as key, or in a file or credential of the host"
                                 % name)

    def judge(self):
        """Has macsecctl read the settings of a new profile, which changes nothing."""
        folder = tempfile.mkdtemp(dir=self.module.tmpdir)
        path = os.path.join(folder, self.name + ".macsec")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(profile_text(self.settings))
        try:
            self.macsecctl.run(["profile", "check", "--no-keys", path])
        except Failed as failure:
            raise Failed(failure.code, str(failure).replace(folder + "/", ""))
        finally:
            os.unlink(path)
            os.rmdir(folder)

    def add(self):
        if self.module.params["ckn"]:
            self.settings["Key.Ckn"] = self.module.params["ckn"]
        if self.module.params["enabled"] is False:
            self.settings["Link.Enable"] = "no"
        changes = ["%s=%s" % each for each in sorted(self.settings.items())]
        if self.module.check_mode:
            self.judge()
            return changes
        words = ["profile", "add", self.name] + changes
        key = self.module.params["key"]
        self.macsecctl.run(words + (["--key-fd=0"] if key else []), data=key + "\n" if key else None)
        return changes

    def change(self, now):
        settings = present(now)
        changes = ["%s=%s" % (name, value) for name, value in sorted(self.settings.items()) if settings.get(name, "") != value]
        if changes and not self.module.check_mode:
            self.macsecctl.run(["profile", "edit", self.name] + changes)
        enabled = self.module.params["enabled"]
        if enabled is not None and enabled != now["Enabled"]:
            if not self.module.check_mode:
                self.macsecctl.run(["profile", "enable" if enabled else "disable", self.name])
            changes.append("enabled" if enabled else "disabled")
        return changes

    def remove(self):
        if not self.module.check_mode:
            self.macsecctl.run(["profile", "remove", self.name])
        return ["removed"]


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "enabled": {"type": "bool"},
            "settings": {"type": "dict", "default": {}},
            "ckn": {"type": "str", "no_log": False},
            "key": {"type": "str", "no_log": True},
        },
        required_by={"key": "ckn"},
        supports_check_mode=True)
    try:
        profile = Profile(module)
        now = profile.macsecctl.profile(profile.name)
        before = present(now) if now else {}
        if module.params["state"] == "absent":
            changes, after = (profile.remove() if now else []), {}
        else:
            changes = profile.change(now) if now else profile.add()
            after = dict((name, value) for name, value in dict(before, **profile.settings).items() if value)
    except Failed as failure:
        module.fail_json(msg=str(failure), code=failure.code)
    module.exit_json(changed=bool(changes), changes=changes, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
