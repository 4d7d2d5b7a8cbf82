// SPDX-License-Identifier: LGPL-2.1-or-later
/// A random life of 802.1X: a host and its access port authenticate, are left to strangers on their cable and disturbed in turn,
/// and must find together each time.
#pragma once

#include "tests/sim/radius_script.hpp"

#include <array>

namespace macsec::sim {

class EapLife {
 public:
  explicit EapLife(std::uint64_t seed);
  EapLife(const EapLife&) = delete;
  EapLife& operator=(const EapLife&) = delete;

  /// Runs `span` of protocol time; false where something was violated.
  bool run(Instant span);
  /// Leaves PREFIX.pcap and PREFIX.trace.
  void write(const std::string& prefix) const;
  [[nodiscard]] std::string report() const { return lan_.world.report(); }
  /// What kind of site this is, for a person.
  [[nodiscard]] const std::string& description() const noexcept { return description_; }

  [[nodiscard]] Instant slowest_convergence() const noexcept { return slowest_; }
  /// Authentications that were accepted.
  [[nodiscard]] std::uint64_t keys() const noexcept { return radius_.accepts(); }
  [[nodiscard]] std::uint64_t faults() const noexcept { return faults_; }
  [[nodiscard]] std::uint64_t mkpdus() const noexcept { return host_->mkpdus_sent() + port_->mkpdus_sent(); }
  [[nodiscard]] const Traffic& calm_traffic() const noexcept { return calm_traffic_; }

 private:
  [[nodiscard]] ProfilePointer host_profile();
  [[nodiscard]] ProfilePointer port_profile();
  [[nodiscard]] Host& any_end() { return random_.chance(50) ? *host_ : *port_; }
  void forge();
  void annoy();
  void peace();
  void disturb();
  void break_something(Instant span);
  void break_cable(Instant span);
  void break_process(Host& victim, Instant span);
  void break_servers(Instant span);
  void ask_operator();
  void heal();
  void converge();
  void watch();
  void judge(const Host& end);
  [[nodiscard]] std::optional<Ckn> fallback_ckn() const;

  VirtualLan lan_;
  SimRandom random_;  ///< decisions; the LAN's own and the ends' are others
  std::uint64_t seed_;
  std::string description_;
  Host* host_ = nullptr;
  Host* port_ = nullptr;
  std::unique_ptr<FakeWorker> worker_;
  RadiusScript radius_;

  bool fallback_ = false;
  bool calm_ = false;  ///< MKA has what it needs: nothing else may end the link
  std::uint8_t identifier_ = 0;
  std::vector<Ckn> names_;  ///< of the keys of each authentication that began, by its number
  Instant slowest_ = 0;
  std::uint64_t faults_ = 0;
  Traffic calm_traffic_;
};

}  // namespace macsec::sim
