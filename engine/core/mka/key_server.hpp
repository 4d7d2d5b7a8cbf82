// SPDX-License-Identifier: LGPL-2.1-or-later
/// The key server's duties (802.1X-2020 9.7, 9.8): when a SAK is wanted, when one may be made, and to whom it is offered.
#pragma once

#include "engine/base/deadlines.hpp"
#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"
#include "engine/core/mka/pn_watch.hpp"
#include "engine/core/mka/refusal.hpp"
#include "engine/core/mka/suite_trials.hpp"
#include "engine/core/mka/used_keys.hpp"

namespace macsec::core {

/// How long the key server waits for members it has only heard of before it makes a SAK for those it knows.
inline constexpr Duration gather_time = std::chrono::milliseconds{500};
/// While a group is forming, how long the next SAK waits after the newest member, for each member there is: the more there are, the
/// longer they take to hear of one another.
inline constexpr Duration forming_time = std::chrono::milliseconds{25};
/// How long after the newest member a SAK waits for a version-1 peer to hear of all the others: each speaks within a hello
/// time of 2 s.
inline constexpr Duration introduction_time = std::chrono::milliseconds{2200};
/// After a failure to make or install a SAK.
inline constexpr Duration generate_retry = std::chrono::seconds{2};

/// Why a SAK is wanted.
enum class Want : std::uint8_t {
  no_sak,
  elected,
  new_peer,
  principal_changed,
  profile_changed,
  peer_lost,
  member_left,
  member_without_key,
  rekey_time,
  packet_numbers,
  members_packet_numbers,
  request,
  refused,
  suites_changed,
  suite_untaken,
  introduced,
};
[[nodiscard]] std::string_view to_string(Want want) noexcept;

class KeyServer {
 public:
  KeyServer(Context& context, Cp& cp, PnWatch& pn_watch, UsedKeys& used, Refusal& refusal)
      : context_{context}, cp_{cp}, pn_watch_{pn_watch}, used_{used}, refusal_{refusal} {}

  /// A new SAK as soon as the protocol allows; reasons add up until one is made.
  void want(Want why, Time now);
  [[nodiscard]] bool wanted() const noexcept { return wants_ != 0; }
  [[nodiscard]] bool wanted(Want why) const noexcept { return (wants_ & 1U << static_cast<unsigned>(why)) != 0; }
  /// Another one is key server, or nobody: what was asked for by an operator, the time or the packet numbers stays wanted
  /// until a SAK is there, whichever member makes it.
  void lose_role() noexcept;
  /// A SAK of another key server is in use: it serves every reason.
  void served() noexcept { wants_ = 0; }
  /// The device is gone, and the keys with it.
  void forget_offer() noexcept { offer_.reset(); }
  /// `key` is what we offer now.
  [[nodiscard]] bool offers(const KeyId& key) const noexcept { return offer_ && offer_->key == key; }
  /// Another SAK is about to take the place of the one in use, and nothing is known that forbids it.
  [[nodiscard]] bool replaces(const Participant& principal, Time now) const;
  /// The latest SAK had its time, and no member took it.
  [[nodiscard]] bool is_untaken(Time now) const noexcept;
  /// Numbers given out before a restart are not given out again.
  void continue_after(KeyNumber last) noexcept { last_kn_ = std::max(last_kn_, last); }

  /// Waits that are over at `now` are over for good.
  void pass(Time now) noexcept { deadlines_.stop_expired(now); }
  /// Looks for reasons to make another SAK: time, and members that lack the latest.
  void watch(std::span<Participant> participants, Time now);
  /// The SecY was read, and sends with the latest SAK: another suite may be due where no frame of any member comes.
  void listen(std::span<Participant> participants, Time now);
  /// Makes the SAK that is wanted where it may be made now; true when the CP has it to put to use.
  bool serve(Participant& principal, std::span<const Participant> participants, Time now);
  /// The SecY refused our last SAK: another is made, but not at once.
  void follow_refusals(Time now);
  void end_offer_when_done(std::span<const Participant> participants);

  /// Puts the SAK on offer, where there is one for `participant`, into what it says next.
  void fill(Announcement& what, const Participant& participant, std::span<const Participant> participants) const;
  /// The suite all live members of `participant` can do; nothing where there is none.
  [[nodiscard]] std::optional<CipherSuite> choose_cipher(const Participant& participant) const {
    return trials_.choose(participant, cp_.cipher_suites());
  }
  /// While another suite is tried with members that announce none, a clause about it; else empty.
  [[nodiscard]] std::string trial_words() const;
  /// By time, or by packet numbers that nobody sees.
  [[nodiscard]] std::optional<Time> next_rekey() const noexcept;
  [[nodiscard]] KeyNumber last_kn() const noexcept { return last_kn_; }
  [[nodiscard]] std::optional<Time> next() const noexcept;

 private:
  enum class Timer : std::uint8_t {
    retry,         ///< after a failure
    introduction,  ///< see introduction_time
    gather,        ///< see gather_time
    forming,       ///< see forming_time
    asked,         ///< for what only the reports of members ask for
    settle,        ///< the SAK before has had its time to come into use
    member,        ///< patience with a member that lacks the SAK
    count
  };
  /// A SAK offered until every live member receives with it.
  struct Offer {
    KeyId key;
    Ckn ckn;
    DistributedSakSet set;
    std::array<std::uint8_t, 40> wrapped{};
    std::vector<MemberId> members;
    std::vector<Sci> scis;  ///< of `members`, in the same order
  };

  [[nodiscard]] bool may_generate(const Participant& principal, std::span<const Participant> participants,
                                  Time now) const;
  /// Nothing but what members report asks for another SAK.
  [[nodiscard]] bool is_asked_only() const noexcept;
  [[nodiscard]] std::optional<Time> forming_until(const Participant& principal) const;
  void generate(Participant& participant, Time now);
  void fail_for_now(Reason reason, std::string text, Time now);
  [[nodiscard]] Result<SakSlot> make_sak(Participant& participant, CipherSuite suite,
                                         std::span<const Peer* const> members, Time now);
  [[nodiscard]] Result<Offer> make_offer(const Participant& participant, const SakSlot& slot,
                                         std::span<const Peer* const> members) const;
  /// The SAK on offer can no longer be taken by all it was made for.
  [[nodiscard]] bool is_stale(std::span<const Participant> participants) const;
  void watch_member(Peer& peer, const SakSlot& latest, bool anybody_receives, Time now);
  /// Whether the profile and what `owner`'s live peers announce still allow `latest`; where they do not, and another can be
  /// made, it is wanted.
  void watch_settings(const Participant& owner, const SakSlot& latest, Time now);

  Context& context_;
  Cp& cp_;
  PnWatch& pn_watch_;
  UsedKeys& used_;
  Refusal& refusal_;
  std::uint32_t wants_ = 0;  ///< a bit for each Want
  Deadlines<Timer> deadlines_;
  std::optional<KeyId> refused_key_;  ///< our own SAK that the SecY did not take, already replaced
  /// One count for all our MIs, old and new: no KI is ever given out twice, whichever participant is the principal.
  KeyNumber last_kn_ = 0;
  std::optional<Offer> offer_;
  bool unacquainted_ = false;  ///< since the latest SAK a version-1 peer did not hear all the others
  SuiteTrials trials_;
};

}  // namespace macsec::core
