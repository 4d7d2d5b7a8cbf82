// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/front/memory.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace macsec::nm {

void Record::append(Bytes value) {
  if (octets_.size() + value.size() > octets_.capacity()) {
    // Growing in place would leave a copy of a key behind.
    std::vector<std::uint8_t> larger;
    larger.reserve(2 * (octets_.size() + value.size()) + 1024);
    larger.assign(octets_.begin(), octets_.end());
    wipe(octets_);
    octets_ = std::move(larger);
  }
  octets_.insert(octets_.end(), value.begin(), value.end());
}

void Record::number(std::uint64_t value) {
  std::array<std::uint8_t, 8> buffer{};
  Writer writer{buffer};
  writer.u64(value);
  append(buffer);
}

void Record::octets(Bytes value) {
  number(value.size());
  append(value);
}

void Record::text(const std::string& value) {
  const auto* letters =
      reinterpret_cast<const std::uint8_t*>(value.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  octets({letters, value.size()});
}

void Record::texts(const std::map<std::string, std::string>& value) {
  number(value.size());
  for (const auto& [key, each] : value) {
    text(key);
    text(each);
  }
}

std::string RecordReader::text() {
  const Bytes value = octets();
  return {value.begin(), value.end()};
}

std::map<std::string, std::string> RecordReader::texts() {
  std::map<std::string, std::string> out;
  for (std::uint64_t left = number(); left > 0 && ok(); --left) {
    const std::string key = text();
    out[key] = text();
  }
  return out;
}

Result<Memory> Memory::open(FileDescriptor file) {
  constexpr unsigned no_exec_seal = 8;  // MFD_NOEXEC_SEAL, since Linux 6.3
  if (!file) file = FileDescriptor{::memfd_create("macsec-nm", MFD_CLOEXEC | no_exec_seal)};
  if (!file && errno == EINVAL) file = FileDescriptor{::memfd_create("macsec-nm", MFD_CLOEXEC)};
  if (!file) return fail(errno, std::string{"cannot make a file in memory: "} + std::strerror(errno));
  return Memory{std::move(file)};
}

std::vector<std::uint8_t> Memory::read() const {
  struct stat status{};
  if (::fstat(file_.get(), &status) < 0 || status.st_size <= 0) return {};
  std::vector<std::uint8_t> out(static_cast<std::size_t>(status.st_size));
  const ssize_t size = ::pread(file_.get(), out.data(), out.size(), 0);
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return out;
}

Result<void> Memory::write(Bytes octets) const {
  // The length in front comes last: a record cut short by a crash is none.
  const std::array<std::uint8_t, 8> none{};
  const auto put = [this](Bytes what, off_t at) {
    return ::pwrite(file_.get(), what.data(), what.size(), at) == static_cast<ssize_t>(what.size());
  };
  std::array<std::uint8_t, 8> size{};
  Writer writer{size};
  writer.u64(octets.size());
  if (!put(none, 0) || ::ftruncate(file_.get(), static_cast<off_t>(8 + octets.size())) < 0 || !put(octets, 8) ||
      !put(size, 0))
    return fail(errno, std::string{"cannot keep the state: "} + std::strerror(errno));
  return {};
}

}  // namespace macsec::nm
