// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS server over TLS in the loop of a test, and how it is asked.
#pragma once

#include "engine/adapters/system/event_loop.hpp"
#include "engine/config/radius_server.hpp"
#include "engine/wire/radius_stream.hpp"
#include "tests/eap/radius_answer.hpp"
#include "tests/eap/tls_server.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace macsec::os {

/// Certificates that are valid by the clock of this host, which macsec-eap reads.
struct Present {
  test::CertificateWish wish(const std::string& name, const std::string& use, bool signs = false) const {
    const std::int64_t now = std::time(nullptr);
    return {.common_name = name,
            .alternative_names = signs ? std::string{} : "DNS:" + name,
            .use = use,
            .authority = signs,
            .not_before = now - 2 * test::day,
            .not_after = now + 2 * test::day};
  }
  test::Issued authority = test::issue(wish("Lab CA", "", true));
  test::Issued server = test::issue(wish("radius.example.org", "serverAuth"), &authority);
  test::Issued client = test::issue(wish("switch.example.org", "clientAuth"), &authority);
};

inline const Present& radsec_lab() {
  static const Present made;
  return made;
}

inline EapSource pem(const std::string& text) { return {EapSource::Kind::octets, {}, WipedText{text}}; }

inline RadiusServer radsec_settings() {
  RadiusServer out;
  out.transport = RadiusTransport::tls;
  out.secret = {EapSource::Kind::none, {}, WipedText{"radsec"}};
  out.ca_certificates.push_back(pem(radsec_lab().authority.certificate_pem()));
  out.server_names = {"radius.example.org"};
  out.client_certificate = pem(radsec_lab().client.certificate_pem());
  out.private_key = pem(radsec_lab().client.key_pem());
  return out;
}

/// Listens on loopback, has one client, and takes any record.
class RadsecServer {
 public:
  explicit RadsecServer(EventLoop& loop) : loop_{loop} {
    test::TlsServerSettings settings;
    settings.identity = &radsec_lab().server;
    settings.client_authority = radsec_lab().authority.certificate.get();
    context_.emplace(settings);
    tls_.emplace(*context_);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::move(*loop.on_readable(listening_.get(), [this] { accept(); }));
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  std::vector<std::uint8_t> records{};  ///< Acct-Status-Type of each
  bool silent = false;                  ///< answers no record

 private:
  void accept() {
    socket_ = FileDescriptor{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    accepting_.disarm();
    reading_ = std::move(*loop_.on_readable(socket_.get(), [this] { read(); }));
  }
  void read() {
    std::array<std::uint8_t, 16384> block{};
    const ssize_t size = ::recv(socket_.get(), block.data(), block.size(), 0);
    if (size <= 0) return reading_.disarm();
    tls_->feed(Bytes{block}.first(static_cast<std::size_t>(size)));
    packets_.add(tls_->take_received());
    while (const auto packet = packets_.next()) answer(*packet);
    const test::Buffer out = tls_->take_output();
    static_cast<void>(::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL));
  }
  void answer(Bytes request) {
    const auto packet = read_radius(request);
    if (!packet || RadiusCode{packet->code} != RadiusCode::accounting_request) return;
    records.push_back(packet->find(RadiusAttributeType::acct_status_type)->back());
    if (silent) return;
    test::RadiusAnswer response{RadiusCode::accounting_response, request, "radsec"};
    tls_->write(response.without_message_authenticator().octets());
  }

  EventLoop& loop_;
  FileDescriptor listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::optional<test::TlsServerContext> context_;
  std::optional<test::TlsServer> tls_;
  RadiusStream packets_;
  EventSource accepting_;
  EventSource reading_;
};

}  // namespace macsec::os
