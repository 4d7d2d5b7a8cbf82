// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/logon.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Between authentications that MKA did not follow.
constexpr Duration longest_retry = 60s;
/// For a profile that trusts otherwise to authenticate who is at the other end of a session from before: longer than a conversation
/// waits for an answer.
constexpr Duration trust_patience = 60s;

}  // namespace

// ---- the session -----------------------------------------------------------------------------------------------------

std::optional<crypto::Sha256> Logon::trust_of(const Profile& profile) {
  if (!profile.pae || profile.pae->role != PaeRole::supplicant) return std::nullopt;
  return crypto::sha256(write_eap_trust(profile.pae->eap).octets());
}

bool Logon::end_session(std::string_view why, Time since, Time now) {
  deadlines_.stop(Timer::unheard);
  deadlines_.stop(Timer::retry);
  deadlines_.stop(Timer::reauthenticate);
  authenticated_at_.reset();
  silent_ = false;
  keyring_.forgive();
  ++revision_;
  const bool had_key = !keyring_.empty();
  const bool dropped = keyring_.drop_doubtful(false, now);
  if (keyring_.empty())
    deadlines_.stop(Timer::cached);
  else if (!deadlines_.is_set(Timer::cached))
    deadlines_.set(Timer::cached, since + context_.profile->pae->cache);
  if (had_key) context_.emit(Event::Kind::authentication_lost, now, std::string{why});
  return dropped;
}

/// The profile trusts otherwise than the one that the keys were made with.
void Logon::doubt_session(Time now) {
  keyring_.doubt();
  keyring_.drop_doubtful(true, now);
  if (keyring_.empty()) deadlines_.stop(Timer::cached);
  if (!keyring_.has_doubtful()) return;
  supplicant_.forgive();
  mka_failed_ = true;  // what it reaches is not what is asked for
  deadlines_.set(Timer::trust, now + trust_patience);
  context_.emit(Event::Kind::snapshot_changed, now);
}

/// Frames pass until it is clear that the other end is not who the profile trusts now: a server that is loses none.
bool Logon::follow_trust(Time now) {
  if (!keyring_.has_doubtful()) {
    deadlines_.stop(Timer::trust);
    return false;
  }
  const bool over = deadlines_.take_expired(Timer::trust, now);
  if (!over && supplicant_.reason() != Reason::authentication_failed) return false;
  const Participant* const live = keyring_.live();
  if (live != nullptr && !keyring_.is_doubtful(*live)) return keyring_.drop_doubtful(false, now);
  live_ = false;
  return end_session("the profile was changed, and by the new one nobody was authenticated", now, now);
}

void Logon::take_keys(const Supplicant::Success& success, Time now) {
  const Keyring::Taken taken = keyring_.take(success.keys, success.authenticator, now);
  deadlines_.stop(Timer::cached);
  deadlines_.stop(Timer::retry);
  authenticated_at_ = now;
  plan_reauthentication();
  std::string text = "by " + to_string(success.authenticator);
  if (taken.spoken) text += "; CKN " + to_string(*taken.spoken);
  if (taken.before) {
    ++context_.supplicant.reauthentications;
    reauthenticated_at_ = now;
    context_.emit(Event::Kind::reauthenticated, now, text + " after " + to_string(*taken.before));
  } else {
    context_.emit(Event::Kind::authenticated, now, text);
  }
  if (!success.validated)
    context_.emit(Event::Kind::insecure, now,
                  "authenticated without checking who is at the other end (ValidateServer=insecure-no)");
}

void Logon::plan_reauthentication() {
  deadlines_.stop(Timer::reauthenticate);
  const Duration period = context_.profile->pae->reauthenticate;
  if (authenticated_at_ && period > Duration{0}) deadlines_.set(Timer::reauthenticate, *authenticated_at_ + period);
}

// ---- what comes in ---------------------------------------------------------------------------------------------------

void Logon::receive(const EapolFrame& frame, Time now) {
  if (!applies() || frame.source == context_.link.mac) return;
  if (frame.type == static_cast<std::uint8_t>(EapolType::eap)) supplicant_.receive(frame, now);
  if (frame.type == static_cast<std::uint8_t>(EapolType::logoff)) ++context_.supplicant.logoff_ignored;
  if (frame.type == static_cast<std::uint8_t>(EapolType::announcement) ||
      frame.type == static_cast<std::uint8_t>(EapolType::specific_announcement))
    supplicant_.receive_announcement(frame, now);
}

void Logon::on_eap(EapReport report, Time now) {
  if (!applies()) return;
  if (auto success = supplicant_.on_report(std::move(report), now)) take_keys(*success, now);
}

void Logon::on_credentials(const EapVerdict& verdict, bool asked, Time now) {
  if (!applies() || verdict.problem != EapProblem::none) return;
  certificate_.set(verdict.client);
  certificate_key_ = verdict.client_key;
  ++revision_;
  follow_certificate(now);
  if (asked && supplicant_.is_held()) supplicant_.start(now);
}

