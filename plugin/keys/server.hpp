// SPDX-License-Identifier: LGPL-2.1-or-later
/// One key server at work: its file, its connections, and what is known of it.
#pragma once

#include "plugin/keys/https_call.hpp"
#include "plugin/keys/server_state.hpp"

#include <list>

namespace macsec::keys {

class Server {
 public:
  /// What all servers need; outlives them.
  struct Surroundings {
    sd_event* event;
    Resolver& resolver;
    /// Something changed that others act on or show; called from the event loop, and never from within a call here.
    std::function<void()> changed;
  };

  Server(Source source, const Surroundings& around, std::uint32_t seed);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] const Source& source() const noexcept { return source_; }
  [[nodiscard]] const ServerState& state() const noexcept { return state_; }
  /// Why it cannot be asked at all: one of its files; empty: it can.
  [[nodiscard]] const std::string& broken() const noexcept { return broken_; }
  /// How the last answer came: "TLSv1.3, X25519"; empty: none did.
  [[nodiscard]] const std::string& channel() const noexcept { return channel_; }
  /// Octets of every CKN that it gives; 0: any number.
  [[nodiscard]] std::size_t id_octets() const noexcept;

  using Hear = std::function<void(Answer<ServedKey>)>;
  /// A new key, or with `wanted` the one of this name.
  void fetch(const std::string& remote_id, unsigned bits, const Ckn* wanted, Hear hear);
  /// Asks for the status where that is due; `remote_id` is of one of its links.
  void tick(const std::string& remote_id, Time now);
  /// When tick() is due.
  [[nodiscard]] Time status_at() const noexcept { return state_.status_at(); }

 private:
  using Calls = std::list<std::unique_ptr<HttpsCall>>;
  void ask(const HttpRequest& request, HttpsCall::Done done);
  [[nodiscard]] Time now() const;

  Source source_;
  const Surroundings& around_;
  ServerState state_;
  std::optional<TlsClient> tls_;
  std::string broken_;
  std::string channel_;
  bool asking_status_ = false;
  Calls calls_;
};

}  // namespace macsec::keys
