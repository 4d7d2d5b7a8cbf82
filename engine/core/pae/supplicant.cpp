// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/supplicant.hpp"

#include "engine/base/text.hpp"
#include "engine/core/pae/failed_authentication.hpp"

#include <algorithm>
#include <array>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Between EAPOL-Starts that nobody answers; the last one from there on.
constexpr std::array<Duration, 6> start_gaps{1s, 2s, 4s, 8s, 16s, 30s};
/// After so many nobody is taken to be there (802.1X-2020: retry-max 2, after the first).
constexpr std::size_t enough_starts = 3;
/// How long a conversation waits for the other end, or for macsec-eap.
constexpr Duration silence_limit = 30s;
/// Requests of a method in one conversation; what has not come to its end then has none (hostap: the same).
constexpr unsigned most_rounds = 100;
/// Requests that macsec-eap may have before it; more are a flood.
constexpr std::size_t most_asked = 4;
/// Of what anybody may send to an authenticated port: one a second, after a few at once.
constexpr Duration probe_gap = 1s;
constexpr Duration probes_at_once = 3 * probe_gap;
constexpr std::uint8_t more_fragments = 0x40;
constexpr std::uint8_t nid_type = 114;

/// Whether who sent this request is the one that authenticates us: a question for the identity or a notification, which begin and end
/// nothing, are anybody's.
bool is_of_method(Bytes octets) noexcept {
  const auto packet = read_eap(octets);
  return packet && packet->code == EapCode::request && packet->type != EapType::identity &&
         packet->type != EapType::notification;
}

/// Whether an EAP packet of a TLS method is a fragment with more to come.
bool is_fragment(Bytes octets) noexcept {
  const auto packet = read_eap(octets);
  if (!packet || packet->data.empty()) return false;
  const bool tls = packet->type == EapType::tls || packet->type == EapType::ttls || packet->type == EapType::peap;
  return tls && (packet->data[0] & more_fragments) != 0;
}

}  // namespace

// ---- what the logon process wants ------------------------------------------------------------------------------------

void Supplicant::enter(Phase phase, Time now) {
  constexpr std::array<std::string_view, 5> names{"UNAUTHENTICATED", "CONNECTING", "AUTHENTICATING", "AUTHENTICATED",
                                                  "HELD"};
  if (phase == phase_) return;
  context_.trace.record({now, "PACP", names[static_cast<std::size_t>(phase_)], names[static_cast<std::size_t>(phase)],
                         failure_ == Reason::none ? std::string_view{} : facts_.last_failure_text});
  if (phase == Phase::off) {  // the next port may be of another network
    facts_.access.reset();
    deadlines_.stop(Timer::access);
  }
  phase_ = phase;
  since_ = now;
  ++revision_;
}

void Supplicant::connect(Time now) {
  abandon();
  stop_timers();
  if (!context_.link.present || !context_.link.carrier) return enter(Phase::off, now);
  enter(Phase::connecting, now);
  starts_ = 0;
  send_start(now);
}

void Supplicant::forgive() noexcept {
  failures_ = 0;
  failed_at_.reset();
  failure_ = Reason::none;
  ++revision_;
}

void Supplicant::start(Time now) {
  logged_off_ = false;
  forgive();
  connect(now);
}

void Supplicant::allow(Time now) {
  if (!logged_off_) return;
  logged_off_ = false;
  enter(Phase::off, now);
}

void Supplicant::stop(Time now) {
  abandon();
  stop_timers();
  enter(Phase::off, now);
}

void Supplicant::log_off(Time now) {
  stop(now);
  logged_off_ = true;
  failure_ = Reason::none;
  if (context_.link.carrier) {
    ++context_.supplicant.logoff_tx;
    send(EapolType::logoff, {});
  }
  enter(Phase::held, now);
}

void Supplicant::pause(Time now) {
  if (phase_ == Phase::connecting || phase_ == Phase::authenticating) stop(now);
}

void Supplicant::stop_timers() noexcept {
  for (const Timer each : {Timer::start, Timer::silence, Timer::held}) deadlines_.stop(each);
}

void Supplicant::step(Time now) {
  if (deadlines_.take_expired(Timer::access, now)) show_access(now);
  if (deadlines_.take_expired(Timer::held, now)) return connect(now);
  if (deadlines_.take_expired(Timer::silence, now)) return on_silence(now);
  if (deadlines_.take_expired(Timer::start, now)) send_start(now);
}

std::optional<EapCommand> Supplicant::poll() {
  if (commands_.empty()) return std::nullopt;
  EapCommand command = std::move(commands_.front());
  commands_.pop_front();
  return command;
}

// ---- frames ----------------------------------------------------------------------------------------------------------

