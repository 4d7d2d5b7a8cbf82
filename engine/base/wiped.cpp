// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/wiped.hpp"

#include "engine/base/secret.hpp"

#include <utility>

namespace macsec {

WipedText::WipedText(std::string_view text) : WipedText{text.size()} { std::copy(text.begin(), text.end(), data()); }

WipedText::WipedText(WipedText&& other) noexcept
    : octets_{std::move(other.octets_)}, size_{std::exchange(other.size_, 0)} {}

WipedText& WipedText::operator=(WipedText&& other) noexcept {
  if (this != &other) {
    clear();
    octets_ = std::move(other.octets_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void WipedText::clear() noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(octets_.get()), size_});
  octets_.reset();
  size_ = 0;
}

char* WipedBuffer::grow(std::size_t size) {
  if (used_ + size > text_.size()) {
    WipedText larger{std::max(2 * text_.size(), used_ + size + 256)};
    std::copy_n(text_.view().data(), used_, larger.data());
    text_ = std::move(larger);
  }
  char* const at = text_.data() + used_;
  used_ += size;
  return at;
}

WipedBuffer& WipedBuffer::add(std::string_view text) {
  std::copy(text.begin(), text.end(), grow(text.size()));
  return *this;
}

WipedBuffer& WipedBuffer::add(Bytes octets) {
  std::copy(octets.begin(), octets.end(), grow(octets.size()));
  return *this;
}

WipedBuffer& WipedBuffer::add_hex(Bytes octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  char* at = grow(2 * octets.size());
  for (const std::uint8_t octet : octets) {
    *at++ = digits[octet >> 4U];
    *at++ = digits[octet & 15U];
  }
  return *this;
}

WipedText WipedBuffer::take() {
  WipedText out{view()};
  clear();
  return out;
}

void WipedBuffer::clear() noexcept {
  text_.clear();
  used_ = 0;
}

}  // namespace macsec
