// SPDX-License-Identifier: LGPL-2.1-or-later
/// The EAP methods that a profile may name, and what each asks of it. To add one: a row here, its
/// files in engine/eap and its row in engine/eap/methods.cpp.
#pragma once

#include "engine/base/fixed_text.hpp"
#include "engine/wire/eap.hpp"

#include <algorithm>
#include <array>
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

  [[nodiscard]] constexpr bool password() const noexcept { return !inner.empty(); }
};

inline constexpr std::array eap_inside_peap{EapInner::mschapv2, EapInner::eap_mschapv2, EapInner::eap_gtc};
inline constexpr std::array eap_inside_ttls{EapInner::mschapv2, EapInner::pap,          EapInner::chap,
                                            EapInner::mschap,   EapInner::eap_mschapv2, EapInner::eap_gtc};

/// In the order of the manual page.
inline constexpr std::array eap_method_table{
    EapMethodNeeds{EapType::tls, "tls", true, {}, {}},
    EapMethodNeeds{EapType::peap, "peap", false, eap_inside_peap, "mschapv2, eap-mschapv2 or eap-gtc"},
    EapMethodNeeds{EapType::ttls, "ttls", false, eap_inside_ttls,
                   "mschapv2, pap, chap, mschap, eap-mschapv2 or eap-gtc"}};
[[nodiscard]] constexpr std::span<const EapMethodNeeds> eap_methods() noexcept { return eap_method_table; }

namespace detail {

/// "tls, peap or ttls"; `choose` says which methods.
[[nodiscard]] constexpr FixedText<200> list_methods(bool (*choose)(const EapMethodNeeds&), std::string_view last) {
  FixedText<200> out;
  auto left = std::ranges::count_if(eap_method_table, choose);
  for (const EapMethodNeeds& each : eap_method_table)
    if (choose(each)) out.add(each.name).add(--left > 1 ? ", " : left == 1 ? last : "");
  return out;
}
inline constexpr auto all_methods =
    list_methods([](const EapMethodNeeds&) { return true; }, " or ").add(", one or several, the best first");
inline constexpr auto password_methods =
    list_methods([](const EapMethodNeeds& each) { return each.password(); }, " and ");

}  // namespace detail

/// For messages and manual pages: "tls, peap or ttls, one or several, the best first", "peap and ttls".
inline constexpr std::string_view eap_method_words = detail::all_methods.view();
inline constexpr std::string_view eap_password_method_words = detail::password_methods.view();

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