Duration Supplicant::jittered(Duration span) const {
  std::array<std::uint8_t, 2> octets{};
  context_.random.fill(octets);
  const auto share = (octets[0] << 8U | octets[1]) % 201 - 100;  // thousandths
  return span + span * share / 1000;
}

void Supplicant::send(EapolType type, Bytes body) {
  context_.frames.push_back(eapol_frame(context_.link.mac, type, body));
}

void Supplicant::send_start(Time now) {
  // Empty is understood by all; a NID travels in a TLV of 7 bits of type and 9 of length (802.1X-2020 11.6, 11.12).
  std::vector<std::uint8_t> body;
  if (const std::string& nid = context_.profile->pae->nid; !nid.empty()) {
    body = {0, static_cast<std::uint8_t>(nid_type << 1U), static_cast<std::uint8_t>(nid.size())};
    body.insert(body.end(), nid.begin(), nid.end());
  }
  ++context_.supplicant.start_tx;
  send(EapolType::start, body);
  deadlines_.set(Timer::start, now + jittered(start_gaps[std::min(starts_, start_gaps.size() - 1)]));
  if (++starts_ == enough_starts + 1) ++revision_;
}

void Supplicant::receive(const EapolFrame& frame, Time now) {
  SupplicantCounters& counters = context_.supplicant;
  const auto packet = read_eap(frame.body);
  if (!packet || packet->code == EapCode::response) {
    ++counters.eap_invalid;
    return;
  }
  ++counters.eap_rx;
  if (packet->code != EapCode::request) return on_end(*packet, frame, now);
  if (packet->type == EapType::identity) ++counters.identity_rx;
  if (packet->type == EapType::notification) {
    ++counters.notification_rx;
    note_notification(printable_text(packet->data), now);
  }
  if (is_fragment(frame.body)) ++counters.fragments_rx;
  on_request(*packet, frame, now);
}

/// Anybody may send them, as many as the cable carries: what listens is told once a second at most.
void Supplicant::note_notification(std::string text, Time now) {
  if (phase_ == Phase::off || phase_ == Phase::held || text == facts_.notification) return;
  if (notified_at_ && now < *notified_at_ + 1s) return;
  notified_at_ = now;
  facts_.notification = std::move(text);
  ++revision_;
}

void Supplicant::receive_announcement(const EapolFrame& frame, Time now) {
  ++context_.supplicant.announcements_rx;
  const auto said = read_access_status(frame.body, context_.profile->pae->nid);
  if (!said || phase_ == Phase::off) return;
  announced_ = said;
  if (announced_at_ && now < *announced_at_ + 1s) return deadlines_.set(Timer::access, *announced_at_ + 1s);
  show_access(now);
}

/// What was announced last.
void Supplicant::show_access(Time now) {
  if (announced_ == facts_.access) return;
  announced_at_ = now;
  facts_.access = announced_;
  ++revision_;
}

void Supplicant::on_request(const EapPacket& packet, const EapolFrame& frame, Time now) {
  SupplicantCounters& counters = context_.supplicant;
  if (!answers()) {
    ++counters.eap_ignored;
    return;
  }
  const bool talk = packet.type == EapType::identity || packet.type == EapType::notification;
  const auto same = [&](const std::vector<std::uint8_t>& before) { return std::ranges::equal(before, frame.body); };
  if (std::ranges::any_of(asked_, same, &Asked::packet)) {
    ++counters.eap_retransmitted;
    return;
  }
  if (asked_.empty() && !answered_.empty() && same(answered_)) {
    ++counters.eap_retransmitted;
    if (!conversation_) return;  // a copy of what led to the success
    ++counters.eap_tx;
    return send(EapolType::eap, answer_);
  }
  if ((talk || phase_ == Phase::held) && !may_probe(now)) {
    ++counters.eap_ignored;
    return;
  }
  if (!talk && ++rounds_ > most_rounds) {
    abandon();
    return on_failure(too_long(), now);
  }
  // Many ask for the identity only to see whether we are there.
  const bool idle = phase_ == Phase::authenticated || phase_ == Phase::held;
  if (idle && !talk) deadlines_.stop(Timer::held);
  if (!talk || (phase_ == Phase::connecting && packet.type == EapType::identity)) enter(Phase::authenticating, now);
  // A Notification begins nothing.
  if (phase_ != Phase::connecting) {
    deadlines_.stop(Timer::start);
    starts_ = 0;
  }
  // Certificates are judged by the clock of a conversation's beginning: a probe does not keep one open.
  if (idle && packet.type == EapType::identity) abandon();
  forward(frame, now);
}

void Supplicant::on_end(const EapPacket& packet, const EapolFrame& frame, Time now) {
  if (!conversation_ || !may_probe(now)) {
    ++(packet.code == EapCode::failure ? context_.supplicant.failure_ignored : context_.supplicant.eap_ignored);
    return;
  }
  forward(frame, now);
}

