// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/names.hpp"
#include "dbus/server/entry.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

std::string no_profile(const std::string& name) { return fmt::format("there is no profile {}", name); }

/// What stops a profile, in one line.
std::string complaint(std::span<const Problem> problems) {
  std::string text;
  for (const Problem& problem : problems)
    if (problem.error) text += (text.empty() ? "" : "; ") + problem.text;
  return text.empty() ? "the settings make no profile" : text;
}

bool has_error(std::span<const Problem> problems) {
  return std::ranges::any_of(problems, [](const Problem& problem) { return problem.error; });
}

}  // namespace

/// A profile as a call wants it.
struct Server::Wanted {
  std::string name;
  GivenOptions options;
  std::vector<RawSection> sections;  ///< views into the call
  ClientProfile record;
  ProfilePointer profile;  ///< null: only its problems are to be shown
  std::vector<Problem> warnings;
};

std::vector<sd_bus_vtable> Server::profile_vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a(sa{sv})", settings, "a{sv}", options), SD_BUS_NO_RESULT,
                              entry<&Server::update_profile>, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
      SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::remove_profile>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Enable", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::enable_profile>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Disable", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::disable_profile>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("SetProblems", SD_BUS_ARGS("a(ssuss)", problems), SD_BUS_NO_RESULT,
                              entry<&Server::set_problems>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("AddKey", SD_BUS_ARGS("a{sv}", key, "a{sv}", options), SD_BUS_RESULT("s", outcome),
                              entry<&Server::add_key>, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
      SD_BUS_METHOD_WITH_ARGS("RetireKey", SD_BUS_ARGS("s", ckn, "a{sv}", options), SD_BUS_NO_RESULT,
                              entry<&Server::retire_key>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("ReplaceKey", SD_BUS_ARGS("s", old, "a{sv}", key, "a{sv}", options),
                              SD_BUS_RESULT("s", outcome), entry<&Server::replace_key>,
                              SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
      SD_BUS_METHOD_WITH_ARGS("CancelRetire", SD_BUS_ARGS("s", ckn), SD_BUS_NO_RESULT, entry<&Server::cancel_retire>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, profile_properties(), Objects<ProfileView>::on_get);
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

/// Turns sections and options into a profile and a record; answers the call and returns false where that fails.
bool Server::read_wanted(Call& call, Wanted& wanted, const Profile* keep) {
  const GivenOptions& options = wanted.options;
  ClientProfile& record = wanted.record;
  if (options.lifetime) record.lifetime = *options.lifetime;
  if (options.grace) record.grace = *options.grace;
  if (options.source) record.source = *options.source;
  if (options.origin) record.origin = *options.origin;
  if (options.description) record.description = *options.description;
  if (options.problems) record.problems = *options.problems;
  if (wanted.sections.empty() && has_error(record.problems) && record.lifetime != Lifetime::file) return true;

  ProfileContext context = options_.profiles;
  context.keep_secrets = keep;
  const ProfileSource source = record.lifetime == Lifetime::file ? ProfileSource::file : record.source;
  wanted.profile = make_profile({wanted.name, record.origin, source}, wanted.sections, context, wanted.warnings);
  if (wanted.profile != nullptr) return true;
  call.fail(error::invalid_settings, complaint(wanted.warnings));
  return false;
}

/// Hands the profile to the daemon; answers the call and returns false where that fails.
bool Server::put_wanted(Call& call, Wanted& wanted) {
  ClientProfile& record = wanted.record;
  record.warnings = std::move(wanted.warnings);
  record.parked_until.reset();
  record.lost_owner.clear();
  record.owner = record.lifetime == Lifetime::memory ? "" : call.sender();
  const Result<void> done = record.lifetime == Lifetime::file ? model_.store_profile(*wanted.profile)
                            : wanted.profile != nullptr       ? model_.put_profile(wanted.profile, std::move(record))
                                                        : model_.put_broken_profile(wanted.name, std::move(record));
  if (!done) {
    call.fail(done.error(), error::no_such_profile);
    return false;
  }
  arm_expiry();
  profile_changed(wanted.name);
  flush();
  return true;
}

/// Whether the call may put a profile of this name; answers it and returns false where not.
bool Server::may_claim(Call& call, const Wanted& wanted) {
  const std::string sender = call.sender();
  if (model_.has_profile(wanted.name)) {
    const std::optional<ClientProfile> known = model_.profile(wanted.name).client;
    const bool parked = known && known->parked_until && known->origin == wanted.record.origin;
    const bool replaces = wanted.options.replace && known && (known->owner.empty() || known->owner == sender);
    if ((parked || replaces) && wanted.record.lifetime != Lifetime::file) return true;
    call.fail(error::profile_exists, fmt::format("there is a profile {} already", wanted.name));
    return false;
  }
  if (model_.profiles_of(sender) < options_.profiles_per_client) return true;
  call.fail(error::limit_exceeded, fmt::format("one client may have {} profiles", options_.profiles_per_client));
  return false;
}

void Server::add_profile(Call& call) {
  Wanted wanted;
  if (get(call.message(), wanted.name) < 0 || !is_profile_name(wanted.name))
    return call.fail(error::invalid_argument,
                     "a profile's name is 1 to 64 letters, digits or ._-@:+ and does not start with a dot");
  Result<std::vector<RawSection>> sections = read_sections(call.message());
  if (!sections)
    return call.fail(sections.error().code == EINVAL ? error::invalid_settings : error::invalid_argument,
                     sections.error().message);
  Result<GivenOptions> options = read_options(call.message());
  if (!options) return call.fail(error::invalid_argument, options.error().message);
  if (options->keep_secrets) return call.fail(error::invalid_argument, "KeepSecrets is an option of Update");
  wanted.sections = std::move(*sections);
  wanted.options = std::move(*options);
  wanted.record.origin = wanted.name;
  if (!read_wanted(call, wanted, nullptr)) return;
  if (!may_claim(call, wanted)) return;
  const std::string name = wanted.name;
  if (put_wanted(call, wanted)) call.reply(ObjectPath{profiles_.path_of(name)});
}

bool Server::owns(Call& call, const ClientProfile& record) {
  if (record.owner.empty() || record.owner == call.sender()) return true;
  call.fail(error::not_owner, fmt::format("the profile belongs to {}", record.owner));
  return false;
}

void Server::update_profile(Call& call) {
  Result<std::vector<RawSection>> sections = read_sections(call.message());
  if (!sections)
    return call.fail(sections.error().code == EINVAL ? error::invalid_settings : error::invalid_argument,
                     sections.error().message);
  Result<GivenOptions> options = read_options(call.message());
  if (!options) return call.fail(error::invalid_argument, options.error().message);
  if (options->replace || options->source || options->origin)
    return call.fail(error::invalid_argument, "Replace, Source and Origin are options of AddProfile");
  if (!model_.has_profile(call.name())) return call.fail(error::no_such_profile, no_profile(call.name()));
  const ProfileState before = model_.profile(call.name());
  const std::optional<ClientProfile>& known = before.client;
  if (known && !owns(call, *known)) return;

  Wanted wanted;
  wanted.name = call.name();
  wanted.sections = std::move(*sections);
  wanted.options = std::move(*options);
  if (known) {
    wanted.record = *known;
  } else {
    wanted.record.lifetime = Lifetime::file;
    wanted.record.origin = before.origin;
  }
  const bool file = wanted.options.lifetime.value_or(wanted.record.lifetime) == Lifetime::file;
  if (file == known.has_value())
    return call.fail(error::invalid_argument, "a profile neither becomes a file nor stops being one");
  if (!read_wanted(call, wanted, wanted.options.keep_secrets ? before.profile.get() : nullptr)) return;
  if (put_wanted(call, wanted)) call.reply();
}

void Server::remove_profile(Call& call) {
  const std::string name = call.name();
  if (!model_.has_profile(name)) return call.fail(error::no_such_profile, no_profile(name));
  if (const Result<void> done = model_.remove_profile(name); !done)
    return call.fail(done.error(), error::no_such_profile);
  arm_expiry();
  profile_changed(name);
  flush();
  call.reply();
}

void Server::enable_profile(Call& call) { set_profile_enabled(call, true); }
void Server::disable_profile(Call& call) { set_profile_enabled(call, false); }

void Server::set_profile_enabled(Call& call, bool enabled) {
  if (!model_.has_profile(call.name())) return call.fail(error::no_such_profile, no_profile(call.name()));
  const ProfileState state = model_.profile(call.name());
  if (state.profile == nullptr) return call.fail(error::invalid_settings, complaint(state.problems));
  const auto keyless = [](const PreSharedKey& key) { return key.cak.empty(); };
  // Of an 802.1X connection that is not active only the outline is known.
  const bool outlined =
      state.profile->pae && !state.profile->link.enabled && state.profile->source == ProfileSource::networkmanager;
  if (enabled && (outlined || std::ranges::any_of(state.profile->keys, keyless)))
    return call.fail(error::invalid_settings,
                     "its key is not here: " + std::string{to_string(state.profile->source)} + " has to activate it");
  if (state.enabled != enabled)
    if (const Result<void> done = model_.set_profile_enabled(call.name(), enabled); !done)
      return call.fail(done.error(), error::no_such_profile);
  profile_changed(call.name());
  flush();
  call.reply();
}

void Server::set_problems(Call& call) {
  ProblemRows rows;
  if (get(call.message(), rows) < 0) return call.fail(error::invalid_argument, "the problems cannot be read");
  Result<std::vector<Problem>> problems = to_problems(std::move(rows));
  if (!problems) return call.fail(error::invalid_argument, problems.error().message);
  if (!model_.has_profile(call.name())) return call.fail(error::no_such_profile, no_profile(call.name()));
  const std::optional<ClientProfile> record = model_.profile(call.name()).client;
  if (!record) return call.fail(error::not_owner, "the problems of a file are found by reading it");
  if (!owns(call, *record)) return;
  if (const Result<void> done = model_.set_profile_problems(call.name(), std::move(*problems)); !done)
    return call.fail(done.error(), error::no_such_profile);
  profile_changed(call.name());
  flush();
  call.reply();
}

}  // namespace macsec::bus
