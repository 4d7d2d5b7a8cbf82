// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the readers of other programs' files share.
#pragma once

#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"
#include "engine/base/text.hpp"

namespace macsec::cli::detail {

[[nodiscard]] Imported import_wpa_supplicant(const std::string& path, WipedText text);
[[nodiscard]] Imported import_networkmanager(const std::string& path, WipedText text);
[[nodiscard]] Imported import_networkd(const std::string& path, WipedText text);

/// Puts what an importer finds where it belongs.
class Import {
 public:
  explicit Import(std::string path) : path_{std::move(path)} {}

  void set(std::string_view section, std::string_view key, std::string value, std::size_t instance = 0) {
    set_text(section_of(out.settings, section, instance), key, std::move(value));
  }
  void set_flag(std::string_view section, std::string_view key, bool value) { set(section, key, value ? "yes" : "no"); }
  void complain(Severity severity, unsigned line, std::string text) {
    out.diagnostics.push_back({severity, path_, line, std::move(text)});
  }
  /// A warning that `what` is left out.
  void leave_out(unsigned line, std::string_view what, std::string_view why = "macsecd has no such thing") {
    complain(Severity::warning, line, fmt::format("{} is left out: {}", what, why));
  }
  void refuse(unsigned line, std::string_view what, std::string_view accepted) {
    complain(Severity::error, line, fmt::format("{} is not accepted: {}", what, accepted));
  }
  /// A key in hexadecimal digits.
  void set_secret(std::string_view section, std::string_view key, std::string_view digits, unsigned line,
                  std::string_view what, std::size_t instance = 0) {
    Secret<32> secret;
    const std::size_t size = digits.size() / 2;
    if ((size != 16 && size != 32) || !from_hex(digits, secret.allocate(size)))
      return refuse(line, what, "32 or 64 hexadecimal digits");
    section_of(out.settings, section, instance).secrets.emplace_back(key, std::move(secret));
  }

  Imported out;

 private:
  std::string path_;
};

[[nodiscard]] inline std::string_view unquote(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

}  // namespace macsec::cli::detail
