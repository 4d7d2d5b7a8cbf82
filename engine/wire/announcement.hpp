// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAPOL-Announcements (802.1X-2020 11.12): what the other end says of the networks behind it. Anybody on the cable can send them.
#pragma once

#include "engine/wire/types.hpp"

#include <string_view>

namespace macsec {

/// What the sender lets pass for this end now (802.1X-2020 11.12.2).
enum class AccessStatus : std::uint8_t { no_access, remedial, restricted, expected };
[[nodiscard]] std::string_view to_string(AccessStatus status) noexcept;  ///< "no-access", "remedial" ...

/// Of the network `nid` where the body of the announcement has it, else of the one without a name. Nothing where it says nothing
/// of access or is malformed.
[[nodiscard]] std::optional<AccessStatus> read_access_status(Bytes body, std::string_view nid) noexcept;

}  // namespace macsec
