// SPDX-License-Identifier: LGPL-2.1-or-later
/// Values as octets and back, field by field: one list of the fields serves both directions, so that they cannot differ.
#pragma once

#include "engine/base/wiped.hpp"

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

namespace macsec {

/// Appends fields to a buffer that wipes itself, because some hold secrets. Numbers are big-endian; text has its length in
/// four octets before it, a list its count in two.
class FieldWriter {
 public:
  explicit FieldWriter(WipedBuffer& out) noexcept : out_{&out} {}

  template <std::unsigned_integral T>
  void number(const T& value) {
    std::array<std::uint8_t, sizeof(T)> octets{};
    for (std::size_t i = 0; i < sizeof(T); ++i)
      octets[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)));
    out_->add(Bytes{octets});
  }
  void instant(const std::int64_t& value) { number(static_cast<std::uint64_t>(value)); }
  void flag(const bool& value) { number(static_cast<std::uint8_t>(value ? 1 : 0)); }
  void octets(Bytes value) { out_->add(value); }
  void text(const std::string& value) { counted(value); }
  void secret(const WipedText& value) { counted(value.view()); }
  template <typename T>
  void choice(const T& value, T /*last*/) {
    number(static_cast<std::uint8_t>(value));
  }
  /// An enum of one octet that may have any value.
  template <typename T>
  void code(const T& value) {
    number(static_cast<std::uint8_t>(value));
  }
  template <typename T, typename Each>
  void list(const std::vector<T>& items, Each each) {
    number(static_cast<std::uint16_t>(items.size()));
    for (const T& item : items) each(*this, item);
  }

 private:
  void counted(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_->add(value);
  }

  WipedBuffer* out_;
};

/// Reads what FieldWriter wrote. After the first field that does not fit or is out of range everything is empty and ok()
/// stays false.
class FieldReader {
 public:
  explicit FieldReader(Bytes octets) noexcept : reader_{octets} {}
  [[nodiscard]] bool ok() const noexcept { return ok_ && reader_.ok(); }
  /// All read, and nothing left over.
  [[nodiscard]] bool complete() const noexcept { return ok() && reader_.remaining() == 0; }

  template <std::unsigned_integral T>
  void number(T& value) noexcept {
    std::uint64_t read = 0;
    for (const std::uint8_t octet : reader_.take(sizeof(T))) read = read << 8U | octet;
    value = static_cast<T>(read);
  }
  void instant(std::int64_t& value) noexcept {
    std::uint64_t read = 0;
    number(read);
    value = static_cast<std::int64_t>(read);
  }
  void flag(bool& value) noexcept {
    std::uint8_t read = 0;
    number(read);
    ok_ = ok_ && read <= 1;
    value = read == 1;
  }
  template <std::size_t N>
  void octets(std::array<std::uint8_t, N>& value) noexcept {
    value = reader_.array<N>();
  }
  void text(std::string& value) { value = counted(); }
  void secret(WipedText& value) { value = WipedText{counted()}; }
  /// An enum that counts from 0 to `last`.
  template <typename T>
  void choice(T& value, T last) noexcept {
    std::uint8_t read = 0;
    number(read);
    ok_ = ok_ && read <= static_cast<std::uint8_t>(last);
    value = ok() ? static_cast<T>(read) : T{};
  }
  template <typename T>
  void code(T& value) noexcept {
    std::uint8_t read = 0;
    number(read);
    value = static_cast<T>(read);
  }
  /// An item takes at least an octet, so a list is never longer than what is left.
  template <typename T, typename Each>
  void list(std::vector<T>& items, Each each) {
    std::uint16_t count = 0;
    number(count);
    ok_ = ok_ && count <= reader_.remaining();
    items.clear();
    for (std::uint16_t i = 0; ok() && i < count; ++i) each(*this, items.emplace_back());
  }

 private:
  [[nodiscard]] std::string_view counted() noexcept {
    std::uint32_t size = 0;
    number(size);
    const Bytes octets = reader_.take(size);
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
  }

  Reader reader_;
  bool ok_ = true;
};

}  // namespace macsec
