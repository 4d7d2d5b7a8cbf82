// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/session_cas.hpp"

#include <algorithm>

namespace macsec::core {

const Participant* newest_session(std::span<const Participant> participants) noexcept {
  const Participant* newest = nullptr;
  for (const Participant& participant : participants)
    if (participant.role == KeyRole::session && (newest == nullptr || participant.sequence() > newest->sequence()))
      newest = &participant;
  return newest;
}

bool answer_where_heard(std::vector<Participant>& participants, Time now) {
  bool began = false;
  for (Participant& participant : participants) {
    if (participant.role != KeyRole::session || !participant.quiet || participant.draining_until) continue;
    if (participant.peers().all().empty()) continue;
    participant.quiet = false;
    participant.start_hello(now);
    began = true;
  }
  return began;
}

bool leave_older_sessions(std::vector<Participant>& participants, const Cp& cp) {
  if (!cp.latest() || !cp.settled_since() || cp.old()) return false;
  const Participant* owner = find(participants, cp.latest()->ckn);
  if (owner == nullptr || owner->role != KeyRole::session) return false;
  const std::uint64_t current = owner->sequence();
  return std::erase_if(participants, [current](const Participant& other) {
           return other.role == KeyRole::session && other.sequence() < current;
         }) > 0;
}

}  // namespace macsec::core
