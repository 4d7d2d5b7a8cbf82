// SPDX-License-Identifier: LGPL-2.1-or-later
/// Messages as NetworkManager sends them.
#pragma once

#include "plugin/networkmanager/network.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace macsec::nm {

/// Messages need a bus, though nobody has to be at its other end.
class Messages {
 public:
  Messages() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return;
    other_ = FileDescriptor{ends[1]};
    sd_bus* raw = nullptr;
    sd_bus_new(&raw);
    bus_.reset(raw);
    sd_bus_set_fd(raw, ends[0], ends[0]);
    sd_bus_start(raw);
  }

  /// A message whose contents `fill` writes, ready to be read.
  bus::MessagePointer make(const std::function<void(sd_bus_message*)>& fill) {
    sd_bus_message* raw = nullptr;
    EXPECT_GE(sd_bus_message_new_method_call(bus_.get(), &raw, "a.b", "/", "a.b", "M"), 0);
    bus::MessagePointer message{raw};
    fill(raw);
    EXPECT_GE(sd_bus_message_seal(raw, 1, 0), 0);
    EXPECT_GE(sd_bus_message_rewind(raw, 1), 0);
    return message;
  }

  Result<Network> read(const bus::Dictionary& dictionary) {
    const auto message = make([&](sd_bus_message* raw) { EXPECT_GE(bus::put(raw, dictionary), 0); });
    return read_network(message.get());
  }

 private:
  FileDescriptor other_;
  bus::BusPointer bus_;
};

}  // namespace macsec::nm
