// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/authenticator.hpp"

#include "engine/base/text.hpp"

#include <algorithm>
#include <array>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Between copies of a request, the last one from there on: to any host that may be there, and to one in a conversation.
constexpr std::array<Duration, 4> asking_gaps{1s, 2s, 4s, 10s};
constexpr std::array<Duration, 4> request_gaps{1s, 2s, 4s, 8s};
/// How long a host may take to answer, where the server does not say.
constexpr Duration usual_patience = 30s;
constexpr Duration least_patience = 2s;
constexpr Duration most_patience = 10min;
/// Starts sooner after our request are answered together.
constexpr Duration start_gap = 100ms;
/// From a conversation to one that a Start asks for, or that the end of a session makes necessary: anybody can send Starts and
/// Logoffs in the name of a host.
constexpr Duration conversation_gap = 10s;
/// A Start in the middle of a conversation counts once so many copies of the request got no answer: a host that is busy with
/// an answer sends it, one that restarted does not.
constexpr std::size_t unanswered_copies = 3;
constexpr Duration longest_back_off = 60s;
/// Beyond what the servers may take, until the RADIUS client is given up.
constexpr Duration client_grace = 5s;
/// Octets of a User-Name (RFC 2865 5.1).
constexpr std::size_t longest_identity = 253;
/// Octets of an EAP packet in an Ethernet frame of 1500.
constexpr std::size_t longest_packet = 1496;
/// Framed-MTU as servers are told: a RADIUS packet with an EAP packet of 4 octets less (RFC 3580 3.10) and all else it holds
/// needs no fragments.
constexpr std::uint16_t framed_mtu = 1400;

std::vector<std::uint8_t> identity_request(std::uint8_t identifier) {
  std::vector<std::uint8_t> packet(eap_header_size + 1);
  Writer writer{packet};
  write_eap(writer, EapCode::request, identifier, EapType::identity, {});
  return packet;
}

/// Without the link's padding; the packet was read.
Bytes packet_in(const EapolFrame& frame) { return frame.body.first(std::size_t{frame.body[2]} << 8U | frame.body[3]); }

}  // namespace

// ---- what the admission process wants --------------------------------------------------------------------------------

void Authenticator::enter(Phase phase, Time now) {
  constexpr std::array<std::string_view, 5> names{"UNAUTHENTICATED", "ASKING", "AUTHENTICATING", "AUTHENTICATED",
                                                  "HELD"};
  if (phase == phase_) return;
  context_.trace.record({now, "PACP", names[static_cast<std::size_t>(phase_)], names[static_cast<std::size_t>(phase)],
                         failure_ == Reason::none ? std::string_view{} : facts_.last_failure_text});
  phase_ = phase;
  since_ = now;
  ++revision_;
}

void Authenticator::ask(Time now) {
  if (!context_.link.present || !context_.link.carrier) return stop(now);
  abandon();
  deadlines_.stop_all();
  if (!session_) host_.reset();
  if (!session_) identity_.clear();
  // Another one than before: an answer that is late, or made up in advance, is none to this request.
  std::array<std::uint8_t, 1> identifier{};
  do context_.random.fill(identifier);
  while (!request_.empty() && identifier[0] == request_[1]);
  request_ = identity_request(identifier[0]);
  awaiting_ = true;
  sends_ = 0;
  answers_ = 0;
  began_at_ = now;
  if (session_) deadlines_.set(Timer::silence, now + usual_patience);
  enter(session_ ? Phase::authenticating : Phase::asking, now);
  transmit(now);
}

void Authenticator::stop(Time now) {
  abandon();
  deadlines_.stop_all();
  session_ = false;
  answer_.trust();
  failure_ = Reason::none;
  host_.reset();
  identity_.clear();
  enter(Phase::off, now);
}

void Authenticator::pause(Time now) {
  if (!session_) return stop(now);
  abandon();
  deadlines_.stop_all();
  enter(Phase::authenticated, now);
}

