// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/admission.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Between authentications that MKA did not follow.
constexpr Duration longest_host_retry = 10min;
/// From a reauthentication that failed to the next try.
constexpr Duration next_try = 60s;
/// From a reject that may not be the host's to the next try.
constexpr Duration second_opinion = 3s;
/// How long a session goes on in which the host does not answer, or is talked over, or the server says nothing that can be used:
/// two more tries (802.1X-2020: retry-max 2).
constexpr Duration most_open = 150s;
/// Below it a server's time would do nothing else than authenticate.
constexpr Duration least_period = 10s;

constexpr std::string_view nothing_came = "the host was asked to authenticate again, and nothing came of it";

std::string_view name_of(LinksecPolicy policy) noexcept {
  switch (policy) {
    case LinksecPolicy::none:
      return {};
    case LinksecPolicy::must_not_secure:
      return "must-not-secure";
    case LinksecPolicy::should_secure:
      return "should-secure";
    case LinksecPolicy::must_secure:
      return "must-secure";
  }
  return {};
}

}  // namespace

// ---- the session -----------------------------------------------------------------------------------------------------

void Admission::forget_session(Time now) {
  deadlines_.stop_all();
  keyring_.drop_all(now);
  session_.reset();
  live_ = silent_ = restored_ = owed_ = false;
  retry_gap_ = Duration{0};
  linksec_policy_.clear();
  ++revision_;
  follow_policy();
}

void Admission::end_session(std::string_view why, TerminateCause cause, Duration wait, Time now) {
  if (!session_) return;
  ended_by_ = cause;
  context_.emit(Event::Kind::authentication_lost, now, to_string(session_->host) + ": " + std::string{why});
  forget_session(now);
  authenticator_.release(wait, now);
}

void Admission::take_keys(const RadiusReport& report, Time now) {
  const MacAddress host = *authenticator_.host();
  const Keyring::Taken taken = keyring_.take(*report.keys, host, now);
  deadlines_.stop_all();
  restored_ = owed_ = false;
  ++revision_;
  session_ = HostSession{.host = host, .identity = authenticator_.identity()};
  session_->must_secure = report.linksec == LinksecPolicy::must_secure;
  linksec_policy_ = name_of(report.linksec);
  const Duration period = context_.profile->pae->reauthenticate;
  if (period > Duration{0}) session_->reauthentication = now + period;
  own_period_ = !report.session_timeout;
  // What the server says comes before the profile.
  if (report.session_timeout && report.reauthenticate)
    session_->reauthentication = now + std::max(*report.session_timeout, least_period);
  else if (report.session_timeout)
    session_->end = now + std::max(*report.session_timeout, least_period);
  if (session_->reauthentication) deadlines_.set(Timer::reauthenticate, *session_->reauthentication);
  if (session_->end) deadlines_.set(Timer::end, *session_->end);
  std::string text = to_string(host) + " (\"" + session_->identity + "\") by " + report.server;
  if (taken.spoken) text += "; CKN " + to_string(*taken.spoken);
  if (taken.before) {
    ++context_.authenticator.reauthentications;
    text += " after " + to_string(*taken.before);
  }
  context_.emit(taken.before ? Event::Kind::reauthenticated : Event::Kind::authenticated, now, std::move(text));
  follow_policy();
}

/// The session outlives its servers, for a time that a restart does not lengthen.
void Admission::on_unanswered(Time now) {
  if (!session_) return;
  const Time due = std::min(session_->reauthentication.value_or(now), now);
  deadlines_.set_sooner(Timer::dead, due + context_.profile->pae->server_dead);
  deadlines_.stop(Timer::open);
  deadlines_.set(Timer::reauthenticate, now + next_try);
}

/// Where MKA holds the session the host is there: it may have missed what we said, or been talked over.
void Admission::on_inconclusive(Time now) {
  if (session_ && !held()) return end_session(nothing_came, TerminateCause::reauthentication_failure, Duration{0}, now);
  leave_open(next_try, now);
}

/// It must come to an accept in the end: a session is granted for a time.
void Admission::leave_open(Duration again, Time now) {
  if (!session_) return;
  deadlines_.set_sooner(Timer::open, now + most_open);
  deadlines_.set(Timer::reauthenticate, now + again);
}

void Admission::follow_outcome(Time now) {
  auto outcome = authenticator_.take_outcome();
  if (!outcome) return;
  using Kind = Authenticator::Outcome::Kind;
  switch (outcome->kind) {
    case Kind::accepted:
      return take_keys(outcome->report, now);
    case Kind::rejected:
      return end_session("rejected by RADIUS server " + outcome->report.server,
                         TerminateCause::reauthentication_failure, Duration{0}, now);
    case Kind::doubted:
      return leave_open(second_opinion, now);
    case Kind::unanswered:
      return on_unanswered(now);
    case Kind::unusable:
      return leave_open(next_try, now);
    case Kind::inconclusive:
      return on_inconclusive(now);
    case Kind::logged_off:
      return end_session("logged off by the host", TerminateCause::user_request, Duration{0}, now);
  }
}

