// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/refusal.hpp"

#include "engine/config/cipher_choice.hpp"

#include <algorithm>

namespace macsec::core {

std::string cipher_disagreement(std::span<const CipherSuite> allowed, const std::string& maker,
                                std::string_view chosen) {
  std::string out = "peers disagree on the cipher suite: this profile allows";
  for (const CipherSuite each : allowed) out.append(" ").append(to_string(each));
  return out.append(", ").append(maker).append(" chose ").append(chosen);
}

Refusal objection(const Profile& profile, CipherSuite suite, bool encrypt, const std::string& maker) {
  // Without a list any will do, unless the profile says how strong it has to be.
  const bool any = profile.macsec.cipher_suites.empty() && profile.mka.strength == Strength::any;
  const std::vector<CipherSuite> allowed = any ? std::vector<CipherSuite>{} : cipher_preferences(profile, 0);
  if (!allowed.empty() && std::ranges::find(allowed, suite) == allowed.end())
    return {Reason::cipher_mismatch, cipher_disagreement(allowed, maker, to_string(suite))};
  if (profile.macsec.encrypt && !encrypt)
    return {Reason::confidentiality_mismatch, maker + " wants integrity only, the profile says Encrypt=yes"};
  return {};
}

Refusal shortage(const SecyTraits& traits, std::size_t peers) {
  if (!traits.receive_channels || peers <= *traits.receive_channels) return {};
  const std::size_t most = *traits.receive_channels;
  return {Reason::secy_error, "the hardware receives from " +
                                  (most == 1 ? "one peer" : std::to_string(most) + " peers") + " at a time, and " +
                                  std::to_string(peers) + " are there: write Offload=off"};
}

}  // namespace macsec::core
