// SPDX-License-Identifier: LGPL-2.1-or-later
/// Both ends of a link that keys come to from a key server: what one of them decides meets what the other does.
#include <gtest/gtest.h>

#include "plugin/keys/pacing.hpp"

#include <array>

namespace macsec::keys {
namespace {

using namespace std::chrono_literals;
using Kind = Action::Kind;

/// Two pacings with a daemon each, in virtual time. A key is live where both have it. A daemon drains a key for `drains`, and
/// then keeps it where nothing that stays is live under both.
class Pair {
 public:
  Pair(Duration every, std::uint32_t seed) : every_{every}, random_{seed} {
    for (unsigned i = 0; i < 2; ++i) restart(i);
  }

  void restart(unsigned i) {
    ends_.at(i).pacing.emplace(PacingSettings{.is_first = i == 0, .every = every_}, ends_.at(i).server, i + 1, now_);
    ends_.at(i).asking = {};
    ends_.at(i).pacing->on_link(true, now_);
    tell(i);
  }

  /// How many keys became live until `span` was over.
  unsigned run(Duration span) {
    const unsigned before = lived_;
    for (const Time end = now_ + span; now_ < end; now_ += step) {
      for (unsigned i = 0; i < 2; ++i) turn(i);
      if (had_live_ && !any_live()) ++outages_;
      had_live_ = had_live_ || any_live();
    }
    return lived_ - before;
  }

  [[nodiscard]] unsigned outages() const noexcept { return outages_; }
  /// The answers of the key server of one end are late by up to so much.
  void slow(Duration most) { slow_ = most; }

 private:
  static constexpr Duration step = 20ms;
  struct Held {
    Time since{};
    std::optional<Time> drained_at{};
  };
  struct End {
    ServerState server{1};
    std::optional<Pacing> pacing;
    std::map<Ckn, Held> keys;
    std::map<Ckn, Time> asking;  ///< when the server answers
  };

  [[nodiscard]] bool live(const Ckn& ckn) const { return ends_[0].keys.contains(ckn) && ends_[1].keys.contains(ckn); }
  [[nodiscard]] bool leaving(const Ckn& ckn) const {
    return ends_[0].keys.at(ckn).drained_at || ends_[1].keys.at(ckn).drained_at;
  }
  [[nodiscard]] bool any_live() const {
    return std::ranges::any_of(ends_[0].keys, [&](const auto& one) { return live(one.first); });
  }

  void tell(unsigned i) {
    std::vector<HeldKey> keys;
    for (const auto& [ckn, held] : ends_.at(i).keys)
      keys.push_back({.ckn = ckn, .live = live(ckn), .draining = held.drained_at.has_value(), .since = held.since});
    ends_.at(i).pacing->on_keys(keys, now_);
  }

  Duration some(Duration most) {
    return Duration{std::uniform_int_distribution<std::int64_t>{0, most.count()}(random_)};
  }

  Ckn made_up() {
    std::array<std::uint8_t, 4> octets{};
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random_() >> 8U);
    return *Ckn::from(octets);
  }

  void settle(unsigned i) {
    End& end = ends_.at(i);
    for (auto at = end.keys.begin(); at != end.keys.end();) {
      const auto& [ckn, held] = *at;
      if (!held.drained_at || now_ < *held.drained_at) {
        ++at;
        continue;
      }
      const bool replaced =
          std::ranges::any_of(end.keys, [&](const auto& other) { return live(other.first) && !leaving(other.first); });
      if (live(ckn) && !replaced) {
        at->second = {.since = now_, .drained_at = {}};
        ++at;
      } else {
        at = end.keys.erase(at);
      }
    }
    for (auto at = end.asking.begin(); at != end.asking.end();) {
      if (now_ < at->second) {
        ++at;
        continue;
      }
      const Ckn ckn = at->first;
      at = end.asking.erase(at);
      end.keys.emplace(ckn, Held{.since = now_});
      if (live(ckn)) ++lived_;
      end.server.succeeded(ServerState::Question::new_key, now_);
      tell(i);
      end.pacing->on_added(ckn, Added::yes, now_);
    }
  }

  void turn(unsigned i) {
    End& end = ends_.at(i);
    settle(i);
    // The mirror of a bus is behind, and not at both ends alike.
    if (random_() % 4 == 0) tell(i);
    for (const auto& [ckn, held] : ends_.at(1 - i).keys)
      if (!end.keys.contains(ckn)) end.pacing->on_unknown_ckn(ckn, now_);
    while (const auto action = end.pacing->poll_action(now_)) {
      const bool fetches = action->kind == Kind::ask_new || action->kind == Kind::look_up;
      if (fetches)
        end.asking.emplace(action->kind == Kind::ask_new ? made_up() : action->ckn, now_ + some(slow_));
      else if (const auto at = end.keys.find(action->ckn); at != end.keys.end())
        at->second.drained_at = now_ + 300ms;
      tell(i);
    }
  }

  Duration every_;
  std::minstd_rand random_;
  Time now_{1h};
  std::array<End, 2> ends_{};
  Duration slow_ = 100ms;
  unsigned lived_ = 0;
  unsigned outages_ = 0;
  bool had_live_ = false;
};

TEST(KeysPair, RotationsGoOnWhateverTheMomentAtWhichEachEndSeesAKeyLive) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed)
    for (const Duration every : {Duration{1500ms}, Duration{3s}, Duration{10s}}) {
      Pair pair{every, seed};
      for (int i = 0; i < 10; ++i) {
        ASSERT_GE(pair.run(60s), 2U) << "seed " << seed << ", every " << every.count() << ", minute " << i;
        ASSERT_EQ(pair.outages(), 0U) << "seed " << seed << ", minute " << i;
      }
    }
}

TEST(KeysPair, RotationsGoOnWhereOneEndBeginsAgain) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Pair pair{10s, seed};
    pair.run(60s);
    for (const unsigned end : {0U, 1U, 0U}) {
      pair.restart(end);
      ASSERT_GE(pair.run(90s), 2U) << "seed " << seed;
      ASSERT_EQ(pair.outages(), 0U) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace macsec::keys
