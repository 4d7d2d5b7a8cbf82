// SPDX-License-Identifier: LGPL-2.1-or-later
/// NetworkManager's connections, through libnm.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace macsec::nm {

struct Connection {
  std::string id{};
  std::string uuid{};
  /// connection.permissions names users: one who may add connections of their own wrote it, with no administrator's rights.
  bool is_private = false;
  std::map<std::string, std::string> user_data{};
  int validation = 2;        ///< of the macsec setting: 0 disable, 1 check, 2 strict
  std::string addressing{};  ///< what it says about IP, to be compared only
  std::string ckn{};         ///< hexadecimal digits; empty with 802.1X
  std::string identity{};    ///< of 802.1X
  friend bool operator==(const Connection&, const Connection&) = default;
};

/// What NetworkManager knows of a macsec connection, active or not; its key is not asked for.
struct StoredConnection {
  Connection connection;
  std::string parent;  ///< an interface; empty: none is known
  std::string interface;
  std::uint16_t port = 1;
  std::string ckn;
  bool encrypt = true;
  bool eap = false;
  std::map<std::string, std::string> authentication{};  ///< with `eap`: what is no secret of [8021X]
  friend bool operator==(const StoredConnection&, const StoredConnection&) = default;
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

  /// The macsec.port of that connection; nothing without one.
  [[nodiscard]] std::optional<std::uint16_t> active_port(const std::string& device) const;

  /// All macsec connections; nothing while NetworkManager does not run.
  [[nodiscard]] std::optional<std::vector<StoredConnection>> all() const;
  /// Has NetworkManager manage these devices, now or as soon as they are there: on a device that it did not make it would
  /// bring up a connection for a user, but none by itself (connection.autoconnect). Said when a device appears, and
  /// when it is wanted again.
  void manage(std::set<std::string> devices);
  /// Activates a connection as soon as the device is another than the one with `ifindex`, which did not do: NetworkManager
  /// itself does not try again for minutes. Forgotten when that takes longer than half a minute.
  void bring_up(const std::string& uuid, const std::string& device, unsigned ifindex);
  /// Calls `changed` whenever all() may tell something else.
  void on_changed(std::function<void()> changed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace macsec::nm
