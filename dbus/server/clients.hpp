// SPDX-License-Identifier: LGPL-2.1-or-later
/// The clients whose profiles live as long as they do: those that left, those in doubt since the bus went, and the time
/// of what they left behind.
#pragma once

#include "dbus/bus/message.hpp"
#include "dbus/server/model.hpp"

#include <systemd/sd-event.h>

namespace macsec::bus {

class Clients {
 public:
  /// Both outlive this.
  Clients(sd_event* event, Model& model) : event_{event}, model_{model} {}
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients();

  void left(const std::string& client);
  /// The connection to the bus is gone, and with it the news of clients.
  void all_lost();
  /// Asks a new connection which of them are still there. A bus that only dropped us still has them; they were told
  /// nothing and add nothing again. On another bus a unique name is another program's.
  void look_for_lost(sd_bus* bus);
  /// Before a connection ends.
  void stop_looking();
  /// The model may have another profile whose time will be over.
  void arm_expiry();

 private:
  struct Lost {
    Clients* clients;
    std::string name;
    SlotPointer slot;
    void on_answer(sd_bus_message* message);
  };
  [[nodiscard]] Time now() const;
  void expire();

  sd_event* event_;
  Model& model_;
  std::optional<sd_id128_t> bus_id_;  ///< of the bus we were on last
  std::vector<std::unique_ptr<Lost>> looked_for_;
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> expiry_;
};

}  // namespace macsec::bus
