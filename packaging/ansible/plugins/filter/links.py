# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a rotation does to each link, from what its ends say; and what became of it.

Everything here is a function of the links and of what tasks registered on their hosts. Nothing is stored between two runs:
a run that was interrupted is continued from the keys that the ends have.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import secrets

DOCUMENTATION = r"""
name: links
short_description: Plan and report rotations of keys of MACsec links
version_added: 0.2.0
author: macsecd maintainers (!UNKNOWN)
description:
  - C(plan), C(work), C(ready) and C(report), as the role rotate uses them.
"""

# Keys in these states may become or stay the key of a link.
USABLE = ("early", "active")


class Refused(ValueError):
    """The list of links is wrong."""


def check_links(links, hosts):
    """Raises Refused where links do not name two ends or more, each once, of hosts that are there."""
    names, ends = set(), {}
    for link in links:
        name = link.get("name") or "(a link without a name)"
        if name in names:
            raise Refused("macsec_links: two links are named %s" % name)
        names.add(name)
        if not isinstance(link.get("ends"), dict) or len(link["ends"]) < 2:
            raise Refused("macsec_links: %s needs ends, {HOST: PROFILE, HOST: PROFILE}" % name)
        for end in link["ends"].items():
            if end[0] not in hosts:
                raise Refused("macsec_links: %s: there is no host %s in the inventory" % (name, end[0]))
            if end in ends:
                raise Refused("macsec_links: profile %s of %s is in %s and in %s" % (end[1], end[0], ends[end], name))
            ends[end] = name


def failure_of(register, host, what):
    """Why a task that is to say something of a host did not; nothing where it did."""
    if register is None or register.get("skipped"):
        return "%s: %s" % (host, what)
    if register.get("unreachable"):
        return "%s is unreachable" % host
    # A host that had no evidence for one of its links in time has failed by Ansible's measure, and answered.
    if register.get("failed") and "macsec_keys" not in register:
        return "%s: %s" % (host, register.get("msg", what))
    return None


def keys_of(register, profile):
    """{CKN: key} of a profile's primary keys that are not retired."""
    return {key["ckn"]: key for key in register.get("macsec_keys", ())
            if key["profile"] == profile and key["state"] != "retired" and key.get("role") == "primary"}


def registered(hostvars, host, name):
    """What a task registered on a host, without templating all its variables."""
    return hostvars.raw_get(host).get(name)


def plan_link(ends, keys, now, max_age):
    """(whether a new key is needed, {host: CKNs to retire}) of a link that has `keys`, {host: {CKN: key}}.

    The key to keep is the youngest that every end has and under which a peer is live at each of them. A key that an
    interrupted run left at one end, or one with another CAK at the other, is none of these, and goes. A key whose time has
    not come stays.
    """
    common = set.intersection(*[set(keys[host]) for host in ends])
    good = [ckn for ckn in common if all(keys[host][ckn]["live_peers"] and keys[host][ckn]["state"] in USABLE for host in ends)]
    begins = {ckn: max(keys[host][ckn].get("not_before") or 0 for host in ends) for ckn in good}
    keep = max(good, key=lambda ckn: (begins[ckn], ckn)) if good else None
    fresh = keep is None or now - begins[keep] >= max_age
    keep = None if fresh else keep
    return fresh, {host: sorted(ckn for ckn, key in keys[host].items() if ckn != keep and key["state"] != "waiting") for host in ends}


def plan(links, hostvars, now, max_age, limit=None):
    """The plan: a list of {name, ends, new, retire, failed}; those of `links` that `limit`, a list of names, names.

    `new` is the CKN of the key to be added on all ends, empty where none is needed; `retire` {host: CKNs}. `failed` says
    why nothing is to be done.
    """
    check_links(links, hostvars)
    unknown = sorted(set(limit or ()) - {link["name"] for link in links})
    if unknown:
        raise Refused("macsec_only: there is no link %s in macsec_links" % ", ".join(unknown))
    found = {host: registered(hostvars, host, "macsec_before") for host in {host for link in links for host in link["ends"]}}
    out = []
    for link in links:
        if limit and link["name"] not in limit:
            continue
        entry = {"name": link["name"], "ends": link["ends"], "new": "", "retire": {}, "failed": ""}
        out.append(entry)
        problems = [failure_of(found[host], host, "its keys were not read") for host in link["ends"]]
        problems += ["%s has no profile %s" % (host, profile) for host, profile in link["ends"].items()
                     if found[host] and "macsec_profiles" in found[host] and profile not in found[host]["macsec_profiles"]]
        entry["failed"] = "; ".join(filter(None, problems))
        if entry["failed"]:
            continue
        keys = {host: keys_of(found[host], profile) for host, profile in link["ends"].items()}
        fresh, entry["retire"] = plan_link(link["ends"], keys, now, max_age)
        entry["new"] = secrets.token_hex(16) if fresh else ""
    return out


def caks(planned):
    """A CAK of 256 bit for each new key, {CKN: CAK}."""
    return {link["new"]: secrets.token_hex(32) for link in planned if link["new"]}


def added(link, hostvars):
    """Why the new key is not at every end; nothing where it is, or is not needed."""
    if not link["new"]:
        return None
    problems = []
    for host, profile in link["ends"].items():
        register = registered(hostvars, host, "macsec_added")
        problem = failure_of(register, host, "the new key was not added")
        if problem is None:
            for result in register.get("results", ()):
                if (result["profile"], result["ckn"]) == (profile, link["new"]) and result["failed"]:
                    problem = "%s: %s" % (host, result["msg"])
        problems.append(problem)
    return "; ".join(filter(None, problems)) or None


