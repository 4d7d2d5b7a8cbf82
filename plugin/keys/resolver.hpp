// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names of hosts to addresses, without waiting: the C library asks on threads of its own (getaddrinfo_a(3)).
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "plugin/keys/socket_address.hpp"

#include <functional>
#include <list>
#include <memory>
#include <netdb.h>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace macsec::keys {

class Resolver {
 public:
  /// Hears of the addresses in the order of preference, from the event loop.
  using Answer = std::function<void(Result<std::vector<SocketAddress>>)>;
  /// Ends the interest in an answer; the question itself may go on.
  using Ticket = std::shared_ptr<void>;

  /// Takes a real-time signal of its own: it is blocked before any thread is made.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>> open(sd_event* event);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  [[nodiscard]] Result<Ticket> ask(const std::string& host, std::uint16_t port, Answer answer);

 private:
  struct Question {
    std::string host;
    std::string port;
    addrinfo hints{};
    gaicb request{};
    std::weak_ptr<Answer> wanted;  ///< expired: nobody does any more
  };
  using Source = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;

  Resolver() = default;
  void collect();

  std::list<Question> questions_;  ///< the C library holds their addresses
  Source source_;
};

}  // namespace macsec::keys
