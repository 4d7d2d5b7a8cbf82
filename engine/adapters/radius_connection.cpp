// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/radius_connection.hpp"

#include "engine/adapters/system/socket_address.hpp"
#include "engine/base/text.hpp"
#include "engine/core/pae/radius_words.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <utility>

namespace macsec::os {
namespace {

using core::RadiusProblem;

constexpr std::size_t block_size = 16384;
constexpr unsigned blocks_a_turn = 4;
constexpr std::size_t longest_version = 16;

std::string failure_text(const char* doing, const RadiusServer& server, int code) {
  return std::string{"cannot "} + doing + " " + to_endpoint(server.address, server.port) + ": " + std::strerror(code);
}

}  // namespace

EapProfile tls_profile_of(const RadiusServer& server) {
  EapProfile out;
  out.methods = {EapType::tls};
  out.identity = "radsec";  // nobody is told
  for (const EapSource& source : server.ca_certificates) out.ca_certificates.push_back(source.duplicate());
  out.server_names = server.server_names;
  out.server_fingerprints = server.server_fingerprints;
  out.client_certificate = server.client_certificate.duplicate();
  out.private_key = server.private_key.duplicate();
  out.tls_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";  // RFC 9325 4.2, for TLS 1.2
  out.session_resumption = false;                   // a connection lasts; the next is checked in full
  return out;
}

Result<std::unique_ptr<RadiusConnection>> RadiusConnection::open(EventLoop& loop, TlsStreams& streams,
                                                                 std::uint32_t profile, const RadiusServer& server,
                                                                 Receiver receiver) {
  std::unique_ptr<RadiusConnection> out{new RadiusConnection{streams, profile, server, std::move(receiver)}};
  if (Result<void> started = out->start(loop); !started) return std::unexpected{std::move(started.error())};
  return out;
}

Result<void> RadiusConnection::start(EventLoop& loop) {
  const auto target = SocketAddress::from_text(server_.address, server_.port);
  if (!target) return fail(EINVAL, "\"" + server_.address + "\" is no IPv4 or IPv6 address");
  socket_ = FileDescriptor{::socket(target->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket_) return fail(errno, failure_text("open a socket for", server_, errno));
  const int on = 1;
  static_cast<void>(::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  if (::connect(socket_.get(), target->get(), target->size) != 0 && errno != EINPROGRESS)
    return fail(errno, failure_text("reach", server_, errno));
  writing_ = FileDescriptor{::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0)};
  if (!writing_) return fail(errno, failure_text("watch the socket of", server_, errno));
  auto writable = loop.on_writable(writing_.get(), [this] { on_writable(); });
  if (!writable) return std::unexpected{writable.error()};
  auto readable = loop.on_readable(socket_.get(), [this] { receive(); });
  if (!readable) return std::unexpected{readable.error()};
  writable_ = std::move(*writable);
  readable_ = std::move(*readable);
  writable_.schedule();
  return {};
}

void RadiusConnection::close() {
  ended_ = true;
  readable_.disarm();
  writable_.disarm();
  if (stream_) streams_.close(*std::exchange(stream_, std::nullopt));
  static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));
}

void RadiusConnection::end(RadiusProblem problem, const std::string& words) {
  if (ended_) return;
  if (!outgoing_.empty())  // an alert says why to the server, too
    static_cast<void>(::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  ended_ = true;
  readable_.disarm();
  writable_.disarm();
  static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));
  if (stream_) streams_.close(*std::exchange(stream_, std::nullopt));
  receiver_.ended(problem, words);
}

void RadiusConnection::end_by(int code, const char* doing) {
  const Error error{code, failure_text(doing, server_, code)};
  const RadiusProblem problem = core::radius_problem_of(code).value_or(RadiusProblem::silent);
  end(problem, core::words_of_error(problem, error, server_));
}

void RadiusConnection::end_by_server() {
  const std::string server = to_endpoint(server_.address, server_.port);
  if (heard_) return end(RadiusProblem::silent, server + " ended the connection");
  if (established_)
    return end(RadiusProblem::tls, server +
                                       " ended the connection right after the handshake: it may not accept our "
                                       "certificate, or does not know this host as a client");
  end(RadiusProblem::tls, server +
                              " ended the connection in the handshake without a reason: no RADIUS over TLS there, "
                              "this host is none of its clients, or our certificate is not accepted");
}

void RadiusConnection::on_writable() {
  if (stream_) return flush();
  int code = 0;
  socklen_t size = sizeof code;
  static_cast<void>(::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size));
  if (code != 0) return end_by(code, "reach");
  stream_ =
      streams_.open(profile_, [this](const EapWorker::StreamReport& report) { hear(report); }, [this] { resume(); });
  if (!stream_) end(RadiusProblem::internal, "macsec-eap, which speaks TLS, cannot be had: the journal says why");
}

void RadiusConnection::resume() {
  if (!ended_ && !hung_up_) readable_.schedule();
}

void RadiusConnection::receive() {
  // What answers at this address may send faster than macsec-eap, which others use, too, can read.
  if (stream_ && !streams_.may_receive()) return readable_.disarm();
  readable_.schedule();
  std::array<std::uint8_t, block_size> block{};
  for (unsigned i = 0; i < blocks_a_turn && !ended_; ++i) {
    const ssize_t size = ::recv(socket_.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0 && !stream_) return end_by(errno, "reach");
    if (size <= 0) {
      // What came before may still tell why: macsec-eap has the last word.
      readable_.disarm();
      hung_up_ = true;
      if (!stream_) return end_by_server();
      return streams_.finish(*stream_);
    }
    if (stream_) streams_.records(*stream_, Bytes{block}.first(static_cast<std::size_t>(size)));
  }
}

void RadiusConnection::hear(const EapWorker::StreamReport& report) {
  if (report.kind == WorkerKind::sealed) {
    outgoing_.insert(outgoing_.end(), report.octets.begin(), report.octets.end());
    return flush();
  }
  if (report.kind == WorkerKind::opened) return take(report.octets);
  if (report.kind == WorkerKind::established) {
    established_ = true;
    return receiver_.established(printable_text(report.octets, longest_version));
  }
  stream_.reset();
  if (report.words.empty()) return end_by_server();
  end(RadiusProblem::tls, "TLS with " + to_endpoint(server_.address, server_.port) + ": " + report.words);
}

void RadiusConnection::take(Bytes text) {
  packets_.add(text);
  while (const auto packet = packets_.next()) {
    heard_ = true;
    receiver_.packet(*packet);
    if (ended_) return;
  }
  if (packets_.is_broken())
    end(RadiusProblem::malformed, to_endpoint(server_.address, server_.port) + " sends what is no RADIUS packet");
}

void RadiusConnection::flush() {
  while (!outgoing_.empty() && !ended_) {
    const ssize_t sent = ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)) {
      if (outgoing_.size() > most_waiting)
        return end(RadiusProblem::silent, to_endpoint(server_.address, server_.port) + " reads nothing any more");
      return writable_.schedule();
    }
    if (sent < 0) {
      // The server hung up: receiving says so, with what it said before.
      outgoing_.clear();
      return;
    }
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + sent);
  }
}

}  // namespace macsec::os