void Authenticator::release(Duration wait, Time now) {
  session_ = false;
  answer_.trust();
  ++revision_;
  if (phase_ == Phase::off || phase_ == Phase::held) return;
  if (conversation_) identity_ = claimed_;
  if (conversation_ && wait == Duration{0}) return;  // it is another session's from here on
  const Time due = std::max(now + wait, began_at_ + conversation_gap);
  if (due <= now || !context_.link.carrier) return ask(now);
  abandon();
  deadlines_.stop_all();
  host_.reset();
  identity_.clear();
  enter(Phase::asking, now);
  deadlines_.set(Timer::again, due);
}

void Authenticator::send_failure() { end(EapCode::failure); }

void Authenticator::resume(const MacAddress& host, std::string identity, Time now) {
  session_ = true;
  host_ = host;
  identity_ = std::move(identity);
  enter(Phase::authenticated, now);
}

void Authenticator::step(Time now) {
  if (deadlines_.take_expired(Timer::held, now) || deadlines_.take_expired(Timer::again, now)) return ask(now);
  if (deadlines_.take_expired(Timer::silence, now)) return on_silence(now);
  if (deadlines_.take_expired(Timer::server, now)) {
    commands_.push_back({.kind = RadiusCommand::Kind::end, .conversation = *conversation_});
    RadiusReport report{.kind = RadiusReport::Kind::failed};
    report.problem = RadiusProblem::internal;
    report.words = "the RADIUS client gave no answer";
    return give_up(std::move(report), now);
  }
  if (!deadlines_.take_expired(Timer::retransmit, now)) return;
  if (wants_to_begin_ && sends_ >= unanswered_copies) return ask(now);
  transmit(now);
}

std::optional<RadiusCommand> Authenticator::poll() {
  if (commands_.empty()) return std::nullopt;
  RadiusCommand command = std::move(commands_.front());
  commands_.pop_front();
  return command;
}

// ---- frames ----------------------------------------------------------------------------------------------------------

/// To the group, which every host hears (802.1X-2020 11.1.1), not only the one that has the port.
void Authenticator::send(Bytes packet) {
  context_.frames.push_back(eapol_frame(context_.link.mac, EapolType::eap, packet));
  ++context_.authenticator.eap_tx;
}

void Authenticator::transmit(Time now) {
  const auto& gaps = phase_ == Phase::asking ? asking_gaps : request_gaps;
  deadlines_.set(Timer::retransmit, now + gaps[std::min(sends_, gaps.size() - 1)]);
  sent_at_ = now;
  if (sends_++ > 0) ++context_.authenticator.eap_retransmitted;
  send(request_);
}

/// Success or Failure, with the identifier that the host expects: that of what it said last.
void Authenticator::end(EapCode code) {
  std::array<std::uint8_t, eap_header_size> packet{};
  Writer writer{packet};
  write_eap_end(writer, code, last_answer_);
  send(packet);
}

void Authenticator::receive(const EapolFrame& frame, bool held_by_mka, Time now) {
  AuthenticatorCounters& counters = context_.authenticator;
  const auto type = static_cast<EapolType>(frame.type);
  if (type == EapolType::start) ++counters.start_rx;
  if (type == EapolType::logoff) ++counters.logoff_rx;
  if (type != EapolType::start && type != EapolType::logoff && type != EapolType::eap) return;
  const bool taken = phase_ == Phase::authenticating || phase_ == Phase::authenticated;
  if (taken && frame.source != host_) return note_other(frame.source, now);
  if (type == EapolType::start) return on_start(now);
  if (type == EapolType::logoff) return on_logoff(held_by_mka, now);
  on_eap(frame, now);
}

