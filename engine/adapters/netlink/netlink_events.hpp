// SPDX-License-Identifier: LGPL-2.1-or-later
/// Multicast messages of rtnetlink, and the one rule for messages that were lost.
#pragma once

#include "engine/adapters/netlink/netlink_socket.hpp"

#include <chrono>
#include <initializer_list>
#include <linux/filter.h>
#include <string>

namespace macsec::os {

/// The kernel drops messages for a listener whose buffer is full (ENOBUFS); those that wait in the buffer are then older
/// than those dropped. Therefore they are read to the end without being applied, and the listener reads the kernel's
/// table again; where that fails, again after a pause, until it succeeds. A message that was cut counts as lost.
class NetlinkEvents {
 public:
  struct Listener {
    std::function<void(const nlmsghdr&)> message;
    /// Messages were lost: reads everything again. Messages that come meanwhile are applied after it.
    std::function<Result<void>()> resync;
  };
  static constexpr std::chrono::milliseconds retry_pause{500};

  /// `groups` are RTNLGRP_*; `filter` is in force before the first message. Neither callback may call process().
  [[nodiscard]] static Result<NetlinkEvents> open(std::initializer_list<int> groups, Listener listener,
                                                  const sock_fprog* filter = nullptr);

  /// Poll for reading: messages, or the time of another attempt to read the table.
  [[nodiscard]] int fd() const noexcept { return ready_.get(); }
  /// Takes in what waits, without blocking. A flood does not keep it: after `budget` reads the rest waits for the next
  /// call. An error is that of resync(), once as long as it stays the same, or of the socket.
  [[nodiscard]] Result<void> process();
  /// What is known is incomplete: resync() is called by the next process(), for which fd() is readable at once.
  void lost() noexcept;

 private:
  static constexpr int budget = 1024;

  NetlinkEvents(NetlinkReader reader, Listener listener);
  void arm(std::chrono::milliseconds pause) noexcept;
  [[nodiscard]] Result<void> catch_up();

  NetlinkReader reader_;
  Listener listener_;
  FileDescriptor timer_;
  FileDescriptor ready_;  ///< epoll over the socket and the timer
  bool overrun_ = false;  ///< what waits in the socket is older than what was lost
  bool stale_ = false;    ///< the table has to be read
  std::string problem_;   ///< of the last attempt to read it
};

}  // namespace macsec::os
