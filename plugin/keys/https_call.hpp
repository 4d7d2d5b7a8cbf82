// SPDX-License-Identifier: LGPL-2.1-or-later
/// One question to a key server, from the name of its host to the last octet of its answer.
#pragma once

#include "plugin/keys/connector.hpp"
#include "plugin/keys/resolver.hpp"
#include "plugin/keys/tls_client.hpp"

namespace macsec::keys {

class HttpsCall {
 public:
  /// For all of it: shorter than the other end waits for a key to be taken.
  static constexpr std::chrono::seconds patience{10};

  struct Reply {
    unsigned status = 0;
    const HttpReader* reader = nullptr;  ///< has the body, as long as the callback runs
    std::string channel;                 ///< how TLS came about, TlsClient::describe()
  };
  /// Called once, from the event loop; may end the call.
  using Done = std::function<void(const Answer<Reply>&)>;

  /// Everything given by reference outlives the call.
  [[nodiscard]] static std::unique_ptr<HttpsCall> begin(sd_event* event, Resolver& resolver, const TlsClient& tls,
                                                        const Url& url, const HttpRequest& request, Done done);
  HttpsCall(const HttpsCall&) = delete;
  HttpsCall& operator=(const HttpsCall&) = delete;
  ~HttpsCall() = default;

 private:
  enum class Stage : std::uint8_t { name, connecting, handshake, writing, reading };
  using Source = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;

  HttpsCall(sd_event* event, const TlsClient& tls, std::string request, Done done)
      : event_{event},
        tls_{tls},
        request_{std::move(request)},
        done_{std::move(done)},
        connector_{event, [this](Result<FileDescriptor> socket) { connected(std::move(socket)); }} {}
  void resolved(Result<std::vector<SocketAddress>> addresses);
  void connected(Result<FileDescriptor> socket);
  void advance();
  /// Whether the stage is over; what stops it is told.
  [[nodiscard]] bool step();
  [[nodiscard]] bool wait_for(int result);
  void watch(std::uint32_t events);
  void finish(const Answer<Reply>& answer);
  void fail_with(std::string words) { finish(std::unexpected{Refusal{Refusal::Kind::unreachable, std::move(words)}}); }
  void late();

  sd_event* event_;
  const TlsClient& tls_;
  std::string request_;
  std::size_t written_ = 0;
  Done done_;
  Stage stage_ = Stage::name;
  Resolver::Ticket ticket_;
  std::string unasked_;  ///< why nobody is asked for the address
  Connector connector_;
  FileDescriptor socket_;
  TlsClient::Connection connection_;
  HttpReader reader_;
  Source io_;
  Source timer_;
};

}  // namespace macsec::keys
