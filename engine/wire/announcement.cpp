// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/announcement.hpp"

#include <algorithm>
#include <array>

namespace macsec {
namespace {

// TLVs of 7 bits of type and 9 of length (802.1X-2020 Table 11-8).
constexpr unsigned access_information = 111;
constexpr unsigned nid_set = 114;
constexpr std::uint8_t status_bits = 0x03;

}  // namespace

std::string_view to_string(AccessStatus status) noexcept {
  constexpr std::array<std::string_view, 4> names{"no-access", "remedial", "restricted", "expected"};
  return names[static_cast<std::size_t>(status)];
}

std::optional<AccessStatus> read_access_status(Bytes body, std::string_view nid) noexcept {
  std::optional<AccessStatus> unnamed;
  std::optional<AccessStatus> named;
  std::optional<AccessStatus>* network = &unnamed;  // that the TLVs are about; nothing: one that is not asked for
  Reader reader{body};
  while (reader.remaining() > 0) {
    const unsigned header = reader.u16();
    const Bytes value = reader.take(header & 0x1ffU);
    if (!reader.ok()) return std::nullopt;
    if (header >> 9U == nid_set)
      network = !nid.empty() && std::ranges::equal(value, nid, {}, {},
                                                   [](char letter) { return static_cast<std::uint8_t>(letter); })
                    ? &named
                    : nullptr;
    if (header >> 9U == access_information && network != nullptr && !value.empty())
      *network = static_cast<AccessStatus>(value[0] & status_bits);
  }
  return named ? named : unnamed;
}

}  // namespace macsec
