#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several keys of the profiles of one host, each judged for itself."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: macsec_keys
short_description: Add or retire keys of many MACsec links of a host in one call
version_added: 0.2.0
author: macsecd maintainers (!UNKNOWN)
description:
  - Does for a list what M(macsecd.macsec.macsec_key) does for one key, in one call of the host. A host with a hundred links
    takes one task instead of a hundred.
  - A key that cannot be added or retired keeps none of the others from it. The task succeeds, and I(results) says of each
    key what became of it.
options:
  keys:
    description: The keys.
    type: list
    elements: dict
    required: true
    suboptions:
      profile:
        description: Name of the profile.
        type: str
        required: true
      ckn:
        description: Name of the key.
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
        description: When the key begins to be used.
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
        description: Seconds to wait for the proof that no peer needs the key.
        type: int
        default: 30
      force:
        description: Retire the key even where that cuts the link.
        type: bool
        default: false
attributes:
  check_mode:
    description: Says of each key what would change.
    support: full
  diff_mode:
    description: Shows CKN, role, lifetime and state of each key that changes.
    support: full
  platform:
    description: Systems it runs on.
    support: full
    platforms: linux
seealso:
  - module: macsecd.macsec.macsec_key
"""

EXAMPLES = r"""
- name: Retire the key of last year on two links
  macsecd.macsec.macsec_keys:
    keys:
      - {profile: uplink, ckn: 0a1b, state: retired}
      - {profile: lab, ckn: 0a1c, state: retired}
  register: retired
  failed_when: retired.results | selectattr("failed") | list | length > 0
"""

RETURN = r"""
results:
  description: What became of each key, in the order given.
  returned: always
  type: list
  elements: dict
  sample: [{profile: uplink, ckn: 0a1b, changed: true, failed: false, outcome: retired}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.macsecd.macsec.plugins.module_utils.macsecctl import (
    KEY_OPTIONS, Failed, Macsecctl, apply_key, problem_of, shown)


def main():
    spec = {"keys": {"type": "list", "elements": "dict", "required": True, "no_log": False, "options": KEY_OPTIONS}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    keys = module.params["keys"]
    for problem in filter(None, map(problem_of, keys)):
        module.fail_json(msg=problem)
    macsecctl = Macsecctl(module)
    results, before, after = [], {}, {}
    for key in keys:
        result = {"profile": key["profile"], "ckn": key["ckn"], "changed": False, "failed": False}
        try:
            result["changed"], result["outcome"], was = apply_key(macsecctl, key, module.check_mode)
        except Failed as failure:
            result.update(failed=True, msg=str(failure), code=failure.code)
        if result["changed"]:
            name = "%s %s" % (key["profile"], key["ckn"])
            before[name], after[name] = shown(was, key), shown(key["state"], key)
        results.append(result)
    module.exit_json(changed=any(result["changed"] for result in results), results=results,
                     diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
