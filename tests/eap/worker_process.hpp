// SPDX-License-Identifier: LGPL-2.1-or-later
/// The real macsec-eap on a socket in a folder, started as systemd starts it: by a listening socket.
#pragma once

#include "engine/base/handle.hpp"

#include <string>
#include <sys/types.h>

namespace macsec::test {

class WorkerProcess {
 public:
  /// Listens at `path`; nothing runs yet.
  explicit WorkerProcess(std::string path);
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  /// Starts the program on the socket.
  void start();
  /// The same where every token hangs.
  void start_with_hanging_tokens();
  /// The same where OpenSSL has no providers but its own default one.
  void start_without_providers();
  void kill(int signal);
  /// Waits for its end: the exit code, or minus the signal. 1000 where it does not end within ten seconds.
  [[nodiscard]] int wait();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  std::string path_;
  void launch(const char* providers);

  FileDescriptor listening_;
  pid_t pid_ = -1;
};

/// Runs macsec-eap with one argument and `input`; its output.
struct Ran {
  int code = -1;
  std::string output;
};
[[nodiscard]] Ran run_worker(const char* argument, std::string_view input);

}  // namespace macsec::test
