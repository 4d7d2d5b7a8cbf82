// SPDX-License-Identifier: LGPL-2.1-or-later
/// Turns what the machines know into the one state and the one reason a user sees.
#pragma once

#include "engine/base/deadlines.hpp"
#include "engine/core/access.hpp"

namespace macsec::core {

class Reporter {
 public:
  /// A frame of a CA that is not ours. An event at most once a second for a CKN, 8 a second in all; half of those are for
  /// senders that are live under one of our keys, so that others cannot use them all up.
  void heard_foreign(Context& context, const Kay& kay, const BasicSet& basic, Time now);
  /// Derives the state; an event when state or reason changed.
  void update(Context& context, const Kay& kay, const Access& access, Time now);
  void fill(PortStatus& status, const Context& context, const Kay& kay, const Access& access) const;
  [[nodiscard]] PortState state() const noexcept { return state_; }
  /// When the state may be another one though nothing happens.
  [[nodiscard]] std::optional<Time> next_timeout() const noexcept { return deadlines_.next(); }

 private:
  enum class Timer : std::uint8_t {
    fades,  ///< something heard stops being news, and the reason with it
    ahead,  ///< a peer has sent with another SAK for a life time
    count
  };
  struct Foreign {
    Ckn ckn;
    Time at;
    Sci sci;  ///< of the last sender, as its frame says
  };
  struct Told {
    Ckn ckn;
    Time at;
    bool by_live;  ///< the sender is live under a key of ours
  };
  struct Verdict {
    PortState state = PortState::pending;
    Reason reason = Reason::none;
  };
  [[nodiscard]] Verdict judge(const Context& context, const Kay& kay, const Access& access, Time now) const;
  /// While a key is in use that the SecY has taken.
  [[nodiscard]] Verdict judge_keyed(const Context& context, const Kay& kay, Time now) const;
  [[nodiscard]] Reason why_no_peer(const Kay& kay, Time now) const;
  [[nodiscard]] std::string words(Reason reason, const Context& context, const Kay& kay, const Access& access) const;
  /// Reason::awaiting_sak beside a key that is in use.
  [[nodiscard]] std::string why_not_all(const Kay& kay) const;
  void set_timers(const Kay& kay, Reason reason, Time now);

  PortState state_ = PortState::down;
  Reason reason_ = Reason::no_device;
  Time since_;
  std::optional<Sci> last_live_;  ///< the peer that was live last
  void tell_foreign(Context& context, const Kay& kay, const BasicSet& basic, Time now);

  std::vector<Foreign> foreign_;
  std::vector<Told> told_;  ///< in the last second
  Deadlines<Timer> deadlines_;
  std::vector<Sci>
      waited_for_;  ///< live peers without the SAK, where we are key server; else those that send with another
};

}  // namespace macsec::core
