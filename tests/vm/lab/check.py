# SPDX-License-Identifier: LGPL-2.1-or-later
"""Assertions with readable messages, and waiting for things to become true."""

import time


class Failure(Exception):
    """An assertion that did not hold; the text says what was expected and what was found."""


def check(condition, message):
    """Fail with `message` unless `condition`. `message` may be a function, called only on failure."""
    if not condition:
        raise Failure(message() if callable(message) else message)


def equal(found, expected, what):
    """Fail unless `found` equals `expected`."""
    if found != expected:
        raise Failure("%s: expected %r, found %r" % (what, expected, found))


def at_most(found, limit, what):
    """Fail when `found` is greater than `limit`."""
    if found > limit:
        raise Failure("%s: at most %s expected, found %s" % (what, limit, found))


def at_least(found, limit, what):
    """Fail when `found` is less than `limit`."""
    if found < limit:
        raise Failure("%s: at least %s expected, found %s" % (what, limit, found))


def wait_until(predicate, deadline, what, every=0.01, state=None):
    """Poll until `predicate()` is true and return its value; fail after `deadline` seconds of guest time.

    `what` completes the sentence "waited N s: ..."; `state`, if given, is called for a description of what is there instead.
    The longer it takes the rarer the looks: most cost the guest's one CPU a program that starts.
    """
    begin = time.monotonic()
    while True:
        value = predicate()
        if value:
            return value
        waited = time.monotonic() - begin
        if waited >= deadline:
            found = "; found: %s" % (state(),) if state else ""
            raise Failure("waited %g s: %s%s" % (deadline, what, found))
        time.sleep(max(every, waited / 25))  # poll: the kernel sends no event for MACsec


def stays(predicate, duration, what, every=0.05):
    """Fail as soon as `predicate()` is false within `duration` seconds of guest time."""
    start = time.monotonic()
    while time.monotonic() - start < duration:
        if not predicate():
            raise Failure("%s: no longer after %.2f s" % (what, time.monotonic() - start))
        time.sleep(every)  # poll: the kernel sends no event for MACsec
