// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAPOL frames of all ports on one socket.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/wire/types.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace macsec::os {

/// A frame to send, from the destination address on.
struct OutgoingFrame {
  unsigned ifindex = 0;
  Bytes frame;
  int error = 0;  ///< out: errno of this frame, 0: sent
};

/// What of EAPOL comes through. A host without [8021X] stays deaf to EAP, which anybody may send.
enum class Hears : std::uint8_t {
  mka,  ///< MKPDUs (packet type 5)
  eap,  ///< EAP, Start and Logoff (0 to 2)
};

/// One EtherType, all interfaces; what others sent.
class PacketSocket {
 public:
  /// The span lives during the call: one frame from the destination address on.
  using Receiver = std::function<void(unsigned ifindex, Bytes frame)>;

  [[nodiscard]] static Result<std::unique_ptr<PacketSocket>> open(std::uint16_t ethertype = 0x888e,
                                                                  Hears hears = Hears::mka);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Lets frames to `group` in on the interface; several ports may join the same. Unicast addresses need nothing.
  [[nodiscard]] Result<void> join(unsigned ifindex, const MacAddress& group);
  /// The opposite; fine when the interface is gone.
  void leave(unsigned ifindex, const MacAddress& group) noexcept;

  /// Hands over what waits, at most `budget` frames, without blocking; how many there were.
  std::size_t receive(const Receiver& receiver, std::size_t budget = 1024);
  /// Sends in order without blocking; how many were sent. A frame that fails (its `error` says why) does not hold up others.
  std::size_t send(std::span<OutgoingFrame> frames) noexcept;
  /// Frames the kernel dropped because we were too slow, since the socket was opened.
  [[nodiscard]] std::uint64_t drops() noexcept;

 private:
  struct Batch;
  struct Deletes {
    void operator()(Batch* batch) const noexcept;
  };
  PacketSocket(FileDescriptor fd, std::uint16_t ethertype);

  FileDescriptor fd_;
  std::uint16_t ethertype_;
  std::unique_ptr<Batch, Deletes> batch_;
  std::uint64_t drops_ = 0;
};

}  // namespace macsec::os
