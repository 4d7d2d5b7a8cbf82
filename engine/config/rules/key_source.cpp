// SPDX-License-Identifier: LGPL-2.1-or-later
/// [KeySource]
#include "engine/config/rules/values.hpp"

namespace macsec::detail {
namespace {

using KeySource = Profile::KeySource;

Verdict set_source(ProfileDraft& draft, const RawValue& value) {
  if (!is_profile_name(value.text)) return refused;
  draft.key_source.source = value.text;
  return {};
}

Verdict set_remote_id(ProfileDraft& draft, const RawValue& value) {
  constexpr std::size_t longest = 128;
  const auto printed = [](char c) { return c > ' ' && c <= '~'; };
  if (value.text.size() > longest || !std::ranges::all_of(value.text, printed) || !survives_a_file(value.text))
    return refused;
  draft.key_source.remote_id = value.text;
  return {};
}

Verdict set_bits(ProfileDraft& draft, const RawValue& value) {
  std::uint16_t bits = 0;
  const Verdict verdict = parse_number(value.text, 128, 256, bits);
  if (!verdict.accepted || (bits != 128 && bits != 256)) return refused;
  draft.key_source.bits = bits;
  return {};
}

// clang-format off
constexpr std::array key_source_table{
    ProfileRule{{"KeySource", "Source", "1 to 64 letters, digits, '.', '_', '-', '@', ':' or '+', not starting with '.'", "required",
                 "Key server that keys come from: NAME of /etc/macsecd/sources/NAME.source"},
                set_source, get<&KeySource::source>},
    ProfileRule{{"KeySource", "RemoteId", "1 to 128 printable characters of ASCII without blanks and backslashes", "required",
                 "What the other end is called at its key server"},
                set_remote_id, get<&KeySource::remote_id>},
    ProfileRule{{"KeySource", "Initiator", "auto, yes or no", "auto",
                 "Whether this end asks for new keys, and the other one for keys it hears of; auto: the end whose id comes first"},
                set_choice<&KeySource::initiator, KeyInitiator::automatic, KeyInitiator::yes, KeyInitiator::no>,
                get<&KeySource::initiator>},
    ProfileRule{{"KeySource", "Every", "a time span from 10s to 365d", "1h",
                 "How long a key is used before the next one replaces it"},
                set_span<&KeySource::every, 10'000, 31'536'000'000>, get<&KeySource::every>},
    ProfileRule{{"KeySource", "Bits", "128 or 256", "256",
                 "Length of the keys"},
                set_bits, get<&KeySource::bits>},
};
// clang-format on

}  // namespace

std::span<const ProfileRule> key_source_rules() noexcept { return key_source_table; }

}  // namespace macsec::detail
