// SPDX-License-Identifier: LGPL-2.1-or-later
/// Messages of D-Bus in a stream of octets: where one ends, and its serial numbers. Pure.
#pragma once

#include "engine/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace macsec::nm {

/// The header every message begins with.
inline constexpr std::size_t bus_frame_head = 16;
/// What the D-Bus specification allows.
inline constexpr std::size_t largest_bus_frame = std::size_t{128} << 20U;

/// The next multiple of `to`.
[[nodiscard]] constexpr std::size_t aligned(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

/// The size of the first message of a stream as far as it is there: nothing while its head is incomplete, 0 where it can
/// be no message.
[[nodiscard]] std::optional<std::size_t> bus_frame_size(Bytes stream) noexcept;

/// One whole message, in its own byte order. Its fields may be anything: what is not there is 0.
class BusFrame {
 public:
  /// `octets` as many as bus_frame_size() says; they outlive this.
  explicit BusFrame(MutableBytes octets) noexcept : octets_{octets} {}

  [[nodiscard]] std::uint32_t serial() const noexcept { return number(serial_at); }
  void set_serial(std::uint32_t serial) noexcept { set_number(serial_at, serial); }
  /// The serial number of the call that this answers; nothing: it answers none.
  [[nodiscard]] std::optional<std::uint32_t> reply_serial() const noexcept;
  /// Of a message that has one.
  void set_reply_serial(std::uint32_t serial) noexcept;
  /// The string that the body begins with; empty where it does not.
  [[nodiscard]] std::string_view first_string() const noexcept;

 private:
  static constexpr std::size_t serial_at = 8;
  [[nodiscard]] std::uint32_t number(std::size_t at) const noexcept;
  void set_number(std::size_t at, std::uint32_t value) noexcept;
  /// Where the number of the field is; 0: there is no such field.
  [[nodiscard]] std::size_t reply_serial_at() const noexcept;

  MutableBytes octets_;
};

}  // namespace macsec::nm
