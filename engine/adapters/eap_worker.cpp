// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/eap_worker.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace macsec::os {
namespace {

constexpr std::size_t max_part = max_worker_part;
/// Messages taken in one turn of the loop: a worker that floods costs the ports nothing else.
constexpr unsigned most_a_turn = 64;

Result<FileDescriptor> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(ENAMETOOLONG, path + ": the path is too long for a socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return fail(errno, "cannot connect to " + path + ": " + std::strerror(errno));
  return socket;
}

}  // namespace

Result<std::unique_ptr<EapWorker>> EapWorker::open(EventLoop& loop, Receiver receiver, std::string path) {
  std::unique_ptr<EapWorker> made{new EapWorker{loop, std::move(receiver), std::move(path)}};
  if (Result<void> started = made->start(); !started) return std::unexpected{std::move(started.error())};
  return made;
}

Result<void> EapWorker::start() {
  Result<EventSource> retry = loop_.timer([this] { connect(); });
  if (!retry) return std::unexpected{std::move(retry.error())};
  Result<EventSource> tell = loop_.deferred([this] { tell_lost(); });
  if (!tell) return std::unexpected{std::move(tell.error())};
  retry_ = std::move(*retry);
  tell_ = std::move(*tell);
  return {};
}

void EapWorker::set_profile(std::uint32_t number, const EapProfile& profile) {
  const auto encoded = std::make_shared<const WipedBuffer>(write_eap_profile(profile));
  profiles_[number] = encoded;
  // What was not begun to be sent is out of date.
  std::erase_if(outgoing_, [number](const Outgoing& out) {
    return out.kind == WorkerKind::profile && out.profile == number && out.at == 0;
  });
  if (!connected()) {
    connect();
    return;  // connecting sends all profiles
  }
  unanswered_.insert(number);
  queue({.kind = WorkerKind::profile, .profile = number, .body = encoded});
}

void EapWorker::drop_profile(std::uint32_t number) {
  if (profiles_.erase(number) == 0) return;
  unanswered_.erase(number);
  if (connected()) queue({.kind = WorkerKind::profile, .profile = number});
  rest();
}

void EapWorker::begin(std::uint32_t number, core::EapConversation conversation, std::uint16_t mtu) {
  if (!connected()) connect();
  if (!connected()) {
    abandoned_.push_back(conversation);
    tell_.schedule();
    return;
  }
  open_.insert(conversation);
  queue({.kind = WorkerKind::begin,
         .profile = number,
         .conversation = conversation,
         .body = std::make_shared<const WipedBuffer>(write_worker_begin({.mtu = mtu}))});
}

void EapWorker::request(core::EapConversation conversation, Bytes packet) {
  if (!open_.contains(conversation) || packet.size() > max_part) return;
  WipedBuffer body;
  body.add(packet);
  queue({.kind = WorkerKind::request,
         .conversation = conversation,
         .body = std::make_shared<const WipedBuffer>(std::move(body))});
}

void EapWorker::end(core::EapConversation conversation) {
  if (open_.contains(conversation)) queue({.kind = WorkerKind::end, .conversation = conversation});
}

void EapWorker::open_stream(std::uint32_t number, core::EapConversation stream) {
  if (!connected()) connect();
  if (!connected()) {
    abandoned_streams_.push_back(stream);
    tell_.schedule();
    return;
  }
  streams_.insert(stream);
  queue({.kind = WorkerKind::open, .profile = number, .conversation = stream});
}

void EapWorker::carry(WorkerKind kind, core::EapConversation stream, Bytes octets) {
  for (std::size_t at = 0; at < octets.size() && streams_.contains(stream); at += max_part) {
    WipedBuffer body;
    body.add(octets.subspan(at, std::min(max_part, octets.size() - at)));
    queue({.kind = kind, .conversation = stream, .body = std::make_shared<const WipedBuffer>(std::move(body))});
  }
}

bool EapWorker::has_room() noexcept {
  if (waiting_ >= enough_waiting) full_ = true;
  return !full_;
}

void EapWorker::finish_stream(core::EapConversation stream) {
  if (streams_.contains(stream)) queue({.kind = WorkerKind::end, .conversation = stream});
}

