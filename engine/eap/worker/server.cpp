// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/worker/server.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <pwd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

namespace macsec::eap {
namespace {

constexpr const char* daemon_user = "macsecd";

/// Whether it is the daemon's: of its user, of root, or of the user that runs this process.
bool is_trusted(int socket) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return false;
  if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
  const passwd* const user = ::getpwnam(daemon_user);
  return user != nullptr && peer.uid == user->pw_uid;
}

}  // namespace

Places places() {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  return {.credentials_directory = directory != nullptr ? directory : ""};
}

crypto::TlsClock clock_now() noexcept {
  const Duration wall = os::boot_time() - os::wall_clock_epoch();
  return tls_clock(std::chrono::duration_cast<std::chrono::seconds>(wall).count());
}

Result<std::unique_ptr<Server>> Server::open(FileDescriptor listening) {
  Result<os::EventLoop> loop = os::EventLoop::open();
  if (!loop) return std::unexpected{std::move(loop.error())};
  std::unique_ptr<Server> made{new Server{std::move(*loop), std::move(listening)}};
  if (Result<void> started = made->start(); !started) return std::unexpected{std::move(started.error())};
  return made;
}

Result<void> Server::start() {
  Result<std::shared_ptr<Mailbox>> mailbox = Mailbox::open();
  if (!mailbox) return std::unexpected{std::move(mailbox.error())};
  mailbox_ = std::move(*mailbox);
  worker_ = std::make_unique<Worker>(Worker::Surroundings{
      .mailbox = mailbox_,
      .load = [where = places()](EapProfile profile) { return load_profile(std::move(profile), where); },
      .send = [this](const WorkerMessage& message) { send(message); },
      .clock = clock_now,
      .time = os::boot_time,
      .random = &random_});
  Result<os::EventSource> letters = loop_.on_readable(mailbox_->fd(), [this] {
    mailbox_->deliver();
    end_where_only_tokens_hang();
  });
  if (!letters) return std::unexpected{std::move(letters.error())};
  sources_.push_back(std::move(*letters));
  for (const int signal : {SIGTERM, SIGINT}) {
    Result<os::EventSource> source = loop_.on_signal(signal, [this] { loop_.exit(0); });
    if (!source) return std::unexpected{std::move(source.error())};
    sources_.push_back(std::move(*source));
  }
  Result<os::EventSource> idle = loop_.timer([this] { loop_.exit(0); });
  if (!idle) return std::unexpected{std::move(idle.error())};
  idle_ = std::move(*idle);
  idle_.arm(os::boot_time() + longest_idle);
  Result<os::EventSource> accepting = loop_.on_readable(listening_.get(), [this] { accept(); });
  if (!accepting) return std::unexpected{std::move(accepting.error())};
  accepting_ = std::move(*accepting);
  return loop_.enable_watchdog();
}

Result<void> Server::run() {
  static_cast<void>(::sd_notify(0, "READY=1"));
  if (Result<int> done = loop_.run(); !done) return std::unexpected{std::move(done.error())};
  if (!problem_.empty()) return fail(problem_);
  return {};
}

void Server::accept() {
  FileDescriptor socket{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (!socket || !is_trusted(socket.get())) return;
  Result<os::EventSource> receiving = loop_.on_readable(socket.get(), [this] { receive(); });
  if (!receiving) {
    end(std::move(receiving.error().message));
    return;
  }
  connection_ = std::move(socket);
  receiving_ = std::move(*receiving);
  // Who else connects is served by the next process, once this one has ended.
  accepting_.disarm();
  idle_.disarm();
}

void Server::receive() {
  const ssize_t size = ::recv(connection_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    end(size < 0 && errno != ECONNRESET ? std::string{"cannot receive: "} + std::strerror(errno) : std::string{});
    return;
  }
  const bool whole = static_cast<std::size_t>(size) <= buffer_.size();
  const MutableBytes octets{reinterpret_cast<std::uint8_t*>(buffer_.data()),
                            whole ? static_cast<std::size_t>(size) : buffer_.size()};
  const std::optional<WorkerMessage> message = whole ? read_worker_message(octets) : std::nullopt;
  const bool taken = message && worker_->take(*message);
  wipe(octets);
  if (!taken) return end("macsecd sends what it should not: it is of another version, restart it");
  end_where_only_tokens_hang();
}

/// A thread that hangs in a token's driver ends with the process only. The daemon connects again, and another one begins.
void Server::end_where_only_tokens_hang() {
  if (connection_ && worker_->only_hangs())
    end("signatures wait for a token that does not answer, and nothing else runs");
}

/// Waits where the daemon does not read: it never waits for us, so that comes to an end.
void Server::send(const WorkerMessage& message) {
  const WipedBuffer octets = write_worker_message(message);
  const Bytes body = octets.octets();
  while (::send(connection_.get(), body.data(), body.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    end(errno == EPIPE || errno == ECONNRESET ? std::string{} : std::string{"cannot answer: "} + std::strerror(errno));
    return;
  }
}

void Server::end(std::string problem) {
  problem_ = std::move(problem);
  receiving_.disarm();
  loop_.exit(0);
}

}  // namespace macsec::eap