/// Anybody may send them, as many as the cable carries: the last one is told once a second at most.
void Authenticator::note_other(const MacAddress& host, Time now) {
  ++context_.authenticator.other_hosts;
  if (facts_.other_host == host || (other_told_at_ && now < *other_told_at_ + 1s)) return;
  other_told_at_ = now;
  facts_.other_host = host;
  ++revision_;
  context_.emit(Event::Kind::other_host, now,
                to_string(host) + " is heard beside " + who() + ": an access port is for one host");
}

void Authenticator::on_start(Time now) {
  switch (phase_) {
    case Phase::off:
    case Phase::held:
      return;
    case Phase::asking:
      if (!awaiting_) break;
      sends_ = 0;
      return deadlines_.set_sooner(Timer::retransmit, std::max(now, sent_at_ + start_gap));
    case Phase::authenticating:
      wants_to_begin_ = true;
      return;
    case Phase::authenticated:
      break;
  }
  deadlines_.set_sooner(Timer::again, std::max(now, began_at_ + conversation_gap));
}

void Authenticator::on_logoff(bool held_by_mka, Time now) {
  if (!session_) return;
  if (held_by_mka) {
    ++context_.authenticator.logoff_ignored;
    return;
  }
  pause(now);
  outcome_ = {.kind = Outcome::Kind::logged_off};
}

bool Authenticator::is_awaited(const EapPacket& packet) const noexcept {
  if (!awaiting_ || packet.identifier != request_[1]) return false;
  return conversation_.has_value() || packet.type == EapType::identity;
}

void Authenticator::on_eap(const EapolFrame& frame, Time now) {
  AuthenticatorCounters& counters = context_.authenticator;
  const auto packet = read_eap(frame.body);
  if (!packet || packet->code != EapCode::response || frame.body.size() > longest_packet) {
    ++counters.eap_invalid;
    return;
  }
  ++counters.eap_rx;
  const bool open = phase_ == Phase::asking || phase_ == Phase::authenticating;
  if (!open || !is_awaited(*packet)) {
    ++counters.eap_ignored;
    return answer_.note_other(packet_in(frame), conversation_.has_value());
  }
  if (conversation_) return forward(frame, now);
  meet(*packet, frame, now);
}

/// A host says who it is: from here on it has the port.
void Authenticator::meet(const EapPacket& identity, const EapolFrame& frame, Time now) {
  const bool group = (frame.source.octets[0] & 1U) != 0;
  if (group || identity.data.size() > longest_identity) {
    ++context_.authenticator.eap_invalid;
    return;
  }
  host_ = frame.source;
  user_name_.assign(identity.data.begin(), identity.data.end());
  claimed_ = printable_text(identity.data);
  if (!session_) identity_ = claimed_;
  conversation_ = ++last_conversation_;
  answer_.begin();
  began_at_ = now;
  ++revision_;
  enter(Phase::authenticating, now);
  forward(frame, now);
}

void Authenticator::forward(const EapolFrame& frame, Time now) {
  answer_.take(packet_in(frame));
  awaiting_ = wants_to_begin_ = false;
  ++answers_;
  last_answer_ = answer_.packet()[1];
  deadlines_.stop(Timer::retransmit);
  deadlines_.stop(Timer::silence);
  deadlines_.set(Timer::server, now + server_patience());
  commands_.push_back({.kind = RadiusCommand::Kind::request,
                       .conversation = *conversation_,
                       .packet = answer_.packet(),
                       .user_name = user_name_,
                       .host = *host_,
                       .port = context_.link.mac,
                       .port_id = context_.profile->link.parent,
                       .mtu = framed_mtu});
}

Duration Authenticator::server_patience() const noexcept {
  Duration all = client_grace;
  for (const RadiusServer& server : context_.profile->pae->servers) all += server.timeout;
  return all;
}

// ---- the RADIUS client -----------------------------------------------------------------------------------------------

void Authenticator::forget_conversation() noexcept {
  conversation_.reset();
  answer_.drop();
  awaiting_ = wants_to_begin_ = false;
  deadlines_.stop(Timer::retransmit);
  deadlines_.stop(Timer::silence);
  deadlines_.stop(Timer::server);
}

