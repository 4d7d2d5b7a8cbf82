// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/kept_files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace macsec::os {
namespace {

constexpr std::size_t largest = std::size_t{64} << 10U;

std::unexpected<Error> failure(const char* what) {
  const int code = errno;
  return fail(code, fmt::format("{}: {}", what, std::strerror(code)));
}

/// A file in memory that nobody can change any more.
Result<FileDescriptor> sealed(Bytes octets) {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int made = ::memfd_create("cak", flags | MFD_NOEXEC_SEAL);
  if (made < 0 && errno == EINVAL) made = ::memfd_create("cak", flags);  // before Linux 6.3
  if (made < 0) return failure("memory file for a key");
  FileDescriptor file{made};
  if (::write(file.get(), octets.data(), octets.size()) != static_cast<ssize_t>(octets.size()))
    return failure("memory file for a key");
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
    return failure("sealing a memory file");
  return file;
}

}  // namespace

std::vector<KeptFile> inherited_files() {
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &names);
  std::vector<KeptFile> out;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<char, Releases<::free>> name{names[i]};
    out.push_back({name.get(), FileDescriptor{SD_LISTEN_FDS_START + i}});
  }
  ::free(static_cast<void*>(names));
  return out;
}

std::vector<KeptFile> KeptFiles::resume(std::vector<KeptFile>& files) {
  std::vector<KeptFile> out;
  for (KeptFile& each : files)
    if (each.name.starts_with(prefix_)) out.push_back(std::move(each));
  std::erase_if(files, [](const KeptFile& each) { return each.descriptor.get() < 0; });
  std::ranges::sort(out, {}, [this](const KeptFile& each) { return number_of(each.name); });
  if (!out.empty()) last_number_ = std::max(last_number_, number_of(out.back().name));
  return out;
}

Result<std::string> KeptFiles::put(Bytes octets) {
  auto file = sealed(octets);
  if (!file) return std::unexpected{file.error()};
  const std::string name = fmt::format("{}{}", prefix_, ++last_number_);
  const int descriptor = file->get();
  const std::string message = "FDSTORE=1\nFDNAME=" + name;
  const int done = ::sd_pid_notify_with_fds(0, 0, message.c_str(), &descriptor, 1);
  if (done < 0) return fail(-done, fmt::format("keeping a key for the next process: {}", std::strerror(-done)));
  return name;
}

void KeptFiles::remove(const std::string& name) { ::sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name.c_str()); }

std::uint64_t KeptFiles::number_of(std::string_view name) const {
  std::uint64_t number = 0;
  name.remove_prefix(prefix_.size());
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

std::optional<WipedText> read_kept_file(const FileDescriptor& file) {
  struct stat facts{};
  if (::fstat(file.get(), &facts) < 0 || facts.st_size <= 0 || static_cast<std::size_t>(facts.st_size) > largest)
    return std::nullopt;
  WipedText text{static_cast<std::size_t>(facts.st_size)};
  if (::pread(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return std::nullopt;
  return text;
}

}  // namespace macsec::os
