// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1.KeySources on the bus: the state of key servers, read only.
#pragma once

#include "dbus/bus/message.hpp"
#include "plugin/keys/server.hpp"

namespace macsec::keys {

/// A key server as it is shown.
struct SourceRow {
  const Server* server = nullptr;  ///< null: profiles name it, and no file does
  std::string name;
  std::vector<std::string> profiles;
  std::uint64_t mismatches = 0;
  std::int64_t last_success = 0;  ///< seconds since 1970; 0: none
};

class SourcesObject {
 public:
  using Read = std::function<std::vector<SourceRow>()>;

  /// Takes the name; `read` is called whenever somebody asks.
  [[nodiscard]] static Result<std::unique_ptr<SourcesObject>> publish(sd_bus* bus, Read read);
  SourcesObject(const SourcesObject&) = delete;
  SourcesObject& operator=(const SourcesObject&) = delete;

  /// Signals where what would be read differs from what was signalled last.
  void changed();

 private:
  SourcesObject(sd_bus* bus, Read read) : bus_{bus}, read_{std::move(read)} {}
  int get_sources(const char* interface, const char* name, sd_bus_message* reply);

  sd_bus* bus_;
  Read read_;
  std::string told_;
  bus::SlotPointer object_;
  bus::SlotPointer name_;
};

}  // namespace macsec::keys
