// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/secret_writer.hpp"

#include "engine/base/handle.hpp"
#include "engine/base/text.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>

namespace macsec::cli {
namespace {

constexpr std::size_t largest_input = 1U << 20U;

std::unexpected<Error> failed(const std::string& what) {
  const int code = errno;
  return fail(code, fmt::format("cannot {}: {}", what, std::strerror(code)));
}

/// A terminal that does not echo until this is gone.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_{fd}, silent_{tcgetattr(fd, &before_) == 0} {
    if (!silent_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent_ = tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    if (silent_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool silent() const noexcept { return silent_; }

 private:
  int fd_;
  termios before_{};
  bool silent_;
};

}  // namespace

Result<void> write_secret(const std::string& path, std::string_view text) {
  if (path.empty() || path == "-") return write_all(STDOUT_FILENO, text, "standard output");
  const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) return failed("create file " + path);
  auto done = write_all(file.get(), text, path);
  if (done && ::fsync(file.get()) < 0) done = failed("write " + path);
  if (done) done = sync_directory_of(path);
  // Half a key is none, and would be in the way of the next try.
  if (!done) ::unlink(path.c_str());
  return done;
}

Result<Secret<32>> decode_key_text(std::string_view text, const std::string& what) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  text = trim(text);
  Secret<32> key;
  if (text.size() == 32 || text.size() == 64)
    if (from_hex(text, key.allocate(text.size() / 2))) return key;
  return fail(EINVAL, what + ": 32 or 64 hexadecimal digits are needed");
}

Result<Secret<32>> read_key_file(const std::string& path) {
  const auto file = read_file(path, 4096);
  if (!file) return std::unexpected{file.error()};
  if (open_to_everybody(file->mode)) return fail(EPERM, path + " can be read or written by everybody: chmod o-rw it");
  return decode_key_text(file->text.view(), path);
}

Result<WipedText> read_all(int fd, const std::string& what) {
  WipedBuffer all;
  WipedText piece{4096};
  for (;;) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read " + what);
    if (n == 0) return all.take();
    all.add(piece.view().substr(0, static_cast<std::size_t>(n)));
    if (all.view().size() > largest_input) return fail(EFBIG, what + " is too long");
  }
}

Result<Secret<32>> read_key_fd(int fd) {
  const std::string what = fmt::format("descriptor {}", fd);
  const auto text = read_all(fd, what);
  if (!text) return std::unexpected{text.error()};
  return decode_key_text(text->view(), what);
}

Result<Secret<32>> ask_key(std::string_view question) {
  const FileDescriptor terminal{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
  if (!terminal) return fail(ENOTTY, "there is no terminal to ask for the key: use --key-file= or --key-fd=");
  const SilentTerminal quiet{terminal.get()};
  if (!quiet.silent()) return fail(ENOTTY, "the terminal does not hide what is typed: use --key-file= or --key-fd=");
  if (const auto asked = write_all(terminal.get(), question, "to the terminal"); !asked)
    return std::unexpected{asked.error()};
  WipedText line{256};
  const ssize_t n = ::read(terminal.get(), line.data(), line.size());
  const auto ended = write_all(terminal.get(), "\n", "to the terminal");
  if (n <= 0 || !ended) return fail(EINVAL, "no key was typed");
  return decode_key_text(line.view().substr(0, static_cast<std::size_t>(n)), "what was typed");
}

}  // namespace macsec::cli
