// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the properties of each kind of object are read from, and their tables.
#pragma once

#include "dbus/server/model.hpp"
#include "dbus/server/property.hpp"

namespace macsec::bus {

struct ManagerView {
  std::uint32_t profiles = 0;
  std::uint32_t sessions = 0;
  std::uint32_t secured = 0;
  Strings directories;
};

struct ProfileView {
  ProfileState state;
  std::vector<std::string> sessions;                  ///< their paths, in order
  std::vector<core::ParticipantStatus> participants;  ///< of the sessions, one for each key that they have
  std::map<Ckn, Strings> left_out;                    ///< by key: sessions that need not prove that it may go
};

[[nodiscard]] std::span<const Property<ManagerView>> manager_properties() noexcept;
[[nodiscard]] std::span<const Property<ProfileView>> profile_properties() noexcept;
[[nodiscard]] std::span<const Property<SessionState>> session_properties() noexcept;
/// Of a session whose status has a supplicant.
[[nodiscard]] std::span<const Property<SessionState>> supplicant_properties() noexcept;
/// Of a session whose status has an authenticator.
[[nodiscard]] std::span<const Property<SessionState>> authenticator_properties() noexcept;

/// Microseconds of CLOCK_BOOTTIME as they travel.
[[nodiscard]] constexpr std::uint64_t to_usec(Time time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

template <typename Counted, typename Name>
[[nodiscard]] Counters to_counters(const Counted& counted, std::span<const Name> names) {
  Counters out;
  for (const Name& each : names) out.emplace(each.name, counted.*each.member);
  return out;
}
/// All that the port itself counts, by group, as org.macsecd1.Session.GetStatistics has it.
[[nodiscard]] Statistics port_statistics(const core::PortStatus& status);

}  // namespace macsec::bus
