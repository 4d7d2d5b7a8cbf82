#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The keys of macsecd's profiles, and whether each may be retired."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: macsec_key_info
short_description: List the keys of MACsec links of macsecd
version_added: 0.2.0
author: macsecd maintainers (!UNKNOWN)
description:
  - Lists keys with their state, lifetime and peers, and whether each may be retired or what keeps it. Never a CAK.
options:
  profiles:
    description: Names of profiles. All where none is named.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Nothing changes.
    support: none
  platform:
    description: Systems it runs on.
    support: full
    platforms: linux
seealso:
  - module: macsecd.macsec.macsec_key
"""

EXAMPLES = r"""
- name: Read the keys
  macsecd.macsec.macsec_key_info:
  register: info

- name: Name what may be retired
  ansible.builtin.debug:
    msg: "{{ info.macsec_keys | selectattr('ready_to_retire', 'defined') | selectattr('ready_to_retire') | map(attribute='ckn') }}"
"""

RETURN = r"""
macsec_keys:
  description:
    - The keys, each an entry of the property Keys of org.macsecd1.Profile, with the name of its profile.
    - A retired key has I(ckn), I(state), I(retired_at) and I(profile) only.
  returned: success
  type: list
  elements: dict
  sample:
    - profile: uplink
      ckn: 0a1b
      bits: 256
      role: primary
      state: active
      principal: true
      live_peers: 1
      ready_to_retire: false
      blocker: no other key of its role is active, stays and ends later than in an hour
macsec_profiles:
  description: Names of the profiles, those without a key included.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.macsecd.macsec.plugins.module_utils.macsecctl import Failed, Macsecctl, keys_of


def main():
    module = AnsibleModule(argument_spec={"profiles": {"type": "list", "elements": "str", "default": []}},
                           supports_check_mode=True)
    try:
        listed = Macsecctl(module).ask(["key", "list"] + module.params["profiles"]) or []
    except Failed as failure:
        module.fail_json(msg=str(failure), code=failure.code)
    module.exit_json(changed=False, macsec_keys=keys_of(listed), macsec_profiles=[each["Profile"] for each in listed])


if __name__ == "__main__":
    main()
