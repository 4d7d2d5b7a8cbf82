// SPDX-License-Identifier: LGPL-2.1-or-later
/// NetworkManager's connections, through libnm.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace macsec::nm {

struct Connection {
  std::string id;
  std::string uuid;
  std::map<std::string, std::string> user_data;
  int validation = 2;  ///< of the macsec setting: 0 disable, 1 check, 2 strict
};

/// Runs on the default GLib context.
class Connections {
 public:
  Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  enum class Lookup : std::uint8_t {
    found,
    absent,   ///< not there, or not there yet
    offline,  ///< NetworkManager does not run, or cannot be asked
  };
  /// The macsec connection that is active, or being activated, on a device.
  [[nodiscard]] Lookup find(const std::string& device, Connection& connection) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace macsec::nm
