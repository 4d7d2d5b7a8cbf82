// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/access.hpp"

#include <cerrno>

namespace macsec::core {

void Access::receive(const EapolFrame& frame, Time now) {
  logon_.receive(frame, now);
  admission_.receive(frame, now);
}

Result<void> Access::reauthenticate(Time now) {
  if (!applies()) return fail(ENOTSUP, "the profile has no [8021X] section");
  return admission_.applies() ? admission_.reauthenticate(now) : logon_.reauthenticate(now);
}

void Access::set_enabled(bool enabled, Time now) {
  logon_.set_enabled(enabled, now);
  admission_.set_enabled(enabled, now);
}

void Access::restore(const KeptSession& kept, Time now) {
  // On another link nobody knows the keys.
  if (kept.parent != context_.profile->link.parent) return;
  logon_.restore(kept, now);
  admission_.restore(kept.keys, now);
}

KeptSession Access::kept_session() const {
  return {.profile = context_.profile->name,
          .parent = context_.profile->link.parent,
          .keys = admission_.applies() ? admission_.session_keys() : logon_.session_keys(),
          .until = kept_until(),
          .account = {},
          .trust = logon_.trust()};
}

std::optional<Time> Access::kept_until() const noexcept {
  return logon_.applies() ? logon_.cached_until() : std::nullopt;
}

void Access::reconfigure(const Profile& before, Time now) {
  logon_.reconfigure(before, now);
  admission_.reconfigure(before, now);
}

void Access::step(Time now) {
  logon_.step(now);
  admission_.step(now);
}

bool Access::follow(Time now) {
  const bool of_logon = logon_.follow(now);
  return admission_.follow(now) || of_logon;
}

Reason Access::reason() const noexcept { return admission_.applies() ? admission_.reason() : logon_.reason(); }

std::string Access::words() const { return admission_.applies() ? admission_.words() : logon_.words(); }

void Access::fill(PortStatus& status) const {
  logon_.fill(status);
  admission_.fill(status);
}

}  // namespace macsec::core
