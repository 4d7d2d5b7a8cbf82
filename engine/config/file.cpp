// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/file.hpp"

#include "engine/base/handle.hpp"
#include "engine/base/secret.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace macsec {

WipedText::WipedText(std::string_view text) : WipedText{text.size()} { std::copy(text.begin(), text.end(), data()); }

WipedText::WipedText(WipedText&& other) noexcept
    : octets_{std::move(other.octets_)}, size_{std::exchange(other.size_, 0)} {}

WipedText& WipedText::operator=(WipedText&& other) noexcept {
  if (this != &other) {
    clear();
    octets_ = std::move(other.octets_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void WipedText::clear() noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(octets_.get()), size_});
  octets_.reset();
  size_ = 0;
}

Result<FileText> read_file(const std::string& path, std::size_t max) {
  const auto refuse = [&path](int code, const std::string& why) {
    return fail(code, "cannot read " + path + ": " + why);
  };
  const auto refuse_errno = [&refuse] { return refuse(errno, std::generic_category().message(errno)); };

  // Without O_NONBLOCK a FIFO put in the place of a profile would stop the daemon here.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (!file) return refuse_errno();
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return refuse_errno();
  if (!S_ISREG(status.st_mode)) return refuse(EINVAL, "not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > max)
    return refuse(EFBIG, "more than " + std::to_string(max) + " octets");

  WipedText text{static_cast<std::size_t>(status.st_size)};
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse_errno();
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  // A file that shrank under us: the rest of the buffer must not look like NULs of the file.
  if (filled < text.size()) text = WipedText{text.view().substr(0, filled)};
  return FileText{std::move(text), status.st_mode};
}

}  // namespace macsec