void EapWorker::close_stream(core::EapConversation stream) {
  std::erase(abandoned_streams_, stream);
  if (streams_.erase(stream) != 0) queue({.kind = WorkerKind::end, .conversation = stream});
}

void EapWorker::connect() {
  if (connected() || profiles_.empty()) return;
  if (!backoff_.may_try(boot_time())) {
    retry();
    return;
  }
  Result<FileDescriptor> socket = connect_to(path_);
  if (!socket || !attach(std::move(*socket))) {
    lose();
    return;
  }
  for (const auto& [number, encoded] : profiles_) {
    if (!connected()) return;
    unanswered_.insert(number);
    queue({.kind = WorkerKind::profile, .profile = number, .body = encoded});
  }
}

Result<void> EapWorker::attach(FileDescriptor socket) {
  Result<EventSource> readable = loop_.on_readable(socket.get(), [this] { receive(); });
  if (!readable) return std::unexpected{std::move(readable.error())};
  FileDescriptor writing{::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0)};
  if (!writing) return fail(errno, std::string{"cannot watch a socket: "} + std::strerror(errno));
  Result<EventSource> writable = loop_.on_writable(writing.get(), [this] { send(); });
  if (!writable) return std::unexpected{std::move(writable.error())};
  link_ =
      std::make_unique<Link>(Link{std::move(socket), std::move(writing), std::move(*readable), std::move(*writable)});
  return {};
}

void EapWorker::disconnect() {
  if (link_) {
    link_->readable.disarm();
    link_->writable.disarm();
    ended_.push_back(std::move(link_));
    tell_.schedule();
  }
  outgoing_.clear();
  waiting_ = 0;
  unanswered_.clear();
}

/// Nobody needs macsec-eap any more: it ends with its connection, and the secrets with it.
void EapWorker::rest() {
  if (!profiles_.empty() || !open_.empty() || !streams_.empty()) return;
  disconnect();
  retry_.disarm();
  backoff_.reset();
}

/// The connection is gone, or could not be made: what ran on it is told from the loop.
void EapWorker::lose() {
  disconnect();
  abandoned_.insert(abandoned_.end(), open_.begin(), open_.end());
  open_.clear();
  abandoned_streams_.insert(abandoned_streams_.end(), streams_.begin(), streams_.end());
  streams_.clear();
  broken_ = true;
  tell_.schedule();
  backoff_.failed(boot_time());
  retry();
}

void EapWorker::retry() {
  if (const std::optional<Time> next = backoff_.next(); next && !profiles_.empty()) retry_.arm(*next);
}

/// Profiles are kept anyway, and are as many as there are.
bool EapWorker::counts(const Outgoing& out) noexcept { return out.body && out.kind != WorkerKind::profile; }

void EapWorker::queue(Outgoing out) {
  if (counts(out)) waiting_ += out.body->octets().size();
  outgoing_.push_back(std::move(out));
  if (waiting_ > most_waiting) {
    lose();
    return;
  }
  send();
}

void EapWorker::send() {
  while (connected() && !outgoing_.empty()) {
    Outgoing& out = outgoing_.front();
    if (!send_part(out)) {
      if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM)
        link_->writable.schedule();
      else
        lose();
      return;
    }
    if (out.body && out.at < out.body->octets().size()) continue;
    if (counts(out)) waiting_ -= out.body->octets().size();
    outgoing_.pop_front();
    if (full_ && waiting_ < enough_waiting) tell_.schedule();
  }
}

