// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/eap_methods.hpp"

#include <algorithm>
#include <array>

namespace macsec {
namespace {

constexpr std::array inside_peap{EapInner::mschapv2, EapInner::eap_mschapv2, EapInner::eap_gtc};
constexpr std::array inside_ttls{EapInner::mschapv2, EapInner::pap,          EapInner::chap,
                                 EapInner::mschap,   EapInner::eap_mschapv2, EapInner::eap_gtc};

constexpr std::array table{
    EapMethodNeeds{EapType::tls, "tls", true, {}, {}},
    EapMethodNeeds{EapType::peap, "peap", false, inside_peap, "mschapv2, eap-mschapv2 or eap-gtc"},
    EapMethodNeeds{EapType::ttls, "ttls", false, inside_ttls, "mschapv2, pap, chap, mschap, eap-mschapv2 or eap-gtc"}};

}  // namespace

std::span<const EapMethodNeeds> eap_methods() noexcept { return table; }

const EapMethodNeeds* find_eap_method(EapType type) noexcept {
  const auto* const found = std::ranges::find(table, type, &EapMethodNeeds::type);
  return found == table.end() ? nullptr : found;
}

std::string_view eap_method_name(EapType method) noexcept {
  const EapMethodNeeds* const found = find_eap_method(method);
  return found == nullptr ? std::string_view{} : found->name;
}

std::optional<EapType> eap_method_from_name(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(table, name, &EapMethodNeeds::name);
  if (found == table.end()) return std::nullopt;
  return found->type;
}

std::string_view to_string(EapInner inner) noexcept {
  switch (inner) {
    case EapInner::mschapv2:
      return "mschapv2";
    case EapInner::pap:
      return "pap";
    case EapInner::chap:
      return "chap";
    case EapInner::mschap:
      return "mschap";
    case EapInner::eap_mschapv2:
      return "eap-mschapv2";
    case EapInner::eap_gtc:
      return "eap-gtc";
  }
  return {};
}

bool gives_password_away(EapInner inner) noexcept {
  return inner == EapInner::pap || inner == EapInner::chap || inner == EapInner::eap_gtc;
}

bool needs_md4(EapInner inner) noexcept {
  return inner == EapInner::mschapv2 || inner == EapInner::mschap || inner == EapInner::eap_mschapv2;
}

}  // namespace macsec
