// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/settings.hpp"

#include "dbus/bus/names.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile_secrets.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace macsec::bus {
namespace {

template <typename T>
std::optional<std::string> number(sd_bus_message* message, char type) {
  T value{};
  if (sd_bus_message_read_basic(message, type, &value) <= 0) return std::nullopt;
  return fmt::format("{}", value);
}

/// The value inside a variant as the text a profile file would hold; nothing for a type no setting has.
std::optional<std::string> read_text(sd_bus_message* message, char type) {
  switch (type) {
    case 's': {
      std::string text;
      if (get(message, text) < 0) return std::nullopt;
      return text;
    }
    case 'b': {
      bool flag = false;
      if (get(message, flag) < 0) return std::nullopt;
      return flag ? "yes" : "no";
    }
    case 'y':
      return number<std::uint8_t>(message, type);
    case 'n':
      return number<std::int16_t>(message, type);
    case 'q':
      return number<std::uint16_t>(message, type);
    case 'i':
      return number<std::int32_t>(message, type);
    case 'u':
      return number<std::uint32_t>(message, type);
    case 'x':
      return number<std::int64_t>(message, type);
    case 't':
      return number<std::uint64_t>(message, type);
    default:
      return std::nullopt;
  }
}

std::unexpected<Error> broken(int r) { return fail(r < 0 ? -r : EBADMSG, "the message cannot be read"); }

/// Reads what stands in the variant.
Result<void> read_value(sd_bus_message* message, std::string_view contents, RawSetting& setting) {
  if (contents == "ay") {
    const void* data = nullptr;
    std::size_t size = 0;
    if (const int r = sd_bus_message_read_array(message, 'y', &data, &size); r < 0) return broken(r);
    setting.octets = Bytes{static_cast<const std::uint8_t*>(data), size};
    setting.is_octets = true;
    return {};
  }
  if (contents == "as") {
    Strings words;
    if (const int r = get(message, words); r < 0) return broken(r);
    setting.text = fmt::format("{}", fmt::join(words, " "));
    return {};
  }
  std::optional<std::string> text;
  if (contents.size() == 1) text = read_text(message, contents.front());
  if (!text) return fail(EINVAL, fmt::format("{}: no setting has a value of type '{}'", setting.key, contents));
  setting.text = std::move(*text);
  return {};
}

/// The key in a memfd or pipe, as octets or digits. What is not there yet is not waited for.
Result<Secret<32>> read_descriptor(int fd) {
  constexpr std::size_t longest = 65;  // 64 digits and a line end
  struct stat status{};
  pollfd ready{fd, POLLIN, 0};
  if (::fstat(fd, &status) < 0 || (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)))
    return fail(EINVAL, "CakFd is a memfd or a pipe");
  if (::poll(&ready, 1, 0) <= 0) return fail(EINVAL, "CakFd holds nothing yet: write the key before the call");
  Secret<longest + 1> held;
  const MutableBytes room = held.allocate(longest + 1);
  const ssize_t got =
      S_ISREG(status.st_mode) ? ::pread(fd, room.data(), room.size(), 0) : ::read(fd, room.data(), room.size());
  Bytes key = held.expose().first(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const std::string_view text{reinterpret_cast<const char*>(key.data()), key.size()};
  const std::string_view digits = trim(text.substr(0, text.find('\n')));
  Secret<32> out;
  if (digits.size() == 32 || digits.size() == 64)
    if (from_hex(digits, out.allocate(digits.size() / 2))) return out;
  if (key.size() == 16 || key.size() == 32) return Secret<32>{key};
  return fail(EINVAL, "CakFd holds 16 or 32 octets, or 32 or 64 hexadecimal digits");
}

/// Reads the descriptor in a variant as the setting Cak.
Result<void> read_key_descriptor(sd_bus_message* message, RawSetting& setting, Secret<32>& cak) {
  int fd = -1;  // the message's
  if (const int r = sd_bus_message_read_basic(message, 'h', &fd); r <= 0) return broken(r);
  Result<Secret<32>> key = read_descriptor(fd);
  if (!key) return std::unexpected{key.error()};
  cak = std::move(*key);
  setting.key = "Cak";
  setting.is_octets = true;
  return {};
}

/// `cak`: where a key that comes by descriptor goes; null where none may.
Result<RawSetting> read_setting(sd_bus_message* message, std::string_view section, Secret<32>* cak = nullptr) {
  RawSetting setting;
  int r = sd_bus_message_enter_container(message, 'e', "sv");
  if (r <= 0 || get(message, setting.key) < 0) return broken(r);
  char type = 0;
  const char* contents = nullptr;
  if (r = sd_bus_message_peek_type(message, &type, &contents); r <= 0) return broken(r);
  // Text would leave copies of a secret behind.
  const ProfileKey* known = find_profile_key(section, setting.key);
  if (known != nullptr && known->secret && std::string_view{contents} != "ay")
    return fail(EINVAL, fmt::format("{} is secret and taken as octets (type ay) only", setting.key));
  if (r = sd_bus_message_enter_container(message, 'v', contents); r <= 0) return broken(r);
  const bool by_descriptor = cak != nullptr && setting.key == "CakFd" && std::string_view{contents} == "h";
  if (Result<void> value =
          by_descriptor ? read_key_descriptor(message, setting, *cak) : read_value(message, contents, setting);
      !value)
    return std::unexpected{value.error()};
  if (known != nullptr && !setting.is_octets && holds_secret(*known, setting.text))
    return fail(EINVAL, fmt::format("{} that is no path is secret and taken as octets (type ay) only", setting.key));
  if (r = sd_bus_message_exit_container(message); r < 0) return broken(r);
  if (r = sd_bus_message_exit_container(message); r < 0) return broken(r);
  return setting;
}

Result<RawSection> read_section(sd_bus_message* message, std::size_t& budget) {
  RawSection section;
  int r = sd_bus_message_enter_container(message, 'r', "sa{sv}");
  if (r <= 0 || get(message, section.name) < 0) return broken(r);
  if (r = sd_bus_message_enter_container(message, 'a', "{sv}"); r < 0) return broken(r);
  while ((r = sd_bus_message_at_end(message, 0)) == 0) {
    if (budget-- == 0) return fail(E2BIG, fmt::format("more than {} settings in one profile", most_settings));
    Result<RawSetting> setting = read_setting(message, section.name);
    if (!setting) return std::unexpected{setting.error()};
    section.settings.push_back(std::move(*setting));
  }
  if (r < 0) return broken(r);
  if (r = sd_bus_message_exit_container(message); r < 0) return broken(r);
  if (r = sd_bus_message_exit_container(message); r < 0) return broken(r);
  return section;
}

template <typename T>
Result<void> take_option(const Variant& value, std::string_view name, const char* type, std::optional<T>& to) {
  const T* held = std::get_if<T>(&value);
  if (held == nullptr) return fail(EINVAL, fmt::format("option {} is not of type '{}'", name, type));
  to = *held;
  return {};
}

Result<void> take_word_option(GivenOptions& options, const std::string& name, const Variant& value) {
  std::optional<std::string> word;
  if (Result<void> taken = take_option(value, name, "s", word); !taken) return taken;
  if (name == option::origin) {
    options.origin = std::move(word);
  } else if (name == option::description) {
    options.description = std::move(word);
  } else if (name == option::lifetime) {
    options.lifetime = lifetime_from_string(*word);
    if (!options.lifetime) return fail(EINVAL, "Lifetime is one of client, parked, memory, file");
  } else {
    for (const ProfileSource source : {ProfileSource::runtime, ProfileSource::networkmanager, ProfileSource::networkd})
      if (to_string(source) == *word) options.source = source;
    if (!options.source) return fail(EINVAL, "Source is one of runtime, networkmanager, networkd");
  }
  return {};
}

Result<void> take_any_option(GivenOptions& options, const std::string& name, const Variant& value) {
  if (name == option::lifetime || name == option::source || name == option::origin || name == option::description) {
    return take_word_option(options, name, value);
  }
  if (name == option::grace) {
    std::optional<std::uint64_t> grace;
    if (Result<void> taken = take_option(value, name, "t", grace); !taken) return taken;
    if (*grace > static_cast<std::uint64_t>(longest_grace.count())) return fail(EINVAL, "Grace is at most 3600 s");
    options.grace = Duration{static_cast<Duration::rep>(*grace)};
    return {};
  }
  if (name == option::problems) {
    std::optional<ProblemRows> rows;
    if (Result<void> taken = take_option(value, name, signature<ProblemRows>(), rows); !taken) return taken;
    Result<std::vector<Problem>> problems = to_problems(std::move(*rows));
    if (!problems) return std::unexpected{problems.error()};
    options.problems = std::move(*problems);
    return {};
  }
  if (name == option::replace || name == option::keep_secrets) {
    std::optional<bool> flag;
    if (Result<void> taken = take_option(value, name, "b", flag); !taken) return taken;
    (name == option::replace ? options.replace : options.keep_secrets) = *flag;
    return {};
  }
  return fail(EINVAL, fmt::format("there is no option {}", name));
}

Result<void> take_key_option(KeyOptions& options, const std::string& name, const Variant& value) {
  if (name == option::force) {
    std::optional<bool> force;
    if (Result<void> taken = take_option(value, name, "b", force); !taken) return taken;
    options.force = *force;
  } else if (name == option::timeout) {
    std::optional<std::uint64_t> timeout;
    if (Result<void> taken = take_option(value, name, "t", timeout); !taken) return taken;
    if (*timeout > static_cast<std::uint64_t>(longest_retirement.count()))
      return fail(EINVAL, "Timeout is at most 3600 s");
    options.timeout = Duration{static_cast<Duration::rep>(*timeout)};
  } else {
    std::optional<std::string> word;
    if (Result<void> taken = take_option(value, name, "s", word); !taken) return taken;
    if (name == option::source) {
      if (!is_profile_name(*word)) return fail(EINVAL, "Source is the name of a key source: NAME of NAME.source");
      options.key_source = std::move(*word);
      return {};
    }
    options.memory = *word == to_string(Lifetime::memory);
    if (!options.memory && *word != to_string(Lifetime::file))
      return fail(EINVAL, "Lifetime is file or memory: a key has a file of its own, or none");
  }
  return {};
}

}  // namespace

