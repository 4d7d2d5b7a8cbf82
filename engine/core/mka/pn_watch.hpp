// SPDX-License-Identifier: LGPL-2.1-or-later
/// How far the packet numbers of the keys in use are: sampled, reported as LPN, and judged before they run out.
#pragma once

#include "engine/core/mka/cp.hpp"

namespace macsec::core {

class PnWatch {
 public:
  explicit PnWatch(const Context& context) : context_{context} {}

  /// The speed the link has now, where it has one: the highest since a SAK was last made bounds what could be sent.
  void follow_speed() noexcept;
  void forget_speed() noexcept { fastest_ = speed(); }
  void follow(const SecyTraits& traits) noexcept { readable_ = traits.transmit_pn_readable; }
  /// The device is gone.
  void clear() noexcept;

  /// Notes what the SecY says of `slot`, the key frames are sent with; false when it does not hold it.
  bool sample(const SecyState& held, const SakSlot& slot, Time now);
  /// Next to be sent, as last sampled.
  [[nodiscard]] Pn next_pn() const noexcept { return next_pn_; }
  /// LPN: the lowest that `slot` may have sent in the last two seconds (802.1X-2020 9.10); 1 where it is not known. Of
  /// hardware that does not tell, what it could have sent since the key came into use: the key server then replaces it in time.
  [[nodiscard]] Pn lowest(const SakSlot& slot, Time now) const noexcept;
  /// Whether lowest() is what was sent rather than a bound: only then may peers drop what is below.
  [[nodiscard]] bool tells_lowest() const noexcept { return readable_; }
  /// Highest next PN among the receive SAs of `slot`, as last sampled.
  [[nodiscard]] Pn highest_received(const SakSlot& slot) const noexcept;
  /// Next PN of a receive SA as last sampled.
  [[nodiscard]] std::optional<Pn> received(const Sci& sci, const KeyId& key) const noexcept;

  /// `pn` is past the share of the key's packet numbers after which RekeyPn= wants another.
  [[nodiscard]] bool exhausted(Pn pn, const SakSlot& slot) const noexcept;
  /// Whether `pn` asks for another SAK; once for a key.
  [[nodiscard]] bool running_out(Pn pn, const SakSlot& slot) noexcept;
  /// Who became key server answers for it himself.
  void ask_again() noexcept { rekeyed_.reset(); }
  /// When hardware that does not tell its packet numbers could have used them up; nothing where that is no question.
  [[nodiscard]] std::optional<Time> rekey_at(const SakSlot& slot) const noexcept;
  /// An error where the packet numbers of `slot` might run out within `needed`, when nobody can replace it.
  [[nodiscard]] Result<void> must_last(const SakSlot& slot, Duration needed, Time now) const;
  /// How long the packet numbers of `slot` last at the least; nothing where that is no question, or the link has no known speed.
  [[nodiscard]] std::optional<Duration> lasts(const SakSlot& slot, Time now) const noexcept;
  /// Longest time between two samples that sees the packet numbers run out in time.
  [[nodiscard]] std::optional<Duration> sample_interval(const std::optional<SakSlot>& latest) const noexcept;

 private:
  struct Sample {
    Time at;
    Pn next_pn = 1;
  };
  struct Received {
    Sci sci;
    KeyId key;
    Pn next_pn = 0;
  };
  [[nodiscard]] std::uint64_t speed() const noexcept;  ///< of the link; where it is not known, the worst to be expected
  /// With `slot` up to `now`, where `known` was the next at `since`.
  [[nodiscard]] Pn possibly_sent(const SakSlot& slot, Pn known, Time since, Time now) const noexcept;

  const Context& context_;
  bool readable_ = true;                ///< false: hardware counts the packet numbers, and does not tell how far
  std::uint64_t fastest_ = 10'000'000;  ///< bit/s
  Pn next_pn_ = 0;
  std::array<Sample, 8> samples_{};  ///< of `key_`, newest last, sample_spacing apart
  std::size_t sample_count_ = 0;
  KeyId key_;
  Time sampled_;  ///< when next_pn_ was read
  std::vector<Received> received_;
  std::optional<KeyId> rekeyed_;  ///< the key another one was already asked for
};

}  // namespace macsec::core