/// False with errno set.
bool EapWorker::send_part(Outgoing& out) {
  const Bytes rest = out.body ? out.body->octets().subspan(out.at) : Bytes{};
  const Bytes part = rest.first(std::min(rest.size(), max_part));
  const WipedBuffer message = write_worker_message({.kind = out.kind,
                                                    .more = part.size() < rest.size(),
                                                    .profile = out.profile,
                                                    .conversation = out.conversation,
                                                    .body = part});
  const Bytes octets = message.octets();
  if (::send(link_->socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return false;
  out.at += part.size();
  return true;
}

void EapWorker::receive() {
  for (unsigned i = 0; i < most_a_turn && connected(); ++i) {
    const ssize_t size = ::recv(link_->socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const bool whole = size > 0 && static_cast<std::size_t>(size) <= buffer_.size();
    const MutableBytes octets{reinterpret_cast<std::uint8_t*>(buffer_.data()),
                              whole ? static_cast<std::size_t>(size) : buffer_.size()};
    const std::optional<WorkerMessage> message = whole ? read_worker_message(octets) : std::nullopt;
    const bool taken = message && take(*message);
    wipe(octets);
    if (!taken) {
      lose();
      return;
    }
  }
}

bool EapWorker::take(const WorkerMessage& message) {
  if (message.kind == WorkerKind::established || message.kind == WorkerKind::sealed ||
      message.kind == WorkerKind::opened || streams_.contains(message.conversation))
    return take_of_stream(message);
  core::EapReport report;
  report.conversation = message.conversation;
  switch (message.kind) {
    case WorkerKind::loaded: {
      const std::optional<EapVerdict> verdict = read_eap_verdict(message.body);
      if (verdict) tell_loaded(message, *verdict);
      return verdict.has_value();
    }
    case WorkerKind::response:
      report.kind = core::EapReport::Kind::response;
      report.packet.assign(message.body.begin(), message.body.end());
      break;
    case WorkerKind::success: {
      std::optional<WorkerSuccess> success = read_worker_success(message.body);
      if (!success) return false;
      report.kind = core::EapReport::Kind::success;
      report.keys = std::move(success->keys);
      report.verdict = std::move(success->verdict);
      break;
    }
    case WorkerKind::failure: {
      std::optional<EapVerdict> verdict = read_eap_verdict(message.body);
      if (!verdict) return false;
      report.kind = core::EapReport::Kind::failure;
      report.verdict = std::move(*verdict);
      break;
    }
    case WorkerKind::profile:
    case WorkerKind::begin:
    case WorkerKind::request:
    case WorkerKind::end:
    case WorkerKind::open:
    case WorkerKind::records:
    case WorkerKind::text:
    case WorkerKind::established:
    case WorkerKind::sealed:
    case WorkerKind::opened:
      return false;
  }
  // One that is over here may have had an answer under way.
  const bool known = report.kind == core::EapReport::Kind::response ? open_.contains(message.conversation)
                                                                    : open_.erase(message.conversation) != 0;
  if (known && receiver_.report) receiver_.report(std::move(report));
  rest();
  return true;
}

bool EapWorker::take_of_stream(const WorkerMessage& message) {
  StreamReport report{.kind = message.kind, .stream = message.conversation, .octets = message.body};
  if (message.kind == WorkerKind::failure) {
    std::optional<EapVerdict> verdict = read_eap_verdict(message.body);
    if (!verdict) return false;
    report.octets = {};
    report.words = std::move(verdict->words);
  } else if (message.kind != WorkerKind::established && message.kind != WorkerKind::sealed &&
             message.kind != WorkerKind::opened) {
    return false;
  }
  // One that was closed here may have said something before it knew.
  const bool known = message.kind == WorkerKind::failure ? streams_.erase(message.conversation) != 0
                                                         : streams_.contains(message.conversation);
  if (known && receiver_.stream) receiver_.stream(report);
  rest();
  return true;
}

void EapWorker::tell_loaded(const WorkerMessage& message, const EapVerdict& verdict) {
  // A profile that was replaced meanwhile is answered twice; the last answer is of the last.
  if (!profiles_.contains(message.profile)) return;
  unanswered_.erase(message.profile);
  if (unanswered_.empty()) backoff_.reset();
  if (receiver_.loaded) receiver_.loaded(message.profile, verdict);
}

void EapWorker::tell_lost() {
  ended_.clear();
  for (const core::EapConversation conversation : std::exchange(abandoned_, {})) {
    core::EapReport report;
    report.kind = core::EapReport::Kind::lost;
    report.conversation = conversation;
    if (receiver_.report) receiver_.report(std::move(report));
  }
  for (const core::EapConversation stream : std::exchange(abandoned_streams_, {}))
    if (receiver_.stream)
      receiver_.stream({.kind = WorkerKind::failure,
                        .stream = stream,
                        .octets = {},
                        .words = "macsec-eap, which speaks TLS, cannot be reached or ended"});
  if (std::exchange(broken_, false) && receiver_.lost) receiver_.lost();
  if (full_ && waiting_ < enough_waiting) {
    full_ = false;
    if (receiver_.drained) receiver_.drained();
  }
}

}  // namespace macsec::os
