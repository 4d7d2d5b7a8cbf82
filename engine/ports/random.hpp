// SPDX-License-Identifier: LGPL-2.1-or-later
/// Randomness, reproducible in simulations.
#pragma once

#include "engine/base/bytes.hpp"

namespace macsec {

class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;
  /// Fills with cryptographically strong random octets. Does not fail: an OS without randomness ends the process.
  virtual void fill(MutableBytes out) = 0;
};

}  // namespace macsec
