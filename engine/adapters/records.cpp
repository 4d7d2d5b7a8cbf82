// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/records.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <utility>

namespace macsec::os {

std::optional<core::Snapshot> Records::snapshot(Session& session) const {
  auto found = store_.load(session.profile().name);
  if (found) return std::move(*found);
  session.trace_.message(LogLevel::warning, fmt::format("state ignored: {}", found.error().message),
                         message_id::damaged_state);
  return std::nullopt;
}

void Records::forget(const Session& session) {
  static_cast<void>(store_.forget(session.profile().name));
  keys_.forget(session.profile().name);
}

void Records::leave(Session& session) {
  if (const core::Port* const port = session.mka())
    static_cast<void>(store_.save(session.profile().name, port->snapshot()));
}

void Records::mark(Session& session) {
  if (session.snapshot_changed_) return;
  session.snapshot_changed_ = true;
  unsaved_.push_back(&session);
}

void Records::flush() {
  std::erase_if(unsaved_, [this](Session* session) { return save(*session); });
}

// After a crash a message number is not used again. Where it cannot be written and what is there stays, nothing is said, and
// the next turn tries again.
bool Records::save(Session& session) {
  session.snapshot_changed_ = false;
  const core::Port* const port = session.mka();
  if (port == nullptr) return true;
  keep_keys(session, *port);
  const auto done = store_.save(session.profile().name, port->snapshot());
  if (done) {
    session.save_error_ = 0;
    return true;
  }
  if (std::exchange(session.save_error_, done.error().code) != done.error().code)
    session.trace_.message(LogLevel::warning, done.error().message);
  if (done.error().code != EROFS) return true;
  session.snapshot_changed_ = true;
  hooks_.drop(session.placed_.parent);
  return false;
}

void Records::keep_keys(Session& session, const core::Port& port) {
  core::KeptSession kept = port.kept_session();
  kept.account = hooks_.account(session.profile().name);
  if (const auto done = keys_.keep(kept); !done) session.trace_.message(LogLevel::warning, done.error().message);
}

}  // namespace macsec::os
