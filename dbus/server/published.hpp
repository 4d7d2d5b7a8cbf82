// SPDX-License-Identifier: LGPL-2.1-or-later
/// The objects on the bus, and what clients were told of them: each change once, at the end of the loop's turn.
#pragma once

#include "dbus/server/objects.hpp"
#include "dbus/server/views.hpp"
#include "engine/core/port.hpp"

#include <systemd/sd-event.h>

namespace macsec::bus {

class Published {
 public:
  /// All outlive this; `calls` takes the calls to the objects.
  Published(sd_event* event, Model& model, Calls& calls);

  /// Puts the objects on a connection, which outlives this or is followed by detach(). A negative errno value where that
  /// fails.
  int attach(sd_bus* bus);
  void detach();
  /// Nobody was told anything over this connection yet: what exists now needs no signal.
  void assume_told();

  /// Something about a profile or session is new, it itself perhaps, or it is gone.
  void profile_changed(const std::string& name);
  void session_changed(const std::string& interface);
  /// Told at once.
  void session_event(const std::string& interface, const core::Event& event);
  /// Something happened to a key of a profile; told at once.
  void key_event(const std::string& profile, std::string_view kind, const Ckn& ckn, const std::string& text);
  /// Tells now what is to be told.
  void flush();

  [[nodiscard]] ObjectPath profile_path(const std::string& name) const { return {profiles_.path_of(name)}; }
  [[nodiscard]] ObjectPath session_path(const std::string& interface) const { return {sessions_.path_of(interface)}; }

 private:
  struct Manager final : Anchor {
    Manager(Calls& calls, const ManagerView& view) : Anchor{calls, {}}, view_{view} {}
    int get(const char* interface, const char* name, sd_bus_message* reply) override;

   private:
    const ManagerView& view_;
  };

  [[nodiscard]] ProfileView load_profile(const std::string& name);
  [[nodiscard]] std::uint64_t turn() const;
  void flush_later();

  sd_event* event_;
  Model& model_;
  sd_bus* bus_ = nullptr;
  ManagerView now_;  ///< counts what is published
  ManagerView told_;
  Manager manager_;
  Objects<ProfileView> profiles_;
  Objects<SessionState> sessions_;
  std::vector<SlotPointer> slots_;
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> defer_;
};

}  // namespace macsec::bus
