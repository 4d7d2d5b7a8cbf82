// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the readers of other programs' files share.
#pragma once

#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"
#include "engine/base/similar.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile.hpp"

#include <algorithm>

namespace macsec::cli::detail {

[[nodiscard]] Imported import_wpa_supplicant(const std::string& path, WipedText text);
[[nodiscard]] Imported import_networkmanager(const std::string& path, WipedText text);
[[nodiscard]] Imported import_iwd(const std::string& path, WipedText text);
[[nodiscard]] Imported import_networkd(const std::string& path, WipedText text, std::vector<ForeignText> drop_ins);

/// Puts what an importer finds where it belongs.
class Import {
 public:
  explicit Import(std::string path) : path_{std::move(path)} {}

  /// What follows comes from another file.
  void read_from(std::string path) { path_ = std::move(path); }

  void set(std::string_view section, std::string_view key, std::string value, std::size_t instance = 0) {
    set_text(section_of(out.settings, section, instance), key, std::move(value));
  }
  void set_flag(std::string_view section, std::string_view key, bool value) { set(section, key, value ? "yes" : "no"); }
  void complain(Severity severity, unsigned line, std::string text) {
    out.diagnostics.push_back({severity, path_, line, std::move(text)});
  }
  /// A warning about something that is taken in another way than it was written.
  void note(unsigned line, std::string text) { complain(Severity::warning, line, std::move(text)); }
  /// A warning that `what` is left out.
  void leave_out(unsigned line, std::string_view what, std::string_view why = "macsecd has no such thing") {
    note(line, fmt::format("{} is left out: {}", what, why));
  }
  void refuse(unsigned line, std::string_view what, std::string_view accepted) {
    complain(Severity::error, line, fmt::format("{} is not accepted: {}", what, accepted));
  }
  /// A name that the other program does not know either. The value is not shown: it may be a key in the wrong place.
  void unknown(unsigned line, std::string_view name, std::string_view program,
               std::span<const std::string_view> known) {
    const std::string_view near = similar_name(name, known);
    complain(Severity::error, line,
             fmt::format("{} is no setting of {}{}", printable(name), program,
                         near.empty() ? "" : fmt::format(", did you mean {}?", near)));
  }
  /// A key in hexadecimal digits, blanks between them left out. It takes the place of an earlier one.
  void set_secret(std::string_view section, std::string_view key, std::string_view digits, unsigned line,
                  std::string_view what, std::size_t instance = 0) {
    WipedText packed{digits.size()};
    const auto end = std::ranges::remove_copy_if(digits, packed.data(), is_blank).out;
    const std::string_view all = packed.view().substr(0, static_cast<std::size_t>(end - packed.data()));
    Secret<32> secret;
    const std::size_t size = all.size() / 2;
    if ((size != 16 && size != 32) || !from_hex(all, secret.allocate(size)))
      return refuse(line, what, "32 or 64 hexadecimal digits");
    bus::SettingsSection& to = section_of(out.settings, section, instance);
    std::erase_if(to.secrets, [key](const auto& each) { return each.first == key; });
    to.secrets.emplace_back(key, bus::to_secret(secret.expose()));
  }
  [[nodiscard]] static constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

  Imported out;

 private:
  std::string path_;
};

}  // namespace macsec::cli::detail
