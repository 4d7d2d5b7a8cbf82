// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/profile_file.hpp"

#include "engine/base/handle.hpp"
#include "engine/config/profile_reader.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

namespace macsec::daemon {
namespace {

std::unexpected<Error> failure(int code, std::string_view what, std::string_view path) {
  return fail(code, fmt::format("cannot {} {}: {}", what, path, std::strerror(code)));
}

/// Text that never leaves a copy behind: it grows by wiping what it outgrew.
class WipedBuilder {
 public:
  void add(std::string_view text) {
    if (size_ + text.size() > text_.size()) {
      WipedText larger{std::max<std::size_t>(2 * text_.size(), size_ + text.size() + 4096)};
      if (size_ > 0) std::memcpy(larger.data(), text_.view().data(), size_);
      text_ = std::move(larger);
    }
    if (!text.empty()) std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void add_hex(std::string_view key, Bytes octets) {
    if (octets.empty()) return;
    constexpr std::string_view digits = "0123456789abcdef";
    add(key);
    add("=");
    for (const std::uint8_t octet : octets) {
      const std::array pair{digits[octet >> 4U], digits[octet & 15U]};
      add({pair.data(), pair.size()});
    }
    add("\n");
  }
  [[nodiscard]] WipedText take() const { return WipedText{text_.view().substr(0, size_)}; }

 private:
  WipedText text_;
  std::size_t size_ = 0;
};

void add_secrets(WipedBuilder& out, const Profile& profile, std::string_view section, std::size_t instance) {
  if (section == "Key" && instance < profile.keys.size()) out.add_hex("Cak", profile.keys[instance].cak.expose());
  if (section == "StaticKeys" && instance < profile.static_keys.size()) {
    out.add_hex("Key", profile.static_keys[instance].key.expose());
    out.add_hex("Salt", profile.static_keys[instance].salt.expose());
  }
}

}  // namespace

WipedText profile_file_text(const Profile& profile) {
  WipedBuilder out;
  out.add("# Written by macsecd for a program; may be edited.\n");
  const ProfileText* before = nullptr;
  const std::vector<ProfileText> settings = profile_settings(profile);
  for (const ProfileText& one : settings) {
    if (before == nullptr || before->section != one.section || before->instance != one.instance) {
      if (before != nullptr) add_secrets(out, profile, before->section, before->instance);
      out.add(fmt::format("\n[{}]\n", one.section));
    }
    out.add(fmt::format("{}={}\n", one.key, one.value));
    before = &one;
  }
  if (before != nullptr) add_secrets(out, profile, before->section, before->instance);
  return out.take();
}

Result<void> write_profile_file(const std::string& directory, const std::string& name, std::string_view text) {
  if (::mkdir(directory.c_str(), 0750) < 0 && errno != EEXIST) return failure(errno, "make", directory);
  const std::string path = directory + "/" + name;
  const std::string temporary = directory + "/." + name + ".new";
  const FileDescriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!file) return failure(errno, "create", temporary);
  int code = 0;
  while (code == 0 && !text.empty()) {
    const ssize_t put = ::write(file.get(), text.data(), text.size());
    if (put >= 0)
      text.remove_prefix(static_cast<std::size_t>(put));
    else if (errno != EINTR)
      code = errno;
  }
  if (code == 0 && ::fsync(file.get()) < 0) code = errno;
  if (code == 0 && ::rename(temporary.c_str(), path.c_str()) < 0) code = errno;
  if (code == 0) return {};
  ::unlink(temporary.c_str());
  return failure(code, "write", path);
}

Result<void> remove_profile_file(const std::string& path) {
  if (::unlink(path.c_str()) < 0 && errno != ENOENT) return failure(errno, "remove", path);
  std::error_code error;
  std::filesystem::remove_all(path + ".d", error);
  if (error) return failure(error.value(), "remove", path + ".d");
  return {};
}

}  // namespace macsec::daemon