void Authenticator::abandon() {
  if (conversation_) commands_.push_back({.kind = RadiusCommand::Kind::end, .conversation = *conversation_});
  forget_conversation();
}

void Authenticator::on_report(RadiusReport report, bool held_by_mka, Time now) {
  // Nothing was asked, or it was answered.
  if (conversation_ != report.conversation || awaiting_) return;
  deadlines_.stop(Timer::server);
  facts_.server = report.server;
  switch (report.kind) {
    case RadiusReport::Kind::challenge:
      return challenge(report, now);
    case RadiusReport::Kind::accept:
      return accept(std::move(report), now);
    case RadiusReport::Kind::reject: {
      std::string words = "RADIUS server " + report.server + " rejects " + who();
      if (!report.reply_message.empty()) words += ": " + report.reply_message;
      if (session_ && held_by_mka && !answer_.is_believed()) return doubt(std::move(words), now);
      return reject(std::move(report), std::move(words), now);
    }
    case RadiusReport::Kind::failed:
      return give_up(std::move(report), now);
  }
}

void Authenticator::challenge(RadiusReport& report, Time now) {
  const auto packet = read_eap(report.packet);
  if (!packet || packet->code != EapCode::request || report.packet.size() > longest_packet) {
    commands_.push_back({.kind = RadiusCommand::Kind::end, .conversation = *conversation_});
    report.problem = RadiusProblem::malformed;
    report.servers_answer = true;
    report.words = "RADIUS server " + report.server +
                   (packet ? " sends an EAP packet that does not fit a frame, or is no request"
                           : " sends a challenge without an EAP packet");
    return give_up(std::move(report), now);
  }
  request_ = std::move(report.packet);
  awaiting_ = true;
  sends_ = 0;
  const Duration patience = report.session_timeout.value_or(usual_patience);
  deadlines_.set(Timer::silence, now + std::clamp(patience, least_patience, most_patience));
  transmit(now);
}

void Authenticator::accept(RadiusReport report, Time now) {
  if (!report.keys) {
    report.problem = RadiusProblem::no_keys;
    report.words = "RADIUS server " + report.server + " accepts " + who() + " and sends no keys for MACsec";
    return give_up(std::move(report), now);
  }
  // What the server says may tighten the profile's policy, not loosen it.
  if (report.linksec == LinksecPolicy::must_not_secure && context_.profile->macsec.policy == Policy::must_secure) {
    std::string words = "RADIUS server " + report.server + " allows " + who() +
                        " no MACsec (linksec-policy=must-not-secure), the policy is must-secure";
    return reject(std::move(report), std::move(words), now);
  }
  forget_conversation();
  deadlines_.stop_all();
  ++context_.authenticator.authentications;
  failure_ = Reason::none;
  answer_.trust();
  back_off_ = 0;
  session_ = true;
  identity_ = claimed_;
  facts_.last_success = now;
  facts_.reply_message = report.reply_message;
  facts_.ignored_attributes = report.ignored;
  ++revision_;
  end(EapCode::success);
  enter(Phase::authenticated, now);
  outcome_ = {.kind = Outcome::Kind::accepted, .report = std::move(report)};
}

void Authenticator::reject(RadiusReport report, std::string words, Time now) {
  ++context_.authenticator.rejects;
  facts_.reply_message = report.reply_message;
  fail_with(Reason::authentication_failed, std::move(words), now);
  back_off_ = 0;
  session_ = false;
  identity_ = claimed_;
  answer_.trust();
  end(EapCode::failure);
  hold(context_.profile->pae->quiet, now);
  outcome_ = {.kind = Outcome::Kind::rejected, .report = std::move(report)};
}

