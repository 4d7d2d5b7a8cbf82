// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/filter.hpp"

#include "cli/secret_writer.hpp"
#include "engine/base/handle.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail(errno, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return Pipe{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

Result<pid_t> start(std::vector<std::string>& words, int in, int out) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, arguments.front(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return fail(failed, fmt::format("cannot start {}: {}", words.front(), std::strerror(failed)));
  return child;
}

}  // namespace

Result<WipedText> filter(std::vector<std::string> words, std::string_view input) {
  auto in = make_pipe();
  if (!in) return std::unexpected{in.error()};
  auto out = make_pipe();
  if (!out) return std::unexpected{out.error()};
  // What fits into a pipe is written before anybody reads it.
  if (auto written = write_all(in->write.get(), input, "a pipe"); !written) return std::unexpected{written.error()};
  in->write = FileDescriptor{};
  const auto child = start(words, in->read.get(), out->write.get());
  if (!child) return std::unexpected{child.error()};
  out->write = FileDescriptor{};
  auto text = read_all(out->read.get(), "what " + words.front() + " says");
  out->read = FileDescriptor{};
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) continue;
  if (!text) return text;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(EIO, words.front() + " failed");
  return text;
}

}  // namespace macsec::cli
