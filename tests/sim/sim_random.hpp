// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reproducible randomness for scenarios and for the engine under test.
#pragma once

#include "engine/ports/random.hpp"

#include <cstdint>

namespace macsec::sim {

/// splitmix64: small, fast, and a stream for every seed.
class SimRandom final : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) noexcept : state_{seed} {}

  void fill(MutableBytes out) override {
    for (std::size_t i = 0; i < out.size();) {
      std::uint64_t word = next();
      for (std::size_t j = 0; j < 8 && i < out.size(); ++j, ++i, word >>= 8U)
        out[i] = static_cast<std::uint8_t>(word & 0xffU);
    }
  }

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t word = state_;
    word = (word ^ word >> 30U) * 0xbf58476d1ce4e5b9ULL;
    word = (word ^ word >> 27U) * 0x94d049bb133111ebULL;
    return word ^ word >> 31U;
  }
  /// 0 to `bound` - 1; 0 where `bound` is 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return bound == 0 ? 0 : next() % bound; }
  /// Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1U));
  }
  /// True `percent` times in a hundred.
  bool chance(unsigned percent) noexcept { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

}  // namespace macsec::sim