/// While held nothing is answered: an account would be locked by anyone who asks often enough. But where MKA has a session, and
/// nobody saw our credentials, the failure may be a stranger's, and the authenticator that has the session is not to wait for it.
bool Supplicant::answers() const noexcept {
  if (phase_ != Phase::held) return phase_ != Phase::off;
  return session_live_ && !refused_ && !logged_off_;
}

/// Beside a session that works, what begins no method costs macsec-eap little, however fast it comes; nor does a method while held.
bool Supplicant::may_probe(Time now) noexcept {
  if (phase_ != Phase::authenticated && phase_ != Phase::held) return true;
  if (now + probes_at_once < probe_at_) return false;
  probe_at_ = std::max(probe_at_, now) + probe_gap;
  return true;
}

void Supplicant::forward(const EapolFrame& frame, Time now) {
  if (asked_.size() >= most_asked) {
    ++context_.supplicant.eap_ignored;
    return;
  }
  if (!conversation_) {
    conversation_ = ++last_conversation_;
    commands_.push_back({.kind = EapCommand::Kind::begin, .conversation = *conversation_, .mtu = eap_mtu});
  }
  // While macsec-eap owes an answer, more questions are no sign that it will come.
  if (asked_.empty() || !deadlines_.is_set(Timer::silence)) expect_more(is_of_method(frame.body), now);
  std::vector<std::uint8_t> packet{frame.body.begin(), frame.body.end()};
  asked_.push_back({frame.source, packet});
  commands_.push_back({.kind = EapCommand::Kind::request, .conversation = *conversation_, .packet = std::move(packet)});
}

/// Only the method is a sign that it will come to an end: identities are asked for, and notifications sent, by anybody.
void Supplicant::expect_more(bool of_method, Time now) {
  if (phase_ != Phase::authenticating) return;
  if (of_method || !deadlines_.is_set(Timer::silence)) deadlines_.set(Timer::silence, now + silence_limit);
}

// ---- macsec-eap ------------------------------------------------------------------------------------------------------

void Supplicant::forget_conversation() noexcept {
  conversation_.reset();
  asked_.clear();
  answered_.clear();
  answer_.clear();
  rounds_ = 0;
  deadlines_.stop(Timer::silence);
}

void Supplicant::abandon() {
  if (conversation_) commands_.push_back({.kind = EapCommand::Kind::end, .conversation = *conversation_});
  forget_conversation();
}

std::optional<Supplicant::Success> Supplicant::on_report(EapReport report, Time now) {
  if (report.kind == EapReport::Kind::lost) {
    on_lost(now);
    return std::nullopt;
  }
  if (report.kind == EapReport::Kind::failure && silent_ == report.conversation) {
    // Who kept silent, and where, only macsec-eap knows.
    silent_.reset();
    if (failure_ != Reason::none && !report.verdict.words.empty()) facts_.last_failure_text = report.verdict.words;
    ++revision_;
    // A Failure that was lost, or kept from us, is one: a password that was refused is not said again at once.
    if (report.verdict.hold && (phase_ == Phase::connecting || phase_ == Phase::authenticating)) {
      abandon();
      hold(report.verdict, now);
    }
    return std::nullopt;
  }
  if (conversation_ != report.conversation) return std::nullopt;
  switch (report.kind) {
    case EapReport::Kind::response:
      respond(report, now);
      break;
    case EapReport::Kind::success:
      if (report.keys) return succeed(report, now);
      report.verdict.problem = EapProblem::no_keys;
      report.verdict.words = "the method gives no keys for MACsec";
      [[fallthrough]];
    case EapReport::Kind::failure:
      on_failure(report.verdict, now);
      break;
    case EapReport::Kind::lost:
      break;
  }
  return std::nullopt;
}

void Supplicant::respond(const EapReport& report, Time now) {
  if (asked_.empty()) return;  // nothing was asked
  Asked asked = std::move(asked_.front());
  asked_.pop_front();
  if (report.packet.empty()) {
    ++context_.supplicant.eap_ignored;
    return;
  }
  // Who makes us repeat ourselves moved nothing: anybody can, who has heard the identifier.
  if (is_of_method(asked.packet) && report.packet != answer_) source_ = asked.source;
  answered_ = std::move(asked.packet);
  answer_ = report.packet;
  if (is_fragment(answer_)) ++context_.supplicant.fragments_tx;
  expect_more(is_of_method(answered_), now);
  ++context_.supplicant.eap_tx;
  send(EapolType::eap, answer_);
}

