// SPDX-License-Identifier: LGPL-2.1-or-later
/// The CAs of session keys: a reauthentication makes one more beside the one in use, and one of both is left.
#pragma once

#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"

namespace macsec::core {

/// The participant of the session key that was added last, or nullptr.
[[nodiscard]] const Participant* newest_session(std::span<const Participant> participants) noexcept;
/// Speaks in the CAs of session keys that were only listened to, where somebody was heard. True where it began to.
bool answer_where_heard(std::vector<Participant>& participants, Time now);
/// Leaves the CAs of older session keys once all live members transmit with the SAK of a newer one and no key of an older
/// one is held. True where a CA was left.
bool leave_older_sessions(std::vector<Participant>& participants, const Cp& cp);

}  // namespace macsec::core
