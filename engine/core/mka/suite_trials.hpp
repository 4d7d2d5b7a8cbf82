// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a key server finds out about the cipher suites of members that announce none: which they use, and
/// which were tried in vain.
#pragma once

#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"
#include "engine/core/mka/pn_watch.hpp"

#include <span>

namespace macsec::core {

class SuiteTrials {
 public:
  /// Tries start from the first suite once `allowed` is another list than before.
  void follow(std::vector<CipherSuite> allowed);
  /// The member `peer`, which announces nothing, receives with the SAK `key` of `suite`.
  void note_taken(const KeyId& key, CipherSuite suite, const Peer& peer);
  /// The SAK `key` of `suite` was of no use to `peer` in its time, in the words of `why`. True while one of the suites allowed was not
  /// tried; afterwards they are tried again, from the first.
  bool note_failed(const KeyId& key, CipherSuite suite, const Peer& peer, std::string_view why);
  /// The SecY was read. Where it sends with `key`, every live member of `owner` confirms it and announces nothing, and in a life time
  /// no frame of any came, they may confirm what they cannot use: true where another SAK is wanted for that. Only one round of
  /// the suites is made for members that are not heard: one that has nothing to send looks just the same.
  [[nodiscard]] bool listen(Participant& owner, const SakSlot& key, const PnWatch& pn_watch, Time now);
  /// Somebody is new: what was in vain is tried again.
  void start_over() noexcept;

  /// The first of `allowed` that every live peer of `participant` can use, as far as it is known; nothing where there is none.
  [[nodiscard]] std::optional<CipherSuite> choose(const Participant& participant,
                                                  std::span<const CipherSuite> allowed) const;
  /// Why another suite was tried last, for people: "no SAK is taken by 02:..., with GCM-AES-128".
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  /// The suites other than `current` that were tried in vain, as a list for people; empty where there is none.
  [[nodiscard]] std::string failed_words(CipherSuite current) const;

 private:
  /// The suite that a member which announces nothing used last.
  struct Taken {
    Sci sci;
    CipherSuite suite;
  };
  struct Unheard {
    KeyId key;
    Time since;
    Pn next_pn;  ///< ours, by then
  };
  [[nodiscard]] std::optional<CipherSuite> taken_by(const Peer& peer) const noexcept;
  [[nodiscard]] bool done_with(CipherSuite suite) const noexcept { return failed_.has(suite) || skipped_.has(suite); }
  [[nodiscard]] bool any_left() const noexcept;
  [[nodiscard]] bool resigned(const Participant& owner) const;

  std::vector<CipherSuite> allowed_;
  std::vector<Taken> taken_;
  CipherSuiteSet failed_;
  CipherSuiteSet skipped_;           ///< of a later version than members speak that are not heard
  std::optional<KeyId> failed_key_;  ///< the last that was of no use, in the words of any member
  std::string why_;
  std::optional<Unheard> unheard_;
  /// Members that are not heard, and for whom one round was made.
  std::vector<MemberId> resigned_for_;
};

}  // namespace macsec::core
