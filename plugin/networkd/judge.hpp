// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether what a .netdev says makes a link that macsecd can secure.
#pragma once

#include "plugin/networkd/written.hpp"

namespace macsec::networkd {

/// Adds what is wrong with a file of ours as a whole, and puts its sections together as those of a profile.
void judge(Written& written);

/// Adds what is wrong where a file is not ours but looks as if it were meant to be.
void judge_others(Written& written);

}  // namespace macsec::networkd
