// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "engine/ports/random.hpp"

namespace macsec::os {

/// getrandom(2). Ends the process when the OS has no randomness to give.
class OsRandom final : public Random {
 public:
  void fill(MutableBytes out) override;
};

}  // namespace macsec::os
