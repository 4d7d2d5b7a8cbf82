// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the parts of the server share.
#pragma once

#include "dbus/server/authority.hpp"
#include "dbus/server/model.hpp"
#include "dbus/server/settings.hpp"

namespace macsec::bus {

class Clients;
class Published;

struct ServerOptions {
  std::string address;  ///< empty: the system bus
  AuthorityOptions authority;
  ProfileContext profiles;  ///< for settings that come over the bus; keep_secrets is not used
  std::size_t profiles_per_client = 4096;
  /// Of calls that change something, which may have to wait: four files of a profile with 802.1X, and the rest of it.
  std::size_t octets_per_call = std::size_t{1280} << 10U;
  /// Hears what an operator should know: the bus went, the name is taken.
  std::function<void(const std::string&)> report = [](const std::string&) {};
  /// The bus keeps the service's name from us, and asking again would not help: why, and whether another program has it.
  /// Must not end the server at once: it is called from within its connection.
  std::function<void(const std::string& why, bool taken)> refused = [](const std::string&, bool) {};
};

/// What a call to an object works with.
struct Shared {
  Model& model;
  const ServerOptions& options;
  Published& published;
  Clients& clients;
};

}  // namespace macsec::bus
