// SPDX-License-Identifier: LGPL-2.1-or-later
/// A socket that plays macsec-eap to the daemon's end.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/wire/eap_worker.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace macsec::os {

/// A message with octets of its own.
struct Got {
  WorkerMessage message;
  std::vector<std::uint8_t> body;
};

/// The other end: takes connections and messages, answers what it is told to.
class OtherEnd {
 public:
  explicit OtherEnd(std::string path) : path_{std::move(path)} { listen(); }

  void listen() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    ::unlink(path_.c_str());
    listening_ = FileDescriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    ASSERT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listening_.get(), 8), 0);
  }
  void stop_listening() {
    listening_ = {};
    ::unlink(path_.c_str());
  }
  bool accept() {
    FileDescriptor got{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!got) return false;
    socket_ = std::move(got);
    return true;
  }
  void hang_up() { socket_ = {}; }
  [[nodiscard]] bool hung_up() const {
    std::uint8_t octet = 0;
    return ::recv(socket_.get(), &octet, 1, MSG_PEEK) == 0;
  }
  std::optional<Got> take() {
    std::vector<std::uint8_t> octets(max_worker_message);
    const ssize_t size = ::recv(socket_.get(), octets.data(), octets.size(), 0);
    if (size <= 0) return std::nullopt;
    octets.resize(static_cast<std::size_t>(size));
    const std::optional<WorkerMessage> message = read_worker_message(octets);
    if (!message) return std::nullopt;
    return Got{*message, {message->body.begin(), message->body.end()}};
  }
  void send(Bytes octets) {
    ASSERT_EQ(::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL), static_cast<ssize_t>(octets.size()));
  }
  void send(const WorkerMessage& message) { send(write_worker_message(message).octets()); }
  void send_verdict(WorkerKind kind, std::uint32_t profile, std::uint64_t conversation, EapProblem problem) {
    EapVerdict verdict;
    verdict.problem = problem;
    const WipedBuffer body = write_eap_verdict(verdict);
    send({.kind = kind, .profile = profile, .conversation = conversation, .body = body.octets()});
  }

 private:
  std::string path_;
  FileDescriptor listening_;
  FileDescriptor socket_;
};

}  // namespace macsec::os
