// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/scenario.hpp"

#include "tests/sim/forge.hpp"

#include <cerrno>

namespace macsec::sim {

namespace {

/// All connected members secured with one SAK, so long after the last fault.
constexpr Instant convergence_limit = 20 * second;

constexpr Instant settle_time = 7 * second;

constexpr std::array breakable{SecyCall::select_cipher_suite,
                               SecyCall::create_receive_sc,
                               SecyCall::delete_receive_sc,
                               SecyCall::install_receive_sa,
                               SecyCall::delete_receive_sa,
                               SecyCall::raise_lowest_pn,
                               SecyCall::install_transmit_sa,
                               SecyCall::transmit_with,
                               SecyCall::delete_transmit_sa,
                               SecyCall::read,
                               SecyCall::any,
                               SecyCall::set_controlled_port,
                               SecyCall::configure};

}  // namespace

Scenario::Scenario(std::uint64_t seed) : lan_{seed}, random_{seed * 7919 + 17}, seed_{seed} {
  decide_group();
  lan_.tap = [this](Index from, Bytes frame) {
    if (!record_) return;
    heard_.emplace_back(from, std::vector<std::uint8_t>{frame.begin(), frame.end()});
    if (heard_.size() > 64) heard_.pop_front();
  };
}

void Scenario::decide_group() {
  constexpr std::array sizes{2U, 2U, 2U, 2U, 3U, 3U, 3U, 4U, 4U, 5U};
  const unsigned members = sizes[random_.below(sizes.size())];
  suites_ = {all_cipher_suites[random_.below(4)]};
  cak_size_ = random_.chance(50) ? 16 : 32;
  encrypt_ = random_.chance(80);
  fallback_ = random_.chance(25);
  delay_protect_ = random_.chance(8);
  policy_ = random_.chance(80) ? Policy::must_secure : Policy::should_secure;
  replay_window_ = std::array<std::uint32_t, 3>{0, 64, 1000}[random_.below(3)];
  base_ = {.latency = random_.between(50, 5000),
           .jitter = random_.between(0, 1000),
           .loss = 0,
           .duplicate = 0,
           .cut = false};
  description_ = std::to_string(members) + " members, " + std::string{to_string(suites_[0])} +
                 (encrypt_ ? "" : ", integrity only") + (fallback_ ? ", fallback" : "") +
                 (delay_protect_ ? ", delay protection" : "") +
                 (policy_ == Policy::must_secure ? "" : ", should-secure");
  for (unsigned i = 0; i < members; ++i) {
    HostOptions options;
    options.profile = random_profile(i == 0);
    options.clock_offset = random_.between(1, 365LL * 86'400 * second) | 1;
    options.clock_ppm = static_cast<int>(random_.between(-200, 200));
    options.speed = random_.chance(70) ? 0 : 1'000'000'000ULL;
    options.seed = seed_;
    hosts_.push_back(&lan_.attach([&](Index index) { return std::make_unique<Host>(lan_, index, options); }));
  }
  lan_.set_paths(base_);
}

ProfilePointer Scenario::random_profile(bool may_serve) {
  return make_profile([&](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("00112233", 0x11, cak_size_));
    if (fallback_) p.keys.push_back(psk("ffeeddcc", 0x22, 16, KeyRole::fallback));
    p.macsec.cipher_suites = suites_;
    p.macsec.encrypt = encrypt_;
    p.macsec.policy = policy_;
    if (policy_ == Policy::should_secure) p.macsec.validate = Validate::check;
    p.macsec.replay_window = replay_window_;
    p.mka.delay_protect = delay_protect_;
    constexpr std::array<std::uint8_t, 6> priorities{0, 10, 16, 128, 128, 255};
    do p.mka.priority = priorities[random_.below(priorities.size())];
    while (may_serve && p.mka.priority == 255);
    p.mka.version = static_cast<std::uint8_t>(random_.between(is_xpn(suites_[0]) ? 2 : 1, 3));
    if (random_.chance(50)) p.mka.rekey = std::chrono::seconds{random_.between(30, 600)};
    if (random_.chance(20)) p.mka.hello = std::chrono::milliseconds{random_.between(500, 2000)};
    p.mka.rekey_on_peer_loss = random_.chance(30);
    p.mka.icv_indicator = random_.chance(20);
  });
}

Host& Scenario::any_host() { return *hosts_[random_.below(hosts_.size())]; }

std::uint64_t Scenario::mkpdus() const noexcept {
  std::uint64_t sum = 0;
  for (const Host* host : hosts_) sum += host->mkpdus_sent();
  return sum;
}

bool Scenario::run(Instant span) {
  const Instant end = lan_.world.now + span;
  for (Host* host : hosts_) {
    lan_.plug(host->index(), true);
    lan_.after(random_.between(1, 3 * second), [host] { host->start(); });
  }
  lan_.run_for(3 * second);
  converge();
  while (lan_.world.now < end && lan_.world.good()) {
    peace();
    if (!lan_.world.good()) break;
    disturb();
    converge();
  }
  return lan_.world.good();
}

// Nothing is wrong: no user frame may be lost, whatever the members do among themselves.
void Scenario::peace() {
  lan_.world.note(nobody, "peace");
  lan_.reset_traffic();
  lan_.set_traffic(250 * millisecond);
  lan_.set_lossless(true);
  for (auto rounds = random_.between(1, 3); rounds > 0 && lan_.world.good(); --rounds) {
    lan_.run_for(random_.between(millisecond, 25 * second));
    Host& host = any_host();
    switch (random_.below(5)) {
      case 0:
      case 1:
        for (Host* each : hosts_) static_cast<void>(each->rekey());
        break;
      case 2:
        host.set_wall_clock(random_.between(0, 4'000'000'000));
        break;
      case 3:
        lan_.warp_pn(host.index(), is_xpn(suites_[0]) ? 0xc000'0000'0000'0010 : 0xc000'0010);
        break;
      default:
        break;
    }
  }
  lan_.run_for(random_.between(4 * second, 20 * second));
  lan_.set_lossless(false);
  calm_traffic_ += lan_.traffic();
}

void Scenario::disturb() {
  lan_.world.note(nobody, "trouble");
  lan_.set_traffic(500 * millisecond);
  const Instant span = random_.between(100 * millisecond, random_.chance(50) ? 5 * second : 30 * second);
  for (auto count = random_.between(1, 3); count > 0; --count) {
    ++faults_;
    break_something(span);
    lan_.run_for(random_.between(0, span / 2));
  }
  lan_.run_for(random_.between(0, span));
  heal();
}

void Scenario::break_something(Instant span) {
  Host& victim = any_host();
  const std::string who = "m" + std::to_string(victim.index());
  switch (random_.below(14)) {
    case 0:
    case 1:
    case 2:
      break_paths(span);
      return;
    case 3:
    case 4:
    case 5:
    case 6:
      break_process(victim, span);
      return;
    case 7:
      lan_.plug(victim.index(), false);
      if (random_.chance(50))
        lan_.after(random_.between(10 * millisecond, span), [this, &victim] { lan_.plug(victim.index(), true); });
      return;
    case 8:
      lan_.world.note(nobody, "SecY failures", who);
      fail_calls(victim, span);
      return;
    case 9:
      lan_.world.note(nobody, "rekeys");
      for (auto count = random_.between(1, 6); count > 0; --count)
        lan_.after(random_.between(0, span), [this] {
          for (Host* host : hosts_)
            if (host->running()) static_cast<void>(host->rekey());
        });
      return;
    case 10:
      lan_.world.note(nobody, "replay and reflection");
      lan_.set_reflection(true);
      record_ = true;
      lan_.after(span / 2, [this] { replay_some(); });
      return;
    case 11:
      lan_.world.note(nobody, "slow kernel", who);
      victim.secy().set_cost(random_.between(millisecond, 50 * millisecond));
      return;
    case 12:
      if (!victim.running()) return;
      lan_.world.note(nobody, "suspend", who);
      if (victim.suspend(std::chrono::seconds{random_.between(1, 12)}))
        quiet_from_ = std::max(quiet_from_, lan_.world.now + 26 * second);
      return;
    default:
      if (!victim.running()) return;
      lan_.world.note(nobody, "operator", who);
      victim.set_enabled(random_.chance(20));
      return;
  }
}

// Now and then one sort of call is refused as long as the trouble lasts, through several rekeys.
void Scenario::fail_calls(Host& victim, Instant span) {
  const SecyCall call = breakable[random_.below(breakable.size())];
  const int error = random_.chance(50) ? EBUSY : ENOMEM;
  const bool always = random_.chance(30);
  if (always)
    victim.secy().fail_always(call, error);
  else
    victim.secy().fail_calls(call, error, static_cast<unsigned>(random_.between(1, 4)),
                             static_cast<unsigned>(random_.below(4)));
  const auto rekey = [this] {
    for (Host* host : hosts_)
      if (host->running()) static_cast<void>(host->rekey());
  };
  rekey();
  if (!always) return;
  for (auto count = random_.between(1, 6); count > 0; --count) lan_.after(random_.between(0, span), rekey);
}

void Scenario::break_paths(Instant span) {
  static_cast<void>(span);
  switch (random_.below(4)) {
    case 0:
      lan_.world.note(nobody, "bad paths");
      lan_.set_paths({.latency = base_.latency,
                      .jitter = random_.between(0, 200 * millisecond),
                      .loss = static_cast<unsigned>(random_.between(5, 60)),
                      .duplicate = static_cast<unsigned>(random_.below(30)),
                      .cut = false});
      return;
    case 1: {
      const Index one = any_host().index();
      const Index other = any_host().index();
      lan_.world.note(nobody, "one-way cut", std::to_string(one) + " to " + std::to_string(other));
      lan_.path(one, other).cut = true;
      return;
    }
    case 2: {
      const Index one = any_host().index();
      const Index other = any_host().index();
      lan_.world.note(nobody, "cut", std::to_string(one) + " and " + std::to_string(other));
      lan_.cut(one, other, true);
      return;
    }
    default: {
      const std::uint64_t side = random_.next();
      lan_.world.note(nobody, "partition");
      for (Index one = 0; one < lan_.size(); ++one)
        for (Index other = 0; other < one; ++other)
          if ((side >> one & 1U) != (side >> other & 1U)) lan_.cut(one, other, true);
      return;
    }
  }
}

void Scenario::break_process(Host& victim, Instant span) {
  if (!victim.running()) return;
  const auto again = [&](Host::Memory memory) {
    if (random_.chance(70))
      lan_.after(random_.between(0, span), [&victim, memory] {
        if (!victim.running()) victim.start(memory);
      });
  };
  switch (random_.below(4)) {
    case 0:
      victim.crash();
      return again(Host::Memory::kept);
    case 1:
      victim.crash();
      return again(Host::Memory::lost);
    case 2:
      victim.reboot();
      return again(Host::Memory::lost);
    default:
      victim.crash_before_saving();
      for (Host* host : hosts_)
        if (host->running()) static_cast<void>(host->rekey());
      return;
  }
}

void Scenario::replay_some() {
  for (const auto& [from, frame] : heard_)
    for (Index to = 0; to < lan_.size(); ++to)
      if (to != from && random_.chance(50)) lan_.inject(to, frame);
  record_ = false;
}

void Scenario::heal() {
  lan_.world.note(nobody, "heal");
  lan_.set_paths(base_);
  lan_.set_reflection(false);
  for (Host* host : hosts_) {
    host->secy().forgive();
    host->secy().set_cost(0);
    host->spare();
    lan_.plug(host->index(), true);
    if (host->running())
      host->set_enabled(true);
    else
      host->start(random_.chance(50) ? Host::Memory::kept : Host::Memory::lost);
  }
  if (quiet_from_ > lan_.world.now) lan_.run_for(quiet_from_ - lan_.world.now);
}

void Scenario::converge() {
  if (!lan_.world.good()) return;
  const Instant began = lan_.world.now;
  // What trouble left behind, a peer about to be given up for one, shows within a life time.
  lan_.run_for(settle_time);
  if (!lan_.run_until([&] { return lan_.secured() || !lan_.world.good(); }, convergence_limit - settle_time)) {
    std::string states;
    for (Host* host : hosts_) {
      const auto status = host->status();
      states += " m" + std::to_string(host->index()) + "=" + std::string{to_string(status.state)} + "/" +
                std::string{to_string(status.reason)} + "/" + std::string{to_string(status.cp)};
    }
    lan_.world.violate(nobody, "not secured again after trouble: " + lan_.why_unsecured() + ";" + states);
  }
  slowest_ = std::max(slowest_, lan_.world.now - began);
}

void Scenario::write(const std::string& prefix) const {
  lan_.pcap.write(prefix + ".pcap");
  lan_.world.trace.write(prefix + ".trace");
}

std::string Scenario::report() const { return lan_.world.report(); }

}  // namespace macsec::sim
