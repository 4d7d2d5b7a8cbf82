// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/client_profiles.hpp"

#include <algorithm>

namespace macsec::bus {

ClientProfile* ClientProfiles::find(const std::string& name) {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : &found->second;
}
const ClientProfile* ClientProfiles::find(const std::string& name) const {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : &found->second;
}

ClientProfile& ClientProfiles::put(const std::string& name, ClientProfile profile) {
  return profiles_.insert_or_assign(name, std::move(profile)).first->second;
}

std::size_t ClientProfiles::count_of(const std::string& owner) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(profiles_, [&](const auto& each) { return each.second.owner == owner; }));
}

std::vector<std::string> ClientProfiles::leave(const std::string& owner, Time now, std::vector<std::string>& touched) {
  std::vector<std::string> gone;
  for (auto& [name, profile] : profiles_) {
    if (profile.owner != owner) continue;
    if (profile.lifetime != Lifetime::parked) {
      gone.push_back(name);
      continue;
    }
    profile.owner.clear();
    profile.parked_until = now + profile.grace;
    touched.push_back(name);
  }
  return gone;
}

void ClientProfiles::leave_all(Time now) {
  for (auto& [name, profile] : profiles_) {
    if (profile.owner.empty()) continue;
    profile.owner.clear();
    profile.parked_until = now + profile.grace;
  }
}

std::vector<std::string> ClientProfiles::expired(Time now) const {
  std::vector<std::string> out;
  for (const auto& [name, profile] : profiles_)
    if (profile.parked_until && *profile.parked_until <= now) out.push_back(name);
  return out;
}

std::optional<Time> ClientProfiles::next_expiry() const {
  std::optional<Time> next;
  for (const auto& [name, profile] : profiles_)
    if (profile.parked_until && (!next || *profile.parked_until < *next)) next = profile.parked_until;
  return next;
}

}  // namespace macsec::bus
