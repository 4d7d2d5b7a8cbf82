// SPDX-License-Identifier: LGPL-2.1-or-later
/// A random life of a group: it forms, is left in peace and disturbed in turn, and must find together each time.
#pragma once

#include "tests/sim/host.hpp"

#include <deque>
#include <map>

namespace macsec::sim {

class Scenario {
 public:
  explicit Scenario(std::uint64_t seed);

  /// Runs `span` of protocol time; false where something was violated.
  bool run(Instant span);
  /// Leaves PREFIX.pcap and PREFIX.trace.
  void write(const std::string& prefix) const;
  [[nodiscard]] std::string report() const;
  /// What kind of group this is, for a person.
  [[nodiscard]] const std::string& description() const noexcept { return description_; }

  [[nodiscard]] Instant slowest_convergence() const noexcept { return slowest_; }
  [[nodiscard]] std::uint64_t keys() const noexcept { return lan_.world.key_count(); }
  [[nodiscard]] std::uint64_t faults() const noexcept { return faults_; }
  [[nodiscard]] std::uint64_t mkpdus() const noexcept;
  [[nodiscard]] const Traffic& calm_traffic() const noexcept { return calm_traffic_; }

 private:
  [[nodiscard]] ProfilePointer random_profile(bool may_serve);
  void decide_group();
  void peace();
  void disturb();
  void break_something(Instant span);
  void ask_for_keys();
  void fail_calls(Host& victim, Instant span);
  void break_process(Host& victim, Instant span);
  void break_paths(Instant span);
  void heal();
  void converge();
  void judge_versions();
  void watch_traffic();
  void judge_traffic(Index from, Index to, bool fine);
  void judge_alone(Index one, bool fine);
  void replay_some();
  void suspend(Host& victim);
  void change_profile(Host& victim);
  void disagree(Host& victim);
  void give_profile(Host& victim, ProfilePointer profile);
  void change_group();
  void old_version();
  void one_key_only();
  [[nodiscard]] Host& any_host();

  VirtualLan lan_;
  SimRandom random_;  ///< decisions; the LAN's own and the members' are others
  std::uint64_t seed_;
  std::string description_;
  std::vector<Host*> hosts_;
  Path base_;
  std::deque<std::pair<Index, std::vector<std::uint8_t>>> heard_;
  bool record_ = false;
  std::vector<std::uint8_t> said_;  ///< the version each member spoke last
  std::map<std::pair<Index, Index>, Instant> fine_since_;
  std::map<Index, Instant> alone_since_;
  std::vector<Host*> odd_;  ///< have settings that the others do not share
  MessageNumber stranger_mn_ = 0;

  // The group's common lot.
  std::vector<CipherSuite> suites_;
  std::size_t cak_size_ = 16;
  bool encrypt_ = true;
  bool fallback_ = false;
  bool delay_protect_ = false;
  Policy policy_ = Policy::must_secure;
  std::uint32_t replay_window_ = 64;

  Instant quiet_from_ = 0;  ///< suspensions asked for have ended
  Instant slowest_ = 0;
  std::uint64_t faults_ = 0;
  Traffic calm_traffic_;
};

}  // namespace macsec::sim
