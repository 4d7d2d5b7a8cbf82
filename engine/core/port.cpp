// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/port.hpp"

#include <algorithm>

namespace macsec::core {
namespace {

/// Between two reports that another end has another CAK.
constexpr Duration mismatch_pause = std::chrono::minutes{1};

}  // namespace

Port::Port(ProfilePointer profile, Secy& secy, Random& random, Trace& trace)
    : context_{.secy = secy,
               .random = random,
               .trace = trace,
               .profile = std::move(profile),
               .link = {},
               .counters = {},
               .frames = {},
               .events = {}},
      kay_{context_},
      access_{context_, kay_} {}

Port::Port(ProfilePointer profile, Secy& secy, Random& random, Trace& trace, Snapshot resume)
    : Port{std::move(profile), secy, random, trace} {
  kay_.resume(std::move(resume));
}

void Port::settle(Time now) {
  access_.step(now);
  do kay_.step(now);
  while (access_.follow(now));
  reporter_.update(context_, kay_, access_, now);
  if (kay_.revision() == told_revision_ && access_.kept_until() == told_until_) return;
  told_revision_ = kay_.revision();
  told_until_ = access_.kept_until();
  context_.emit(Event::Kind::snapshot_changed, now);
}

void Port::on_frame(Bytes frame, Time now) {
  if (!context_.link.present) {
    ++context_.counters.rx_not_ready;
    return;
  }
  const auto eapol = read_eapol(frame);
  if (!eapol) {
    ++context_.counters.rx_validation_failures;
    return;
  }
  if (eapol->type != static_cast<std::uint8_t>(EapolType::mka)) return receive_eapol(*eapol, now);
  if (eapol->ethertype != context_.profile->mka.ethertype) return;
  // 11.11.2: an individual address is not a destination of MKPDUs, unless the profile names one: then both ends do.
  const MacAddress& configured = context_.profile->mka.destination;
  const bool group = (configured.octets[0] & 1U) != 0;
  if (eapol->destination != (group ? configured : context_.link.mac)) {
    ++context_.counters.rx_wrong_destination;
    return;
  }
  receive_mkpdu(*eapol, now);
  settle(now);
}

// Authenticators use either address (802.1X-2020 11.1.1).
void Port::receive_eapol(const EapolFrame& frame, Time now) {
  const bool group = (frame.destination.octets[0] & 1U) != 0;
  if (!access_.applies() || frame.ethertype != eapol_ethertype || !(group || frame.destination == context_.link.mac))
    return;
  access_.receive(frame, now);
  settle(now);
}

void Port::receive_mkpdu(const EapolFrame& frame, Time now) {
  PortCounters& counters = context_.counters;
  const auto basic = read_basic_set(frame.body);
  if (!basic) {
    ++(basic.error() == MkpduError::unknown_agility ? counters.rx_unknown_agility : counters.rx_validation_failures);
    return;
  }
  if (basic->version == 0) {
    ++counters.rx_bad_version;
    return;
  }
  Participant* participant = kay_.find(basic->ckn);
  // Our own frame, sent back by a loop or by another station: it says nothing about any. One that we have not sent yet is of a
  // copy of this station.
  if (basic->sci == context_.link.sci) {
    ++counters.rx_reflected;
    if (participant != nullptr && participant->active && basic->mi == participant->mi() &&
        basic->mn > participant->mn() && participant->verify(frame))
      kay_.on_rewound(now);
    return;
  }
  if (participant == nullptr) {
    ++counters.rx_unknown_ckn;
    reporter_.heard_foreign(context_, kay_, *basic, now);
    return;
  }
  if (!participant->active) {
    ++counters.rx_inactive_ckn;
    if (participant->verify(frame)) kay_.heard_idle(*participant, basic->mi, now);
    return;
  }
  if (!participant->verify(frame)) {
    ++counters.rx_icv_failures;
    ++participant->icv_failures;
    participant->last_icv_failure = now;
    participant->last_icv_failure_of = basic->sci;
    participant->peers().note_icv_failure(basic->sci);
    tell_mismatch(*participant, now);
    return;
  }
  if (participant->mismatch_told && now - *participant->mismatch_told >= mismatch_pause)
    participant->mismatch_told.reset();
  const auto pdu = read_mkpdu(frame.body, *basic);
  if (!pdu) {
    ++counters.rx_validation_failures;
    return;
  }
  kay_.receive(*participant, *pdu, now);
}

/// Another end has another CAK under this name: told once, and again when it had the right one meanwhile.
void Port::tell_mismatch(Participant& key, Time now) {
  if (!key.peers().all().empty() || key.mismatch_told) return;
  key.mismatch_told = now;
  context_.emit(Event::Kind::key_mismatch, now,
                "a frame names CKN " + to_string(key.ckn()) + " and was made with another CAK", key.ckn());
}

void Port::on_link(const LinkState& link, Time now) {
  const LinkState before = context_.link;
  if (before == link) return;
  context_.link = link;
  const bool other_device = before.present && (!link.present || before.sci != link.sci);
  if (other_device) kay_.on_device_lost(now);
  if (before.present && !other_device) kay_.on_interruption(before, now);
  if (link.present && (!before.present || before.sci != link.sci)) {
    kay_.set_keys(now);
    kay_.on_device_found(now);
  }
  // A peer that moved to another address is to hear of it; a cable that came back is to be used at once.
  if (link.present && link.carrier && (!before.carrier || !before.present || before.sci != link.sci))
    kay_.on_link_up(now);
  settle(now);
}

void Port::on_timeout(Time now) {
  if (const auto due = next_timeout(); !due || now < *due) return;
  settle(now);
}

void Port::on_sample(const SecyState& sample, Time now) {
  if (!context_.link.present) return;
  kay_.on_sample(sample, now);
  settle(now);
}

void Port::on_wall_clock(Time epoch, Time now, bool synchronised) {
  kay_.set_wall_clock(epoch, now, synchronised);
  settle(now);
}

void Port::reconfigure(ProfilePointer profile, Time now) {
  const ProfilePointer before = std::exchange(context_.profile, std::move(profile));
  kay_.set_keys(now);
  access_.reconfigure(*before, now);
  settle(now);
}

Result<void> Port::rekey(Time now) {
  auto done = kay_.rekey(now);
  settle(now);
  return done;
}

Result<void> Port::suspend(Duration span, Time now) {
  auto done = kay_.suspend(span, now);
  settle(now);
  return done;
}

Result<void> Port::retire_key(const Ckn& ckn, Retirement how, Duration timeout, Time now) {
  auto done = kay_.retire_key(ckn, how, timeout, now);
  settle(now);
  return done;
}

Result<void> Port::keep_key(const Ckn& ckn, Time now) {
  auto done = kay_.keep_key(ckn, now);
  settle(now);
  return done;
}

void Port::on_eap(EapReport report, Time now) {
  access_.logon().on_eap(std::move(report), now);
  settle(now);
}

Result<void> Port::reauthenticate(Time now) {
  auto done = access_.reauthenticate(now);
  settle(now);
  return done;
}

void Port::on_radius(RadiusReport report, Time now) {
  access_.admission().on_radius(std::move(report), now);
  settle(now);
}

Result<void> Port::terminate(Time now) {
  auto done = access_.admission().terminate(now);
  settle(now);
  return done;
}

Result<void> Port::log_off(Time now) {
  auto done = access_.logon().log_off(now);
  settle(now);
  return done;
}

void Port::set_enabled(bool enabled, Time now) {
  access_.set_enabled(enabled, now);
  if (kay_.enabled() != enabled) kay_.set_enabled(enabled, now);
  settle(now);
}

std::optional<Frame> Port::poll_transmit() {
  if (context_.frames.empty()) return std::nullopt;
  Frame frame = std::move(context_.frames.front());
  context_.frames.pop_front();
  return frame;
}

std::optional<Event> Port::poll_event() {
  if (context_.events.empty()) return std::nullopt;
  Event event = std::move(context_.events.front());
  context_.events.pop_front();
  return event;
}

std::optional<Time> Port::next_timeout() const {
  return sooner(sooner(kay_.next_timeout(), access_.next()), reporter_.next_timeout());
}

std::optional<Duration> Port::sample_interval() const { return kay_.sample_interval(); }

PortStatus Port::status() const {
  PortStatus status;
  reporter_.fill(status, context_, kay_, access_);
  return status;
}

void Port::on_credentials(const EapVerdict& verdict, bool asked, Time now) {
  access_.logon().on_credentials(verdict, asked, now);
  settle(now);
}

Snapshot Port::snapshot() const { return kay_.snapshot(); }

const Profile& Port::profile() const noexcept { return *context_.profile; }

}  // namespace macsec::core
