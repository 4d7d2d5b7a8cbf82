// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sticky-failure readers and writers of big-endian octets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace macsec {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// Reads big-endian fields from a buffer. After the first read past the end every later read yields zero
/// and ok() stays false, so a parser checks once at the end of a structure instead of at each field.
class Reader {
 public:
  constexpr explicit Reader(Bytes data) noexcept : data_{data} {}

  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  [[nodiscard]] constexpr std::size_t remaining() const noexcept { return data_.size(); }

  /// The next `count` octets, or an empty span on failure.
  constexpr Bytes take(std::size_t count) noexcept {
    if (count > data_.size()) {
      ok_ = false;
      data_ = {};
      return {};
    }
    const Bytes head = data_.first(count);
    data_ = data_.subspan(count);
    return head;
  }
  constexpr void skip(std::size_t count) noexcept { static_cast<void>(take(count)); }

  constexpr std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(unsigned_field(1)); }
  constexpr std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(unsigned_field(2)); }
  constexpr std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(unsigned_field(4)); }
  constexpr std::uint64_t u64() noexcept { return unsigned_field(8); }

  template <std::size_t N>
  constexpr std::array<std::uint8_t, N> array() noexcept {
    std::array<std::uint8_t, N> out{};
    const Bytes from = take(N);
    for (std::size_t i = 0; i < from.size(); ++i) out[i] = from[i];
    return out;
  }

 private:
  constexpr std::uint64_t unsigned_field(std::size_t octets) noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t octet : take(octets)) value = value << 8U | octet;
    return value;
  }

  Bytes data_;
  bool ok_ = true;
};

/// Writes big-endian fields into a caller's buffer. After the first write past the end nothing more is written
/// and ok() stays false.
class Writer {
 public:
  constexpr explicit Writer(MutableBytes buffer) noexcept : buffer_{buffer} {}

  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr Bytes written() const noexcept { return buffer_.first(size_); }

  constexpr void put(Bytes octets) noexcept {
    if (MutableBytes to = claim(octets.size()); to.size() == octets.size())
      for (std::size_t i = 0; i < octets.size(); ++i) to[i] = octets[i];
  }
  constexpr void zeros(std::size_t count) noexcept {
    for (std::uint8_t& octet : claim(count)) octet = 0;
  }
  constexpr void u8(std::uint8_t value) noexcept { unsigned_field(value, 1); }
  constexpr void u16(std::uint16_t value) noexcept { unsigned_field(value, 2); }
  constexpr void u32(std::uint32_t value) noexcept { unsigned_field(value, 4); }
  constexpr void u64(std::uint64_t value) noexcept { unsigned_field(value, 8); }

  /// Makes ok() false for a caller that found out by itself that its value cannot be written.
  constexpr void fail() noexcept { ok_ = false; }

  /// Reserves `count` octets to be filled in by the caller; empty on failure.
  constexpr MutableBytes claim(std::size_t count) noexcept {
    if (!ok_ || count > buffer_.size() - size_) {
      ok_ = false;
      return {};
    }
    const MutableBytes out = buffer_.subspan(size_, count);
    size_ += count;
    return out;
  }

 private:
  constexpr void unsigned_field(std::uint64_t value, std::size_t octets) noexcept {
    const MutableBytes to = claim(octets);
    for (std::size_t i = to.size(); i > 0; --i, value >>= 8U) to[i - 1] = static_cast<std::uint8_t>(value & 0xffU);
  }

  MutableBytes buffer_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace macsec
