// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/profile_object.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/clients.hpp"
#include "dbus/server/profile_keys.hpp"
#include "dbus/server/views.hpp"
#include "dbus/server/wanted_profile.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::bus {

std::vector<sd_bus_vtable> ProfileObject::vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a(sa{sv})", settings, "a{sv}", options), SD_BUS_NO_RESULT,
                              entry<&ProfileObject::update>, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
      SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&ProfileObject::remove>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Enable", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&ProfileObject::enable>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Disable", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&ProfileObject::disable>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("SetProblems", SD_BUS_ARGS("a(ssuss)", problems), SD_BUS_NO_RESULT,
                              entry<&ProfileObject::set_problems>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("AddKey", SD_BUS_ARGS("a{sv}", key, "a{sv}", options), SD_BUS_RESULT("s", outcome),
                              entry<&ProfileKeys::add>, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
      SD_BUS_METHOD_WITH_ARGS("RetireKey", SD_BUS_ARGS("s", ckn, "a{sv}", options), SD_BUS_NO_RESULT,
                              entry<&ProfileKeys::retire>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("ReplaceKey", SD_BUS_ARGS("s", old, "a{sv}", key, "a{sv}", options),
                              SD_BUS_RESULT("s", outcome), entry<&ProfileKeys::replace>,
                              SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
      SD_BUS_METHOD_WITH_ARGS("CancelRetire", SD_BUS_ARGS("s", ckn), SD_BUS_NO_RESULT,
                              entry<&ProfileKeys::cancel_retire>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_SIGNAL_WITH_ARGS("KeyEvent", SD_BUS_ARGS("s", kind, "s", ckn, "s", text), 0),
  };
  append_properties(vtable, profile_properties());
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

/// Whether a profile is the caller's to change; answers the call where not.
bool ProfileObject::may_change(const ClientProfile& record) const {
  if (record.owner.empty() || record.owner == call_.sender()) return true;
  call_.fail(error::not_owner, fmt::format("the profile belongs to {}", record.owner));
  return false;
}

void ProfileObject::update() {
  WantedProfile wanted{shared_, call_, call_.name()};
  if (!wanted.read()) return;
  const GivenOptions& options = wanted.options();
  if (options.replace || options.source || options.origin)
    return call_.fail(error::invalid_argument, "Replace, Source and Origin are options of AddProfile");
  if (!exists()) return;
  const ProfileState before = model_.profile(call_.name());
  const std::optional<ClientProfile>& known = before.client;
  if (known && !may_change(*known)) return;
  const ClientProfile record = known ? *known : ClientProfile{.lifetime = Lifetime::file, .origin = before.origin};
  const bool file = options.lifetime.value_or(record.lifetime) == Lifetime::file;
  if (file == known.has_value())
    return call_.fail(error::invalid_argument, "a profile neither becomes a file nor stops being one");
  if (wanted.make(record, options.keep_secrets ? before.profile.get() : nullptr) && wanted.put()) call_.reply();
}

void ProfileObject::remove() {
  if (!exists()) return;
  if (const Result<void> done = model_.remove_profile(call_.name()); !done)
    return call_.fail(done.error(), error::no_such_profile);
  shared_.clients.arm_expiry();
  changed();
  call_.reply();
}

void ProfileObject::enable() { set_enabled(true); }
void ProfileObject::disable() { set_enabled(false); }

void ProfileObject::set_enabled(bool enabled) {
  if (!exists()) return;
  const ProfileState state = model_.profile(call_.name());
  if (state.profile == nullptr) return call_.fail(error::invalid_settings, complaint(state.problems));
  const auto keyless = [](const PreSharedKey& key) { return key.cak.empty(); };
  // Of an 802.1X connection that is not active only the outline is known.
  const bool outlined =
      state.profile->pae && !state.profile->link.enabled && state.profile->source == ProfileSource::networkmanager;
  if (enabled && (outlined || std::ranges::any_of(state.profile->keys, keyless)))
    return call_.fail(error::invalid_settings,
                      "its key is not here: " + std::string{to_string(state.profile->source)} + " has to activate it");
  if (state.enabled != enabled)
    if (const Result<void> done = model_.set_profile_enabled(call_.name(), enabled); !done)
      return call_.fail(done.error(), error::no_such_profile);
  changed();
  call_.reply();
}

void ProfileObject::set_problems() {
  ProblemRows rows;
  if (get(call_.message(), rows) < 0) return call_.fail(error::invalid_argument, "the problems cannot be read");
  Result<std::vector<Problem>> problems = to_problems(std::move(rows));
  if (!problems) return call_.fail(error::invalid_argument, problems.error().message);
  if (!exists()) return;
  const std::optional<ClientProfile> record = model_.profile(call_.name()).client;
  if (!record) return call_.fail(error::not_owner, "the problems of a file are found by reading it");
  if (!may_change(*record)) return;
  if (const Result<void> done = model_.set_profile_problems(call_.name(), std::move(*problems)); !done)
    return call_.fail(done.error(), error::no_such_profile);
  changed();
  call_.reply();
}

}  // namespace macsec::bus
