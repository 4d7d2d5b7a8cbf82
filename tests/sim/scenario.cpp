// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/scenario.hpp"

#include "tests/sim/forge.hpp"
#include "tests/sim/life.hpp"

namespace macsec::sim {

namespace {

/// All connected members secured with one SAK, so long after the last fault.
constexpr Instant convergence_limit = 20 * second;

constexpr Instant settle_time = 7 * second;

/// Nobody is secured for so long without a frame that passes.
constexpr Instant silence_limit = 10 * second;

}  // namespace

Scenario::Scenario(std::uint64_t seed) : lan_{seed}, random_{seed * 7919 + 17}, seed_{seed} {
  decide_group();
  lan_.tap = [this](Index from, Bytes frame) {
    if (const auto eapol = read_eapol(frame))
      if (const auto basic = read_basic_set(eapol->body)) said_[from] = basic->version;
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
  // Late and reordered user frames, within what the replay window forgives.
  if (replay_window_ > 0 && random_.chance(40)) base_.data_jitter = random_.between(1, 100 * millisecond);
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
    const bool offloaded = random_.chance(15);
    hosts_.push_back(&lan_.attach([&](Index index) { return std::make_unique<Host>(lan_, index, options); }));
    if (!offloaded) continue;
    hosts_.back()->secy().offload(
        {.transmit_pn_readable = random_.chance(30), .lowest_pn_raisable = random_.chance(50)});
    description_ += ", m" + std::to_string(i) + " offloaded";
  }
  said_.resize(members, 0);
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
  return live(lan_, random_, hosts_, span,
              {.watch = [this] { watch_traffic(); },
               .peace = [this] { peace(); },
               .disturb = [this] { disturb(); },
               .converge = [this] { converge(); }});
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
  judge_versions();
  calm_traffic_ += lan_.traffic();
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

// Nobody older is there any more: each speaks the version of all.
void Scenario::judge_versions() {
  if (!lan_.world.good()) return;
  std::uint8_t common = 3;
  for (const Host* host : hosts_) common = std::min(common, host->profile().mka.version);
  for (const Host* host : hosts_)
    if (said_[host->index()] < common)
      lan_.world.violate(host->index(), "still speaks version " + std::to_string(said_[host->index()]) + ", all know " +
                                            std::to_string(common));
}

// Two that call themselves secured for so long and hear each other pass each other's frames.
void Scenario::watch_traffic() {
  lan_.after(second, [this] {
    std::vector<bool> fine(hosts_.size());
    for (const Host* host : hosts_) fine[host->index()] = host->carrier() && host->claims_secured();
    for (const Host* from : hosts_)
      for (const Host* to : hosts_) judge_traffic(from->index(), to->index(), fine[from->index()] && fine[to->index()]);
    for (const Host* host : hosts_) judge_alone(host->index(), fine[host->index()]);
    if (lan_.world.good()) watch_traffic();
  });
}

void Scenario::judge_traffic(Index from, Index to, bool fine) {
  Instant& since = fine_since_[{from, to}];
  // Who follows a key server that asked for silence keeps its SAK (802.1X-2020 9.18): one that it was cut off from does not.
  const bool two_servers = lan_.world.now < quiet_from_ && hosts_[from]->running() && hosts_[to]->running() &&
                           hosts_[from]->status().key_server != hosts_[to]->status().key_server;
  // Others of the group may be secured all the same: who says that somebody is left out says the truth.
  const bool told = hosts_[to]->running() && hosts_[to]->status().reason != core::Reason::none;
  if (from == to || !fine || two_servers || told || lan_.path(from, to).cut || lan_.path(to, from).cut) {
    since = lan_.world.now;
    return;
  }
  const Instant heard = std::max(since, lan_.last_delivery(from, to));
  if (lan_.world.now - heard <= silence_limit) return;
  lan_.world.violate(to, "secured, but no frame of m" + std::to_string(from) + " passes for " +
                             std::to_string((lan_.world.now - heard) / second) + " s");
  since = lan_.world.now;
}

// Nor does it alone: nothing comes, and nothing it sends arrives. A peer that asked for silence has its time.
void Scenario::judge_alone(Index one, bool fine) {
  Instant& since = alone_since_[one];
  if (!fine || lan_.world.now < quiet_from_) {
    since = lan_.world.now;
    return;
  }
  Instant passed = since;
  for (const Host* other : hosts_)
    if (other->index() != one)
      passed = std::max({passed, lan_.last_delivery(one, other->index()), lan_.last_delivery(other->index(), one)});
  if (lan_.world.now - passed <= silence_limit) return;
  lan_.world.violate(one, "secured, but nothing passes to or from it for " +
                              std::to_string((lan_.world.now - passed) / second) + " s");
  since = lan_.world.now;
}

void Scenario::write(const std::string& prefix) const {
  lan_.pcap.write(prefix + ".pcap");
  lan_.world.trace.write(prefix + ".trace");
}

std::string Scenario::report() const { return lan_.world.report(); }

}  // namespace macsec::sim
