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

void Access::restore(std::span<const SessionKey> keys, Time now) {
  logon_.restore(keys, now);
  admission_.restore(keys, now);
}

std::vector<SessionKey> Access::session_keys() const {
  return admission_.applies() ? admission_.session_keys() : logon_.session_keys();
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
