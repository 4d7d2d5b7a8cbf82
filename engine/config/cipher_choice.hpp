// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which cipher suites a profile wants, said or not.
#pragma once

#include "engine/config/profile.hpp"

namespace macsec {

/// The cipher suites of a profile in order of preference; where it names none, by the link's speed in bit/s.
[[nodiscard]] std::vector<CipherSuite> cipher_preferences(const Profile& profile, std::uint64_t speed);

/// The suite of a link with static keys: the first of the profile's list, else by the length of the keys.
[[nodiscard]] CipherSuite static_cipher_suite(const Profile& profile) noexcept;

}  // namespace macsec
