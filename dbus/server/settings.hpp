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

/// A key as it was sent.
struct GivenKey {
  RawSection section;
  Secret<32> cak;  ///< came by descriptor: Cak of the section has no octets
};
/// Reads a{sv} of a [Key]: as a section, with "CakFd" h instead of Cak. Errors as of read_sections().
[[nodiscard]] Result<GivenKey> read_key(sd_bus_message* message);
/// Whether an argument of the call is a [Key] whose secret is not there but named: CakFile, CakCredential. The message is as
/// before.
[[nodiscard]] bool names_key(sd_bus_message* message);
/// EINVAL with what is wrong. `default_role`: where none was given.
[[nodiscard]] Result<PreSharedKey> make_key(const GivenKey& given, std::optional<KeyRole> default_role,
                                            const ProfileContext& context);

struct KeyOptions {
  Duration timeout = default_retirement;
  bool force = false;
  bool memory = false;       ///< Lifetime is "memory", or a key source brings the key
  std::string key_source{};  ///< Source
};
/// Reads a{sv} of a method for keys, which knows the options `known`. Every error is EINVAL and names the option.
[[nodiscard]] Result<KeyOptions> read_key_options(sd_bus_message* message,
                                                  std::initializer_list<std::string_view> known);

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
