// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/world.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace macsec::sim {

namespace {

constexpr std::size_t most_violations = 20;

std::string seconds(Instant at) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(at / second),
                static_cast<long long>(at % second));
  return text.data();
}

std::string who(std::uint32_t member) { return member == nobody ? std::string{"lan"} : "m" + std::to_string(member); }

}  // namespace

Instant SkewedClock::world(Time time) const noexcept {
  const std::int64_t distance = time.time_since_epoch().count() - offset_;
  Instant guess = distance;
  for (int i = 0; i < 3; ++i) guess = distance - guess * ppm_ / 1'000'000;
  while (local(guess) < time) ++guess;
  while (guess > 0 && local(guess - 1) >= time) --guess;
  return guess;
}

bool KeyRecord::only_known_to(std::uint32_t member) const {
  return std::ranges::all_of(known_to, [&](std::uint32_t who) { return who == member; }) &&
         std::ranges::all_of(uses, [](const KeyUse& use) { return use.highest_sent == 0; });
}

KeyUse& KeyRecord::use(const Sci& sci) {
  for (KeyUse& known : uses)
    if (known.sci == sci) return known;
  uses.push_back(KeyUse{.sci = sci});
  return uses.back();
}

void TraceRing::record(Instant at, std::uint32_t member, std::string_view machine, std::string_view from,
                       std::string_view to, std::string_view detail) {
  if (lines_.size() < capacity) lines_.emplace_back();  // most worlds are short
  Line& line = lines_[next_++ % capacity];
  line.at = at;
  line.member = member;
  std::size_t size = 0;
  const auto add = [&](std::string_view text) {
    const std::size_t count = std::min(text.size(), line.text.size() - size);
    std::copy_n(text.begin(), count, line.text.begin() + static_cast<std::ptrdiff_t>(size));
    size += count;
  };
  add(machine);
  add(" ");
  if (!from.empty()) {
    add(from);
    add(" -> ");
  }
  add(to);
  if (!detail.empty()) {
    add(": ");
    add(detail);
  }
  line.size = static_cast<std::uint8_t>(size);
  if (listener) listener(member, {line.text.data(), size});
}

std::string TraceRing::line(std::size_t index) const {
  const Line& line = lines_[index % capacity];
  return seconds(line.at) + " " + who(line.member) + " " + std::string{line.text.data(), line.size} + "\n";
}

void TraceRing::write(const std::string& path) const {
  std::ofstream out{path};
  for (std::size_t i = next_ > capacity ? next_ - capacity : 0; i < next_; ++i) out << line(i);
}

std::string TraceRing::tail(std::size_t count) const {
  std::string out;
  const std::size_t kept = std::min({count, next_, capacity});
  for (std::size_t i = next_ - kept; i < next_; ++i) out += line(i);
  return out;
}

void World::violate(std::uint32_t member, const std::string& what) {
  trace.record(now, member, "VIOLATION", {}, what, {});
  if (violations_.size() < most_violations) violations_.push_back(seconds(now) + " " + who(member) + ": " + what);
}

void World::doubt(std::uint32_t member, const std::string& what) {
  if (!insider) violate(member, what);
}

void World::note(std::uint32_t member, std::string_view what, std::string_view detail) {
  trace.record(now, member, "sim", {}, what, detail);
}

std::string World::report() const {
  std::string out;
  for (const std::string& violation : violations_) out += violation + "\n";
  return out;
}

KeyIndex World::learn_key(std::uint32_t member, Bytes octets, const KeyId& id) {
  const std::string text{octets.begin(), octets.end()};
  if (const auto known = by_octets_.find(text); known != by_octets_.end()) {
    if (keys_[known->second].id != id)
      doubt(member, "one SAK under two KIs: " + to_string(keys_[known->second].id) + " and " + to_string(id));
    keys_[known->second].know(member);
    return known->second;
  }
  const auto index = static_cast<KeyIndex>(keys_.size());
  const auto [place, fresh] = by_id_.emplace(id, index);
  if (!fresh) {
    // A key server may die before anybody else, or a frame, got to know its key.
    const KeyRecord& before = keys_[place->second];
    if (!before.only_known_to(member)) doubt(member, "one KI for two SAKs: " + to_string(id));
    place->second = index;
  }
  by_octets_.emplace(text, index);
  keys_.push_back(
      KeyRecord{.id = id, .known_to = {}, .first_installed = now, .members = {}, .uses = {}, .reached = {}});
  keys_.back().know(member);
  return index;
}

void World::bind(std::uint32_t member, KeyRecord& record, const Sci& sci, Ssci ssci, const Salt& salt) {
  KeyUse& use = record.use(sci);
  if (use.bound) {
    if (use.ssci != ssci || use.salt != salt)
      doubt(member, "SSCI or salt of " + to_string(sci) + " differs between members (" + std::to_string(use.ssci) +
                        ", " + std::to_string(ssci) + ") for " + to_string(record.id));
    return;
  }
  use.ssci = ssci;
  use.salt = salt;
  use.bound = true;
  if (ssci == 0) return;
  for (const KeyUse& other : record.uses)
    if (other.sci != sci && other.bound && other.ssci == ssci && other.salt == salt)
      doubt(member, "two transmitters with SSCI " + std::to_string(ssci) + " under " + to_string(record.id));
}

void World::receive_installed(std::uint32_t member, KeyIndex key, const Sci& sci, Ssci ssci, const Salt& salt,
                              Pn lowest) {
  KeyRecord& record = keys_[key];
  bind(member, record, sci, ssci, salt);
  const auto [place, fresh] = record.reached.try_emplace({member, sci}, lowest);
  if (!fresh && lowest < place->second)
    doubt(member, "lowest PN of " + to_string(sci) + " under " + to_string(record.id) + " lowered from " +
                      std::to_string(place->second) + " to " + std::to_string(lowest));
}

void World::receive_reached(std::uint32_t member, KeyIndex key, const Sci& sci, Pn lowest) {
  Pn& reached = keys_[key].reached[{member, sci}];
  reached = std::max(reached, lowest);
}

void World::transmit_installed(std::uint32_t member, KeyIndex key, const Sci& sci, Ssci ssci, const Salt& salt) {
  KeyRecord& record = keys_[key];
  bind(member, record, sci, ssci, salt);
  KeyUse& use = record.use(sci);
  // Installed and never sent with is no use: a process may die in between.
  if (++use.transmit_installs > 1 && use.highest_sent > 0)
    doubt(member, "transmit key " + to_string(record.id) + " installed again, highest PN sent " +
                      std::to_string(use.highest_sent));
}

void World::spoken(std::uint32_t member, const MemberId& mi, MessageNumber mn) {
  MessageNumber& highest = highest_mn_[mi];
  if (mn <= highest) violate(member, "MN " + std::to_string(mn) + " used again after " + std::to_string(highest));
  highest = std::max(highest, mn);
}

void World::sent(std::uint32_t member, KeyIndex key, const Sci& sci, Pn pn) {
  KeyUse& use = keys_[key].use(sci);
  if (pn <= use.highest_sent)
    doubt(member, "PN " + std::to_string(pn) + " sent twice under " + to_string(keys_[key].id));
  use.highest_sent = std::max(use.highest_sent, pn);
}

}  // namespace macsec::sim