/// Of which answer is not known: what one station says in the name of another does not end a session, and the host's own answer
/// to the same request may be on its way. The next reject is believed, unless it comes.
void Authenticator::doubt(std::string words, Time now) {
  ++context_.authenticator.rejects;
  if (answer_.disputed()) {
    fail_with(Reason::authentication_failed, words + "; another station answered in its place", now);
    return leave_open(now);
  }
  fail_with(Reason::authentication_failed, std::move(words), now);
  answer_.doubt();
  leave_open(now);
  outcome_ = {.kind = Outcome::Kind::doubted};
}

void Authenticator::give_up(RadiusReport report, Time now) {
  const bool keyless = report.problem == RadiusProblem::no_keys || report.problem == RadiusProblem::no_session_id;
  ++(keyless ? context_.authenticator.accepts_unusable : context_.authenticator.server_timeouts);
  std::string words = report.words.empty() ? "no RADIUS server gives an answer that can be used" : report.words;
  fail_with(keyless ? Reason::authentication_failed : Reason::no_radius_server, std::move(words), now);
  facts_.keyless = keyless;
  const bool answer = keyless || report.servers_answer;
  outcome_ = {.kind = answer ? Outcome::Kind::unusable : Outcome::Kind::unanswered, .report = std::move(report)};
  if (session_) {
    forget_conversation();
    return enter(Phase::authenticated, now);
  }
  end(EapCode::failure);
  if (keyless) return hold(context_.profile->pae->quiet, now);  // it will not be otherwise soon
  const Duration pause = Duration{1s} * (std::int64_t{1} << std::min(back_off_++, 12U));
  hold(std::min(pause, longest_back_off), now);
}

void Authenticator::on_silence(Time now) {
  ++context_.authenticator.host_timeouts;
  fail_with(Reason::authentication_failed,
            who() + " stopped answering; messages of it seen: " + std::to_string(answers_), now);
  if (!session_) return ask(now);
  abandon();
  leave_open(now);
}

void Authenticator::leave_open(Time now) {
  forget_conversation();
  enter(Phase::authenticated, now);
  outcome_ = {.kind = Outcome::Kind::inconclusive};
}

void Authenticator::fail_with(Reason reason, std::string words, Time now) {
  failure_ = reason;
  ++revision_;
  facts_.last_failure = now;
  facts_.keyless = false;
  facts_.last_failure_text = std::move(words);
  context_.emit(Event::Kind::authentication_failed, now, facts_.last_failure_text);
}

void Authenticator::hold(Duration span, Time now) {
  forget_conversation();
  deadlines_.stop_all();
  deadlines_.set(Timer::held, now + span);
  enter(Phase::held, now);
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

std::string Authenticator::who() const {
  if (!host_) return "a host";
  const std::string& name = conversation_ ? claimed_ : identity_;
  return to_string(*host_) + (name.empty() ? "" : " (\"" + name + "\")");
}

Reason Authenticator::reason() const noexcept {
  if (failure_ != Reason::none) return failure_;
  return session_ || phase_ == Phase::off ? Reason::none : Reason::authenticating;
}

std::string Authenticator::words() const {
  if (failure_ != Reason::none) return facts_.last_failure_text;
  if (reason() == Reason::none) return {};
  if (phase_ == Phase::authenticating)
    return "the authentication of " + who() + " on " + context_.profile->link.parent + " is under way";
  return "no host on " + context_.profile->link.parent + " has said who it is" +
         (context_.link.obstacle.empty() ? "" : ": " + context_.link.obstacle);
}

void Authenticator::fill(AuthenticatorStatus& status) const {
  status = facts_;
  constexpr std::array states{AuthenticatorState::waiting, AuthenticatorState::waiting,
                              AuthenticatorState::authenticating, AuthenticatorState::authenticated,
                              AuthenticatorState::held};
  status.state = states[static_cast<std::size_t>(phase_)];
  status.since = since_;
  status.reason = reason();
  status.reason_text = words();
  status.host = host_;
  status.identity = identity_;
  status.next_attempt = deadlines_.at(Timer::held);
  status.counters = context_.authenticator;
}

}  // namespace macsec::core
