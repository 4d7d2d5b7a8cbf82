// SPDX-License-Identifier: LGPL-2.1-or-later
/// Addresses and routes of a device that loses them and gets them again.
#pragma once

#include "engine/adapters/netlink/netlink_socket.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace macsec::os {

/// IPv4 and IPv6 addresses with their lifetimes, and unicast routes of every table with their metrics. What the kernel
/// makes by itself comes back by itself: link-local and temporary addresses, routes of router advertisements. Routes
/// with several next hops are not kept.
class LinkAddresses {
 public:
  enum class Routes : std::uint8_t {
    all,         ///< those of routing daemons too
    configured,  ///< see is_configured()
  };
  /// How long an address that does not stay for ever stays.
  struct Lifetimes {
    std::chrono::seconds passed{0};                              ///< since it was saved
    std::chrono::seconds longest = std::chrono::seconds::max();  ///< from when it is first put back
  };

  [[nodiscard]] static Result<LinkAddresses> save(NetlinkSocket& route, unsigned ifindex, Routes routes = Routes::all);
  /// Gives `ifindex`, which is up, what was saved; what it has already stays. The error is that of the first message the
  /// kernel refused; all others are put back nevertheless.
  [[nodiscard]] Result<void> restore(NetlinkSocket& route, unsigned ifindex, const Lifetimes& lifetimes);
  [[nodiscard]] Result<void> restore(NetlinkSocket& route, unsigned ifindex) {
    return restore(route, ifindex, Lifetimes{});
  }
  /// Whether a route with several next hops uses the device.
  [[nodiscard]] bool left_out() const noexcept { return left_out_; }
  /// Takes off `ifindex` what restore() gave it; what it does not have is no error.
  [[nodiscard]] Result<void> remove(NetlinkSocket& route, unsigned ifindex) const;

  /// Whether routes of this protocol (RTPROT_*) belong to the configuration of a device: the kernel's, the
  /// administrator's, those of DHCP and router advertisements. A routing daemon looks after its own.
  [[nodiscard]] static bool is_configured(unsigned char protocol) noexcept;

 private:
  struct Saved {
    std::uint16_t type = 0;
    std::vector<std::byte> header;                                      ///< ifaddrmsg or rtmsg
    std::vector<std::pair<int, std::vector<std::uint8_t>>> attributes;  ///< without the route's interface
    std::optional<std::chrono::seconds> put_back;                       ///< how long after it was saved, the first time
  };
  /// Nothing where the time of an address is over.
  [[nodiscard]] static std::optional<Saved> aged(const Saved& one, const Lifetimes& lifetimes);
  [[nodiscard]] static Result<void> send(NetlinkSocket& route, unsigned ifindex, const Saved& one, std::uint16_t type);
  std::vector<Saved> saved_;
  bool left_out_ = false;
};

}  // namespace macsec::os
