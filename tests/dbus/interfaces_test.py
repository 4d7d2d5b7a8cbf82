#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The interface descriptions against the running objects: same members, types and annotations; every member documented;
actions as guarded; errors that exist. Arguments: the program that introspects, names.hpp, the descriptions."""

import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ET

PROGRAM, NAMES, *DESCRIPTIONS = sys.argv[1:]


def members(interface):
    """Everything about an interface that a client can see, by member."""
    out = {}
    for element in interface:
        if element.tag == "annotation":
            continue
        is_method = element.tag == "method"
        arguments = [(a.get("direction") or ("in" if is_method else "out"), a.get("type"), a.get("name"))
                     for a in element.findall("arg")]
        annotations = {(a.get("name"), a.get("value")) for a in element.findall("annotation")}
        # Without an annotation a property emits its changes (D-Bus specification).
        annotations.discard(("org.freedesktop.DBus.Property.EmitsChangedSignal", "true"))
        out[element.tag, element.get("name")] = (element.get("type"), element.get("access"), arguments, annotations)
    return out


def comments(path):
    """Documentation by member name: the comment right before each element."""
    text = open(path, encoding="utf-8").read()
    found = re.findall(r"<!--\s*((?:(?!-->).)*)-->\s*<(?:interface|method|signal|property) name=\"([^\"]+)\"", text, re.S)
    return {name: comment for comment, name in found}


class Interfaces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.written = {}
        cls.comments = {}
        for path in DESCRIPTIONS:
            for interface in ET.parse(path).getroot().findall("interface"):
                cls.written[interface.get("name")] = interface
                cls.comments[interface.get("name")] = comments(path)
        output = subprocess.run([PROGRAM], check=True, capture_output=True, text=True).stdout
        cls.running, cls.counters = {}, {}
        for part in re.split(r"^# ", output, flags=re.M)[1:]:
            head, body = part.split("\n", 1)
            if head == "guards":
                cls.guards = {tuple(line.split()) for line in body.splitlines() if line}
                continue
            if head.endswith("counters"):
                cls.counters[head] = set(body.split())
                continue
            for interface in ET.fromstring(body[body.index("<node"):]).findall("interface"):
                cls.running[interface.get("name")] = interface

    def test_same_members(self):
        ours = {name for name in self.running if name.startswith("org.macsecd1.")}
        self.assertEqual(ours, set(self.written))
        self.assertIn("org.freedesktop.DBus.ObjectManager", self.running)
        for name, interface in self.written.items():
            self.assertEqual(members(interface), members(self.running[name]), name)

    def test_every_member_is_documented(self):
        for name, interface in self.written.items():
            documented = self.comments[name]
            self.assertIn(name, documented)
            for element in interface:
                member = element.get("name")
                self.assertIn(member, documented, f"{name}.{member}")
                comment = documented[member]
                self.assertTrue(comment.startswith(member + ":"), f"{name}.{member}: {comment[:40]}")
                described = re.findall(r"^\s*@(\w+):", comment, re.M)
                self.assertEqual(described, [a.get("name") for a in element.findall("arg")], f"{name}.{member}")
                self.assertTrue(re.sub(r"^\s*(@\w+)?:.*$|" + member + ":", "", comment, flags=re.M).strip())

    def test_actions_are_as_guarded(self):
        told = set()
        for name, documented in self.comments.items():
            for member, comment in documented.items():
                for action in re.findall(r"Action: ([\w.]+\w)", comment):
                    told.add((name, member, action))
        self.assertEqual(told, self.guards)

    def test_every_counter_is_documented(self):
        told = set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", self.comments["org.macsecd1.Session"]["Counters"]))
        self.assertEqual(told, self.counters["counters"])
        for interface, member, begin, counters in (("Supplicant", "Counters", "up. ", "supplicant-counters"),
                                                   ("Authenticator", "Counters", "up. ", "authenticator-counters"),
                                                   ("Authenticator", "Servers", "without a signal. ", "radius-counters")):
            told = set(re.findall(r"\b(\w+): ", self.comments[f"org.macsecd1.{interface}"][member].split(begin)[1]))
            self.assertEqual(told, self.counters[counters])

    def test_errors_exist(self):
        known = set(re.findall(r'"(org\.macsecd1\.Error\.\w+)"', open(NAMES, encoding="utf-8").read()))
        told = set()
        for name, documented in self.comments.items():
            for member, comment in documented.items():
                errors = set(re.findall(r"org\.macsecd1\.Error\.\w+", comment))
                told |= errors
                if "Action:" in comment:
                    self.assertIn("org.macsecd1.Error.NotAuthorized", errors, f"{name}.{member}")
        self.assertEqual(told, known)


unittest.main(argv=sys.argv[:1])
