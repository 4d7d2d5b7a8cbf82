// SPDX-License-Identifier: LGPL-2.1-or-later
/// What sessions leave for the process after this one: snapshots of their ports in files, keys of authentications in the
/// descriptor store.
#pragma once

#include "engine/adapters/session.hpp"
#include "engine/adapters/system/event_loop.hpp"
#include "engine/adapters/system/key_keeper.hpp"
#include "engine/adapters/system/state_store.hpp"

#include <functional>

namespace macsec::os {

class Records {
 public:
  struct Hooks {
    std::function<std::optional<core::AccountedSession>(const std::string& profile)> account;  ///< of its host
    std::function<void(unsigned parent)> drop;  ///< the frames that wait to leave there
  };
  Records(StateStore& store, std::vector<KeptFile>& inherited, Hooks hooks)
      : store_{store}, keys_{inherited, boot_time()}, hooks_{std::move(hooks)} {}

  [[nodiscard]] bool has_accounts() const noexcept { return keys_.has_accounts(); }
  /// What the process before left of the session; nothing where that cannot be read, which is told.
  [[nodiscard]] std::optional<core::Snapshot> snapshot(Session& session) const;
  [[nodiscard]] std::optional<core::KeptSession> take_keys(const Session& session) {
    return keys_.take(session.profile().name);
  }
  void forget_keys(const Session& session) { keys_.forget(session.profile().name); }
  void forget(const Session& session);
  /// The last snapshot of a session that ends with the process.
  void leave(Session& session);

  /// The snapshot has changed: flush() writes it.
  void mark(Session& session);
  void unmark(Session& session) { std::erase(unsaved_, &session); }
  /// To be called before frames leave: a message number is on disk before a frame carries it.
  void flush();

  [[nodiscard]] std::optional<Time> next() const { return keys_.next(); }
  void on_timeout(Time now) { keys_.forget_left(now); }

 private:
  /// False where the session's frames must not leave, and were dropped.
  [[nodiscard]] bool save(Session& session);
  void keep_keys(Session& session, const core::Port& port);

  StateStore& store_;
  KeyKeeper keys_;
  Hooks hooks_;
  std::vector<Session*> unsaved_;
};

}  // namespace macsec::os
