// SPDX-License-Identifier: LGPL-2.1-or-later
/// A random life of the keys of a group: chains of lifetimes, clocks that step, keys that come and go, processes that die.
/// Under a flood no frame is lost while every member lives, and nobody is without a key while it shares one with a peer.
#pragma once

#include "tests/sim/forge.hpp"
#include "tests/sim/host.hpp"

namespace macsec::sim {

class KeyLife {
 public:
  explicit KeyLife(std::uint64_t seed);

  /// Runs `span` of protocol time; false where something was violated.
  bool run(Instant span);
  /// Leaves PREFIX.pcap and PREFIX.trace.
  void write(const std::string& prefix) const;
  [[nodiscard]] std::string report() const { return lan_.world.report(); }
  /// What kind of group this is, for a person.
  [[nodiscard]] const std::string& description() const noexcept { return description_; }
  [[nodiscard]] std::uint64_t retirements() const noexcept { return retirements_; }
  [[nodiscard]] std::uint64_t additions() const noexcept { return additions_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t crashes() const noexcept { return crashes_; }
  [[nodiscard]] std::uint64_t rescues() const noexcept { return rescues_; }
  [[nodiscard]] Traffic traffic() const noexcept { return lan_.traffic(); }

 private:
  struct Member {
    Host* host = nullptr;
    std::vector<PreSharedKey> keys;
    Instant spoke = 0;  ///< last with any key
  };
  [[nodiscard]] PreSharedKey make_key(bool bounded);
  [[nodiscard]] ProfilePointer profile_of(const Member& member) const;
  [[nodiscard]] std::int64_t wall() const noexcept;
  [[nodiscard]] std::string keys_of(const Member& member) const;
  [[nodiscard]] bool share_a_key() const;
  [[nodiscard]] bool share_a_key_in_time() const;
  void rescue();
  void take_over(Member& member, const Ckn& ckn);
  void step_clock();
  void add_key();
  void retire_key();
  void crash();
  void cut_power();
  void live(Instant span);
  void find_together(Instant limit, std::string_view after);
  void watch();
  Member& any() { return members_[random_.below(members_.size())]; }

  VirtualLan lan_;
  SimRandom random_;
  std::vector<Member> members_;
  std::string description_;
  Duration tolerance_{};
  std::uint16_t next_name_ = 0;
  std::uint8_t next_fill_ = 0x10;
  std::uint64_t retirements_ = 0;
  std::uint64_t additions_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t crashes_ = 0;
  std::uint64_t rescues_ = 0;
};

}  // namespace macsec::sim
