// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles for tests, and MKPDUs made by whoever holds the CAK.
#pragma once

#include "engine/config/profile.hpp"
#include "engine/crypto/mka_keys.hpp"
#include "engine/wire/eapol.hpp"

#include <functional>

namespace macsec::sim {

/// `fill` repeated; 16 or 32 octets of CAK.
[[nodiscard]] PreSharedKey psk(std::string_view ckn_hex, std::uint8_t fill, std::size_t size = 16,
                               KeyRole role = KeyRole::primary);

/// A must-secure profile with the key everybody has ("abcd", 16 octets), changed by `change`.
[[nodiscard]] ProfilePointer make_profile(const std::function<void(Profile&)>& change = {});

/// Signs as a holder of one CAK.
class Forger {
 public:
  explicit Forger(const PreSharedKey& key);
  [[nodiscard]] const Ckn& ckn() const noexcept { return ckn_; }
  /// A whole frame with a correct ICV; empty where the content does not fit.
  [[nodiscard]] std::vector<std::uint8_t> frame(const MacAddress& source, const MkpduContent& content,
                                                const MacAddress& destination = pae_group_address) const;
  /// Recomputes the ICV of a changed MKPDU frame; false where it is too short to hold one.
  bool sign(std::vector<std::uint8_t>& frame) const;
  [[nodiscard]] bool verify(const EapolFrame& frame) const;
  [[nodiscard]] const Secret<32>& kek() const noexcept { return kek_; }
  [[nodiscard]] const Secret<32>& cak() const noexcept { return cak_; }

 private:
  Ckn ckn_;
  Secret<32> cak_;
  Secret<32> kek_;
  crypto::IcvKey icv_;
};

}  // namespace macsec::sim
