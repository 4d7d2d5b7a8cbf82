// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profile settings as they come over the bus, and as they are shown there.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/result.hpp"
#include "engine/config/profile_reader.hpp"

namespace macsec::bus {

/// One setting of a message that is kept alive: `octets` point into it, so a secret is nowhere else.
struct RawSetting {
  std::string key;
  std::string text;  ///< empty where it came as octets
  Bytes octets;
  bool is_octets = false;
};
struct RawSection {
  std::string name;
  std::vector<RawSetting> settings;
};

inline constexpr std::size_t most_settings = 1024;  ///< in one message
inline constexpr std::size_t most_problems = 64;

/// Reads a(sa{sv}). Errors: EINVAL for a value of a type no setting has, E2BIG beyond most_settings, EBADMSG for a broken message.
[[nodiscard]] Result<std::vector<RawSection>> read_sections(sd_bus_message* message);

/// Who a profile is for; goes into it.
struct ProfileIdentity {
  std::string name;
  std::string origin;
  ProfileSource source = ProfileSource::runtime;
};

[[nodiscard]] Problem to_problem(const Diagnostic& diagnostic);

/// The profile, or null; what is wrong with the settings and warnings are added to `problems`.
[[nodiscard]] ProfilePointer make_profile(const ProfileIdentity& identity, std::span<const RawSection> sections,
                                          const ProfileContext& context, std::vector<Problem>& problems);

/// What the property Settings shows.
[[nodiscard]] Sections show_settings(const Profile& profile);

/// Options of AddProfile and Update as sent; members without a value were not given.
struct GivenOptions {
  std::optional<Lifetime> lifetime;
  std::optional<Duration> grace;
  std::optional<ProfileSource> source;
  std::optional<std::string> origin;
  std::optional<std::string> description;
  std::optional<std::vector<Problem>> problems;
  bool replace = false;
  bool keep_secrets = false;
};
/// Reads a{sv}. Every error is EINVAL and names the option.
[[nodiscard]] Result<GivenOptions> read_options(sd_bus_message* message);

[[nodiscard]] Result<std::vector<Problem>> to_problems(ProblemRows rows);
[[nodiscard]] ProblemRows to_rows(std::span<const Problem> problems);

}  // namespace macsec::bus
