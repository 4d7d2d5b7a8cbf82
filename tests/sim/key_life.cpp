// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/key_life.hpp"

#include <algorithm>
#include <cstdio>

namespace macsec::sim {
namespace {

constexpr std::int64_t begin_2027 = 1'800'000'000;
constexpr std::int64_t day = 86'400;
constexpr std::int64_t year = 365 * day;
constexpr std::size_t most_keys = 4;  // that speak

/// A key that is in use, or would be.
bool speaks(const core::ParticipantStatus& key) {
  return key.state != core::KeyState::retired && key.state != core::KeyState::waiting;
}

}  // namespace

KeyLife::KeyLife(std::uint64_t seed) : lan_{seed}, random_{seed * 104'729 + 5} {
  constexpr std::array sizes{2U, 2U, 2U, 3U, 4U};
  constexpr std::array tolerances{0, 60, 60, 3600};
  members_.resize(sizes[random_.below(sizes.size())]);
  tolerance_ = std::chrono::seconds{tolerances[random_.below(tolerances.size())]};
  std::vector<PreSharedKey> keys;
  // A chain whose lifetimes touch, leave a gap or lie over each other.
  std::int64_t begin = begin_2027 - random_.between(0, 100);
  for (auto count = random_.between(1, 3); count > 0; --count) {
    PreSharedKey key = make_key(false);
    if (random_.chance(80)) key.not_before = begin;
    begin += random_.between(20, 400);
    if (random_.chance(80)) key.not_after = begin;
    begin += random_.chance(60) ? 0 : random_.between(-15, 200);
    keys.push_back(std::move(key));
  }
  const bool apart = random_.chance(50);
  for (Member& member : members_) {
    for (const PreSharedKey& key : keys) member.keys.push_back(duplicate(key));
    HostOptions options;
    options.profile = profile_of(member);
    options.clock_offset = random_.between(1, 365 * day * second) | 1;
    options.clock_ppm = static_cast<int>(random_.between(-200, 200));
    options.seed = seed;
    member.host = &lan_.attach([&](Index index) { return std::make_unique<Host>(lan_, index, options); });
    member.host->set_wall_clock(begin_2027 + (apart ? random_.between(-90, 90) : 0));
  }
  description_ = std::to_string(members_.size()) + " members" + (apart ? ", clocks apart" : "") + ", tolerance " +
                 std::to_string(std::chrono::duration_cast<std::chrono::seconds>(tolerance_).count()) + " s, " +
                 keys_of(members_.front());
}

std::int64_t KeyLife::wall() const noexcept { return begin_2027 + lan_.world.now / second; }

PreSharedKey KeyLife::make_key(bool bounded) {
  // Names go up and down.
  const std::uint16_t name = static_cast<std::uint16_t>(++next_name_ * 40'503U) | 1U;
  std::array<char, 5> digits{};
  std::snprintf(digits.data(), digits.size(), "%04x", name);
  PreSharedKey key = psk(digits.data(), ++next_fill_, random_.chance(50) ? 16 : 32);
  if (bounded && random_.chance(50)) key.not_before = wall() + random_.between(-100, 100);
  if (bounded && random_.chance(40)) key.not_after = wall() + random_.between(150, 20'000);
  return key;
}

ProfilePointer KeyLife::profile_of(const Member& member) const {
  return make_profile([&](Profile& p) {
    p.keys.clear();
    for (const PreSharedKey& key : member.keys) p.keys.push_back(duplicate(key));
    p.mka.key_tolerance = tolerance_;
  });
}

std::string KeyLife::keys_of(const Member& member) const {
  std::string out;
  const auto bound = [](const std::optional<std::int64_t>& at) {
    return at ? std::to_string(*at - begin_2027) : std::string{};
  };
  for (const PreSharedKey& key : member.keys)
    out += (out.empty() ? "" : ", ") + to_string(key.ckn) + " (" + bound(key.not_before) + ".." + bound(key.not_after) +
           ")";
  return out;
}

bool KeyLife::share_a_key() const {
  return std::ranges::any_of(members_.front().keys, [&](const PreSharedKey& key) {
    return std::ranges::all_of(members_, [&](const Member& member) {
      const auto same = std::ranges::find(member.keys, key.ckn, &PreSharedKey::ckn);
      return same != member.keys.end() && same->cak == key.cak;
    });
  });
}

/// Whether one of the shared keys is in its time by the clocks of all members.
bool KeyLife::share_a_key_in_time() const {
  const auto tolerance = std::chrono::duration_cast<std::chrono::seconds>(tolerance_).count();
  const auto in_time = [&](const Member& member, const PreSharedKey& key) {
    const auto same = std::ranges::find(member.keys, key.ckn, &PreSharedKey::ckn);
    if (same == member.keys.end() || same->cak != key.cak) return false;
    const std::int64_t clock = member.host->wall_clock();
    return (!key.not_before || *key.not_before - tolerance <= clock) &&
           (!key.not_after || clock < *key.not_after + tolerance);
  };
  return std::ranges::any_of(members_.front().keys, [&](const PreSharedKey& key) {
    return std::ranges::all_of(members_, [&](const Member& member) { return in_time(member, key); });
  });
}

/// What an operator does whose ends have no key in common any more.
void KeyLife::rescue() {
  ++rescues_;
  const PreSharedKey key = make_key(false);
  lan_.world.note(nobody, "rescue", to_string(key.ckn));
  for (Member& member : members_) {
    if (member.keys.size() >= most_keys) member.keys.erase(member.keys.begin());
    member.keys.push_back(duplicate(key));
    member.host->reconfigure(profile_of(member));
  }
}

bool KeyLife::run(Instant span) {
  const Instant end = lan_.world.now + span;
  for (Member& member : members_) {
    lan_.plug(member.host->index(), true);
    lan_.after(random_.between(1, 3 * second), [&member] { member.host->start(); });
  }
  live(3 * second);
  find_together(20 * second, "the start");
  watch();
  while (lan_.world.now < end && lan_.world.good()) {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        step_clock();
        break;
      case 4:
      case 5:
        add_key();
        break;
      case 6:
      case 7:
        retire_key();
        break;
      case 8:
        crash();
        break;
      default:
        cut_power();
        break;
    }
    live(random_.between(0, random_.chance(50) ? 5 * second : 100 * second));
  }
  return lan_.world.good();
}

void KeyLife::live(Instant span) {
  lan_.run_until([&] { return !lan_.world.good(); }, span);
}

// From here on nothing is lost.
void KeyLife::find_together(Instant limit, std::string_view after) {
  if (!lan_.run_until([&] { return lan_.secured(); }, limit) && !share_a_key_in_time()) rescue();
  if (!lan_.run_until([&] { return lan_.secured(); }, limit))
    return lan_.world.violate(nobody, "not secured after " + std::string{after} + ": " + lan_.why_unsecured());
  live(7 * second);
  lan_.set_traffic(20 * millisecond);
  live(20 * millisecond);
  lan_.set_lossless(true);
}

void KeyLife::step_clock() {
  constexpr std::array<std::int64_t, 4> places{0, 2'145'916'800, begin_2027 - 3 * year, begin_2027 + 3 * year};
  ++steps_;
  const bool all = random_.chance(30);
  const auto kind = random_.below(4);
  const std::int64_t clock = kind == 0   ? places[random_.below(places.size())]
                             : kind == 1 ? wall()
                             : kind == 2 ? wall() + random_.between(-500, 500)
                                         : wall() + random_.between(-2 * year, 2 * year);
  const Member& one = any();
  lan_.world.note(all ? nobody : one.host->index(), "clock", std::to_string(clock - wall()));
  for (Member& member : members_)
    if (all || &member == &one) member.host->set_wall_clock(clock);
}

// On one member after the other; now and then one is forgotten, or told another CAK.
void KeyLife::add_key() {
  if (std::ranges::any_of(members_, [](const Member& each) { return each.keys.size() >= most_keys; })) return;
  ++additions_;
  const PreSharedKey key = make_key(true);
  const Member* const odd = random_.chance(20) ? &any() : nullptr;
  const bool wrong = random_.chance(30);
  lan_.world.note(nobody, "add", to_string(key.ckn) + (odd == nullptr ? "" : wrong ? ", one wrong" : ", one not"));
  for (Member& member : members_) {
    if (&member == odd && !wrong) continue;
    member.keys.push_back(&member == odd ? psk(to_string(key.ckn), ++next_fill_) : duplicate(key));
    if (member.host->running())
      member.host->reconfigure(profile_of(member));
    else
      member.host->edit_profile(profile_of(member));
    live(random_.between(0, 5 * second));
  }
}

// What a session proved goes from its profile.
void KeyLife::take_over(Member& member, const Ckn& ckn) {
  const core::PortStatus status = member.host->status();
  const auto held = std::ranges::find(status.participants, ckn, &core::ParticipantStatus::ckn);
  if (held == status.participants.end() || held->state != core::KeyState::retired) return;
  ++retirements_;
  std::erase_if(member.keys, [&](const PreSharedKey& key) { return key.ckn == ckn; });
  member.host->reconfigure(profile_of(member));
}

void KeyLife::retire_key() {
  const Member& chosen = any();
  const Ckn ckn = chosen.keys[random_.below(chosen.keys.size())].ckn;
  lan_.world.note(nobody, "retire", to_string(ckn));
  std::vector<Member*> asked;
  for (Member& member : members_) {
    if (!member.host->running() || random_.chance(10)) continue;
    const auto how = random_.chance(30) ? core::Retirement::patient : core::Retirement::when_proved;
    if (member.host->retire_key(ckn, std::chrono::seconds{random_.between(1, 30)}, how)) asked.push_back(&member);
    live(random_.between(0, 10 * second));
  }
  if (asked.empty()) return;
  live(30 * second);
  for (Member* member : asked) take_over(*member, ckn);
}

// The kernel goes on, and the next process continues.
void KeyLife::crash() {
  ++crashes_;
  Member& member = any();
  member.host->crash();
  live(random_.between(0, 3 * second));
  if (random_.chance(30)) member.host->set_wall_clock(random_.chance(50) ? 0 : wall());
  member.host->start(Host::Memory::kept);
}

// Nothing is left of it, not even the time.
void KeyLife::cut_power() {
  ++crashes_;
  lan_.set_lossless(false);
  Member& member = any();
  member.spoke = lan_.world.now;
  member.host->reboot();
  live(random_.between(0, 15 * second));
  if (random_.chance(50)) member.host->set_wall_clock(random_.chance(50) ? 0 : wall());
  member.host->start();
  find_together(20 * second, "a loss of power");
}

void KeyLife::watch() {
  lan_.after(second, [this] {
    if (!lan_.world.good()) return;
    for (Member& member : members_) {
      if (!member.host->running() || !share_a_key()) {
        member.spoke = lan_.world.now;
        continue;
      }
      const core::PortStatus status = member.host->status();
      // One that begins hears first what the others speak.
      if (std::ranges::any_of(status.participants, speaks)) member.spoke = lan_.world.now;
      if (lan_.world.now - member.spoke > 10 * second)
        lan_.world.violate(member.host->index(), "speaks with no key, and shares one: " + keys_of(member));
    }
    watch();
  });
}

void KeyLife::write(const std::string& prefix) const {
  lan_.pcap.write(prefix + ".pcap");
  lan_.world.trace.write(prefix + ".trace");
}

}  // namespace macsec::sim