def blockers(link, host, register):
    """What keeps keys of a link from being retired at one of its ends, each with its CKN."""
    if not link["retire"][host]:
        return []
    problem = failure_of(register, host, "no evidence was asked for, another link failed")
    if problem:
        return [problem]
    keys = keys_of(register, link["ends"][host])
    if link["new"] and link["new"] not in keys:
        return ["%s does not have the new key %s any more" % (host, link["new"])]
    out = ["%s: CKN %s: %s" % (host, ckn, keys[ckn]["blocker"]) for ckn in link["retire"][host]
           if ckn in keys and not keys[ckn]["ready_to_retire"]]
    if out and link["new"] and not keys[link["new"]]["live_peers"]:
        out.append("%s hears no peer under the new key: its CAK differs at another end, or its MKPDUs are lost" % host)
    return out


def proved(link, hostvars):
    """Why keys must stay, from all ends; nothing where all may go."""
    out = [each for host in link["ends"] for each in blockers(link, host, registered(hostvars, host, "macsec_evidence"))]
    return "; ".join(out) or None


def left(link, hostvars):
    """Which ends still have a key that was to be retired; nothing where none has."""
    problems = []
    for host, profile in link["ends"].items():
        if not link["retire"][host]:
            continue
        register = registered(hostvars, host, "macsec_retired")
        problem = failure_of(register, host, "stopped, another link failed")
        if problem:
            problem = "%s has %s still: %s" % (host, ", ".join(link["retire"][host]), problem)
        else:
            problem = "; ".join("%s has %s still: %s" % (host, result["ckn"], result["msg"]) for result in register["results"]
                                if result["profile"] == profile and result["failed"])
        problems.append(problem)
    return "; ".join(filter(None, problems)) or None


def failed_at(link, hostvars, phase):
    """(phase, why) of a link that did not come through the phases before this one; nothing where it did."""
    steps = (("plan", lambda link, hostvars: link["failed"]), ("add", added), ("prove", proved), ("retire", left))
    for name, judge in steps:
        if name == phase:
            return None
        why = judge(link, hostvars)
        if why:
            return name, why
    return None


def stopped(hostvars, phase, controller="localhost"):
    """Whether any link did not come through the phases before this one. The controller asks once, and not each host."""
    return any(failed_at(link, hostvars, phase) for link in hostvars.raw_get(controller)["macsec_plan"])


def work(hostvars, host, phase, stop=False, controller="localhost"):
    """What a host does in a phase ("add", "prove", "retire"): the keys for macsec_keys, of links that came so far.

    With `stop` it does nothing where any link did not, as the controller's macsec_stopped says of the phase.
    """
    known = hostvars.raw_get(controller)
    planned, secret = known["macsec_plan"], known.get("macsec_caks") or {}
    if stop:
        judged = (known.get("macsec_stopped") or {}).get(phase)
        if stopped(hostvars, phase, controller) if judged is None else judged:
            return []
    out = []
    for link in planned:
        if host not in link["ends"] or failed_at(link, hostvars, phase):
            continue
        profile = link["ends"][host]
        if phase == "add":
            if link["new"]:
                out.append({"profile": profile, "ckn": link["new"], "key": secret.get(link["new"]), "not_before": known["macsec_begins"]})
        else:
            out += [{"profile": profile, "ckn": ckn, "state": "retired"} for ckn in link["retire"][host]]
    return out


def ready(register, keys):
    """Whether a host may retire all of these keys, by its answer; also where it gave none that time could change."""
    found = {(key["profile"], key["ckn"]): key for key in register.get("macsec_keys", ())}
    return all(found[each["profile"], each["ckn"]].get("ready_to_retire", True) for each in keys if (each["profile"], each["ckn"]) in found)


def report(hostvars, check=False, controller="localhost"):
    """What became of each link: a list of {name, result, text}; result is rotated, continued, unchanged or failed.

    In check mode what was not tried is not missing.
    """
    out = []
    for link in hostvars.raw_get(controller)["macsec_plan"]:
        failure = failed_at(link, hostvars, "prove" if check else "report")
        result = "rotated" if link["new"] else "continued" if any(link["retire"].values()) else "unchanged"
        text = "%s, phase %s: %s" % (link["name"], failure[0], failure[1]) if failure else ""
        out.append({"name": link["name"], "result": "failed" if failure else result, "text": text})
    return out


def audit(hostvars, links, now, max_age):
    """What is not as it ought to be, a sentence for each link: {name, why}."""
    out = []
    for link in plan(links, hostvars, now, max_age):
        why = link["failed"]
        if not why and any(link["retire"].values()) and not link["new"]:
            why = "a rotation is not finished: %s" % ", ".join(
                "%s has %s still" % (host, ", ".join(ckns)) for host, ckns in link["retire"].items() if ckns)
        elif not why and link["new"]:
            why = "no key that all ends use is younger than %d days" % (max_age // 86400)
        if why:
            out.append({"name": link["name"], "why": why})
    return out


class FilterModule(object):
    def filters(self):
        return {"plan": lambda links, hostvars, now, max_age, limit=None: plan(links, hostvars, int(now), int(max_age), limit),
                "caks": caks, "stopped": stopped, "work": work, "ready": ready, "report": report,
                "audit": lambda links, hostvars, now, max_age: audit(hostvars, links, int(now), int(max_age))}
