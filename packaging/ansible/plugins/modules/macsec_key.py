#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One key of a profile of macsecd: there, or out of use."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: macsec_key
short_description: Add a key to a MACsec link of macsecd, or retire it
version_added: 0.2.0
author: macsecd maintainers (!UNKNOWN)
description:
  - Adds a key (CKN and CAK) to those a profile has, or takes one out of use, while traffic passes.
  - A key is retired only when every peer has used another one for 6 seconds. Where that is not proved in time, both keys
    stay and the task fails with the peer that would be lost.
  - A key is known by its CKN. The same key a second time changes nothing, and a CKN that has or had another CAK is refused.
  - The CAK reaches C(macsecctl) on its standard input. It is in no argument, no result and no diff.
options:
  profile:
    description: Name of the profile.
    type: str
    required: true
  ckn:
    description: Name of the key, 2 to 64 hexadecimal digits, the same on all ends of the link.
    type: str
    required: true
  state:
    description: Whether the key is there, or out of use.
    type: str
    choices: [present, retired]
    default: present
  key:
    description: The CAK, 32 or 64 hexadecimal digits. Needed for I(state=present).
    type: str
  not_before:
    description: When the key begins to be used, as B(macsec.profile)(5) writes dates. The same on all ends.
    type: str
  not_after:
    description: When the key ceases to be used.
    type: str
  role:
    description: Whether the key is used always, or only where no peer has a primary one.
    type: str
    choices: [primary, fallback]
    default: primary
  wait:
    description: Seconds to wait for the proof that no peer needs the key. For I(state=retired).
    type: int
    default: 30
  force:
    description: Retire the key even where that cuts the link.
    type: bool
    default: false
attributes:
  check_mode:
    description: Says what would change. A retirement that would be refused now fails.
    support: full
  diff_mode:
    description: Shows CKN, role, lifetime and state.
    support: full
  platform:
    description: Systems it runs on.
    support: full
    platforms: linux
seealso:
  - module: macsecd.macsec.macsec_keys
  - module: macsecd.macsec.macsec_key_info
"""

EXAMPLES = r"""
- name: Add the next key
  macsecd.macsec.macsec_key:
    profile: uplink
    ckn: 2f0c9d5e71b84a6690d3a1f7c2e4b586
    key: "{{ vault_uplink_cak }}"

- name: Retire the one before
  macsecd.macsec.macsec_key:
    profile: uplink
    ckn: 0a1b
    state: retired
    wait: 60
"""

RETURN = r"""
outcome:
  description: What macsecctl said.
  returned: success
  type: str
  sample: added
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.macsecd.macsec.plugins.module_utils.macsecctl import (
    KEY_OPTIONS, Failed, Macsecctl, apply_key, problem_of, shown)


def main():
    module = AnsibleModule(argument_spec=KEY_OPTIONS, supports_check_mode=True)
    key = module.params
    problem = problem_of(key)
    if problem:
        module.fail_json(msg=problem)
    try:
        changed, outcome, before = apply_key(Macsecctl(module), key, module.check_mode)
    except Failed as failure:
        module.fail_json(msg=str(failure), code=failure.code)
    after = key["state"] if changed else before
    module.exit_json(changed=changed, outcome=outcome, diff={"before": shown(before, key), "after": shown(after, key)})


if __name__ == "__main__":
    main()