Result<std::vector<RawSection>> read_sections(sd_bus_message* message) {
  std::vector<RawSection> sections;
  std::size_t budget = most_settings;
  int r = sd_bus_message_enter_container(message, 'a', "(sa{sv})");
  if (r < 0) return broken(r);
  while ((r = sd_bus_message_at_end(message, 0)) == 0) {
    if (sections.size() == most_settings) return fail(E2BIG, "too many sections");
    Result<RawSection> section = read_section(message, budget);
    if (!section) return std::unexpected{section.error()};
    sections.push_back(std::move(*section));
  }
  if (r < 0) return broken(r);
  if (r = sd_bus_message_exit_container(message); r < 0) return broken(r);
  return sections;
}

Result<GivenKey> read_key(sd_bus_message* message) {
  GivenKey given;
  given.section.name = "Key";
  if (const int r = sd_bus_message_enter_container(message, 'a', "{sv}"); r < 0) return broken(r);
  int r = 0;
  while ((r = sd_bus_message_at_end(message, 0)) == 0) {
    if (given.section.settings.size() == most_settings) return fail(E2BIG, "too many settings");
    Result<RawSetting> setting = read_setting(message, given.section.name, &given.cak);
    if (!setting) return std::unexpected{setting.error()};
    given.section.settings.push_back(std::move(*setting));
  }
  if (r < 0) return broken(r);
  if (r = sd_bus_message_exit_container(message); r < 0) return broken(r);
  return given;
}

