// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/similar.hpp"
#include "engine/base/text.hpp"
#include "engine/config/ini.hpp"
#include "engine/config/profile_draft.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace macsec {
namespace {

constexpr std::array<std::string_view, 8> sections{"Link",      "MACsec", "MKA",          "Key",
                                                   "KeySource", "8021X",  "RadiusServer", "StaticKeys"};

}  // namespace

std::span<const ProfileKey> profile_keys() noexcept {
  static const std::vector<ProfileKey> keys = [] {
    std::vector<ProfileKey> out;
    for (const detail::ProfileRule& rule : detail::profile_rules()) out.push_back(rule.key);
    return out;
  }();
  return keys;
}

const ProfileKey* find_profile_key(std::string_view section, std::string_view name) noexcept {
  const std::span<const ProfileKey> keys = profile_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [section, name](const ProfileKey& key) {
    return key.section == section && key.name == name;
  });
  return found == keys.end() ? nullptr : &*found;
}

bool is_profile_section(std::string_view section) noexcept {
  return std::find(sections.begin(), sections.end(), section) != sections.end();
}

bool is_repeated_section(std::string_view section) noexcept {
  return section == "Key" || section == "RadiusServer" || section == "StaticKeys";
}

const ProfileKey* nearest_profile_key(std::string_view section, std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_similar_name) return nullptr;
  const ProfileKey* best = nullptr;
  std::size_t best_distance = typing_tolerance(name) + 1;
  for (const ProfileKey& key : profile_keys()) {
    // A key of another section is meant only when it is spelt right.
    const bool here = key.section == section;
    if (!here && key.name != name) continue;
    const std::size_t away = here ? name_distance(name, key.name) : 1;
    if (away >= best_distance) continue;
    best = &key;
    best_distance = away;
  }
  return best;
}

std::string_view nearest_profile_section(std::string_view section) noexcept { return similar_name(section, sections); }

Result<void> check_profile_value(const ProfileKey& key, std::string_view value) {
  const detail::ProfileRule* rule = detail::find_profile_rule(key.section, key.name);
  if (rule == nullptr) return fail(EINVAL, "no such key");
  detail::ProfileDraft draft;
  const detail::Verdict verdict = rule->set(draft, {value, {}});
  if (verdict.accepted) return {};
  return fail(EINVAL, detail::refusal(rule->key, value, verdict.why));
}

namespace detail {

const ProfileRule* find_profile_rule(std::string_view section, std::string_view name) noexcept {
  const std::span<const ProfileRule> rules = profile_rules();
  const auto found = std::find_if(rules.begin(), rules.end(), [section, name](const ProfileRule& rule) {
    return rule.key.section == section && rule.key.name == name;
  });
  return found == rules.end() ? nullptr : &*found;
}

bool survives_a_file(std::string_view text) noexcept {
  return is_utf8(text) && !text.starts_with(' ') && !text.ends_with(' ') &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '\x7f'; });
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 64;
  const bool cut = text.size() > longest;
  if (cut) {
    // Not in the middle of a character: messages go over the bus, which takes UTF-8 only.
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  std::string out{text};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return cut ? out + "..." : out;
}

std::string refusal(const ProfileKey& key, std::string_view value, std::string_view why) {
  std::string out{key.name};
  out += '=';
  // A PIN in the URI of a token is no one's to read, nor is what was meant to be a key and is none.
  const ProfileRule* const rule = find_profile_rule(key.section, key.name);
  const bool material = rule != nullptr && rule->data_is_secret;
  // Nor is a secret in the place of its file's or credential's name.
  const bool misplaced = key.name.ends_with("Credential") || (key.name.ends_with("File") && !value.starts_with('/'));
  if (misplaced ||
      (material && !value.starts_with('/') && !value.starts_with("pkcs11:") && !value.starts_with(data_uri))) {
    out += "...";
  } else if (!key.secret) {
    out += value.starts_with(data_uri) ? std::string{data_uri} + "..."
                                       : printable(value.substr(0, value.find(pin_attribute)));
  }
  out.append(" is not accepted: ").append(why.empty() ? key.accepts : why);
  return out;
}

bool decode_key(std::string_view digits, Secret<32>& out) noexcept {
  out.clear();
  if (digits.size() != 32 && digits.size() != 64) return false;
  if (from_hex(digits, out.allocate(digits.size() / 2))) return true;
  out.clear();
  return false;
}

bool is_interface_name(std::string_view name, std::size_t longest) noexcept {
  if (name.empty() || name.size() > longest || name == "." || name == "..") return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '/' || c == ':' || c == '%' || c == '\\' || static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
  });
}

}  // namespace detail
}  // namespace macsec
