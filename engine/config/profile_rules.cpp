// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile_draft.hpp"

#include <vector>

namespace macsec::detail {

std::span<const ProfileRule> profile_rules() noexcept {
  static const std::vector<ProfileRule> rules = [] {
    std::vector<ProfileRule> out;
    for (const auto section : {link_rules(), macsec_rules(), mka_rules(), key_rules(), key_source_rules(), pae_rules(),
                               radius_server_rules(), static_keys_rules()})
      out.insert(out.end(), section.begin(), section.end());
    return out;
  }();
  return rules;
}

}  // namespace macsec::detail
