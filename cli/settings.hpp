// SPDX-License-Identifier: LGPL-2.1-or-later
/// Settings of profiles on their way from the command line to the daemon.
#pragma once

#include "cli/context.hpp"
#include "cli/secret_writer.hpp"
#include "engine/config/profile_reader.hpp"

namespace macsec::cli {

/// Applies "MKA.Priority=10", "Parent=eth0" or "Key2.Ckn=0a" to `settings`; an empty value takes a setting back. The error
/// says what is accepted. Keys that are secret are refused.
[[nodiscard]] Result<void> apply_setting(bus::Settings& settings, std::string_view assignment);

/// The section of this name, made where it is missing; `instance` from 0.
bus::SettingsSection& section_of(bus::Settings& settings, std::string_view name, std::size_t instance = 0);
/// A text of the first such section; nothing where it is not said.
[[nodiscard]] std::optional<std::string> text_of(const bus::Settings& settings, std::string_view section,
                                                 std::string_view key);
/// Sets or replaces a text.
void set_text(bus::SettingsSection& section, std::string_view key, std::string value);
[[nodiscard]] bool has_text(const bus::SettingsSection& section, std::string_view key) noexcept;

/// Gives the first [Key] without any form of CAK the one of --key-file or --key-fd, or asks for it.
/// `required`: a key that is nowhere is asked for.
[[nodiscard]] Result<void> add_key(const Options& options, bus::Settings& settings, bool required);

/// Settings without secrets as the daemon shows them.
[[nodiscard]] bus::Settings to_settings(const bus::ProfileInfo& info);
/// As a profile file without keys.
[[nodiscard]] std::string to_text(const bus::Settings& settings);
/// As a profile file, keys included.
void write_file(SecretWriter& out, const bus::Settings& settings);
/// All there is in a text of a profile, judged line by line; keys in it are kept as secrets. The error names
/// file and line.
[[nodiscard]] Result<bus::Settings> read_text(std::string path, WipedText text);

/// A file with one [Key] section and nothing else, as genkey and key rotate write it; "-" is standard input.
[[nodiscard]] Result<bus::Settings> read_key_section(const std::string& path);

/// What `profile check` says about a file with these settings; keys in files are read where `keys` says so.
enum class KeyFiles : std::uint8_t { read, leave_alone };
[[nodiscard]] std::vector<Diagnostic> judge(const std::string& name, const bus::Settings& settings, KeyFiles keys);

/// Tells diagnostics on standard error; whether there was an error.
bool tell(const Context& context, std::span<const Diagnostic> diagnostics);
/// A problem as one line: "/etc/macsecd/lab.macsec:3: error: ...".
[[nodiscard]] std::string to_line(const bus::Problem& problem);

/// Adds a profile as the options say, and waits for its link where they say so.
Exit add_profile(Context& context, const std::string& name, const bus::Settings& settings);

}  // namespace macsec::cli
