// SPDX-License-Identifier: LGPL-2.1-or-later
/// A connection to the bus that outlives this process: the service manager keeps its socket (FileDescriptorStoreMax=)
/// and hands it to the next process, which goes on under the same unique name. NetworkManager takes the loss of the name
/// for the loss of every link.
///
/// sd-bus cannot take up a connection in the middle. It is given one end of a pair of sockets; here its handshake is
/// answered and messages are passed between the pair and the bus, one by one, with their serial numbers moved so that an
/// answer to an earlier process is not taken for one to this.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/result.hpp"

#include <functional>
#include <systemd/sd-event.h>

namespace macsec::nm {

/// What the next process needs to go on.
struct HeldName {
  std::string unique_name;
  std::uint32_t generation = 0;  ///< of processes on this connection
};

class HeldBus {
 public:
  /// Continues with `socket`, if there is one, as `name` says; else connects to the bus at `path`.
  [[nodiscard]] static Result<std::unique_ptr<HeldBus>> open(sd_event* event, const std::string& path,
                                                             FileDescriptor socket, HeldName name);
  HeldBus(const HeldBus&) = delete;
  HeldBus& operator=(const HeldBus&) = delete;

  [[nodiscard]] sd_bus* bus() const noexcept { return bus_.get(); }
  /// For the service manager to keep.
  [[nodiscard]] int socket() const noexcept { return outer_.get(); }
  /// The unique name is empty until the bus has told it.
  [[nodiscard]] const HeldName& name() const noexcept { return name_; }
  /// Called once when the unique name is known.
  void on_name(std::function<void()> known) { known_ = std::move(known); }

 private:
  using Octets = std::vector<std::uint8_t>;
  using EventSource = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;

  HeldBus(FileDescriptor outer, HeldName name, bool resumed);
  [[nodiscard]] Result<void> attach(sd_event* event);
  void on_inner(std::uint32_t events);
  void on_outer(std::uint32_t events);
  void from_inner();
  void from_outer();
  void handshake();
  void outgoing(Octets frame);
  void incoming(Octets frame);
  void answer_hello(std::uint32_t serial);
  void flush();
  void end();
  [[nodiscard]] std::uint32_t base() const noexcept { return name_.generation << 22U; }

  FileDescriptor outer_;
  FileDescriptor inner_;
  HeldName name_;
  bool resumed_;
  bool shaken_ = false;      ///< sd-bus has had its handshake
  std::uint32_t hello_ = 0;  ///< serial of Hello while its answer is awaited
  Octets read_inner_;
  Octets read_outer_;
  Octets to_inner_;
  Octets to_outer_;
  std::function<void()> known_;
  bus::BusPointer bus_;
  EventSource inner_source_;
  EventSource outer_source_;
};

}  // namespace macsec::nm
