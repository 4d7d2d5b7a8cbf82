// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/cp.hpp"

#include "engine/config/cipher_choice.hpp"
#include "engine/core/mka/peer_list.hpp"
#include "engine/core/mka/retry_gap.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// How long old-key frames may still be under way once everybody transmits with the new key.
constexpr Duration retire_grace = 200ms;

}  // namespace

const SakSlot* Cp::in_use() const noexcept {
  return latest_ && latest_->transmitting ? &*latest_ : old_ && old_->transmitting ? &*old_ : nullptr;
}

bool Cp::transmitting() const noexcept { return in_use() != nullptr; }

bool Cp::secured() const noexcept {
  const SakSlot* key = in_use();
  if (key == nullptr || key->exhausted || !settings_.parameters() || !settings_.is_up()) return false;
  const SecyParameters wanted = wanted_parameters();
  const SecyParameters& known = *settings_.parameters();
  return known.protect && known.encrypt >= wanted.encrypt && known.validate >= wanted.validate &&
         known.replay_protect >= wanted.replay_protect;
}

An Cp::free_an(std::uint8_t taken) const noexcept {
  taken = static_cast<std::uint8_t>(taken | leftovers_.ans());
  const An first = latest_ ? latest_->an.next() : old_ ? old_->an.next() : An{0};
  const auto free = [&](An an) { return !(latest_ && latest_->an == an) && !(old_ && old_->an == an); };
  An an = first;
  for (int tries = 0; tries < 4; ++tries, an = an.next())
    if (free(an) && (unsigned{taken} >> an.value() & 1U) == 0) return an;
  while (!free(an)) an = an.next();
  return an;
}

Result<void> Cp::select_cipher_suite(CipherSuite suite, Time now) {
  auto done = context_.secy.select_cipher_suite(suite);
  if (!done && done.error().code == EBUSY && (latest_ || old_ || !leftovers_.empty())) {
    clear(now);
    leftovers_.retry(now);
    done = context_.secy.select_cipher_suite(suite);
  }
  if (!done && done.error().code == EOPNOTSUPP) lacking_.add(suite);
  if (errors_.check(done, &PortCounters::cipher_suite_failures, now) && suite_ != suite) {
    // The device may be another one: what the one before was told is to be told again.
    suite_ = suite;
    settings_.distrust();
  }
  return done;
}

std::vector<CipherSuite> Cp::cipher_suites() const {
  const std::vector<CipherSuite> wanted = cipher_preferences(*context_.profile, context_.link.speed);
  std::vector<CipherSuite> possible = wanted;
  const CipherSuiteSet had = context_.secy.traits().cipher_suites;
  std::erase_if(possible, [&](CipherSuite suite) { return lacking_.has(suite) || !had.has(suite); });
  return possible.empty() ? wanted : possible;
}

SecyParameters Cp::wanted_parameters() const noexcept {
  const Profile& profile = *context_.profile;
  const SakSlot* key = in_use();
  const bool strict = context_.policy() == Policy::must_secure;
  // should-secure: clear text passes until keys work, and clear text of a peer that has not changed over yet is still
  // accepted while the first key settles; from then on the profile's own rules hold.
  const bool settled = key != nullptr && settled_since_.has_value();
  SecyParameters wanted = secy_parameters(profile);
  wanted.protect = strict || key != nullptr;
  if (key != nullptr) wanted.encrypt = key->encrypt;
  if (!strict && !settled) wanted.validate = Validate::check;
  return wanted;
}

void Cp::apply_settings(const Inputs& in, Time now) {
  const SecyParameters wanted = wanted_parameters();
  const ControlledPort port = transmitting() || in.connect == Connect::unauthenticated ||
                                      (context_.policy() == Policy::should_secure && in.connect == Connect::secure)
                                  ? ControlledPort::up
                                  : ControlledPort::dormant;
  if (settings_.apply(wanted, port, now)) recovered();
}

