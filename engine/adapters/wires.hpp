// SPDX-License-Identifier: LGPL-2.1-or-later
/// The packet sockets of all links, one an EtherType and one for EAP, opened when first needed, and what waits to be sent on them.
#pragma once

#include "engine/adapters/system/event_loop.hpp"
#include "engine/adapters/system/journal_trace.hpp"
#include "engine/adapters/system/packet_socket.hpp"
#include "engine/core/port.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace macsec::os {

/// Who wants EAP to be let in.
enum class EapSide : std::uint8_t { supplicants, authenticators };

class Wires {
 public:
  struct Receiver {
    /// The frame lives during the call.
    std::function<void(unsigned ifindex, Bytes frame)> frame;
    /// After each call of the loop that handed over frames.
    std::function<void()> done;
    /// Frames cannot be sent on the interface any more, for this errno, or can again (0).
    std::function<void(unsigned ifindex, int error)> sending;
  };
  /// All arguments outlive this.
  Wires(EventLoop& loop, Journal& journal, Receiver receiver)
      : loop_{loop}, journal_{journal}, receiver_{std::move(receiver)} {}
  Wires(const Wires&) = delete;
  Wires& operator=(const Wires&) = delete;

  /// Lets frames to `group` in on the interface. A unicast address needs nothing.
  [[nodiscard]] Result<void> join(std::uint16_t ethertype, unsigned ifindex, const MacAddress& group);
  void leave(std::uint16_t ethertype, unsigned ifindex, const MacAddress& group) noexcept;

  /// Lets EAP in on all interfaces as long as a side wants it. Its group is that of key agreement, which is joined for that.
  [[nodiscard]] Result<void> hear_eap(EapSide side, bool on);

  /// Keeps the frame until send().
  void queue(std::uint16_t ethertype, unsigned ifindex, core::Frame frame);
  /// Forgets what waits for the interface.
  void drop(unsigned ifindex);
  /// Sends what waits, in order, in as few system calls as there are EtherTypes.
  void send();

 private:
  struct Wire {
    std::unique_ptr<PacketSocket> socket;
    std::vector<std::pair<unsigned, core::Frame>> waiting;
    std::vector<OutgoingFrame> batch;
    EventSource source;
  };

  [[nodiscard]] Result<std::unique_ptr<Wire>> open(std::uint16_t ethertype, Hears hears);
  [[nodiscard]] Result<Wire*> wire(std::uint16_t ethertype);
  void note(const OutgoingFrame& frame);

  EventLoop& loop_;
  Journal& journal_;
  Receiver receiver_;
  std::map<std::uint16_t, std::unique_ptr<Wire>> wires_;
  std::unique_ptr<Wire> eap_;        ///< receives only
  std::set<EapSide> eap_sides_;      ///< that want it
  std::map<unsigned, int> failing_;  ///< errno by interface
};

}  // namespace macsec::os
