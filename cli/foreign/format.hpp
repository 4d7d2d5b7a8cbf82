// SPDX-License-Identifier: LGPL-2.1-or-later
/// Configuration of other programs, in and out. Pure: texts to settings and back.
#pragma once

#include "cli/secret_writer.hpp"
#include "dbus/client/sections.hpp"
#include "engine/config/ini.hpp"

namespace macsec::cli {

enum class Format : std::uint8_t { wpa_supplicant, networkmanager, networkd, iwd };

[[nodiscard]] std::string_view to_string(Format format) noexcept;
[[nodiscard]] std::optional<Format> format_from_string(std::string_view word) noexcept;
/// By what a file is called and what stands in it.
[[nodiscard]] std::optional<Format> guess_format(std::string_view path, std::string_view text) noexcept;

struct Imported {
  std::string name{};                     ///< of the connection or link; empty: the format has none
  bus::Settings settings{};               ///< may lack Parent= and keys, where the format does not say them
  std::vector<Diagnostic> diagnostics{};  ///< a warning for everything that is left out
};
/// A file that adds to another, as drop-ins do.
struct ForeignText {
  std::string path;
  WipedText text;
};
/// `drop_ins` in the order the program reads them; only networkd has such.
[[nodiscard]] Imported import_profile(Format format, const std::string& path, WipedText text,
                                      std::vector<ForeignText> drop_ins = {});

/// Whether keys are written where the format holds them itself.
enum class Keys : std::uint8_t { leave_out, include };

struct Exported {
  SecretWriter text{};
  std::vector<std::string> warnings{};  ///< what the format cannot say
  std::string refused{};  ///< why the text must not be used: it would say less than is safe; empty: it may
};
/// Not to iwd, which has no MACsec.
[[nodiscard]] Exported export_profile(Format format, const std::string& name, const bus::Settings& settings, Keys keys);

}  // namespace macsec::cli
