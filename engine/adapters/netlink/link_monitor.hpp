// SPDX-License-Identifier: LGPL-2.1-or-later
/// The network interfaces of the namespace and what changes about them.
#pragma once

#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/netlink_socket.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string_view>

namespace macsec::os {

struct LinkChange {
  enum class Kind : std::uint8_t { appeared, changed, removed };
  Kind kind;
  const Link& link;    ///< as it is now; as it was last, when removed
  const Link* before;  ///< as it was; null when it appeared
};

class LinkMonitor {
 public:
  /// Called from process(); may use the table, must not call process(). An interface that was removed and made anew with
  /// the same name has another ifindex: it is reported as removed, then appeared. Only real changes are reported.
  using Callback = std::function<void(const LinkChange&)>;

  /// Listens, then reads the table; the callback is not called for what exists already.
  [[nodiscard]] static Result<std::unique_ptr<LinkMonitor>> open(Callback callback);

  /// Poll for reading.
  [[nodiscard]] int fd() const noexcept;
  /// Takes in all that waits, without blocking. When messages were lost it reads the whole table and reports differences.
  [[nodiscard]] Result<void> process();

  [[nodiscard]] const std::map<unsigned, Link>& links() const noexcept { return links_; }
  [[nodiscard]] const Link* find(unsigned ifindex) const noexcept;
  [[nodiscard]] const Link* find(std::string_view name) const noexcept;
  /// Bit/s, 0 where unknown, as without carrier it is for most hardware. Asked of the driver once each time the carrier
  /// comes on.
  [[nodiscard]] std::uint64_t speed(unsigned ifindex);

 private:
  LinkMonitor(std::unique_ptr<nl_sock, Releases<nl_socket_free>> events, NetlinkSocket requests, Callback callback);
  [[nodiscard]] Result<void> read_all(bool report);
  void take_message(const nlmsghdr& message);
  void update(Link link, bool report);
  void erase(unsigned ifindex, bool report);

  std::unique_ptr<nl_sock, Releases<nl_socket_free>> events_;
  NetlinkSocket requests_;
  Callback callback_;
  std::map<unsigned, Link> links_;
  std::map<unsigned, std::uint64_t> speeds_;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace macsec::os