void Cp::recovered() noexcept {
  if (!settings_.refused() && !retransmit_when_ && !abandoned_ && !install_when_) errors_.clear();
}

bool Cp::step(const Inputs& in, Time now) {
  connect_ = in.connect;
  new_info_ = false;
  if (!context_.link.present) return false;
  new_info_ = std::exchange(late_info_, false);
  hurry_ = in.hurry;
  if (install_when_ && now >= *install_when_) install_missing(now);
  leftovers_.step(now);
  if (retransmit_when_ && now >= *retransmit_when_) retransmit_when_.reset();
  overdue_ = transmit_when_ && now >= *transmit_when_;
  // A member that reports late does not unsettle a key that worked: only a new key starts over.
  if (!settled_since_ && latest_ && latest_->transmitting && in.all_transmitting) settled_since_ = now;
  // Reports belong to the key that was the latest when they were counted: a key taken up here has none yet.
  Inputs current = in;
  const std::optional<KeyId> counted = latest_ ? std::optional{latest_->id} : std::nullopt;
  // Each pass enters at most one state; a full turn of the machine is shorter than this.
  for (int passes = 0; passes < 24 && transition(current, now); ++passes)
    if (!latest_ || latest_->id != counted)
      current.all_receiving = current.some_receiving = current.all_transmitting = current.server_transmitting = false;
  apply_settings(in, now);
  return new_info_;
}

bool Cp::transition(const Inputs& in, Time now) {
  const auto go = [&](CpState next) {
    enter(next, in, now);
    return true;
  };
  const bool secure = in.connect == Connect::secure;
  switch (state_) {
    case CpState::init:
      return go(CpState::change);
    case CpState::change:
      if (in.connect == Connect::unauthenticated) return go(CpState::allowed);
      if (secure) return go(CpState::secured);
      return false;
    case CpState::allowed:
    case CpState::authenticated:
      if (in.connect != Connect::unauthenticated) return go(CpState::change);
      return false;
    case CpState::secured:
    case CpState::abandon:
      if (!secure) return go(CpState::change);
      if (pending_) return go(CpState::receive);
      return false;
    case CpState::receive:
      if (!latest_ || abandoned_) return go(CpState::abandon);
      return go(CpState::receiving);
    case CpState::receiving:
      if (!in.elected_self) return go(CpState::ready);
      if (!secure || pending_) return go(CpState::abandon);
      if (retransmit_when_) return false;
      if (in.all_receiving || (in.some_receiving && overdue_)) return go(CpState::transmit);
      return false;
    case CpState::ready:
      if (!secure || pending_) return go(CpState::abandon);
      if (in.elected_self) return go(CpState::receiving);
      // The key server that made it is gone, and another one continues with the key before.
      if (transmit_when_ && now >= *transmit_when_ + sak_retire_time && !in.server_transmitting)
        return go(CpState::abandon);
      if (retransmit_when_) return false;
      if (in.server_transmitting) return go(CpState::transmit);
      return false;
    case CpState::transmit:
      if (!latest_) return go(CpState::abandon);
      // Refused: others may use the key already, so it is still received with, and sending is tried again.
      if (!latest_->transmitting) return go(in.elected_self ? CpState::receiving : CpState::ready);
      return go(CpState::transmitting);
    case CpState::transmitting: {
      if (!secure || pending_ || !old_) return go(CpState::retire);
      const bool settled = settled_since_ && now >= *settled_since_ + (in.hurry ? retire_grace : sak_retire_time);
      if (settled || (retire_when_ && now >= *retire_when_)) return go(CpState::retire);
      return false;
    }
    case CpState::retire:
      if (!secure) return go(CpState::change);
      if (pending_) return go(CpState::receive);
      return false;
  }
  return false;
}

