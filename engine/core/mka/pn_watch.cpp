// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/pn_watch.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Octets on the wire of the shortest frame: 64 and 20 of preamble and gap.
constexpr std::uint64_t shortest_frame_bits = 84 * 8;
constexpr Duration longest_sample_interval = 10s;
/// LPN: the lowest PN used for transmission in this time (802.1X-2020 9.10).
constexpr Duration lowest_pn_age = 2s;
/// Samples closer together than this would push out the one that is lowest_pn_age old: seven gaps are to be longer.
constexpr Duration sample_spacing = 300ms;

/// In which this share of the packet numbers of 32 bits could be used up by the shortest frames at full speed.
Duration shortest_span(unsigned percent, std::uint64_t speed) noexcept {
  const std::uint64_t bits = (std::uint64_t{1} << 32U) / 100 * percent * shortest_frame_bits;
  return Duration{static_cast<std::int64_t>(static_cast<double>(bits) / static_cast<double>(speed) * 1e6)};
}

constexpr Pn last_pn(CipherSuite suite) noexcept { return is_xpn(suite) ? ~Pn{0} : Pn{0xffffffff}; }

}  // namespace

std::uint64_t PnWatch::speed() const noexcept {
  constexpr std::uint64_t assumed = 100'000'000'000;
  return context_.link.speed != 0 ? context_.link.speed : assumed;
}

void PnWatch::follow_speed() noexcept {
  if (context_.link.carrier) fastest_ = std::max(fastest_, speed());
}

void PnWatch::clear() noexcept {
  key_ = {};
  received_.clear();
}

bool PnWatch::sample(const SecyState& held, const SakSlot& slot, Time now) {
  const auto sa = std::ranges::find(held.transmit, slot.an, &SaState::an);
  if (sa == held.transmit.end()) return false;
  next_pn_ = sa->next_pn == 0 || !sa->active ? last_pn(slot.cipher_suite) : sa->next_pn;
  if (key_ != slot.id) {
    key_ = slot.id;
    sample_count_ = 0;
  }
  sampled_ = now;
  if (sample_count_ == 0 || now - samples_[(sample_count_ - 1) % samples_.size()].at >= sample_spacing)
    samples_[sample_count_++ % samples_.size()] = {now, next_pn_};
  received_.clear();
  for (const ReceiveScState& sc : held.receive)
    for (const SaState& rx : sc.associations) received_.push_back({sc.sci, rx.key, rx.next_pn});
  return true;
}

Pn PnWatch::lowest(const SakSlot& slot, Time now) const noexcept {
  if (!readable_) {
    if (is_xpn(slot.cipher_suite)) return 1;
    // How old a resumed SAK is, nobody knows.
    return slot.resumed ? last_pn(slot.cipher_suite) : possibly_sent(slot, 0, slot.since, now);
  }
  if (slot.id != key_) return 1;
  Pn lowest = 1;
  const std::size_t kept = std::min(sample_count_, samples_.size());
  for (std::size_t back = 0; back < kept; ++back) {
    const Sample& sample = samples_[(sample_count_ - 1 - back) % samples_.size()];
    if (now - sample.at < lowest_pn_age) continue;
    lowest = sample.next_pn;
    break;
  }
  // A key about to run out is reported at once: the key server must know before the two seconds are over. Not where peers
  // drop what is below: frames sent before are still under way.
  if (!context_.profile->mka.delay_protect && exhausted(next_pn_, slot)) lowest = next_pn_;
  return std::max<Pn>(lowest, 1);
}

Pn PnWatch::possibly_sent(const SakSlot& slot, Pn known, Time since, Time now) const noexcept {
  const auto last = static_cast<double>(last_pn(slot.cipher_suite));
  const double frames =
      std::chrono::duration<double>(now - since).count() * static_cast<double>(fastest_) / shortest_frame_bits;
  return static_cast<Pn>(std::clamp(static_cast<double>(known) + frames, 1.0, last));
}

Pn PnWatch::highest_received(const SakSlot& slot) const noexcept {
  Pn highest = 0;
  for (const Received& rx : received_)
    if (rx.key == slot.id) highest = std::max(highest, rx.next_pn == 0 ? last_pn(slot.cipher_suite) : rx.next_pn);
  return highest;
}

std::optional<Pn> PnWatch::received(const Sci& sci, const KeyId& key) const noexcept {
  const auto at = std::ranges::find_if(received_, [&](const Received& rx) { return rx.sci == sci && rx.key == key; });
  if (at == received_.end()) return std::nullopt;
  return at->next_pn;
}

bool PnWatch::exhausted(Pn pn, const SakSlot& slot) const noexcept {
  return pn > last_pn(slot.cipher_suite) / 100 * context_.profile->mka.rekey_pn_percent;
}

bool PnWatch::running_out(Pn pn, const SakSlot& slot) noexcept {
  if (!exhausted(pn, slot) || rekeyed_ == slot.id) return false;
  rekeyed_ = slot.id;
  return true;
}

std::optional<Time> PnWatch::rekey_at(const SakSlot& slot) const noexcept {
  if (readable_ || is_xpn(slot.cipher_suite)) return std::nullopt;
  // Packet numbers nobody sees rise are taken to rise as fast as they can. How old a resumed SAK is, nobody knows.
  return slot.since + (slot.resumed ? Duration{0} : shortest_span(context_.profile->mka.rekey_pn_percent, fastest_));
}

std::optional<Duration> PnWatch::lasts(const SakSlot& slot, Time now) const noexcept {
  if (is_xpn(slot.cipher_suite) || context_.link.speed == 0) return std::nullopt;
  Pn next = lowest(slot, now);
  if (readable_)
    next = slot.id == key_ ? possibly_sent(slot, std::max(next_pn_, highest_received(slot)), sampled_, now)
                           : possibly_sent(slot, 0, slot.since, now);
  const Pn left = last_pn(slot.cipher_suite) - next;
  return Duration{
      static_cast<std::int64_t>(static_cast<double>(left * shortest_frame_bits) / static_cast<double>(fastest_) * 1e6)};
}

Result<void> PnWatch::must_last(const SakSlot& slot, Duration needed, Time now) const {
  const std::optional<Duration> left = lasts(slot, now);
  if (!left || *left >= needed) return {};
  const auto seconds = [](Duration span) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(span).count());
  };
  return fail(ERANGE, "the packet numbers of the key in use may run out within " + seconds(*left) +
                          " s at the speed of the link, they must last for " + seconds(needed) +
                          " s: ask for less, rekey first, or use an XPN cipher suite");
}

std::optional<Duration> PnWatch::sample_interval(const std::optional<SakSlot>& latest) const noexcept {
  if (!latest) return std::nullopt;
  if (context_.profile->mka.delay_protect) return bounded_hello_time;
  if (is_xpn(latest->cipher_suite)) return longest_sample_interval;
  // Three looks before the rest of the PN space could be used up.
  const Duration left = shortest_span(100U - context_.profile->mka.rekey_pn_percent, speed());
  return std::clamp<Duration>(left / 3, 100ms, longest_sample_interval);
}

}  // namespace macsec::core
