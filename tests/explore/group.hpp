// SPDX-License-Identifier: LGPL-2.1-or-later
/// A group of real ports in which every frame, timer and mishap is a step that a search chooses.
#pragma once

#include "engine/wire/mkpdu.hpp"
#include "tests/sim/host.hpp"

#include <deque>
#include <map>

namespace macsec::explore {

using sim::Index;

enum class Act : std::uint8_t {
  deliver,    ///< the oldest frame under way from `from` to `to` arrives
  lose,       ///< it does not
  duplicate,  ///< it arrives, and once more later
  time_out,   ///< nothing happens until the next timer of a member; what was under way for 200 ms is lost
  outage,     ///< nothing arrives for longer than a life time
  restart,    ///< the process of `from` is killed and finds its snapshot
  forget,     ///< it is killed and finds none; the kernel still has the keys
  doom,       ///< it is killed just before it saves the next snapshot, then started again
  rekey,      ///< `from` is asked for another SAK
  leave,      ///< an operator takes `from` out
  come,       ///< and back in
};

struct Step {
  Act act;
  Index from = 0;
  Index to = 0;
};
[[nodiscard]] std::string to_string(const Step& step);

/// Where a search begins.
struct Root {
  const char* name;
  unsigned members;
  CipherSuite suite;
  bool secured;  ///< else the members have just started, and their first frames are under way
};

class Group {
 public:
  explicit Group(const Root& root);

  [[nodiscard]] std::vector<Step> possible() const;
  /// Takes a step. What sim::World and sim::Host judge is judged on the way: no packet number twice with a key, no clear text
  /// where the policy forbids it, nobody sends before the others receive, no state that the SecY does not bear out.
  void take(const Step& step);
  /// Judges that two that are live to each other and call themselves secured receive with what the other sends with.
  void judge();
  /// Of what tells this state from others: members, peers, keys, SAs, frames under way, time to the next timer in units of
  /// 50 ms. Message numbers and the hour do not.
  [[nodiscard]] std::uint64_t fingerprint() const;
  /// Whether an undisturbed network has all members secured with one SAK within 20 s. Nothing else may be done afterwards.
  [[nodiscard]] bool recovers();
  /// What was violated; empty: nothing.
  [[nodiscard]] std::string report() const { return lan_.world.report(); }
  /// What keeps the members from being secured with one SAK.
  [[nodiscard]] std::string why_unsecured() const { return lan_.why_unsecured(); }

 private:
  struct Frame {
    std::vector<std::uint8_t> octets;
    std::uint64_t meaning = 0;
    sim::Instant at = 0;
  };
  void capture(Index from, Bytes frame);
  void hand_over(const Step& step);
  void judge_pair(const sim::Host& from, const sim::Host& to);
  [[nodiscard]] std::uint64_t meaning_of(const Mkpdu& pdu) const;
  [[nodiscard]] std::uint64_t name_of(const MemberId& mi) const;

  sim::VirtualLan lan_;
  std::vector<sim::Host*> hosts_;
  std::vector<bool> out_;  ///< taken out by an operator
  std::map<std::pair<Index, Index>, std::deque<Frame>> under_way_;
  std::map<MemberId, std::uint64_t> names_;  ///< whose it is, and the how manieth
  std::vector<unsigned> identities_;
};

}  // namespace macsec::explore
