// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which of the keys of a port speak, by the clock, by whom they reach, and by what an operator asked.
#pragma once

#include "engine/base/deadlines.hpp"
#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"

namespace macsec::core {

/// Begin of this version's life, in seconds since 1970: a wall clock that reads less is not right.
inline constexpr std::int64_t earliest_plausible_clock = 1'793'491'200;  // 2026-11-01

class KeyChain {
 public:
  KeyChain(Context& context, const Cp& cp) : context_{context}, cp_{cp} {}

  /// `epoch`: boot time of 1970-01-01. `synchronised`: the host does not say that its clock is not.
  void set_wall_clock(Time epoch, bool synchronised) noexcept;
  /// Where the key server of the principal's CA is another one, that one.
  void set_foreign_server(std::optional<Sci> server) noexcept { foreign_server_ = server; }
  /// Brings every key into the state it is due at `now`. While the port is not `enabled` none speaks. True where one begins or
  /// ceases to speak: whom it knew is forgotten then.
  [[nodiscard]] bool follow(std::span<Participant> participants, bool enabled, Time now);
  /// A key that does not speak was heard of `mi` with a valid ICV: a peer takes it for valid, and may have nothing else.
  void heard(Participant& participant, const MemberId& mi, Time now) const;

  /// Moves the link off the key and takes it out of use once evidence is there. Errors: ENOENT, EBUSY with what is
  /// missing where draining would not bring it, ENODATA for the last primary key.
  [[nodiscard]] Result<void> retire(std::span<Participant> participants, const Ckn& ckn, Retirement how,
                                    Duration timeout, Time now);
  /// The profile has the key no more: it drains for a moment, in which the link may move to another one, and goes.
  void drop(Participant& key, Time now) const noexcept;
  /// Takes retire() back. ENOENT where the key is not being retired.
  [[nodiscard]] Result<void> keep(std::span<Participant> participants, const Ckn& ckn, Time now);

  /// The wall clock may be believed: it is set, not older than this version nor than the key in use, and synchronised.
  [[nodiscard]] bool clock_trusted() const noexcept { return trusted_; }
  /// Boot time of 1970-01-01 where the wall clock may be believed.
  [[nodiscard]] std::optional<Time> trusted_epoch() const noexcept { return trusted_ ? epoch_ : std::nullopt; }
  [[nodiscard]] std::optional<Time> next() const noexcept { return deadlines_.next(); }

 private:
  enum class Timer : std::uint8_t {
    bound,     ///< a lifetime begins or ends, tolerance included
    silence,   ///< a key that is out of its time was not heard for a life time
    evidence,  ///< what was seen has held for long enough
    draining,  ///< the time of a retirement is over
    count
  };
  [[nodiscard]] std::optional<Time> at(const std::optional<std::int64_t>& bound) const noexcept;
  [[nodiscard]] std::int64_t wall(Time now) const noexcept;
  [[nodiscard]] KeyState by_clock(const Participant& key, Time now) const noexcept;
  [[nodiscard]] bool judge_clock(std::span<const Participant> participants, Time now) const noexcept;
  [[nodiscard]] KeyEvidence look(const Participant& key, std::span<const Participant> participants, Time now) const;
  void weigh(std::span<Participant> participants, Time now);
  void drain(Participant& key, Time now);
  [[nodiscard]] KeyState due(const Participant& key, Time now) const noexcept;
  [[nodiscard]] bool stays(const Participant& key, KeyState clock, Time now) const noexcept;
  [[nodiscard]] Participant* nearest(std::span<Participant> participants, Time now) const;
  /// Another key took its place, or may.
  [[nodiscard]] bool is_succeeded(const Participant& key, std::span<const Participant> participants, Time now) const;
  [[nodiscard]] bool put(Participant& key, KeyState state, Time now);
  void retire_now(Participant& key, std::string_view how, Time now);
  void set_timers(const Participant& key, Time now);
  void tell_doubt(std::span<const Participant> participants, Time now);
  void tell_end(Participant& key, std::span<const Participant> participants, Time now);

  Context& context_;
  const Cp& cp_;
  Deadlines<Timer> deadlines_;
  std::optional<Time> epoch_;
  bool synchronised_ = true;
  bool enabled_ = true;
  bool any_in_time_ = false;  ///< as of the last follow()
  bool trusted_ = true;       ///< the same
  bool doubt_told_ = false;
  std::optional<Sci> foreign_server_;
};

}  // namespace macsec::core
