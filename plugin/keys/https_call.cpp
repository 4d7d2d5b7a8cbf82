// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/https_call.hpp"

#include "dbus/bus/callback.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/text.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <openssl/err.h>

namespace macsec::keys {

std::unique_ptr<HttpsCall> HttpsCall::begin(sd_event* event, Resolver& resolver, const TlsClient& tls, const Url& url,
                                            const HttpRequest& request, Done done) {
  std::unique_ptr<HttpsCall> call{new HttpsCall{event, tls, write_request(request, url), std::move(done)}};
  sd_event_source* timer = nullptr;
  const auto usec = static_cast<std::uint64_t>(std::chrono::microseconds{patience}.count());
  static_cast<void>(sd_event_add_time_relative(event, &timer, CLOCK_BOOTTIME, usec, 100'000,
                                               bus::callback<&HttpsCall::late>, call.get()));
  call->timer_.reset(timer);
  auto ticket = resolver.ask(url.host, url.port, [self = call.get()](Result<std::vector<SocketAddress>> addresses) {
    self->resolved(std::move(addresses));
  });
  if (ticket)
    call->ticket_ = std::move(*ticket);
  else
    call->unasked_ = ticket.error().message;
  return call;
}

void HttpsCall::resolved(Result<std::vector<SocketAddress>> addresses) {
  if (!addresses) return fail_with(addresses.error().message);
  stage_ = Stage::connecting;
  connector_.begin(std::move(*addresses));
}

void HttpsCall::connected(Result<FileDescriptor> socket) {
  if (!socket) return fail_with(socket.error().message);
  socket_ = std::move(*socket);
  auto connection = tls_.begin(socket_.get());
  if (!connection) return fail_with(connection.error().message);
  connection_ = std::move(*connection);
  stage_ = Stage::handshake;
  advance();
}

/// False where the library waits for the socket, or the call is over.
bool HttpsCall::wait_for(int result) {
  const int kind = SSL_get_error(connection_.get(), result);
  if (kind == SSL_ERROR_WANT_READ)
    watch(EPOLLIN);
  else if (kind == SSL_ERROR_WANT_WRITE)
    watch(EPOLLOUT);
  else
    finish(std::unexpected{tls_.explain(connection_.get(), result)});
  return false;
}

bool HttpsCall::step() {
  SSL* const ssl = connection_.get();
  ERR_clear_error();
  errno = 0;
  switch (stage_) {
    case Stage::name:
    case Stage::connecting:
      return false;
    case Stage::handshake: {
      if (const int result = SSL_do_handshake(ssl); result != 1) return wait_for(result);
      if (auto refusal = tls_.judge(ssl)) {
        finish(std::unexpected{std::move(*refusal)});
        return false;
      }
      stage_ = Stage::writing;
      return true;
    }
    case Stage::writing: {
      const int result = SSL_write(ssl, request_.data() + written_, static_cast<int>(request_.size() - written_));
      if (result <= 0) return wait_for(result);
      written_ += static_cast<std::size_t>(result);
      if (written_ == request_.size()) stage_ = Stage::reading;
      return true;
    }
    case Stage::reading: {
      std::array<std::uint8_t, 4096> block{};
      const int result = SSL_read(ssl, block.data(), static_cast<int>(block.size()));
      const bool ended = result <= 0 && SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN;
      if (result > 0) reader_.feed(Bytes{block}.first(static_cast<std::size_t>(result)));
      wipe(block);
      if (ended) reader_.end(true);
      if (reader_.state() == HttpReader::State::reading) return result > 0 || wait_for(result);
      if (reader_.state() == HttpReader::State::failed)
        finish(malformed(reader_.problem()));
      else
        finish(Reply{.status = reader_.status(), .reader = &reader_, .channel = TlsClient::describe(ssl)});
      return false;
    }
  }
  return false;
}

void HttpsCall::advance() {
  while (step()) {
  }
}

void HttpsCall::watch(std::uint32_t events) {
  if (io_) {
    sd_event_source_set_io_events(io_.get(), events);
    return;
  }
  sd_event_source* source = nullptr;
  const int r = sd_event_add_io(event_, &source, socket_.get(), events, bus::callback<&HttpsCall::advance>, this);
  io_.reset(source);
  if (r < 0) fail_with(std::string{"cannot watch the connection: "} + std::strerror(-r));
}

/// The last that happens: its hearer may end the call.
void HttpsCall::finish(const Answer<Reply>& answer) {
  ticket_.reset();
  io_.reset();
  timer_.reset();
  const Done done = std::exchange(done_, {});
  if (done) done(answer);
}

void HttpsCall::late() {
  const std::string& problem = unasked_.empty() ? connector_.problem() : unasked_;
  fail_with(stage_ > Stage::connecting || problem.empty() ? "no answer within " + format_duration(patience) : problem);
}

}  // namespace macsec::keys
