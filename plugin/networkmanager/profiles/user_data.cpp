// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/profiles/user_data.hpp"

#include "engine/config/profile_keys.hpp"
#include "engine/config/user_data_keys.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::nm {
namespace {

constexpr std::string_view activation_word = "activation";

void complain(UserData& out, bool error, const std::string& setting, std::string text) {
  out.problems.push_back({error, {}, 0, setting, std::move(text)});
}

std::string all_words() {
  std::string text{activation_word};
  for (const UserDataKey& known : user_data_keys()) fmt::format_to(std::back_inserter(text), ", {}", known.word);
  return text;
}

void take_activation(UserData& out, const std::string& name, std::string_view value) {
  if (value == "auto")
    out.activation = Activation::automatic;
  else if (value == "secured")
    out.activation = Activation::secured;
  else if (value == "immediate")
    out.activation = Activation::immediate;
  else
    complain(out, true, name, fmt::format("{}={} is not accepted: auto, secured or immediate", name, value));
}

/// The value as a setting, once the table of profile keys accepts it.
void take(UserData& out, const UserDataKey& known, const std::string& name, const std::string& value,
          bus::SettingsSection& fallback) {
  const ProfileKey* key = find_profile_key(known.section, known.key);
  if (key == nullptr) return;
  if (const auto judged = check_profile_value(*key, value); !judged) {
    std::string text = judged.error().message;
    if (text.starts_with(known.key)) text.replace(0, known.key.size(), name);
    return complain(out, true, name, std::move(text));
  }
  if (known.section == "Key")
    fallback.texts.emplace_back(known.key, value);
  else
    out.settings.insert_or_assign({std::string{known.section}, std::string{known.key}}, value);
}

}  // namespace

bool UserData::usable() const noexcept {
  return std::ranges::none_of(problems, [](const bus::Problem& problem) { return problem.error; });
}

UserData read_user_data(const Connection& connection) {
  UserData out;
  bus::SettingsSection fallback{"Key", {}};
  for (const auto& [name, value] : connection.user_data) {
    if (!name.starts_with(user_data_prefix)) continue;
    const std::string_view word = std::string_view{name}.substr(user_data_prefix.size());
    if (word == activation_word) {
      take_activation(out, name, value);
      continue;
    }
    const auto known = std::ranges::find(user_data_keys(), word, &UserDataKey::word);
    if (known != user_data_keys().end() && known->opens_secrets && connection.is_private)
      complain(out, true, name,
               fmt::format("{} is for connections of all users: this one has connection.permissions", name));
    else if (known != user_data_keys().end())
      take(out, *known, name, value, fallback);
    else
      complain(out, false, name,
               fmt::format("{} is not known: after {} may come {}", name, user_data_prefix, all_words()));
  }
  if (fallback.texts.empty() || !out.usable()) return out;
  const auto given = [&fallback](std::string_view key) {
    return std::ranges::any_of(fallback.texts, [key](const auto& each) { return each.first == key; });
  };
  if (!given("Ckn")) complain(out, true, "org.macsecd.fallback-ckn", "a fallback key needs org.macsecd.fallback-ckn");
  if (given("CakFile") == given("CakCredential"))
    complain(out, true, "org.macsecd.fallback-cak-file",
             "a fallback key needs either org.macsecd.fallback-cak-file or org.macsecd.fallback-cak-credential");
  fallback.texts.emplace_back("Role", "fallback");
  out.fallback_keys.push_back(std::move(fallback));
  return out;
}

}  // namespace macsec::nm
