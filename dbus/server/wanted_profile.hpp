// SPDX-License-Identifier: LGPL-2.1-or-later
/// A profile as a call wants it, from its arguments to the daemon.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

/// Each step answers the call and returns false where it fails.
class WantedProfile : BusObject {
 public:
  WantedProfile(const Shared& shared, Call& call, std::string name) : BusObject{shared, call}, name_{std::move(name)} {}

  /// Reads settings and options, what is next in the call.
  [[nodiscard]] bool read();
  [[nodiscard]] const GivenOptions& options() const noexcept { return options_; }
  /// Makes the profile; what the options do not say is as in `before`, and keys that are not given are those of `keep`.
  [[nodiscard]] bool make(ClientProfile before, const Profile* keep);
  /// Whether the call may put a profile of this name.
  [[nodiscard]] bool may_claim();
  /// Hands it to the daemon, and tells what changed.
  [[nodiscard]] bool put();

 private:
  std::string name_;
  std::vector<RawSection> sections_;  ///< views into the call
  GivenOptions options_;
  ClientProfile record_;
  ProfilePointer profile_;  ///< null: only its problems are to be shown
  std::vector<Problem> warnings_;
};

/// What stops a profile, in one line.
[[nodiscard]] std::string complaint(std::span<const Problem> problems);

}  // namespace macsec::bus
