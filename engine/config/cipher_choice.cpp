// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/cipher_choice.hpp"

namespace macsec {

std::vector<CipherSuite> cipher_preferences(const Profile& profile, std::uint64_t speed) {
  if (!profile.macsec.cipher_suites.empty()) return profile.macsec.cipher_suites;
  using enum CipherSuite;
  if (profile.mka.strength == Strength::cnsa2) return {gcm_aes_xpn_256, gcm_aes_256};
  // From 10 Gb/s on 32 bits of PN last minutes: extended numbering first.
  if (speed >= 10'000'000'000) return {gcm_aes_xpn_128, gcm_aes_xpn_256, gcm_aes_128, gcm_aes_256};
  return {gcm_aes_128, gcm_aes_256, gcm_aes_xpn_128, gcm_aes_xpn_256};
}

CipherSuite static_cipher_suite(const Profile& profile) noexcept {
  if (!profile.macsec.cipher_suites.empty()) return profile.macsec.cipher_suites.front();
  const bool long_key = !profile.static_keys.empty() && profile.static_keys.front().key.size() == 32;
  return long_key ? CipherSuite::gcm_aes_256 : CipherSuite::gcm_aes_128;
}

}  // namespace macsec