bool names_key(sd_bus_message* message) {
  bool named = false;
  char type = 0;
  const char* contents = nullptr;
  while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
    if (type != 'a' || std::string_view{contents} != "{sv}") {
      if (sd_bus_message_skip(message, nullptr) < 0) break;
      continue;
    }
    if (sd_bus_message_enter_container(message, 'a', "{sv}") < 0) break;
    std::string key;
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0 && get(message, key) >= 0) {
      named = named || key == "CakFile" || key == "CakCredential";
      if (sd_bus_message_skip(message, "v") < 0 || sd_bus_message_exit_container(message) < 0) break;
    }
    if (sd_bus_message_exit_container(message) < 0) break;
  }
  sd_bus_message_rewind(message, 1);
  return named;
}

Result<PreSharedKey> make_key(const GivenKey& given, std::optional<KeyRole> default_role,
                              const ProfileContext& context) {
  std::vector<ProfileSetting> settings{{.section = "Key"}};
  if (default_role) settings.push_back({.section = "Key", .key = "Role", .value = to_string(*default_role)});
  for (const RawSetting& each : given.section.settings) {
    const bool by_descriptor = each.is_octets && each.octets.empty() && each.key == "Cak";
    settings.push_back({.section = "Key",
                        .key = each.key,
                        .value = each.text,
                        .octets = by_descriptor ? given.cak.expose() : each.octets});
  }
  return key_from_settings(settings, context);
}

