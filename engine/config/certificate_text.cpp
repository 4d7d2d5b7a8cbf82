// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/certificate_text.hpp"

#include <array>

namespace macsec {
namespace {

constexpr std::uint8_t sequence = 0x30;

/// The octets of the first element of `from`, which begins with `tag`; `from` goes on behind it. Nothing where there is none.
std::optional<Bytes> take_element(Bytes& from, std::uint8_t tag) {
  Reader reader{from};
  if (reader.u8() != tag) return std::nullopt;
  std::size_t size = reader.u8();
  if (size > 0x80 && size <= 0x83) {
    std::size_t octets = size - 0x80;
    for (size = 0; octets > 0; --octets) size = size << 8U | reader.u8();
  } else if (size >= 0x80) {
    return std::nullopt;
  }
  const Bytes content = reader.take(size);
  if (!reader.ok()) return std::nullopt;
  from = from.last(reader.remaining());
  return content;
}

/// What is signed, the algorithm, and behind them the signature (RFC 5280 4.1, 5.1). Private keys and PKCS#12 begin otherwise.
bool is_signed_object(std::string_view octets) {
  Bytes all{reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()};
  auto content = take_element(all, sequence);
  return content && all.empty() && take_element(*content, sequence) && take_element(*content, sequence);
}

}  // namespace

std::optional<WipedText> certificates_in(std::string_view octets) {
  if (is_signed_object(octets)) return WipedText{octets};
  constexpr std::array<std::string_view, 3> kinds{"CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CRL"};
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::string_view dashes = "-----";
  WipedBuffer out;
  for (std::size_t at = octets.find(begin); at != std::string_view::npos; at = octets.find(begin, at + 1)) {
    const std::string_view rest = octets.substr(at);
    for (const std::string_view kind : kinds) {
      if (!rest.substr(begin.size()).starts_with(std::string{kind} + std::string{dashes})) continue;
      const std::string end = "-----END " + std::string{kind} + std::string{dashes};
      const std::size_t size = rest.find(end);
      if (size == std::string_view::npos || rest.find(begin, 1) < size) continue;  // cut, or another in it
      out.add(rest.substr(0, size)).add(end).add("\n");
    }
  }
  if (out.view().empty()) return std::nullopt;
  return out.take();
}

}  // namespace macsec
