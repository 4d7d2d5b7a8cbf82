// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/eap_methods.hpp"

#include <algorithm>

namespace macsec {
const EapMethodNeeds* find_eap_method(EapType type) noexcept {
  const auto* const found = std::ranges::find(eap_method_table, type, &EapMethodNeeds::type);
  return found == eap_method_table.end() ? nullptr : found;
}

std::string_view eap_method_name(EapType method) noexcept {
  const EapMethodNeeds* const found = find_eap_method(method);
  return found == nullptr ? std::string_view{} : found->name;
}

std::optional<EapType> eap_method_from_name(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(eap_method_table, name, &EapMethodNeeds::name);
  if (found == eap_method_table.end()) return std::nullopt;
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
