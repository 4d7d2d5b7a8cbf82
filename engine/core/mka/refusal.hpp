// SPDX-License-Identifier: LGPL-2.1-or-later
/// Why the key server's last SAK, or our own attempt at one, was of no use; and what a profile has against a SAK.
#pragma once

#include "engine/core/status.hpp"
#include "engine/ports/secy.hpp"

#include <span>

namespace macsec::core {

struct Refusal {
  Reason reason = Reason::none;
  std::string text;  ///< a sentence for people

  void set(Reason why, std::string words) {
    reason = why;
    text = std::move(words);
  }
  void clear() { set(Reason::none, {}); }
};

/// What `profile` has against a SAK of `suite` that encrypts or does not; nothing (Reason::none) where the SAK obeys it. The one
/// rule for SAKs that are offered, resumed after a restart, or in use when the profile changes. `maker` names who made it.
[[nodiscard]] Refusal objection(const Profile& profile, CipherSuite suite, bool encrypt, const std::string& maker);

/// What a device with `traits` has against a SAK that protects the frames of `peers` others.
[[nodiscard]] Refusal shortage(const SecyTraits& traits, std::size_t peers);

/// The sentence of Reason::cipher_mismatch: what `allowed` has, and what `maker` chose.
[[nodiscard]] std::string cipher_disagreement(std::span<const CipherSuite> allowed, const std::string& maker,
                                              std::string_view chosen);

}  // namespace macsec::core
