# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest's wall clock."""

import contextlib
import time


@contextlib.contextmanager
def stepped(seconds):
    """The wall clock is `seconds` ahead (or behind, if negative) within the block; it is set right afterwards."""
    step(seconds)
    try:
        yield
    finally:
        step(-seconds)


def step(seconds):
    """Set the wall clock forward (or back)."""
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + seconds)
