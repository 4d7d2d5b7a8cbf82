// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace macsec {
namespace {

std::unexpected<Error> failure(int code, std::string_view action, const std::string& path) {
  return fail(code, "cannot " + std::string{action} + " " + path + ": " + std::generic_category().message(code));
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// mkdir(2) with that very mode. Not by chmod(2), which would take away the setgid bit that a directory inherits, and may not
/// set it where the service manager says RestrictSUIDSGID=.
int make_directory(const std::string& path, mode_t mode) {
  const mode_t before = ::umask(0);
  const int done = ::mkdir(path.c_str(), mode);
  ::umask(before);
  return done;
}

/// Creates `path` and what is missing above it.
Result<void> make_directories(const std::string& path, mode_t mode) {
  if (make_directory(path, mode) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT || path == "." || path == "/") return failure(errno, "create", path);
  if (auto above = make_directories(directory_of(path), mode); !above) return above;
  if (make_directory(path, mode) == 0 || errno == EEXIST) return {};
  return failure(errno, "create", path);
}

Result<void> fill(int fd, std::string_view text, const std::string& path, const FileAttributes& attributes) {
  // Before the content: at no moment can anybody read it who may not.
  if ((attributes.owner || attributes.group) && ::fchown(fd, attributes.owner.value_or(static_cast<uid_t>(-1)),
                                                         attributes.group.value_or(static_cast<gid_t>(-1))) < 0)
    return failure(errno, "write", path);
  if (::fchmod(fd, attributes.mode) < 0) return failure(errno, "write", path);
  if (auto done = write_all(fd, text, path); !done) return done;
  if (attributes.durable && ::fsync(fd) < 0) return failure(errno, "write", path);
  return {};
}

}  // namespace

Result<FileText> read_file(const std::string& path, std::size_t max) {
  const auto refuse = [&path](int code, const std::string& why) {
    return fail(code, "cannot read " + path + ": " + why);
  };
  const auto refuse_errno = [&path] { return failure(errno, "read", path); };

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

Result<void> write_all(int fd, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure(errno, "write", what);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<FileReplacement> FileReplacement::write(const std::string& path, std::string_view text,
                                               const FileAttributes& attributes) {
  const std::string directory = directory_of(path);
  if (auto made = make_directories(directory, attributes.directory_mode); !made) return std::unexpected{made.error()};
  FileReplacement out{path, directory + "/." + path.substr(path.rfind('/') + 1) + ".new", attributes.durable};
  ::unlink(out.temporary_.c_str());  // what a crash left; its mode and owner would stay otherwise
  const FileDescriptor file{::open(out.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) {
    const int code = errno;
    out.temporary_.clear();  // whatever is there is not ours
    return failure(code, "write", path);
  }
  if (auto done = fill(file.get(), text, path, attributes); !done) return std::unexpected{done.error()};
  return out;
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_{std::move(other.path_)}, temporary_{std::exchange(other.temporary_, {})}, durable_{other.durable_} {}

FileReplacement::~FileReplacement() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> FileReplacement::commit() {
  if (::rename(temporary_.c_str(), path_.c_str()) < 0) return failure(errno, "write", path_);
  temporary_.clear();
  if (durable_) return sync_directory_of(path_);
  return {};
}

Result<void> sync_directory_of(const std::string& path) {
  const std::string directory = directory_of(path);
  const FileDescriptor parent{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!parent || ::fsync(parent.get()) < 0) return failure(errno, "write", directory);
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text, const FileAttributes& attributes) {
  auto replacement = FileReplacement::write(path, text, attributes);
  if (!replacement) return std::unexpected{replacement.error()};
  return replacement->commit();
}

}  // namespace macsec
