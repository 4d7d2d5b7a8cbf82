// SPDX-License-Identifier: LGPL-2.1-or-later
/// Puts back addresses and routes that somebody takes off a device and means to put on again: KeepConfiguration=.
#pragma once

#include "engine/adapters/netlink/link_addresses.hpp"
#include "engine/adapters/netlink/netlink_events.hpp"
#include "engine/adapters/system/event_loop.hpp"
#include "engine/config/profile.hpp"

#include <functional>
#include <map>

namespace macsec::os {

/// A program that releases a device tells so after, or while, the addresses go. Therefore what is on the device is read each
/// time it has lasted for a moment, and that is what is put back. Nothing is open, and nothing asked, while no profile
/// says KeepConfiguration=.
class ConfigurationKeeper {
 public:
  /// How long a configuration stays as it is before it counts.
  static constexpr Duration lasting = std::chrono::seconds{1};

  /// What could not be done for `ifindex`, for people.
  using Complain = std::function<void(unsigned ifindex, const std::string& what)>;
  ConfigurationKeeper(EventLoop& loop, Complain complain) : loop_{loop}, complain_{std::move(complain)} {}

  /// As the profile of the device says, now or again. From `yes` to `remember` things are put back until they have
  /// lasted: the program that takes over may begin with taking everything off. From `yes` to `no` all that was put back goes.
  void set(unsigned ifindex, KeepConfiguration how);
  /// Somebody set the device down, or it is found down.
  void is_down(unsigned ifindex);
  /// The device is gone, or what becomes of it is left to others.
  void forget(unsigned ifindex);

 private:
  enum class State : std::uint8_t {
    watched,
    kept,         ///< what is taken off is put back
    handed_over,  ///< the same, until it lasts
  };
  struct Device {
    State state = State::watched;
    LinkAddresses configuration;
    Time read_at;
    bool incomplete = false;  ///< something could not be put back yet
    std::string problem;      ///< why not
    bool due = false;         ///< there is something to put back
    bool down = false;
    unsigned turns = 0;  ///< how often things were put back in the last minute
    Time turns_since;
    EventSource lasted;
  };

  [[nodiscard]] Result<void> open();
  Device* watch(unsigned ifindex);
  void process();
  void take(const nlmsghdr& message);
  [[nodiscard]] Result<void> messages_lost();
  void read(unsigned ifindex, Device& device);
  void put_back(unsigned ifindex, Device& device);
  void on_lasted(unsigned ifindex);

  EventLoop& loop_;
  Complain complain_;
  std::optional<NetlinkSocket> requests_;
  std::optional<NetlinkEvents> events_;
  std::map<unsigned, Device> devices_;  ///< by ifindex
  EventSource source_;
};

}  // namespace macsec::os
