// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/key_keeper.hpp"

#include <algorithm>

namespace macsec::os {
namespace {

constexpr std::string_view prefix = "cak.";

std::optional<core::KeptSession> read(const FileDescriptor& file) {
  const std::optional<WipedText> text = read_kept_file(file);
  if (!text) return std::nullopt;
  return core::read_kept_session({reinterpret_cast<const std::uint8_t*>(text->view().data()), text->size()});
}

/// All keys of an authenticator's port are of one host.
std::optional<core::HostSession> host_of(const core::KeptSession& session) {
  return session.keys.empty() ? std::nullopt : session.keys.back().host;
}

}  // namespace

KeyKeeper::Kept KeyKeeper::kept_of(std::string name, const core::KeptSession& session) {
  Kept out{
      .name = std::move(name), .keys = {}, .until = session.until, .host = host_of(session), .trust = session.trust};
  for (const core::SessionKey& key : session.keys) out.keys.push_back({key.ckn, key.quiet, key.doubtful});
  return out;
}

KeyKeeper::KeyKeeper(std::vector<KeptFile>& inherited, Time now) : started_{now}, files_{prefix} {
  for (const KeptFile& each : files_.resume(inherited)) {
    auto session = read(each.descriptor);
    if (!session) {
      KeptFiles::remove(each.name);  // of another version
      continue;
    }
    // The process before may have ended between putting the new one in and taking the old one out.
    const std::string profile = session->profile;
    if (const auto before = kept_.find(profile); before != kept_.end()) KeptFiles::remove(before->second.name);
    kept_.insert_or_assign(profile, kept_of(each.name, *session));
    left_.insert_or_assign(profile, std::move(*session));
  }
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
  const auto before = kept_.find(session.profile);
  if (before != kept_.end() && before->second == kept_of(before->second.name, session)) return {};
  const WipedBuffer octets = core::write_kept_session(session);
  auto name = files_.put(octets.octets());
  if (!name) return std::unexpected{name.error()};
  if (before != kept_.end()) KeptFiles::remove(before->second.name);
  kept_.insert_or_assign(session.profile, kept_of(std::move(*name), session));
  return {};
}

void KeyKeeper::forget(const std::string& profile) {
  left_.erase(profile);
  if (const auto kept = kept_.extract(profile)) KeptFiles::remove(kept.mapped().name);
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