void Cp::enter(CpState next, const Inputs& in, Time now) {
  context_.trace.record({now, "CP", to_string(state_), to_string(next), {}});
  state_ = next;
  switch (next) {
    case CpState::change:
      enter_change(now);
      break;
    case CpState::receive:
      enter_receive(now);
      break;
    case CpState::receiving:
      if (!latest_->receiving) {
        latest_->receiving = !install_when_;
        transmit_when_ = now + life_time;
        overdue_ = false;
        new_info_ = true;
      }
      break;
    case CpState::transmit:
      enter_transmit(now);
      break;
    case CpState::transmitting:
      // The failsafe for a member that never reports: the key server gives up on it first.
      retire_when_ = now + life_time + (in.elected_self ? Duration{0} : sak_retire_time);
      new_info_ = true;
      break;
    case CpState::abandon:
      abandon(now);
      break;
    case CpState::retire:
      retire_old(now);
      break;
    case CpState::init:
    case CpState::allowed:
    case CpState::authenticated:
    case CpState::secured:
    case CpState::ready:
      break;
  }
}

void Cp::enter_change(Time now) {
  pending_.reset();
  transmit_when_.reset();
  retire_when_.reset();
  settled_since_.reset();
  install_when_.reset();
  // Settings and state of the port first: nothing leaves between the loss of a key and the port's going dormant.
  if (latest_) latest_->transmitting = false;
  if (old_) old_->transmitting = false;
  apply_settings({.connect = connect_}, now);
  delete_keys(latest_, now);
  delete_keys(old_, now);
}

bool Cp::install_receive(SakSlot& slot, const SakMember& member, Time now) {
  leftovers_.keep_channel(member.sci);
  constexpr Counter sa_failures = &PortCounters::receive_sa_failures;
  if (!errors_.check(leftovers_.vacant(member.sci, slot.an), sa_failures, now)) return false;
  if (!errors_.check(context_.secy.create_receive_sc(member.sci), &PortCounters::receive_sc_failures, now))
    return false;
  const SaKey key{slot.id, slot.sak.duplicate(), crypto::xpn_salt(slot.id)};
  const auto done = context_.secy.install_receive_sa(member.sci, slot.an, key, 1, member.ssci);
  if (!errors_.check(done, sa_failures, now)) return false;
  slot.receiving_from.push_back(member.sci);
  return true;
}

bool Cp::install(SakSlot& slot, Time now) {
  for (const SakMember& member : slot.members) {
    // A member that stands twice in the list has its SA already, and we need none of our own.
    const bool done = std::ranges::find(slot.receiving_from, member.sci) != slot.receiving_from.end();
    if (done || member.sci == context_.link.sci) continue;
    if (!install_receive(slot, member, now)) return false;
  }
  constexpr Counter failures = &PortCounters::transmit_sa_failures;
  if (!errors_.check(leftovers_.vacant(std::nullopt, slot.an), failures, now)) return false;
  const SaKey key{slot.id, slot.sak.duplicate(), crypto::xpn_salt(slot.id)};
  return errors_.check(context_.secy.install_transmit_sa(slot.an, key, slot.own_ssci), failures, now);
}

void Cp::enter_receive(Time now) {
  // At most two keys: the older of two gives way, the key in use becomes the old one.
  if (latest_) {
    delete_keys(old_, now);
    old_ = std::move(latest_);
    old_->sak.clear();
    latest_.reset();
  }
  latest_ = std::move(pending_);
  pending_.reset();
  settled_since_.reset();
  retransmit_when_.reset();
  latest_->since = now;
  abandoned_.reset();
  install_when_.reset();
  // A key server that was restarted may choose an AN that is still in use here: its choice stands.
  if (old_ && old_->an == latest_->an) delete_keys(old_, now);
  leftovers_.retry(now);
  if (!install(*latest_, now)) abandoned_ = latest_->id;
  // Only members that come to be known later still need it.
  if (!latest_->incomplete) latest_->sak.clear();
}

