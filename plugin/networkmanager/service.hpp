// SPDX-License-Identifier: LGPL-2.1-or-later
/// macsec-nm while it serves: everything wired together, and what an earlier process of it left.
#pragma once

#include "plugin/networkmanager/front/held_bus.hpp"
#include "plugin/networkmanager/front/supplicant.hpp"
#include "plugin/networkmanager/glib_loop.hpp"
#include "plugin/networkmanager/options.hpp"
#include "plugin/networkmanager/profiles/listing.hpp"

namespace macsec::nm {

class Service {
 public:
  explicit Service(GlibLoop& loop) : loop_{loop} {}

  [[nodiscard]] Result<void> start(const Options& options);

 private:
  [[nodiscard]] sd_bus* front() const noexcept { return held_ ? held_->bus() : front_.get(); }
  [[nodiscard]] Result<void> connect(std::vector<std::uint8_t>& before);
  [[nodiscard]] Result<void> watch_front();
  void save();
  void on_front(sd_bus_message* message);

  GlibLoop& loop_;
  Connections connections_;
  std::optional<Memory> memory_;
  std::unique_ptr<HeldBus> held_;
  bus::BusPointer front_;
  std::unique_ptr<Runs> runs_;
  std::optional<Listing> listing_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<Supplicant> supplicant_;
  std::unique_ptr<LinkEvents> link_events_;
  bus::SlotPointer filter_;
};

/// Serves until a signal ends it.
[[nodiscard]] ExitCode serve(const Options& options);

}  // namespace macsec::nm
