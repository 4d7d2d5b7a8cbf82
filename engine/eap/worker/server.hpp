// SPDX-License-Identifier: LGPL-2.1-or-later
/// The socket of macsec-eap: one connection, the daemon's. With it everything ends: profiles, conversations, the process.
#pragma once

#include "engine/adapters/system/event_loop.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "engine/eap/worker/worker.hpp"

namespace macsec::eap {

/// Where this process finds credentials, and seconds since 1970 as far as its clock is to be believed.
[[nodiscard]] Places places();
[[nodiscard]] crypto::TlsClock clock_now() noexcept;

class Server {
 public:
  /// A service that nobody connects to ends after this.
  static constexpr Duration longest_idle = std::chrono::seconds{10};

  /// `listening` is a SOCK_SEQPACKET socket that listens.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(FileDescriptor listening);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Until the connection ends. An error when the daemon breaks the protocol or cannot be answered.
  [[nodiscard]] Result<void> run();

 private:
  Server(os::EventLoop loop, FileDescriptor listening) : loop_{std::move(loop)}, listening_{std::move(listening)} {}
  [[nodiscard]] Result<void> start();
  void accept();
  void receive();
  void send(const WorkerMessage& message);
  void end_where_only_tokens_hang();
  void end(std::string problem);

  os::EventLoop loop_;
  os::OsRandom random_;
  FileDescriptor listening_;
  FileDescriptor connection_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<Worker> worker_;
  WipedText buffer_{max_worker_message};  ///< of the message that came last, which is overwritten once it is taken
  std::string problem_;                   ///< why it ends; empty: the daemon hung up
  std::vector<os::EventSource> sources_;
  os::EventSource idle_;
  os::EventSource accepting_;
  os::EventSource receiving_;
};

}  // namespace macsec::eap
