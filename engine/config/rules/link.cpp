// SPDX-License-Identifier: LGPL-2.1-or-later
/// [Link]
#include "engine/config/rules/values.hpp"

namespace macsec::detail {
namespace {

Verdict set_create(ProfileDraft& draft, const RawValue& value) {
  const std::optional<bool> parsed = parse_boolean(value.text);
  if (!parsed && value.text != to_string(CreateChoice::always)) return refused;
  draft.profile.link.create = !parsed ? CreateChoice::always : *parsed ? CreateChoice::yes : CreateChoice::no;
  return {};
}

/// A name, or a pattern of names; what is around the '*' is judged as if that were a letter.
template <auto Member, std::size_t longest>
Verdict set_pattern(ProfileDraft& draft, const RawValue& value) {
  if (std::ranges::count(value.text, '*') > 1) return {false, "a name with one * at most"};
  return set_interface<Member, longest>(draft, value);
}

using Link = Profile::Link;

// clang-format off
constexpr std::array link_table{
    ProfileRule{{"Link", "Parent", "the name of an interface, alternative ones too, or one with a * for many interfaces", "required",
                 "Interface that carries the secured frames"},
                set_pattern<&Link::parent, longest_alternative_name>, get<&Link::parent>},
    ProfileRule{{"Link", "Interface", "the name of an interface, at most 15 characters, with a * where Parent= has one", "macsec0; macsec* where Parent= has one",
                 "The MACsec interface"},
                set_pattern<&Link::interface, longest_interface_name>, get<&Link::interface>},
    ProfileRule{{"Link", "Port", "a number from 1 to 65534", "1",
                 "Port number in the SCI of the interface"},
                set_number<&Link::port, 1, 65534>, get<&Link::port>},
    ProfileRule{{"Link", "Enable", boolean, "yes",
                 "Whether this profile is used at all"},
                set_boolean<&Link::enabled>, get<&Link::enabled>},
    ProfileRule{{"Link", "Create", "yes, no or always", "yes",
                 "Whether macsecd makes the interface; no: wait for another program's; always: with Enable=no, too"},
                set_create, get<&Link::create>},
    ProfileRule{{"Link", "KeepConfiguration", "yes, no or remember", "no",
                 "Whether addresses and routes that are taken off are put back"},
                set_choice<&Link::keep_configuration, KeepConfiguration::yes, KeepConfiguration::no,
                           KeepConfiguration::remember>, get<&Link::keep_configuration>},
};
// clang-format on

}  // namespace

std::span<const ProfileRule> link_rules() noexcept { return link_table; }

}  // namespace macsec::detail
