// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1 on the bus: connects without waiting, comes back when the bus does, and shows the Model as objects.
#pragma once

#include "dbus/server/clients.hpp"
#include "dbus/server/published.hpp"

namespace macsec::bus {

class Server {
 public:
  /// `event` and `model` outlive the server.
  Server(sd_event* event, Model& model, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Begins to connect; an error only where there is nothing to try again.
  [[nodiscard]] Result<void> start();
  /// Serves a connection made elsewhere, attached to the event loop; tests hand in one end of a socket pair.
  [[nodiscard]] Result<void> serve(BusPointer bus);

  /// For the model to tell of its changes.
  [[nodiscard]] Published& published() noexcept { return published_; }

  /// Whether the service's name is ours.
  [[nodiscard]] bool has_name() const noexcept { return has_name_; }
  /// Whether the bus has still to say whose the name is.
  [[nodiscard]] bool asks_for_name() const noexcept { return bus_ != nullptr && asks_for_name_; }
  /// Releases the name and sends what is queued; for an orderly end.
  void stop();

 private:
  [[nodiscard]] Result<void> connect();
  void disconnect();
  void schedule_retry();
  void retry();
  void on_local(sd_bus_message* message);
  void on_name(sd_bus_message* message);
  void on_name_lost(sd_bus_message* message);
  void refuse(const std::string& why, bool taken);

  sd_event* event_;
  ServerOptions options_;
  Shared shared_;
  Clients clients_;
  Calls calls_;
  Published published_;
  bool has_name_ = false;
  bool asks_for_name_ = false;
  bool had_name_ = false;  ///< on the connection before this one, which the bus may still be about to notice the end of
  bool stopped_ = false;
  Duration retry_after_;
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> retry_;
  BusPointer bus_;
  std::vector<SlotPointer> slots_;
};

}  // namespace macsec::bus
