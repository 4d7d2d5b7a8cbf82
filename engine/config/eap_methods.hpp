// SPDX-License-Identifier: LGPL-2.1-or-later
/// The EAP methods that a profile may name, and what each asks of it. To add one: a row and its name in the texts here, its files
/// in engine/eap and its row in engine/eap/methods.cpp.
#pragma once

#include "engine/wire/eap.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace macsec {

/// InnerMethod=
enum class EapInner : std::uint8_t { mschapv2, pap, chap, mschap, eap_mschapv2, eap_gtc };

/// What a method asks of a profile.
struct EapMethodNeeds {
  EapType type = EapType::none;
  std::string_view name;            ///< in Method=
  bool own_certificate = false;     ///< ClientCertificate=
  std::span<const EapInner> inner;  ///< what may prove the password inside; empty: it takes none
  std::string_view inner_words;     ///< the same, for messages

  [[nodiscard]] bool password() const noexcept { return !inner.empty(); }
};

/// For messages and manual pages.
inline constexpr std::string_view eap_method_words = "tls, peap or ttls, one or several, the best first";
inline constexpr std::string_view eap_password_method_words = "peap and ttls";

/// In the order of the manual page.
[[nodiscard]] std::span<const EapMethodNeeds> eap_methods() noexcept;

[[nodiscard]] const EapMethodNeeds* find_eap_method(EapType type) noexcept;
/// The word of Method=; empty for others, and nothing for another word.
[[nodiscard]] std::string_view eap_method_name(EapType method) noexcept;
[[nodiscard]] std::optional<EapType> eap_method_from_name(std::string_view name) noexcept;

[[nodiscard]] std::string_view to_string(EapInner inner) noexcept;  ///< "eap-mschapv2"
/// Whether the password goes to the server as it is, or as good as that.
[[nodiscard]] bool gives_password_away(EapInner inner) noexcept;
/// Whether the proof is computed from the MD4 hash of the password, which OpenSSL has in its legacy provider only.
[[nodiscard]] bool needs_md4(EapInner inner) noexcept;

}  // namespace macsec
