// SPDX-License-Identifier: LGPL-2.1-or-later
/// The network interfaces of the namespace and what changes about them.
#pragma once

#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/netlink_events.hpp"

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
  /// Called from process(); may use the table, must not call process(). An interface that was removed and re-created with
  /// the same name has another ifindex: it is reported as removed, then appeared. Only real changes are reported.
  using Callback = std::function<void(const LinkChange&)>;

  /// Listens, then reads the table; the callback is not called for what exists already.
  [[nodiscard]] static Result<std::unique_ptr<LinkMonitor>> open(Callback callback);

  /// Poll for reading.
  [[nodiscard]] int fd() const noexcept { return events_->fd(); }
  /// Takes in what waits, without blocking. When messages were lost it reads the whole table and reports differences; as
  /// long as that fails it is tried again (see NetlinkEvents).
  [[nodiscard]] Result<void> process() { return events_->process(); }

  [[nodiscard]] const std::map<unsigned, Link>& links() const noexcept { return links_; }
  [[nodiscard]] const Link* find(unsigned ifindex) const noexcept;
  /// Alternative names count.
  [[nodiscard]] const Link* find(std::string_view name) const noexcept;
  /// Bit/s, 0 where unknown, as without carrier it is for most hardware. Asked of the driver once each time the carrier
  /// comes on.
  [[nodiscard]] std::uint64_t speed(unsigned ifindex);

 private:
  LinkMonitor(NetlinkSocket requests, Callback callback);
  [[nodiscard]] Result<void> read_all(bool report);
  void take_message(const nlmsghdr& message);
  void update(Link link, bool report);
  void erase(unsigned ifindex, bool report);

  NetlinkSocket requests_;
  Callback callback_;
  std::map<unsigned, Link> links_;
  std::map<unsigned, std::uint64_t> speeds_;
  std::optional<NetlinkEvents> events_;
};

}  // namespace macsec::os