Result<KeyOptions> read_key_options(sd_bus_message* message, std::initializer_list<std::string_view> known) {
  Dictionary given;
  if (const int r = get(message, given); r < 0) return fail(EINVAL, "an option has a value of a type no option has");
  KeyOptions options;
  for (const auto& [name, value] : given)
    if (std::ranges::find(known, name) == known.end())
      return fail(EINVAL, fmt::format("there is no option {}", name));
    else if (Result<void> taken = take_key_option(options, name, value); !taken)
      return std::unexpected{taken.error()};
  if (options.key_source.empty()) return options;
  if (given.contains(option::lifetime) && !options.memory)
    return fail(EINVAL, "the key of a key source has the Lifetime memory: it is in no file");
  options.memory = true;
  return options;
}

Problem to_problem(const Diagnostic& diagnostic) {
  return {diagnostic.severity == Severity::error, diagnostic.file, diagnostic.line, diagnostic.setting,
          diagnostic.text};
}

ProfilePointer make_profile(const ProfileIdentity& identity, std::span<const RawSection> sections,
                            const ProfileContext& context, std::vector<Problem>& problems) {
  std::vector<ProfileSetting> settings;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    settings.push_back({.section = sections[i].name, .instance = i, .key = {}, .value = {}, .octets = {}});
    for (const RawSetting& each : sections[i].settings)
      settings.push_back(
          {.section = sections[i].name, .instance = i, .key = each.key, .value = each.text, .octets = each.octets});
  }
  ProfileReading reading = read_settings(identity.name, identity.origin, identity.source, settings, context);
  for (const Diagnostic& diagnostic : reading.diagnostics) problems.push_back(to_problem(diagnostic));
  if (!reading.profile) return nullptr;
  return std::make_shared<const Profile>(std::move(*reading.profile));
}

Sections show_settings(const Profile& profile) {
  Sections out;
  std::optional<std::size_t> instance;
  for (ProfileText& each : profile_settings(profile)) {
    if (out.empty() || std::get<0>(out.back()) != each.section || instance != each.instance) {
      out.emplace_back(each.section, Dictionary{});
      instance = each.instance;
    }
    std::get<1>(out.back()).insert_or_assign(std::move(each.key), std::move(each.value));
  }
  return out;
}

Result<GivenOptions> read_options(sd_bus_message* message) {
  Dictionary given;
  if (const int r = get(message, given); r < 0) return fail(EINVAL, "an option has a value of a type no option has");
  GivenOptions options;
  for (const auto& [name, value] : given)
    if (Result<void> taken = take_any_option(options, name, value); !taken) return std::unexpected{taken.error()};
  return options;
}

Result<std::vector<Problem>> to_problems(ProblemRows rows) {
  if (rows.size() > most_problems) return fail(EINVAL, fmt::format("more than {} problems", most_problems));
  std::vector<Problem> problems;
  for (ProblemRow& row : rows) {
    std::optional<Problem> problem = from_row(std::move(row));
    if (!problem) return fail(EINVAL, "a problem's severity is neither error nor warning");
    problems.push_back(std::move(*problem));
  }
  return problems;
}

ProblemRows to_rows(std::span<const Problem> problems) {
  ProblemRows rows;
  for (const Problem& problem : problems) rows.push_back(to_row(problem));
  return rows;
}

}  // namespace macsec::bus
