// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/ckn_likeness.hpp"

#include <algorithm>
#include <string_view>

namespace macsec::doctor {
namespace {

/// Whether `longer` is `shorter` followed by zero octets.
bool pads(Bytes shorter, Bytes longer) {
  return longer.size() > shorter.size() && std::ranges::equal(shorter, longer.first(shorter.size())) &&
         std::ranges::all_of(longer.subspan(shorter.size()), [](std::uint8_t octet) { return octet == 0; });
}

/// Whether the octets of `text` are the hexadecimal digits of `ckn`, or the beginning of them: a CKN has at most 32.
bool spells(const Ckn& text, const Ckn& ckn) {
  const std::string digits = to_string(ckn);
  const Bytes octets = text.octets();
  if (octets.size() != std::min<std::size_t>(digits.size(), Ckn::max_size)) return false;
  return std::ranges::equal(octets, std::string_view{digits}.substr(0, octets.size()),
                            [](std::uint8_t octet, char digit) {
                              return octet == digit || (octet >= 'A' && octet <= 'F' && octet - 'A' + 'a' == digit);
                            });
}

}  // namespace

CknLikeness ckn_likeness(const Ckn& ours, const Ckn& other) {
  if (pads(ours.octets(), other.octets())) return CknLikeness::padded;
  if (pads(other.octets(), ours.octets())) return CknLikeness::cut;
  if (spells(ours, other) || spells(other, ours)) return CknLikeness::as_text;
  return CknLikeness::none;
}

}  // namespace macsec::doctor
