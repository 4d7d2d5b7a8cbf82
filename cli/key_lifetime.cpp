// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/key_lifetime.hpp"

#include "engine/base/text.hpp"
#include "engine/config/instant.hpp"

#include <chrono>
#include <fmt/format.h>

namespace macsec::cli {
namespace {

std::string span_text(std::int64_t seconds) {
  constexpr std::int64_t day = 86'400;
  if (seconds >= 2 * day) return fmt::format("{} days", seconds / day);
  return format_duration(std::chrono::seconds{seconds});
}

}  // namespace

std::vector<KeyLifetime> key_lifetimes(const bus::ProfileInfo& profile) {
  constexpr std::size_t padded = 64;  // digits
  std::vector<KeyLifetime> out;
  for (const auto& [section, texts] : profile.settings) {
    if (section != "Key") continue;
    const auto text = [&](const char* key) {
      const auto found = texts.find(key);
      return found == texts.end() ? std::string{} : found->second;
    };
    std::string ckn = text("Ckn");
    if (parse_boolean(text("CknPadding")) == true && ckn.size() < padded) ckn.resize(padded, '0');
    const std::string role = text("Role");
    out.push_back({std::move(ckn), role.empty() ? "primary" : role, parse_instant(text("NotBefore")),
                   parse_instant(text("NotAfter"))});
  }
  return out;
}

std::string lifetime_text(const KeyLifetime& key, std::int64_t now) {
  if (key.not_after && *key.not_after <= now) return "ended " + format_instant(*key.not_after);
  if (key.not_before && *key.not_before > now) return "begins in " + span_text(*key.not_before - now);
  if (key.not_after) return "ends in " + span_text(*key.not_after - now);
  return {};
}

}  // namespace macsec::cli
