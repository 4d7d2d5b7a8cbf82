// SPDX-License-Identifier: LGPL-2.1-or-later
/// All objects of the daemon as they are now, kept up to date by its signals.
#pragma once

#include "dbus/client/client.hpp"
#include "dbus/client/info.hpp"

namespace macsec::bus {

/// Something changed. `names` are the properties of a change, empty otherwise.
struct Change {
  enum class Kind : std::uint8_t {
    ready,  ///< everything was read: at first, and after the daemon came back
    gone,   ///< the daemon left the bus; the mirror is empty
    added,
    changed,
    removed,  ///< the object is still in the mirror during the callback
  };
  Kind kind;
  std::string path{};
  std::string interface{};
  std::vector<std::string> names{};
};

class Mirror {
 public:
  struct Callbacks {
    std::function<void(const Change&)> changed;
    /// Event of a session. May be empty.
    std::function<void(const std::string& path, const SessionEvent&)> event{};
    /// UnknownCkn of a session. May be empty.
    std::function<void(const std::string& path, const std::string& ckn, const std::string& sci)> unknown_ckn{};
    /// KeyEvent of a profile. May be empty.
    std::function<void(const std::string& path, const KeyEvent&)> key_event{};
  };
  /// Whether a daemon that does not run is to be started by asking it.
  enum class Activate : bool { no, yes };

  /// `client` is on an event loop and outlives the mirror. Nothing is known until Change::Kind::ready.
  Mirror(Client& client, Callbacks callbacks, Activate activate = Activate::no);
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  [[nodiscard]] bool ready() const noexcept { return ready_; }
  [[nodiscard]] const ObjectTree& objects() const noexcept { return objects_; }
  /// Properties of one interface of an object; null where there is no such thing.
  [[nodiscard]] const Value::Dict* find(const std::string& path, const char* interface) const;
  [[nodiscard]] std::optional<ProfileInfo> profile(const std::string& path) const;
  [[nodiscard]] std::optional<SessionInfo> session(const std::string& path) const;

 private:
  void fetch();
  void fetch_later();
  void drop();
  void on_owner(sd_bus_message* message);
  void on_added(sd_bus_message* message);
  void on_removed(sd_bus_message* message);
  void on_properties(sd_bus_message* message);
  void on_event(sd_bus_message* message);
  void on_unknown_ckn(sd_bus_message* message);
  void on_key_event(sd_bus_message* message);
  void tell(const Change& change) const { callbacks_.changed(change); }

  Client& client_;
  Callbacks callbacks_;
  Activate activate_;
  bool ready_ = false;
  ObjectTree objects_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< changes with each daemon; old answers find it expired
  std::chrono::microseconds pause_;                        ///< before the daemon is asked again
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> retry_;
  std::vector<SlotPointer> slots_;
};

}  // namespace macsec::bus
