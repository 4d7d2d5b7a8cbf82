# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter to the kernel: every operation on macsec devices, offload and adoption, against the real driver"""

from lab.check import check
from lab.process import command

timeout = 300
programs = ["tests/vm/secy-probe"]

PROBE = "/lab/bin/secy-probe"


def tests():
    """The probe's tests as gtest filters."""
    suite, found = "", []
    for line in command([PROBE, "--gtest_list_tests"]).splitlines():
        word = line.split("#")[0].rstrip()
        if line.startswith("  "):
            found.append(suite + word.strip())
        elif word.endswith("."):
            suite = word
    return found


def one_test(c, name):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    one.wait_link("eth0", flag="LOWER_UP")
    if name.startswith("OffloadTest"):
        c.netdevsim(one)
    text = command([PROBE, "--gtest_filter=" + name], check=False)
    check("[  PASSED  ] 1 test." in text, text)
    return "; ".join(line[2:] for line in text.splitlines() if line.startswith("# ") and "says:" not in line)


def run(t):
    for name in tests():
        t.case(name, one_test, name)