// ---- what comes in ---------------------------------------------------------------------------------------------------

void Admission::receive(const EapolFrame& frame, Time now) {
  if (!applies() || frame.source == context_.link.mac) return;
  authenticator_.receive(frame, held(), now);
  follow_outcome(now);
}

void Admission::on_radius(RadiusReport report, Time now) {
  if (!applies()) return;
  authenticator_.on_report(std::move(report), held(), now);
  follow_outcome(now);
}

Result<void> Admission::reauthenticate(Time now) {
  if (!up()) return fail(ENETDOWN, "there is no carrier, or the link was taken down");
  authenticator_.ask(now);
  return {};
}

Result<void> Admission::terminate(Time now) {
  if (!applies()) return fail(ENOTSUP, "the profile has no [8021X] section of an authenticator");
  if (!session_) return fail(ENODATA, "no host is authenticated on " + context_.profile->link.parent);
  if (context_.link.carrier) authenticator_.send_failure();
  end_session("terminated by an operator", TerminateCause::admin_reset, context_.profile->pae->quiet, now);
  return {};
}

void Admission::set_enabled(bool enabled, Time now) {
  if (!applies() || enabled) return;
  if (session_ && context_.link.carrier) authenticator_.send_failure();
  authenticator_.stop(now);
  end_session("the link was taken down", TerminateCause::port_disabled, Duration{0}, now);
}

void Admission::restore(std::span<const SessionKey> keys, Time now) {
  if (!applies() || keys.empty() || std::ranges::any_of(keys, [](const SessionKey& key) { return !key.host; })) return;
  keyring_.restore(keys, now);
  session_ = keys.back().host;
  restored_ = true;
  if (session_->must_secure) linksec_policy_ = name_of(LinksecPolicy::must_secure);
  authenticator_.resume(session_->host, session_->identity, now);
  if (session_->reauthentication) deadlines_.set(Timer::reauthenticate, *session_->reauthentication);
  if (session_->end) deadlines_.set(Timer::end, *session_->end);
  // Nothing is known of the carrier yet.
  deadlines_.set(Timer::carrier, now + carrier_patience);
  follow_policy();
}

std::vector<SessionKey> Admission::session_keys() const {
  std::vector<SessionKey> keys = keyring_.keys();
  if (!session_) keys.clear();
  for (SessionKey& key : keys) key.host = session_;
  return keys;
}

void Admission::follow_times(const Profile::Pae& before, Time now) {
  const Profile::Pae& pae = *context_.profile->pae;
  if (const auto dead = deadlines_.at(Timer::dead))
    deadlines_.set(Timer::dead, *dead + (pae.server_dead - before.server_dead));
  std::optional<Time>& due = session_->reauthentication;
  if (!own_period_ || pae.reauthenticate == before.reauthenticate) return;
  const bool waits = due == deadlines_.at(Timer::reauthenticate);  // and is not tried again after one that failed
  if (pae.reauthenticate == Duration{0})
    due.reset();
  else
    due = due ? *due + (pae.reauthenticate - before.reauthenticate) : now + pae.reauthenticate;
  if (!waits) return;
  deadlines_.stop(Timer::reauthenticate);
  if (due) deadlines_.set(Timer::reauthenticate, *due);
  ++revision_;
  context_.emit(Event::Kind::snapshot_changed, now);
}

void Admission::reconfigure(const Profile& before, Time now) {
  const bool did = before.pae && before.pae->role == PaeRole::authenticator;
  if (applies() && did && session_) return follow_times(*before.pae, now);
  if (applies() || !did) return;
  authenticator_.stop(now);
  end_session("the profile authenticates nobody any more", TerminateCause::port_disabled, Duration{0}, now);
  deadlines_.stop_all();
  up_ = false;
  follow_policy();
}

// ---- time ------------------------------------------------------------------------------------------------------------

