// SPDX-License-Identifier: LGPL-2.1-or-later
/// [Key]
#include "engine/config/rules/values.hpp"

namespace macsec::detail {
namespace {

Verdict set_ckn(ProfileDraft& draft, const RawValue& value) {
  draft.key.ckn = value.octets.empty() ? Ckn::from_hex(value.text) : Ckn::from(value.octets);
  return {draft.key.ckn.has_value(), {}};
}

constexpr std::string_view one_cak = "one of Cak=, CakFile=, CakCredential= is required";
constexpr std::string_view instant =
    "a date as 2026-01-31, 2026-01-31T12:00:00Z, 2026-01-31 12:00:00+01:00 or @SECONDS";

// clang-format off
constexpr std::array key_table{
    ProfileRule{{"Key", "Ckn", "2 to 64 hexadecimal digits, two an octet", "required",
                 "Name of the key, the same on all ends"},
                set_ckn, get<&PreSharedKey::ckn>},
    ProfileRule{{"Key", "CknPadding", boolean, "no",
                 "Send the name padded with zeros to 32 octets"},
                set_boolean<&KeyDraft::padding>, nullptr},
    ProfileRule{{"Key", "Cak", hex_key, one_cak, "The key itself", true},
                set_key<&KeyDraft::cak>, nullptr},
    ProfileRule{{"Key", "CakFile", key_path, one_cak, "File that holds the key"},
                set_path<&KeyDraft::cak>, get<&KeyOrigin::file>},
    ProfileRule{{"Key", "CakCredential", credential_name, one_cak, "Credential that holds the key"},
                set_credential<&KeyDraft::cak>, get<&KeyOrigin::credential>},
    ProfileRule{{"Key", "Role", "primary or fallback", "primary",
                 "fallback: only while no primary key has a live peer"},
                set_choice<&KeyDraft::role, KeyRole::primary, KeyRole::fallback>, get<&PreSharedKey::role>},
    ProfileRule{{"Key", "NotBefore", instant, "no bound", "When the key begins to be used"},
                set_instant<&KeyDraft::not_before>, get<&PreSharedKey::not_before>},
    ProfileRule{{"Key", "NotAfter", instant, "no bound", "When the key ceases to be used"},
                set_instant<&KeyDraft::not_after>, get<&PreSharedKey::not_after>},
    ProfileRule{{"Key", "Retired", instant, "not retired", "When the key of this name was retired: it is not used any more"},
                set_instant<&KeyDraft::retired>, nullptr},
};
// clang-format on

}  // namespace

std::span<const ProfileRule> key_rules() noexcept { return key_table; }

}  // namespace macsec::detail