Supplicant::Success Supplicant::succeed(EapReport& report, Time now) {
  std::vector<std::uint8_t> last = std::move(answered_);
  forget_conversation();
  answered_ = std::move(last);
  stop_timers();
  ++context_.supplicant.authentications;
  if (report.verdict.tls.resumed) ++context_.supplicant.resumptions;
  failure_ = Reason::none;
  failures_ = 0;
  facts_.authenticator = source_;
  facts_.last_success = now;
  facts_.verdict = std::move(report.verdict);
  ++revision_;
  enter(Phase::authenticated, now);
  return {std::move(*report.keys), source_, facts_.verdict->validated};
}

void Supplicant::on_failure(const EapVerdict& verdict, Time now) {
  if (phase_ == Phase::authenticated || phase_ == Phase::held) {
    // Nothing had begun that could fail. Where it was meant, MKA will tell.
    ++context_.supplicant.failure_ignored;
    return forget_conversation();
  }
  count_failure(context_.supplicant, verdict.stage);
  fail_with(is_own_problem(verdict.problem) ? Reason::eap_unavailable : Reason::authentication_failed, verdict, now);
  hold(verdict, now);
}

void Supplicant::fail_with(Reason reason, const EapVerdict& verdict, Time now) {
  failure_ = reason;
  ++revision_;
  ++failures_;
  const bool lately = failed_at_ && now - *failed_at_ < 2 * context_.profile->pae->held;
  back_off_ = lately ? back_off_ + 1 : 0;
  failed_at_ = facts_.last_failure = now;
  facts_.last_failure_text = verdict.words.empty() ? std::string{to_string(verdict.problem)} : verdict.words;
  // What secures the link came from the last success; its facts stay until there is another.
  if (!facts_.last_success) facts_.verdict = verdict;
  context_.emit(Event::Kind::authentication_failed, now, facts_.last_failure_text);
}

void Supplicant::hold(const EapVerdict& verdict, Time now) {
  refused_ = is_refusal(verdict);
  forget_conversation();
  stop_timers();
  const Duration longest = context_.profile->pae->held;
  const Duration pause = Duration{1s} * (std::int64_t{1} << std::min(back_off_, 12U));
  deadlines_.set(Timer::held, now + (verdict.hold ? longest : std::min(pause, longest)));
  enter(Phase::held, now);
}

void Supplicant::on_lost(Time now) {
  ++context_.supplicant.worker_restarts;
  silent_.reset();
  if (!conversation_) return;
  forget_conversation();
  // In AUTHENTICATED only a question for the identity was open.
  if (phase_ != Phase::authenticating) return;
  EapVerdict verdict;
  verdict.problem = EapProblem::internal;
  verdict.words = "macsec-eap ended during the authentication";
  fail_with(Reason::eap_unavailable, verdict, now);
  hold(verdict, now);
}

void Supplicant::on_silence(Time now) {
  const bool of_worker = !asked_.empty();
  ++context_.supplicant.failures_timeout;
  silent_ = conversation_;
  fail_with(of_worker ? Reason::eap_unavailable : Reason::authentication_failed, no_answer(of_worker), now);
  connect(now);
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

Reason Supplicant::reason() const noexcept {
  if (logged_off_) return Reason::disabled;
  if (phase_ == Phase::connecting && starts_ > enough_starts) return Reason::no_authenticator;
  if (failure_ != Reason::none) return failure_;
  return phase_ == Phase::connecting || phase_ == Phase::authenticating ? Reason::authenticating : Reason::none;
}

std::string Supplicant::words() const {
  const std::string& parent = context_.profile->link.parent;
  const Reason why = reason();
  if (why == Reason::disabled) return "logged off; macsecctl reauth, or a new carrier, authenticates again";
  if (why == Reason::no_authenticator)
    return "no answer to EAPOL-Start on " + parent +
           ": the switch port does not speak 802.1X, or something between eats it" +
           (context_.link.obstacle.empty() ? "" : ": " + context_.link.obstacle);
  if (why == Reason::authenticating)
    return phase_ == Phase::connecting ? "waiting for an answer to EAPOL-Start on " + parent
                                       : "the authentication on " + parent + " is under way";
  return why == Reason::none ? std::string{} : facts_.last_failure_text;
}

void Supplicant::fill(SupplicantStatus& status) const {
  status = facts_;
  constexpr std::array states{SupplicantState::waiting, SupplicantState::waiting, SupplicantState::authenticating,
                              SupplicantState::authenticated, SupplicantState::held};
  status.state = states[static_cast<std::size_t>(phase_)];
  status.since = since_;
  status.reason = reason();
  status.reason_text = words();
  status.attempts = failures_;
  status.next_attempt = deadlines_.at(Timer::held);
  status.counters = context_.supplicant;
}

}  // namespace macsec::core
