// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a member does with the SAK it is given (802.1X-2020 9.8, 9.9): whether it may be used, and for whom.
#pragma once

#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"
#include "engine/core/mka/refusal.hpp"
#include "engine/core/mka/used_keys.hpp"

#include <algorithm>

namespace macsec::core {

/// Numbers the members by descending SCI, from 1 (802.1X-2020 9.10 with 802.1AE 10.7.13).
void number_members(std::vector<SakMember>& others, const Sci& own, Ssci& own_ssci);

/// A member takes no more SAKs than one in this time, but sak_burst of them at once.
inline constexpr Duration sak_gap = std::chrono::seconds{1};
inline constexpr int sak_burst = 8;

class SakReceiver {
 public:
  SakReceiver(Context& context, const Cp& cp, const UsedKeys& used, Refusal& refusal)
      : context_{context}, cp_{cp}, used_{used}, refusal_{refusal} {}

  /// The SAK in `pdu` as a slot to put to use; nothing where it is none of ours, not complete yet, or refused.
  [[nodiscard]] std::optional<SakSlot> take(const Participant& participant, const Peer& server, const Mkpdu& pdu,
                                            Time now);
  /// The key server `server` of that CA offers nothing: where it sends with the key in use here and knows no other, what was
  /// refused, by us or by the SecY, is withdrawn.
  [[nodiscard]] bool is_withdrawn(const Participant& participant, const Peer& server) const;
  /// The SecY did not take the key: it may be tried again, but not at once.
  void retry_at(Time at) noexcept { retry_after_ = at; }
  /// A SAK was put to use: a key server that makes them without end uses up neither what is remembered of them nor the links.
  void taken(Time now) noexcept { owed_until_ = std::max(owed_until_, now) + sak_gap; }

 private:
  [[nodiscard]] bool acceptable(const DistributedSakSet& set, const KeyId& key, Time now);
  [[nodiscard]] bool follows_policy(const DistributedSakSet& set);
  [[nodiscard]] bool obeys_profile(const DistributedSakSet& set);
  [[nodiscard]] bool unwrap(SakSlot& slot, const Participant& participant, Bytes wrapped);
  [[nodiscard]] std::optional<Sci> sci_of(const Participant& participant, const MemberId& mi) const;
  /// The members `pdu` names, numbered; an empty list where some are not known here, nothing where that forbids its use.
  [[nodiscard]] std::optional<std::vector<SakMember>> members_of(const Participant& participant, const Peer& server,
                                                                 const Mkpdu& pdu, CipherSuite suite, Ssci& own) const;
  [[nodiscard]] bool find_members(SakSlot& slot, const Participant& participant, const Peer& server, const Mkpdu& pdu,
                                  Time now);

  Context& context_;
  const Cp& cp_;
  const UsedKeys& used_;
  Refusal& refusal_;
  std::optional<std::pair<KeyId, Time>> incomplete_;  ///< offered to us, but not all members are known yet
  std::optional<Time> retry_after_;
  Time owed_until_{};  ///< each SAK taken moves it by sak_gap
};

}  // namespace macsec::core
