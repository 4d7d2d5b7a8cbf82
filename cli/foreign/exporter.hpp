// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the writers of other programs' files share.
#pragma once

#include "cli/foreign/format.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace macsec::cli::detail {

[[nodiscard]] Exported export_wpa_supplicant(const std::string& name, const bus::Settings& settings, Keys keys);
[[nodiscard]] Exported export_networkmanager(const std::string& name, const bus::Settings& settings, Keys keys);
[[nodiscard]] Exported export_networkd(const std::string& name, const bus::Settings& settings, Keys keys);

/// Settings one takes from; what is left is what could not be said.
class Remaining {
 public:
  explicit Remaining(const bus::Settings& settings);
  /// A text, "" where it is not said. `instance` from 0.
  std::string take(std::string_view section, std::string_view key, std::size_t instance = 0);
  /// As take(), and `fallback` where it is not said.
  std::string take_or(std::string_view section, std::string_view key, std::string_view fallback,
                      std::size_t instance = 0);
  [[nodiscard]] std::size_t count(std::string_view section) const noexcept;
  /// Octets of a secret; empty where there is none.
  [[nodiscard]] Bytes secret(std::string_view section, std::string_view key, std::size_t instance = 0) const noexcept;
  /// A whole section that has no place.
  void drop(std::string_view section, std::size_t instance);
  /// "Section.Key=value" of all that was not taken, as warnings for this format.
  void complain(Format format, std::vector<std::string>& warnings) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> rest(std::string_view section) const;

 private:
  struct Entry {
    std::string section;
    std::size_t instance;
    std::string key;
    std::string value;
    bool taken = false;
  };
  std::vector<Entry> entries_;
  const bus::Settings& settings_;
};

/// Position of `word` among `words`; nothing where it is none of them.
[[nodiscard]] inline std::optional<std::size_t> position(std::string_view word,
                                                         std::span<const std::string_view> words) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

inline void refuse_static_keys(Remaining& remaining, Format format, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < remaining.count("StaticKeys"); ++i) remaining.drop("StaticKeys", i);
  if (remaining.count("StaticKeys") != 0)
    warnings.push_back(
        fmt::format("static keys cannot be said to {}: nothing it writes secures this link", to_string(format)));
}

/// Number of the key a program that knows one key is to use.
[[nodiscard]] inline std::size_t first_primary(const bus::Settings& settings) {
  std::size_t instance = 0;
  for (const bus::SettingsSection& section : settings) {
    if (section.name != "Key") continue;
    if (std::ranges::find(section.texts, std::pair<std::string, std::string>{"Role", "fallback"}) ==
        section.texts.end())
      return instance;
    ++instance;
  }
  return 0;
}

/// Writes `before`, the CAK and a line end; a comment and a warning where it is not to be had.
inline void write_cak(Exported& out, const Remaining& remaining, Keys keys, std::size_t instance,
                      std::string_view before) {
  const Bytes cak = remaining.secret("Key", "Cak", instance);
  if (keys == Keys::include && !cak.empty()) {
    out.text.add(before).add_hex(cak).add("\n");
    return;
  }
  out.text.add("#").add(before).add("\n");
  out.warnings.emplace_back(cak.empty() ? "the CAK is not known here and has to be filled in"
                                        : "the CAK is left out: keys are written to files only, see --output=");
}

/// The CKN as it is sent.
[[nodiscard]] inline std::string take_ckn(Remaining& remaining, std::size_t instance) {
  std::string ckn = remaining.take("Key", "Ckn", instance);
  if (parse_boolean(remaining.take("Key", "CknPadding", instance)).value_or(false)) ckn.resize(64, '0');
  return ckn;
}

/// A reference says how the CAK was found; it is in the file itself now.
inline void forget_references(Remaining& remaining, std::size_t instance) {
  remaining.take("Key", "CakFile", instance);
  remaining.take("Key", "CakCredential", instance);
  remaining.take("Key", "Role", instance);
}

[[nodiscard]] inline bool yes(const std::string& text) { return parse_boolean(text).value_or(false); }

}  // namespace macsec::cli::detail
