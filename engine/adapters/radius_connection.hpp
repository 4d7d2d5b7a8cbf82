// SPDX-License-Identifier: LGPL-2.1-or-later
/// A connection to a RADIUS server over TLS (RFC 6614): a TCP socket here, TLS in macsec-eap, whole packets for the owner.
#pragma once

#include "engine/adapters/system/event_loop.hpp"
#include "engine/adapters/tls_streams.hpp"
#include "engine/config/radius_server.hpp"
#include "engine/core/pae/radius_exchange.hpp"
#include "engine/wire/radius_stream.hpp"

namespace macsec::os {

/// What macsec-eap is told of a server: its certificate and name, our certificate, TLS 1.2 or 1.3 with the suites of RFC 9325.
[[nodiscard]] EapProfile tls_profile_of(const RadiusServer& server);

class RadiusConnection {
 public:
  /// Called from the loop only, and may call; the connection itself is not destroyed there.
  struct Receiver {
    std::function<void(const std::string& version)> established;  ///< packets can be sent
    std::function<void(Bytes packet)> packet;
    std::function<void(core::RadiusProblem problem, const std::string& words)> ended;  ///< and nothing more is told
  };
  /// Octets that wait while the server reads nothing; more, and it counts as hung.
  static constexpr std::size_t most_waiting = 1U << 20U;

  /// Loop, `streams` and the server outlive this. `profile` is of `streams`. Errors have the errno of the socket.
  [[nodiscard]] static Result<std::unique_ptr<RadiusConnection>> open(EventLoop& loop, TlsStreams& streams,
                                                                      std::uint32_t profile, const RadiusServer& server,
                                                                      Receiver receiver);
  RadiusConnection(const RadiusConnection&) = delete;
  RadiusConnection& operator=(const RadiusConnection&) = delete;
  ~RadiusConnection() { close(); }

  [[nodiscard]] bool is_established() const noexcept { return established_; }
  void send(Bytes packet) {
    if (stream_) streams_.text(*stream_, packet);
  }
  /// Nothing is told any more.
  void close();

 private:
  RadiusConnection(TlsStreams& streams, std::uint32_t profile, const RadiusServer& server, Receiver receiver)
      : streams_{streams}, profile_{profile}, server_{server}, receiver_{std::move(receiver)} {}
  [[nodiscard]] Result<void> start(EventLoop& loop);
  void on_writable();
  void receive();
  /// macsec-eap takes more from the server again.
  void resume();
  void hear(const EapWorker::StreamReport& report);
  void take(Bytes text);
  void flush();
  void end(core::RadiusProblem problem, const std::string& words);
  void end_by(int code, const char* doing);
  /// The server hung up.
  void end_by_server();

  TlsStreams& streams_;
  std::uint32_t profile_;
  const RadiusServer& server_;
  Receiver receiver_;
  FileDescriptor socket_;
  FileDescriptor writing_;  ///< the same: a loop watches a descriptor for one thing
  EventSource readable_;    ///< after the socket: destroyed before it
  EventSource writable_;
  std::optional<TlsStreams::Number> stream_{};  ///< once the server is reached
  bool established_ = false;
  bool heard_ = false;    ///< a packet
  bool hung_up_ = false;  ///< the server; macsec-eap was told
  bool ended_ = false;
  std::vector<std::uint8_t> outgoing_;  ///< records that the socket has not taken yet
  RadiusStream packets_;
};

}  // namespace macsec::os
