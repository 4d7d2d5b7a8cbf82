// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which client a profile in memory belongs to, and what becomes of it when the client leaves.
#pragma once

#include "dbus/bus/types.hpp"
#include "dbus/server/model.hpp"

#include <optional>

namespace macsec::bus {

struct ClientProfile {
  Lifetime lifetime = Lifetime::client;
  std::string owner;  ///< unique name; empty: parked, or Lifetime::memory
  std::string origin;
  ProfileSource source = ProfileSource::runtime;
  std::string description;
  std::vector<Problem> warnings;  ///< about its settings
  std::vector<Problem> problems;  ///< as its owner reports
  Duration grace = default_grace;
  std::optional<Time> parked_until;
};

class ClientProfiles {
 public:
  [[nodiscard]] ClientProfile* find(const std::string& name);
  [[nodiscard]] const ClientProfile* find(const std::string& name) const;
  ClientProfile& put(const std::string& name, ClientProfile profile);
  void erase(const std::string& name) { profiles_.erase(name); }
  [[nodiscard]] std::size_t count_of(const std::string& owner) const;

  /// The client is gone: what is to be removed now; the rest is parked. `touched` gets what is parked.
  [[nodiscard]] std::vector<std::string> leave(const std::string& owner, Time now, std::vector<std::string>& touched);
  /// All clients are gone with the bus, and may come back with it: everything of theirs is parked.
  void leave_all(Time now);
  /// Whose time is over.
  [[nodiscard]] std::vector<std::string> expired(Time now) const;
  [[nodiscard]] std::optional<Time> next_expiry() const;

 private:
  std::map<std::string, ClientProfile> profiles_;
};

}  // namespace macsec::bus
