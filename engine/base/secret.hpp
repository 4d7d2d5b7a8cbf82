// SPDX-License-Identifier: LGPL-2.1-or-later
/// Key material that wipes itself and cannot be copied, printed or compared in variable time.
#pragma once

#include "engine/base/bytes.hpp"

#include <algorithm>

namespace macsec {

/// Overwrites `octets` with zeros in a way the compiler may not remove.
void wipe(MutableBytes octets) noexcept;

/// Whether two octet strings are equal, in time that depends on their lengths only.
[[nodiscard]] bool equal_constant_time(Bytes left, Bytes right) noexcept;

/// Up to `Capacity` octets of secret, stored inline. Move-only; a moved-from, cleared or destroyed Secret is
/// wiped. The octets are reachable only through expose(), which makes every use easy to find.
template <std::size_t Capacity>
class Secret {
 public:
  Secret() noexcept = default;
  /// Copies the first Capacity octets of `octets`; callers check the length before.
  explicit Secret(Bytes octets) noexcept : size_{std::min(octets.size(), Capacity)} {
    std::copy_n(octets.begin(), size_, octets_.begin());
  }
  Secret(Secret&& other) noexcept : octets_{other.octets_}, size_{other.size_} { other.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      octets_ = other.octets_;
      size_ = other.size_;
      other.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] Bytes expose() const noexcept { return Bytes{octets_}.first(size_); }

  /// A buffer of `size` octets (at most Capacity) for the caller to fill with the secret.
  [[nodiscard]] MutableBytes allocate(std::size_t size) noexcept {
    clear();
    size_ = std::min(size, Capacity);
    return MutableBytes{octets_}.first(size_);
  }
  /// A deliberate second copy, for the rare owner that needs one.
  [[nodiscard]] Secret duplicate() const noexcept { return Secret{expose()}; }

  void clear() noexcept {
    wipe(octets_);
    size_ = 0;
  }

  friend bool operator==(const Secret& left, const Secret& right) noexcept {
    return equal_constant_time(left.expose(), right.expose());
  }

 private:
  std::array<std::uint8_t, Capacity> octets_{};
  std::size_t size_ = 0;
};

}  // namespace macsec
