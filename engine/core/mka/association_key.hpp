// SPDX-License-Identifier: LGPL-2.1-or-later
/// A CAK with what the key agreement has to know of its origin, and no more: everything after it is the same for all.
#pragma once

#include "engine/config/profile.hpp"
#include "engine/crypto/mka_keys.hpp"

namespace macsec::core {

/// Who may be key server in the CA of a key.
enum class KeyServerRule : std::uint8_t {
  elect,   ///< the election of 802.1X-2020 9.5
  always,  ///< we are, whatever the priorities: the authenticator of an EAP session
  never,   ///< another member is: the supplicant of an EAP session
};

struct AssociationKey {
  Ckn ckn;
  crypto::Cak cak;
  KeyRole role = KeyRole::primary;
  std::optional<std::int64_t> not_before{};
  std::optional<std::int64_t> not_after{};
  KeyServerRule rule = KeyServerRule::elect;
  std::uint64_t sequence = 0;  ///< of session keys: a later authentication has a greater one
  bool quiet = false;          ///< of session keys: listens, and speaks once somebody is heard

  [[nodiscard]] static AssociationKey of(const PreSharedKey& key) {
    return {.ckn = key.ckn,
            .cak = key.cak.duplicate(),
            .role = key.role,
            .not_before = key.not_before,
            .not_after = key.not_after};
  }
};

/// A key with a greater value comes first: what an authentication gave, then pre-shared keys, then the shared way back.
[[nodiscard]] constexpr int precedence(KeyRole role) noexcept {
  switch (role) {
    case KeyRole::session:
      return 2;
    case KeyRole::primary:
      return 1;
    case KeyRole::fallback:
      return 0;
  }
  return 0;
}

}  // namespace macsec::core
