// SPDX-License-Identifier: LGPL-2.1-or-later
/// What everybody in one simulation shares: true time, the memory of every key ever used, verdicts and the trace.
#pragma once

#include "engine/base/time.hpp"
#include "engine/ports/trace.hpp"
#include "engine/wire/types.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace macsec::sim {

/// True time in microseconds since the simulation began; no member can see it.
using Instant = std::int64_t;
inline constexpr Instant never = INT64_MAX;
inline constexpr Instant millisecond = 1000;
inline constexpr Instant second = 1000 * millisecond;

/// A member's CLOCK_BOOTTIME: starts anywhere, runs a little fast or slow.
class SkewedClock {
 public:
  SkewedClock(std::int64_t offset, int parts_per_million) noexcept : offset_{offset}, ppm_{parts_per_million} {}
  [[nodiscard]] Time local(Instant world) const noexcept {
    return Time{Duration{offset_ + world + world * ppm_ / 1'000'000}};
  }
  /// The first instant at which local() is not before `time`.
  [[nodiscard]] Instant world(Time time) const noexcept;

 private:
  std::int64_t offset_;
  int ppm_;
};

/// Index of a SAK (by its octets) in the world's memory.
using KeyIndex = std::uint32_t;
inline constexpr KeyIndex no_key = UINT32_MAX;
using Salt = std::array<std::uint8_t, 12>;

/// What one transmitter did with one SAK.
struct KeyUse {
  Sci sci;
  Ssci ssci = 0;
  Salt salt{};
  bool bound = false;  ///< ssci and salt are known, from the first installation on either side
  unsigned transmit_installs = 0;
  Pn highest_sent = 0;
};

struct KeyRecord {
  KeyId id;
  std::vector<std::uint32_t> known_to;
  Instant first_installed = 0;
  std::vector<MemberId> members;  ///< for whom the key server made it
  std::vector<KeyUse> uses;
  /// (receiver, transmitter's SCI) -> lowest acceptable PN ever reached.
  std::map<std::pair<std::uint32_t, Sci>, Pn> reached;
  KeyUse& use(const Sci& sci);
  void know(std::uint32_t member) {
    if (std::ranges::find(known_to, member) == known_to.end()) known_to.push_back(member);
  }
  [[nodiscard]] bool only_known_to(std::uint32_t member) const;
};

/// The last records of all members, for the report of a failure.
class TraceRing {
 public:
  void record(Instant at, std::uint32_t member, std::string_view machine, std::string_view from, std::string_view to,
              std::string_view detail);
  void write(const std::string& path) const;
  /// The last `count` lines.
  [[nodiscard]] std::string tail(std::size_t count) const;
  void clear() { next_ = 0; }
  /// Hears each line as it is recorded.
  std::function<void(std::uint32_t member, std::string_view text)> listener;

 private:
  static constexpr std::size_t capacity = 4096;
  struct Line {
    Instant at;
    std::uint32_t member;
    std::uint8_t size;
    std::array<char, 200> text;
  };
  [[nodiscard]] std::string line(std::size_t index) const;
  std::vector<Line> lines_;
  std::size_t next_ = 0;
};

inline constexpr std::uint32_t nobody = UINT32_MAX;

class World {
 public:
  Instant now = 0;
  TraceRing trace;
  /// Somebody who holds the CAK lies: what members do with keys among themselves cannot be held against them.
  bool insider = false;

  /// Something happened that must never happen.
  void violate(std::uint32_t member, const std::string& what);
  void note(std::uint32_t member, std::string_view what, std::string_view detail = {});
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }
  [[nodiscard]] bool good() const noexcept { return violations_.empty(); }
  [[nodiscard]] std::string report() const;

  // The memory of keys, with the judgements that need the whole world.
  KeyIndex learn_key(std::uint32_t member, Bytes octets, const KeyId& id);
  void receive_installed(std::uint32_t member, KeyIndex key, const Sci& sci, Ssci ssci, const Salt& salt, Pn lowest);
  void receive_reached(std::uint32_t member, KeyIndex key, const Sci& sci, Pn lowest);
  void transmit_installed(std::uint32_t member, KeyIndex key, const Sci& sci, Ssci ssci, const Salt& salt);
  void sent(std::uint32_t member, KeyIndex key, const Sci& sci, Pn pn);
  /// An MKPDU left: no MI uses an MN twice, in whichever process.
  void spoken(std::uint32_t member, const MemberId& mi, MessageNumber mn);
  [[nodiscard]] KeyRecord& key(KeyIndex index) { return keys_[index]; }
  [[nodiscard]] std::size_t key_count() const noexcept { return keys_.size(); }

 private:
  void doubt(std::uint32_t member, const std::string& what);
  void bind(std::uint32_t member, KeyRecord& record, const Sci& sci, Ssci ssci, const Salt& salt);
  std::vector<KeyRecord> keys_;
  std::map<std::string, KeyIndex, std::less<>> by_octets_;
  std::map<KeyId, KeyIndex> by_id_;
  std::map<MemberId, MessageNumber> highest_mn_;
  std::vector<std::string> violations_;
};

/// One member's Trace.
class SimTrace final : public Trace {
 public:
  SimTrace(World& world, std::uint32_t member) noexcept : world_{world}, member_{member} {}
  void record(const TraceRecord& r) override {
    world_.trace.record(world_.now, member_, r.machine, r.from, r.to, r.detail);
  }

 private:
  World& world_;
  std::uint32_t member_;
};

}  // namespace macsec::sim