Result<void> Logon::reauthenticate(Time now) {
  if (!applies()) return fail(ENOTSUP, "the profile has no [8021X] section of a supplicant");
  if (context_.profile->pae->use_eap == UseEap::never) return fail(ENOTSUP, "the profile says UseEap=never");
  if (!up()) return fail(ENETDOWN, "there is no carrier, or the link was taken down");
  mka_failed_ = true;  // an operator need not wait for MKA
  supplicant_.start(now);
  return {};
}

Result<void> Logon::log_off(Time now) {
  if (!applies()) return fail(ENOTSUP, "the profile has no [8021X] section of a supplicant");
  end_session("logged off by an operator", now, now);
  deadlines_.stop_all();
  supplicant_.log_off(now);
  keyring_.drop_all(now);
  live_ = false;
  return {};
}

void Logon::restore(const KeptSession& kept, Time now) {
  const std::optional<Time>& until = kept.until;
  if (!applies() || (until && *until <= now)) return;
  const bool ours = std::ranges::none_of(kept.keys, [](const SessionKey& key) { return key.host.has_value(); });
  if (ours) keyring_.restore(kept.keys, now);
  if (kept.trust && kept.trust != trust_) keyring_.doubt();
  // Cached, a key of which that is not known waits for nobody.
  if (until) keyring_.drop_doubtful(false, now);
  if (keyring_.has_doubtful()) {
    mka_failed_ = true;
    deadlines_.set(Timer::trust, now + trust_patience);
    deadlines_.set(Timer::cached, now + life_time);
    return;
  }
  // A restart is no loss of carrier: a peer that continues with the key is given time to say so. What was cached gets no more of it.
  const Time limit = now + std::max(context_.profile->pae->cache, life_time);
  deadlines_.set(Timer::cached, std::min(until.value_or(limit), limit));
}

void Logon::set_enabled(bool enabled, Time now) {
  if (!applies()) return;
  if (enabled) return supplicant_.allow(now);
  if (!supplicant_.stopped() || live_) static_cast<void>(log_off(now));
  kay_.drop_session_keys(now);
  supplicant_.stop(now);
}

void Logon::reconfigure(const Profile& before, Time now) {
  const std::optional<crypto::Sha256> trusted = std::exchange(trust_, trust_of(*context_.profile));
  if (!applies()) {
    if (!before.pae || before.pae->role != PaeRole::supplicant) return;  // other session keys are Admission's
    // The keys of the profile take over from those of the session before these go.
    supplicant_.stop(now);
    deadlines_.stop_all();
    keyring_.forget();
    live_ = up_ = silent_ = mka_failed_ = false;
    if (context_.profile->pae)
      kay_.drop_session_keys(now);  // as an authenticator it has other ones
    else if (!keyring_.empty())
      deadlines_.set(Timer::carrier, now + life_time);
    return;
  }
  if (!trusted || supplicant_.logged_off()) return;
  if (trusted != trust_) doubt_session(now);
  const Profile::Pae& was = *before.pae;
  const Profile::Pae& is = *context_.profile->pae;
  if (was.reauthenticate != is.reauthenticate) plan_reauthentication();
  if (supplicant_.stopped() || (was.eap == is.eap && was.cak_length == is.cak_length && was.nid == is.nid)) return;
  if (!keyring_.empty()) mka_failed_ = true;  // the key in use is not the one that is asked for
  supplicant_.start(now);
}

// ---- time ------------------------------------------------------------------------------------------------------------

bool Logon::may_begin() const noexcept {
  switch (context_.profile->pae->use_eap) {
    case UseEap::immediate:
      return true;
    case UseEap::mka_fail:
      return mka_failed_;
    case UseEap::never:
      return false;
  }
  return false;
}

void Logon::follow_carrier(Time now) {
  if (deadlines_.take_expired(Timer::carrier, now)) {
    supplicant_.stop(now);
    end_session("no carrier for 6 s", now - carrier_patience, now);
    mka_failed_ = false;
  }
  const bool moved = up() && mac_ && *mac_ != context_.link.mac;
  if (up()) mac_ = context_.link.mac;
  if (up() == up_ && !moved) return;
  up_ = up();
  deadlines_.stop(Timer::carrier);
  deadlines_.stop(Timer::unheard);
  if (!up_) {
    supplicant_.pause(now);
    deadlines_.set(Timer::carrier, now + carrier_patience);
    return;
  }
  // A carrier ends a logoff; a new address is another host to the other end.
  if (moved) supplicant_.stop(now);
  supplicant_.allow(now);
}

void Logon::follow_use(Time now) {
  const bool wanted = up_ && may_begin() && !supplicant_.logged_off();
  if (wanted && supplicant_.stopped()) supplicant_.connect(now);
  if (up_ && !wanted && !supplicant_.logged_off() && !supplicant_.stopped()) supplicant_.stop(now);
}

