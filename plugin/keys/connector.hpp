// SPDX-License-Identifier: LGPL-2.1-or-later
/// A connection to the first address of a host that takes one. The next address is tried beside those that keep silent, as
/// RFC 8305 has it: one that is filtered costs a moment, and not the time that the whole question has.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "plugin/keys/socket_address.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace macsec::keys {

class Connector {
 public:
  /// An address has it for itself; RFC 8305 5.
  static constexpr std::chrono::milliseconds head_start{250};
  /// Called once, from the event loop; may end the connector.
  using Done = std::function<void(Result<FileDescriptor>)>;

  Connector(sd_event* event, Done done) : event_{event}, done_{std::move(done)} {}
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector() = default;

  /// Once, with the addresses in the order of preference.
  void begin(std::vector<SocketAddress> addresses);
  /// What the last address that failed said; empty: none did yet.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  using Source = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;
  struct Attempt {
    Connector& connector;
    FileDescriptor socket;
    Source io{};

    void ready() { connector.ended(*this); }
  };

  [[nodiscard]] bool start(const SocketAddress& address);
  void next();
  void ended(Attempt& attempt);
  void finish(Result<FileDescriptor> result);

  sd_event* event_;
  Done done_;
  std::vector<SocketAddress> left_;  ///< the next one last
  std::list<Attempt> attempts_;
  Source timer_;
  std::string problem_;
};

}  // namespace macsec::keys
