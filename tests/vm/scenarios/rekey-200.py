# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hundred rekeys, as in rekey: nothing lost, nothing reordered"""

from scenarios import rekey

timeout = 900
in_all = False  # minutes of host time


def run(t):
    t.case("60 by time, GCM-AES-128", rekey.by_time, "GCM-AES-128", 60)
    t.case("40 by time, GCM-AES-XPN-256", rekey.by_time, "GCM-AES-XPN-256", 40)
    t.case("60 by packet number, GCM-AES-128", rekey.by_number, "GCM-AES-128", 60)
    t.case("40 by packet number, GCM-AES-XPN-128", rekey.by_number, "GCM-AES-XPN-128", 40)
