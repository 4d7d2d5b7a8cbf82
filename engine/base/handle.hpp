// SPDX-License-Identifier: LGPL-2.1-or-later
/// RAII over descriptors and C objects.
#pragma once

#include <memory>
#include <unistd.h>
#include <utility>

namespace macsec {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int fd) noexcept : fd_{fd} {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Deleter that calls a C function: `std::unique_ptr<sd_event, Releases<sd_event_unref>>`.
template <auto Function>
struct Releases {
  template <typename T>
  void operator()(T* object) const noexcept {
    Function(object);
  }
};

}  // namespace macsec