void Admission::follow_carrier(Time now) {
  if (deadlines_.take_expired(Timer::carrier, now)) {
    end_session("no carrier for 6 s", TerminateCause::lost_carrier, Duration{0}, now);
    authenticator_.stop(now);
  }
  const bool moved = up() && mac_ && *mac_ != context_.link.mac;
  if (up()) mac_ = context_.link.mac;
  if (up() == up_ && !moved) return;
  up_ = up();
  deadlines_.stop(Timer::carrier);
  if (!up_ || moved) {
    deadlines_.stop(Timer::unheard);
    deadlines_.stop(Timer::retry);
    authenticator_.pause(now);
    // Without MKA nothing says that the host that is there afterwards is the one that was there before. With another
    // address of ours the keys are others.
    if (moved)
      end_session("the address of the port changed", TerminateCause::port_reinitialised, Duration{0}, now);
    else if (!held())
      end_session("no carrier", TerminateCause::lost_carrier, Duration{0}, now);
    if (session_) deadlines_.set(Timer::carrier, now + carrier_patience);
  }
}

void Admission::step(Time now) {
  if (!applies()) return;
  follow_carrier(now);
  if (up_ && authenticator_.stopped()) authenticator_.ask(now);
  if (deadlines_.take_expired(Timer::reauthenticate, now) || deadlines_.take_expired(Timer::retry, now)) owed_ = true;
  if (owed_ && up_ && authenticator_.at_rest()) {
    owed_ = false;
    authenticator_.ask(now);
  }
  authenticator_.step(now);
  follow_outcome(now);
  // What just failed may have been the last thing that a session waited for.
  if (deadlines_.take_expired(Timer::end, now))
    end_session("its time is over (Session-Timeout)", TerminateCause::session_timeout, Duration{0}, now);
  if (deadlines_.take_expired(Timer::dead, now))
    end_session("no RADIUS server answers (ServerDeadSec=)", TerminateCause::reauthentication_failure, Duration{0},
                now);
  if (deadlines_.take_expired(Timer::open, now))
    end_session(nothing_came, TerminateCause::reauthentication_failure, Duration{0}, now);
  follow_policy();
}

/// Authenticated, but the host does not speak MKA with the key: the authentication is repeated, ever later.
void Admission::follow_silence(Time now) {
  if (live_ || !up_ || !session_ || !authenticator_.at_rest()) return deadlines_.stop(Timer::unheard);
  if (deadlines_.is_set(Timer::retry) || owed_) return;
  deadlines_.set_sooner(Timer::unheard, now + life_time);
  if (!deadlines_.take_expired(Timer::unheard, now)) return;
  if (restored_)
    return end_session("the host does not continue with the key after our restart", TerminateCause::lost_service,
                       Duration{0}, now);
  silent_ = true;
  ++revision_;
  retry_gap_ = retry_gap_ == Duration{0} ? first_retry : std::min(2 * retry_gap_, longest_host_retry);
  deadlines_.set(Timer::retry, now + retry_gap_);
}

bool Admission::follow(Time now) {
  if (!applies()) return false;
  const bool had = session_.has_value();
  const bool live = keyring_.live() != nullptr;
  if (live != live_) ++revision_;
  if (live) {
    silent_ = restored_ = false;
    retry_gap_ = Duration{0};
    deadlines_.stop(Timer::retry);
  } else if (live_) {
    end_session("the host left the key agreement", TerminateCause::lost_service, Duration{0}, now);
  }
  live_ = live && session_;
  follow_silence(now);
  const bool dropped = keyring_.drop_unheard_fresh(now);
  follow_policy();
  return dropped || had != session_.has_value();
}

std::optional<Time> Admission::next() const {
  const std::optional<Time> next = sooner(deadlines_.next(), authenticator_.next());
  return live_ ? sooner(next, keyring_.next()) : next;
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

Reason Admission::reason() const noexcept {
  if (!applies()) return Reason::none;
  const Reason of_eap = authenticator_.reason();
  if (of_eap == Reason::none && (silent_ || keyring_.not_followed())) return Reason::mka_silent;
  return of_eap;
}

std::string Admission::words() const {
  if (reason() != Reason::mka_silent) return authenticator_.words();
  const std::string host = session_ ? to_string(session_->host) : std::string{};
  return silent_ ? host + " is authenticated, but speaks no MKA: is MACsec on there?"
                 : host + " is authenticated again, but stays with the key of an earlier authentication";
}

void Admission::fill(PortStatus& status) const {
  if (!applies()) return;
  AuthenticatorStatus& out = status.authenticator.emplace();
  authenticator_.fill(out);
  if (!kay_.enabled()) out.state = AuthenticatorState::disabled;
  out.reason = reason();
  out.reason_text = words();
  out.session_ends = sooner(sooner(deadlines_.at(Timer::end), deadlines_.at(Timer::dead)), deadlines_.at(Timer::open));
  out.next_reauthentication = sooner(deadlines_.at(Timer::reauthenticate), deadlines_.at(Timer::retry));
  out.linksec_policy = linksec_policy_;
  out.cak_bits = keyring_.newest_bits();
}

}  // namespace macsec::core
