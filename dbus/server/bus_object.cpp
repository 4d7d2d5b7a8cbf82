// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/bus_object.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/published.hpp"

#include <fmt/format.h>

namespace macsec::bus {

bool OfProfile::exists() const {
  if (model_.has_profile(call_.name())) return true;
  call_.fail(error::no_such_profile, fmt::format("there is no profile {}", call_.name()));
  return false;
}

void OfProfile::changed() const {
  shared_.published.profile_changed(call_.name());
  shared_.published.flush();
}

bool OfSession::exists() const {
  if (model_.has_session(call_.name())) return true;
  call_.fail(error::no_such_session, fmt::format("there is no session {}", call_.name()));
  return false;
}

void OfSession::finish(const Result<void>& done) const {
  if (!done) return call_.fail(done.error(), error::no_such_session);
  shared_.published.flush();
  call_.reply();
}

void OfSession::act(Result<void> (Model::*action)(const std::string& interface)) const {
  if (exists()) finish((model_.*action)(call_.name()));
}

}  // namespace macsec::bus
