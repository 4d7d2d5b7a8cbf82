// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/key_keeper.hpp"

#include "engine/adapters/system/event_loop.hpp"

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

constexpr std::string_view prefix = "cak.";
constexpr std::size_t largest = 4096;

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

std::optional<core::KeptSession> read(const FileDescriptor& file) {
  struct stat facts{};
  if (::fstat(file.get(), &facts) < 0 || facts.st_size <= 0 || static_cast<std::size_t>(facts.st_size) > largest)
    return std::nullopt;
  WipedText text{static_cast<std::size_t>(facts.st_size)};
  if (::pread(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return std::nullopt;
  return core::read_kept_session({reinterpret_cast<const std::uint8_t*>(text.view().data()), text.size()});
}

void remove(const std::string& name) { ::sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name.c_str()); }

std::uint64_t number_of(std::string_view name) {
  std::uint64_t number = 0;
  name.remove_prefix(prefix.size());
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

/// All keys of an authenticator's port are of one host.
std::optional<core::HostSession> host_of(const core::KeptSession& session) {
  return session.keys.empty() ? std::nullopt : session.keys.back().host;
}

std::vector<Ckn> ckns_of(const core::KeptSession& session) {
  std::vector<Ckn> out;
  for (const core::SessionKey& key : session.keys) out.push_back(key.ckn);
  return out;
}

}  // namespace

KeyKeeper::KeyKeeper(std::vector<Stored> stored, Time now) : started_{now} {
  std::ranges::sort(stored, {}, [](const Stored& each) { return number_of(each.name); });
  for (const Stored& each : stored) {
    last_number_ = std::max(last_number_, number_of(each.name));
    auto session = read(each.descriptor);
    if (!session) {
      remove(each.name);  // of another version
      continue;
    }
    // The process before may have ended between putting the new one in and taking the old one out.
    const std::string profile = session->profile;
    if (const auto before = kept_.find(profile); before != kept_.end()) remove(before->second.name);
    kept_.insert_or_assign(profile, Kept{each.name, ckns_of(*session), session->until, host_of(*session)});
    left_.insert_or_assign(profile, std::move(*session));
  }
}

KeyKeeper KeyKeeper::open() {
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &names);
  std::vector<Stored> stored;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<char, Releases<::free>> name{names[i]};
    FileDescriptor descriptor{SD_LISTEN_FDS_START + i};
    if (std::string_view{name.get()}.starts_with(prefix)) stored.push_back({name.get(), std::move(descriptor)});
  }
  ::free(static_cast<void*>(names));
  return KeyKeeper{std::move(stored), boot_time()};
}

std::optional<core::KeptSession> KeyKeeper::take(const std::string& profile) {
  auto found = left_.extract(profile);
  return found ? std::optional{std::move(found.mapped())} : std::nullopt;
}

bool KeyKeeper::has_accounts() const noexcept {
  return std::ranges::any_of(left_, [](const auto& each) { return each.second.account.has_value(); });
}

Result<void> KeyKeeper::keep(const core::KeptSession& session) {
  if (session.keys.empty()) {
    forget(session.profile);
    return {};
  }
  std::vector<Ckn> ckns = ckns_of(session);
  const auto before = kept_.find(session.profile);
  if (before != kept_.end() && before->second.ckns == ckns && before->second.until == session.until &&
      before->second.host == host_of(session))
    return {};
  const WipedBuffer octets = core::write_kept_session(session);
  auto file = sealed(octets.octets());
  if (!file) return std::unexpected{file.error()};
  const std::string name = fmt::format("{}{}", prefix, ++last_number_);
  const int descriptor = file->get();
  const std::string message = "FDSTORE=1\nFDNAME=" + name;
  const int done = ::sd_pid_notify_with_fds(0, 0, message.c_str(), &descriptor, 1);
  if (done < 0) return fail(-done, fmt::format("keeping a key for the next process: {}", std::strerror(-done)));
  if (before != kept_.end()) remove(before->second.name);
  kept_.insert_or_assign(session.profile, Kept{name, std::move(ckns), session.until, host_of(session)});
  return {};
}

void KeyKeeper::forget(const std::string& profile) {
  left_.erase(profile);
  if (const auto kept = kept_.extract(profile)) remove(kept.mapped().name);
}

std::optional<Time> KeyKeeper::next() const {
  std::optional<Time> next;
  for (const auto& [profile, session] : left_) {
    const Time end = std::min(session.until.value_or(started_ + patience), started_ + patience);
    next = next ? std::min(*next, end) : end;
  }
  return next;
}

void KeyKeeper::forget_left(Time now) {
  std::vector<std::string> over;
  for (const auto& [profile, session] : left_)
    if (now >= started_ + patience || (session.until && now >= *session.until)) over.push_back(profile);
  for (const std::string& profile : over) forget(profile);
}

}  // namespace macsec::os
