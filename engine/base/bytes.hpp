// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sticky-failure readers and writers of big-endian octets.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace macsec {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

namespace detail {

/// A loop is what the compiler can evaluate; memcpy is what it turns into one instruction.
constexpr void copy(Bytes from, std::uint8_t* to) noexcept {
  if consteval {
    for (const std::uint8_t octet : from) *to++ = octet;
  } else {
    std::memcpy(to, from.data(), from.size());
  }
}

/// From the machine's order to big endian, or back.
template <typename T>
constexpr T big_endian(T value) noexcept {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

}  // namespace detail

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

  constexpr std::uint8_t u8() noexcept { return field<std::uint8_t>(); }
  constexpr std::uint16_t u16() noexcept { return field<std::uint16_t>(); }
  constexpr std::uint32_t u32() noexcept { return field<std::uint32_t>(); }
  constexpr std::uint64_t u64() noexcept { return field<std::uint64_t>(); }

  template <std::size_t N>
  constexpr std::array<std::uint8_t, N> array() noexcept {
    std::array<std::uint8_t, N> out{};
    if (const Bytes from = take(N); from.size() == N) detail::copy(from, out.data());
    return out;
  }

 private:
  template <typename T>
  constexpr T field() noexcept {
    const Bytes from = take(sizeof(T));
    if (from.empty()) return 0;
    std::array<std::uint8_t, sizeof(T)> octets{};
    detail::copy(from.first(sizeof(T)), octets.data());
    return detail::big_endian(std::bit_cast<T>(octets));
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
    if (const MutableBytes to = claim(octets.size()); !to.empty()) detail::copy(octets, to.data());
  }
  constexpr void zeros(std::size_t count) noexcept {
    for (std::uint8_t& octet : claim(count)) octet = 0;
  }
  constexpr void u8(std::uint8_t value) noexcept { field(value); }
  constexpr void u16(std::uint16_t value) noexcept { field(value); }
  constexpr void u32(std::uint32_t value) noexcept { field(value); }
  constexpr void u64(std::uint64_t value) noexcept { field(value); }

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
  template <typename T>
  constexpr void field(T value) noexcept {
    put(std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(detail::big_endian(value)));
  }

  MutableBytes buffer_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace macsec