void Logon::step(Time now) {
  if (!applies()) {
    if (deadlines_.take_expired(Timer::carrier, now)) kay_.drop_session_keys(now);
    return;
  }
  follow_carrier(now);
  if (deadlines_.take_expired(Timer::mka_fail, now)) mka_failed_ = true;
  follow_use(now);
  if (!up_) deadlines_.stop(Timer::retry);
  if (deadlines_.take_expired(Timer::retry, now) || deadlines_.take_expired(Timer::reauthenticate, now))
    if (up_ && supplicant_.may_start()) supplicant_.connect(now);
  if (deadlines_.take_expired(Timer::cached, now)) static_cast<void>(keyring_.drop_unheard(false, now));
  supplicant_.step(now);
}

/// Authenticated, but nobody there speaks MKA with the key: the authentication is repeated, ever later.
void Logon::follow_silence(Time now) {
  if (live_ || !up_ || !supplicant_.is_authenticated()) return deadlines_.stop(Timer::unheard);
  if (deadlines_.is_set(Timer::retry)) return;
  deadlines_.set_sooner(Timer::unheard, now + life_time);
  if (!deadlines_.take_expired(Timer::unheard, now)) return;
  silent_ = true;
  ++revision_;
  retry_gap_ = retry_gap_ == Duration{0} ? first_retry : std::min(2 * retry_gap_, longest_retry);
  deadlines_.set(Timer::retry, now + retry_gap_);
}

/// UseEap=mka-fail: once no key that is there has reached anybody for a life time.
void Logon::follow_mka_failure(Time now) {
  const bool any_live = std::ranges::any_of(kay_.participants(), [](const Participant& participant) {
    return participant.active && participant.peers().any_live();
  });
  if (!up_ || any_live || mka_failed_ || context_.profile->pae->use_eap != UseEap::mka_fail)
    return deadlines_.stop(Timer::mka_fail);
  if (kay_.any_active()) return deadlines_.set_sooner(Timer::mka_fail, now + life_time);
  mka_failed_ = true;
  follow_use(now);
}

void Logon::follow_certificate(Time now) {
  const std::optional<Time> epoch = kay_.chain().trusted_epoch();
  if (const auto due = certificate_.take_due(now, epoch)) context_.emit(Event::Kind::certificate_expires, now, *due);
  deadlines_.stop(Timer::certificate);
  if (const auto next = certificate_.next(now, epoch)) deadlines_.set(Timer::certificate, *next);
}

bool Logon::follow(Time now) {
  if (!applies()) return false;
  follow_mka_failure(now);
  follow_certificate(now);
  bool dropped = follow_trust(now);
  const bool live = keyring_.live() != nullptr;
  if (live) {
    silent_ = false;
    retry_gap_ = Duration{0};
    deadlines_.stop(Timer::retry);
    deadlines_.stop(Timer::cached);
  } else if (live_ && up_) {
    dropped = end_session("the other end left the key agreement", now, now) || dropped;
    // What runs already, or waits for a reason, is not begun again.
    if (supplicant_.may_start() && may_begin()) supplicant_.connect(now);
  } else if (live_ && !deadlines_.is_set(Timer::carrier)) {
    dropped = end_session("no carrier since the process started", now, now) || dropped;
  }
  if (live != live_) ++revision_;
  live_ = live;
  supplicant_.note_session(live);
  follow_silence(now);
  const bool over = deadlines_.take_expired(Timer::cached, now) && keyring_.drop_unheard(false, now);
  return keyring_.drop_unheard_fresh(now) || over || dropped;
}

std::optional<Time> Logon::next() const {
  const std::optional<Time> next = sooner(deadlines_.next(), supplicant_.next());
  return live_ ? sooner(next, keyring_.next()) : next;
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

Reason Logon::reason() const noexcept {
  if (!applies()) return Reason::none;
  const Reason of_eap = supplicant_.reason();
  if ((of_eap == Reason::none || of_eap == Reason::authenticating) && (silent_ || keyring_.not_followed()))
    return Reason::mka_silent;
  return of_eap;
}

std::string Logon::words() const {
  if (reason() != Reason::mka_silent) return supplicant_.words();
  return silent_ ? "authenticated, but nobody speaks MKA: is MACsec on at the switch port?"
                 : "authenticated again, but the other end stays with the key of an earlier authentication";
}

void Logon::fill(PortStatus& status) const {
  if (!applies()) return;
  SupplicantStatus& out = status.supplicant.emplace();
  supplicant_.fill(out);
  const EapProfile& eap = context_.profile->pae->eap;
  out.identity = eap.anonymous_identity.empty() ? eap.identity : eap.anonymous_identity;
  const bool never = context_.profile->pae->use_eap == UseEap::never;
  if (never || !kay_.enabled()) out.state = SupplicantState::disabled;
  out.reason = reason();
  out.reason_text = words();
  out.next_attempt =
      sooner(out.next_attempt, sooner(deadlines_.at(Timer::retry), deadlines_.at(Timer::reauthenticate)));
  out.reauthenticated_at = reauthenticated_at_;
  out.cached_until = deadlines_.at(Timer::cached);
  out.certificate = certificate_.own();
  out.certificate_key = certificate_key_;
  out.cak_bits = keyring_.newest_bits();
}

}  // namespace macsec::core
