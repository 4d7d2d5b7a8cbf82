// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/eap_life.hpp"

#include "engine/crypto/session_keys.hpp"
#include "tests/sim/forge.hpp"
#include "tests/sim/life.hpp"

namespace macsec::sim {

namespace {

using namespace std::chrono_literals;

/// Until both ends are secured after the last fault: the pauses after a reject, a refusal and for MKA that is silent are a minute
/// each, and one may follow another.
constexpr Instant authentication_limit = 240 * second;
constexpr MacAddress stranger_mac{{2, 0, 0, 0, 9, 9}};
constexpr std::string_view fallback_name = "fa";

}  // namespace

EapLife::EapLife(std::uint64_t seed) : lan_{seed}, random_{seed * 6007 + 29}, seed_{seed}, radius_{lan_} {
  fallback_ = random_.chance(20);
  const auto attach = [&](ProfilePointer profile) {
    HostOptions options;
    options.profile = std::move(profile);
    options.clock_offset = random_.between(1, 365LL * 86'400 * second) | 1;
    options.clock_ppm = static_cast<int>(random_.between(-200, 200));
    options.seed = seed_;
    return &lan_.attach([&](Index index) { return std::make_unique<Host>(lan_, index, options); });
  };
  host_ = attach(host_profile());
  port_ = attach(port_profile());
  worker_ = std::make_unique<FakeWorker>(lan_, *host_);
  radius_.serve(*port_);
  radius_.delay = random_.between(millisecond, 300 * millisecond);
  if (random_.chance(30)) {
    radius_.session_timeout = std::chrono::seconds{random_.between(30, 300)};
    radius_.reauthenticate = true;
  }
  description_ += fallback_ ? "fallback" : "no fallback";
  description_ += radius_.reauthenticate ? ", times of the server" : "";
}

ProfilePointer EapLife::host_profile() {
  return make_profile([&](Profile& profile) {
    profile.keys.clear();
    if (fallback_) profile.keys.push_back(psk(fallback_name, 0x22, 16, KeyRole::fallback));
    profile.pae.emplace();
    if (random_.chance(30)) profile.pae->reauthenticate = std::chrono::seconds{random_.between(30, 300)};
    profile.pae->cache = std::chrono::seconds{random_.chance(50) ? 3600 : random_.between(0, 60)};
    profile.pae->held = std::chrono::seconds{random_.between(1, 60)};
  });
}

ProfilePointer EapLife::port_profile() {
  return make_profile([&](Profile& profile) {
    profile.keys.clear();
    if (fallback_) profile.keys.push_back(psk(fallback_name, 0x22, 16, KeyRole::fallback));
    profile.pae.emplace();
    profile.pae->role = PaeRole::authenticator;
    profile.pae->servers.emplace_back();
    profile.pae->reauthenticate = std::chrono::seconds{random_.chance(50) ? 3600 : random_.between(30, 300)};
    profile.pae->quiet = std::chrono::seconds{random_.between(1, 60)};
    profile.mka.priority = static_cast<std::uint8_t>(random_.chance(50) ? 16 : 200);
  });
}

bool EapLife::run(Instant span) {
  const std::array ends{host_, port_};
  return live(lan_, random_, ends, span,
              {.watch = [this] { watch(); },
               .peace = [this] { peace(); },
               .disturb = [this] { disturb(); },
               .converge = [this] { converge(); }});
}

void EapLife::write(const std::string& prefix) const {
  lan_.pcap.write(prefix + ".pcap");
  lan_.world.trace.write(prefix + ".trace");
}

// ---- peace: what nobody may lose a frame by ----------------------------------------------------------------------------

// What anybody on the cable can say, to either end, in the name of whom he likes.
void EapLife::forge() {
  Host& to = any_end();
  const Host& from = &to == host_ ? *port_ : *host_;
  const MacAddress source = random_.chance(70) ? from.mac() : stranger_mac;
  const std::uint8_t identifier = random_.chance(50) ? ++identifier_ : static_cast<std::uint8_t>(random_.below(256));
  const std::array<std::uint8_t, 3> data{0x20, static_cast<std::uint8_t>(random_.below(256)),
                                         static_cast<std::uint8_t>(random_.below(4))};
  const auto eap = [&](EapCode code, EapType type, Bytes body) {
    lan_.inject(to.index(), eap_frame(pae_group_address, source, code, identifier, type, body));
  };
  switch (random_.below(8)) {
    case 0:
      return eap(EapCode::failure, EapType::none, {});
    case 1:
      return eap(EapCode::success, EapType::none, {});
    case 2:
      return eap(EapCode::request, EapType::identity, {});
    case 3:
      return eap(EapCode::response, EapType::identity, {});
    case 4:
      return eap(EapCode::request, EapType::notification, data);
    case 5:
      return lan_.inject(to.index(), eapol_frame(source, EapolType::start, {}));
    case 6:
      return lan_.inject(to.index(), eapol_frame(source, EapolType::logoff, {}));
    default:
      return lan_.inject(to.index(), eapol_frame(source, EapolType::announcement, data));
  }
}

// What goes wrong beside a link that MKA holds.
void EapLife::annoy() {
  Host& victim = any_end();
  if (!victim.running()) return;
  switch (random_.below(8)) {
    case 0:
    case 1:
      static_cast<void>(victim.reauthenticate());
      return;
    case 2:
      return worker_->die_at(static_cast<unsigned>(random_.between(1, 6)));
    case 3:
      worker_->answers = false;
      return lan_.after(random_.between(millisecond, 60 * second), [this] { worker_->answers = true; });
    case 4:
      radius_.answers = false;
      return lan_.after(random_.between(millisecond, 200 * second), [this] { radius_.answers = true; });
    case 5:
      return victim.set_wall_clock(random_.between(0, 4'000'000'000));
    case 6:
      victim.crash();
      return lan_.after(random_.between(millisecond, 300 * millisecond), [&victim] {
        if (!victim.running()) victim.start();
      });
    default:
      return;
  }
}

void EapLife::peace() {
  lan_.world.note(nobody, "peace");
  lan_.reset_traffic();
  lan_.set_traffic(250 * millisecond);
  lan_.set_lossless(true);
  calm_ = true;
  for (auto rounds = random_.between(1, 20); rounds > 0 && lan_.world.good(); --rounds) {
    annoy();
    for (auto forged = random_.between(0, 30); forged > 0 && lan_.world.good(); --forged) {
      forge();
      lan_.run_for(random_.between(millisecond, second));
    }
  }
  lan_.run_for(random_.between(4 * second, 20 * second));
  calm_ = false;
  lan_.set_lossless(false);
  worker_->answers = radius_.answers = true;
  worker_->die_at(0);
  calm_traffic_ += lan_.traffic();
}

// ---- trouble -----------------------------------------------------------------------------------------------------------

void EapLife::disturb() {
  lan_.world.note(nobody, "trouble");
  lan_.set_traffic(500 * millisecond);
  const Instant span = random_.between(100 * millisecond, random_.chance(50) ? 10 * second : 200 * second);
  for (auto count = random_.between(1, 4); count > 0; --count) {
    ++faults_;
    break_something(span);
    for (auto forged = random_.between(0, 10); forged > 0; --forged) forge();
    lan_.run_for(random_.between(0, span / 2));
  }
  lan_.run_for(random_.between(0, span));
  heal();
}

void EapLife::break_something(Instant span) {
  Host& victim = any_end();
  switch (random_.below(8)) {
    case 0:
    case 1:
      return break_cable(span);
    case 2:
    case 3:
      return break_process(victim, span);
    case 4:
    case 5:
      return break_servers(span);
    case 6:
      worker_->answers = random_.chance(50);
      worker_->spoils = random_.chance(50);
      worker_->keyless = random_.chance(30);
      return worker_->die_at(static_cast<unsigned>(random_.between(0, 6)));
    default:
      return ask_operator();
  }
}

void EapLife::break_cable(Instant span) {
  if (random_.chance(50)) {
    lan_.world.note(nobody, "a bad cable");
    return lan_.set_paths({.latency = random_.between(50, 5000),
                           .jitter = random_.between(0, 200 * millisecond),
                           .loss = static_cast<unsigned>(random_.between(5, 60)),
                           .duplicate = static_cast<unsigned>(random_.below(30)),
                           .cut = false});
  }
  lan_.world.note(nobody, "no carrier");
  for (const Host* each : {host_, port_}) lan_.plug(each->index(), false);
  if (random_.chance(70))
    lan_.after(random_.between(10 * millisecond, span), [this] {
      for (const Host* each : {host_, port_}) lan_.plug(each->index(), true);
    });
}

void EapLife::break_process(Host& victim, Instant span) {
  if (!victim.running()) return;
  const bool power = random_.chance(30);
  if (power)
    victim.reboot();
  else
    victim.crash();
  const auto memory = power || random_.chance(50) ? Host::Memory::lost : Host::Memory::kept;
  if (random_.chance(70))
    lan_.after(random_.between(0, span), [&victim, memory] {
      if (!victim.running()) victim.start(memory);
    });
}

void EapLife::break_servers(Instant span) {
  using Verdict = RadiusScript::Verdict;
  lan_.world.note(nobody, "servers");
  radius_.verdict = std::array{Verdict::accept, Verdict::reject, Verdict::unusable}[random_.below(3)];
  radius_.answers = random_.chance(50);
  radius_.others_hear = random_.chance(50);
  radius_.mute = random_.chance(20);
  if (random_.chance(50))
    lan_.after(random_.between(0, span), [this] { radius_.verdict = RadiusScript::Verdict::accept; });
}

void EapLife::ask_operator() {
  Host& victim = any_end();
  if (!victim.running()) return;
  switch (random_.below(4)) {
    case 0:
      return victim.set_enabled(false);
    case 1:
      if (host_->running()) static_cast<void>(host_->log_off());
      return;
    case 2:
      if (port_->running()) static_cast<void>(port_->terminate());
      return;
    default:
      return victim.reconfigure(&victim == host_ ? host_profile() : port_profile());
  }
}

void EapLife::heal() {
  lan_.world.note(nobody, "heal");
  lan_.set_paths({});
  worker_->answers = true;
  worker_->spoils = worker_->keyless = false;
  worker_->die_at(0);
  radius_.verdict = RadiusScript::Verdict::accept;
  radius_.answers = true;
  radius_.others_hear = radius_.mute = false;
  for (Host* each : {host_, port_}) {
    lan_.plug(each->index(), true);
    if (!each->running()) each->start(random_.chance(50) ? Host::Memory::kept : Host::Memory::lost);
    each->set_enabled(true);
  }
  // A logoff lasts until an operator takes it back.
  static_cast<void>(host_->reauthenticate());
}

void EapLife::converge() {
  if (!lan_.world.good()) return;
  const Instant began = lan_.world.now;
  // What trouble left behind shows within a life time; a key of the profile alone is not what is wanted.
  lan_.run_for(7 * second);
  const auto found = [&] {
    return lan_.secured() && host_->status().supplicant->state == core::SupplicantState::authenticated &&
           port_->status().authenticator->state == core::AuthenticatorState::authenticated &&
           host_->status().principal == port_->status().principal && host_->status().principal != fallback_ckn();
  };
  if (!lan_.run_until([&] { return found() || !lan_.world.good(); }, authentication_limit)) {
    const auto mine = host_->status();
    const auto theirs = port_->status();
    lan_.world.violate(
        nobody, "not authenticated again after trouble: " + lan_.why_unsecured() + "; host " +
                    std::string{to_string(mine.supplicant->state)} + ", " + mine.supplicant->reason_text + "; port " +
                    std::string{to_string(theirs.authenticator->state)} + ", " + theirs.authenticator->reason_text);
  }
  slowest_ = std::max(slowest_, lan_.world.now - began);
  lan_.run_for(10 * second);
  for (const Host* each : {host_, port_})
    if (each->running() && each->status().participants.size() > 4) lan_.world.violate(each->index(), "keys pile up");
}

// ---- what must never be ------------------------------------------------------------------------------------------------

std::optional<Ckn> EapLife::fallback_ckn() const {
  return fallback_ ? std::optional{psk(fallback_name, 0x22, 16, KeyRole::fallback).ckn} : std::nullopt;
}

void EapLife::watch() {
  lan_.after(100 * millisecond, [this] {
    while (names_.size() <= std::min(radius_.conversations(), 255U)) {
      const MethodKeys keys = method_keys(static_cast<std::uint8_t>(names_.size()));
      names_.push_back(
          crypto::derive_session_keys(keys.msk, keys.session_id, host_->mac(), port_->mac(), 16).value().ckn);
    }
    for (const Host* each : {host_, port_}) judge(*each);
    if (lan_.world.good()) watch();
  });
}

void EapLife::judge(const Host& end) {
  if (!end.running()) return;
  const core::PortStatus status = end.status();
  // The port has keys of what a server accepted. A host trusts who comes to the end of the method, and any Success then; spoilt
  // keys are of no authentication, and reach nobody.
  for (const core::ParticipantStatus& each : status.participants) {
    if (each.ckn == fallback_ckn()) continue;
    const auto number = std::ranges::find(names_, each.ckn) - names_.begin();
    const bool known = &end == port_ ? radius_.accepted().contains(static_cast<std::uint8_t>(number))
                                     : number < static_cast<std::ptrdiff_t>(names_.size()) || worker_->spoilt;
    if (!known) lan_.world.violate(end.index(), "speaks with a key of no authentication: " + to_string(each.ckn));
  }
  if (lan_.traffic(end.index()).delivered_clear > 0) lan_.world.violate(end.index(), "takes a frame without a key");
  if (calm_ && status.state != core::PortState::secured)
    lan_.world.violate(end.index(), "left secured in peace: " + status.reason_text);
}

}  // namespace macsec::sim