void Cp::enter_transmit(Time now) {
  if (!errors_.check(context_.secy.transmit_with(latest_->an), &PortCounters::transmit_sa_failures, now)) {
    retransmit_when_ = now + retry_gap;
    // Hardware that forgets keys with each change may have lost the one in use half way.
    if (const auto held = context_.secy.read(); old_ && old_->transmitting && held && !holds(*held, *old_))
      give_up(now);
    return;
  }
  retransmit_when_.reset();
  latest_->transmitting = true;
  recovered();
  if (old_) {
    // What is on its way with the old key is still received; nothing is sent with it any more.
    old_->transmitting = false;
  }
  context_.emit(Event::Kind::sak_installed, now,
                "SAK " + std::to_string(latest_->id.number) +
                    " in use: " + std::string{to_string(latest_->cipher_suite)} + ", AN " +
                    std::to_string(latest_->an.value()) + ", key identifier " + to_string(latest_->id));
}

void Cp::retire_old(Time now) {
  const bool had_old = old_.has_value();
  delete_keys(old_, now);
  transmit_when_.reset();
  retire_when_.reset();
  if (had_old) new_info_ = true;
}

void Cp::abandon(Time now) {
  delete_keys(latest_, now);
  install_when_.reset();
  // The old key was never given up for sending: it is the key in use again.
  latest_ = std::move(old_);
  old_.reset();
  if (latest_ && latest_->transmitting && !settled_since_) settled_since_ = now;
  transmit_when_.reset();
  new_info_ = true;
}

void Cp::delete_keys(std::optional<SakSlot>& slot, Time now) {
  if (!slot) return;
  const SakSlot* other = &slot == &latest_ ? (old_ ? &*old_ : nullptr) : (latest_ ? &*latest_ : nullptr);
  leftovers_.remove({.sci = std::nullopt, .an = slot->an}, now);
  for (const Sci& sci : slot->receiving_from) {
    const bool still_used =
        other != nullptr && std::ranges::find(other->receiving_from, sci) != other->receiving_from.end();
    leftovers_.remove({.sci = sci, .an = slot->an}, now);
    if (!still_used) leftovers_.remove({.sci = sci, .an = std::nullopt}, now);
  }
  slot.reset();
}

bool Cp::add_member(const Sci& sci, bool uses_latest, Time now) {
  if (!latest_ || (!latest_->incomplete && !uses_latest)) return true;
  if (std::ranges::find(latest_->members, sci, &SakMember::sci) != latest_->members.end()) return true;
  if (latest_->sak.empty() || is_xpn(latest_->cipher_suite)) {
    // Gone, or its SSCI cannot be known: the key server hears that its key is not received with, and gives another.
    set_receiving(false);
    return false;
  }
  // More than can be live at once: some of them are gone, and the next key is made without those.
  if (latest_->members.size() >= PeerList::max_peers) {
    set_receiving(false);
    return false;
  }
  latest_->members.push_back({sci, 0});
  install_gap_ = Duration{0};
  install_missing(now);
  return true;
}

void Cp::install_missing(Time now) {
  install_when_.reset();
  if (!latest_ || latest_->sak.empty()) return;
  bool all = true;
  for (const SakMember& member : latest_->members)
    if (std::ranges::find(latest_->receiving_from, member.sci) == latest_->receiving_from.end())
      all = install_receive(*latest_, member, now) && all;
  if (all) {
    recovered();
  } else {
    install_gap_ = longer(install_gap_);
    install_when_ = now + install_gap_;
  }
  set_receiving(all);
}

void Cp::set_receiving(bool receiving) noexcept {
  if (latest_->receiving == receiving) return;
  latest_->receiving = receiving;
  late_info_ = new_info_ = true;
}

std::optional<Time> Cp::next_timeout() const noexcept {
  std::optional<Time> next = settings_.next();
  const auto consider = [&](Time at) {
    if (!next || at < *next) next = at;
  };
  if (leftovers_.next()) consider(*leftovers_.next());
  if (install_when_) consider(*install_when_);
  if (retransmit_when_ && (state_ == CpState::receiving || state_ == CpState::ready))
    consider(*retransmit_when_);
  else if (state_ == CpState::ready && transmit_when_)
    consider(*transmit_when_ + sak_retire_time);
  else if (state_ == CpState::receiving && transmit_when_ && !overdue_)
    consider(*transmit_when_);
  if (state_ == CpState::transmitting) {
    if (retire_when_) consider(*retire_when_);
    if (settled_since_) consider(*settled_since_ + (hurry_ ? retire_grace : sak_retire_time));
  }
  return next;
}

