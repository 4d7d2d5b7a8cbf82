// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/eap/worker_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace macsec::test {
namespace {

constexpr int first_listening = 3;

int code_of(int status) noexcept { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

}  // namespace

WorkerProcess::WorkerProcess(std::string path) : path_{std::move(path)} {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listening_ = FileDescriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      ::listen(listening_.get(), 8) < 0)
    throw std::runtime_error{"cannot listen at " + path_};
}

WorkerProcess::~WorkerProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void WorkerProcess::start() { launch(nullptr); }

void WorkerProcess::start_with_hanging_tokens() { launch(HANGING_TOKEN); }

void WorkerProcess::start_without_providers() { launch("/nonexistent"); }

/// `providers` is where OpenSSL looks for its providers; null: where it always does.
void WorkerProcess::launch(const char* providers) {
  pid_ = ::fork();
  if (pid_ != 0) return;
  if (providers != nullptr) ::setenv("OPENSSL_MODULES", providers, 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "1", 1);
  if (listening_.get() == first_listening)
    ::fcntl(first_listening, F_SETFD, 0);
  else
    ::dup2(listening_.get(), first_listening);
  ::execl(MACSEC_EAP, "macsec-eap", nullptr);
  ::_exit(127);
}

void WorkerProcess::kill(int signal) { ::kill(pid_, signal); }

int WorkerProcess::wait() {
  const FileDescriptor end{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  pollfd waited{.fd = end.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waited, 1, 10'000) != 1) return 1000;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return code_of(status);
}

Ran run_worker(const char* argument, std::string_view input) {
  int in[2];
  int out[2];
  if (::pipe(in) < 0 || ::pipe(out) < 0) throw std::runtime_error{"pipe"};
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
    ::execl(MACSEC_EAP, "macsec-eap", argument, nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  const ssize_t written = ::write(in[1], input.data(), input.size());
  ::close(in[1]);
  Ran ran;
  char part[4096];
  for (ssize_t size = 0; (size = ::read(out[0], part, sizeof part)) > 0;)
    ran.output.append(part, static_cast<std::size_t>(size));
  ::close(out[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ran.code = written == static_cast<ssize_t>(input.size()) ? code_of(status) : -1000;
  return ran;
}

}  // namespace macsec::test
