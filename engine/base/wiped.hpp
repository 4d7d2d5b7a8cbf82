// SPDX-License-Identifier: LGPL-2.1-or-later
/// Text of any length that may hold secrets: as read, and as it grows.
#pragma once

#include "engine/base/bytes.hpp"

#include <memory>
#include <string_view>

namespace macsec {

/// Text on the heap that is overwritten before it is given back. Move-only; views into it survive a move.
class WipedText {
 public:
  WipedText() noexcept = default;
  explicit WipedText(std::size_t size) : octets_{std::make_unique<char[]>(size)}, size_{size} {}
  explicit WipedText(std::string_view text);
  WipedText(WipedText&& other) noexcept;
  WipedText& operator=(WipedText&& other) noexcept;
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { clear(); }

  [[nodiscard]] std::string_view view() const noexcept { return {octets_.get(), size_}; }
  [[nodiscard]] char* data() noexcept { return octets_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  std::unique_ptr<char[]> octets_;
  std::size_t size_ = 0;
};

/// A text that grows at its end and overwrites what it outgrows. Views into it end with the next add().
class WipedBuffer {
 public:
  WipedBuffer& add(std::string_view text);
  WipedBuffer& add(Bytes octets);
  /// Lower-case hexadecimal digits, two an octet.
  WipedBuffer& add_hex(Bytes octets);

  [[nodiscard]] std::string_view view() const noexcept { return text_.view().substr(0, used_); }
  [[nodiscard]] Bytes octets() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text_.view().data()), used_};
  }
  /// The text in a place of its own; the buffer is empty afterwards.
  [[nodiscard]] WipedText take();
  void clear() noexcept;

 private:
  /// `size` octets more at the end, for the caller to fill.
  [[nodiscard]] char* grow(std::size_t size);

  WipedText text_;
  std::size_t used_ = 0;
};

}  // namespace macsec