void Cp::resume(std::optional<SakSlot> latest, std::optional<SakSlot> old, Time now) {
  latest_ = std::move(latest);
  old_ = std::move(old);
  // Long enough ago for members that lost it meanwhile to be helped at once.
  latest_->since = now - 1s;
  if (old_) old_->since = now - 1s;
  state_ = !latest_->transmitting ? CpState::ready : old_ ? CpState::transmitting : CpState::retire;
  if (old_) retire_when_ = now + life_time + sak_retire_time;
  if (!old_) settled_since_ = now;
  connect_ = Connect::secure;
  context_.trace.record({now, "CP", to_string(CpState::init), to_string(state_), "resumed"});
}

void Cp::reassert(Time now) {
  settings_.start_over();
  for (const std::optional<SakSlot>* slot : {&latest_, &old_})
    if (*slot && (*slot)->transmitting)
      static_cast<void>(
          errors_.check(context_.secy.transmit_with((*slot)->an), &PortCounters::transmit_sa_failures, now));
}

void Cp::clear(Time now) {
  context_.trace.record({now, "CP", to_string(state_), to_string(CpState::change), "keys cleared"});
  state_ = CpState::change;
  enter_change(now);
}

void Cp::give_up(Time now) {
  if (latest_ && latest_->transmitting) return clear(now);
  if (!old_) return;
  context_.trace.record({now, "CP", to_string(state_), {}, "the key in use reaches nobody"});
  old_->transmitting = false;
  settled_since_.reset();
  // The port closes before the key goes.
  apply_settings({.connect = connect_}, now);
  delete_keys(old_, now);
}

bool Cp::holds(const SecyState& sample, const SakSlot& slot) {
  const auto find_in = [&slot](const std::vector<SaState>& all) -> const SaState* {
    const auto sa = std::ranges::find(all, slot.an, &SaState::an);
    return sa != all.end() && sa->key == slot.id ? &*sa : nullptr;
  };
  // A transmit SA ends by itself with its packet numbers; a receive SA that is off was switched off by somebody.
  return find_in(sample.transmit) != nullptr && std::ranges::all_of(slot.receiving_from, [&](const Sci& sci) {
           const auto sc = std::ranges::find(sample.receive, sci, &ReceiveScState::sci);
           const SaState* sa = sc != sample.receive.end() ? find_in(sc->associations) : nullptr;
           return sa != nullptr && sa->active;
         });
}

bool Cp::confirm(const SecyState& sample, Time now) {
  for (std::optional<SakSlot>* slot : {&latest_, &old_}) {
    if (!*slot || !(*slot)->transmitting) continue;
    if (!holds(sample, **slot)) return false;
    // Hardware switches an SA off at its last packet number, and the kernel's count does not follow.
    const SaState& sa = *std::ranges::find(sample.transmit, (*slot)->an, &SaState::an);
    (*slot)->exhausted = sa.next_pn == 0 || !sa.active;
    if (sample.encoding != (*slot)->an) reassert(now);
  }
  if (settings_.parameters() && sample.parameters != *settings_.parameters()) reassert(now);
  return true;
}

void Cp::forget(Time now) {
  context_.trace.record({now, "CP", to_string(state_), to_string(CpState::init), "device gone"});
  pending_.reset();
  latest_.reset();
  old_.reset();
  suite_.reset();
  settings_.start_over();
  transmit_when_.reset();
  lacking_ = {};
  retransmit_when_.reset();
  retire_when_.reset();
  leftovers_.forget();
  install_when_.reset();
  settled_since_.reset();
  errors_.clear();
  state_ = CpState::init;
}

}  // namespace macsec::core
