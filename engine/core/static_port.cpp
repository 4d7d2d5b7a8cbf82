// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/static_port.hpp"

#include "engine/base/text.hpp"
#include "engine/crypto/mka_keys.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

constexpr Duration watch_interval = 1s;
constexpr Duration reserve_span = 4s;  ///< of line rate, renewed at half: two looks before it could run out
constexpr Duration absence_span = 60s;
constexpr Duration retry_interval = 5s;
constexpr std::uint64_t assumed_speed = 10'000'000'000;
/// A minimal frame with SecTAG, ICV, preamble and gap: 84 + 32 octets.
constexpr std::uint64_t smallest_frame_bits = 928;

Result<std::array<std::uint8_t, 16>> digest(const StaticKey& key, std::string_view label, Bytes context) {
  std::array<std::uint8_t, 16> out{};
  if (auto done = crypto::kdf(key.key.expose(), label, context, out); !done) return std::unexpected{done.error()};
  return out;
}

Result<SaKey> sa_key(const StaticKey& key) {
  auto id = static_key_id(key);
  if (!id) return std::unexpected{id.error()};
  SaKey out{.id = *id, .key = key.key.duplicate(), .salt = {}};
  std::ranges::copy(key.salt.expose(), out.salt.begin());
  return out;
}

bool holds(const std::vector<SaState>& associations, An an, const KeyId& id) {
  return std::ranges::any_of(associations, [&](const SaState& sa) { return sa.an == an && sa.key == id; });
}

const SaState* find(const std::vector<SaState>& associations, An an) {
  const auto at = std::ranges::find(associations, an, &SaState::an);
  return at == associations.end() ? nullptr : &*at;
}

}  // namespace

Result<KeyId> static_key_id(const StaticKey& key) {
  const bool given = std::ranges::any_of(key.key_id, [](std::uint8_t octet) { return octet != 0; });
  if (given) return KeyId::from_octets(key.key_id);
  const auto made = digest(key, "macsecd key id", {});
  if (!made) return std::unexpected{made.error()};
  return KeyId::from_octets(*made);
}

Result<std::string> static_key_name(const StaticKey& key, const Sci& sci, bool xpn) {
  const auto made = digest(key, "macsecd packet number", xpn ? Bytes{} : Bytes{sci.octets});
  if (!made) return std::unexpected{made.error()};
  return to_hex(*made);
}

StaticPort::StaticPort(ProfilePointer profile, Secy& secy, PacketNumberLedger ledger, Trace& trace)
    : profile_{std::move(profile)},
      secy_{secy},
      ledger_{std::move(ledger)},
      trace_{trace},
      enabled_{profile_->link.enabled} {
  status_.reason = Reason::no_device;
  status_.reason_text = "the interface does not exist";
}

Pn StaticPort::pn_space() const noexcept { return is_xpn(suite()) ? std::numeric_limits<Pn>::max() : Pn{1} << 32U; }

Pn StaticPort::stride(Duration span) const noexcept {
  const std::uint64_t speed = link_.speed == 0 ? assumed_speed : link_.speed;
  const std::uint64_t a_second = speed / smallest_frame_bits + 1;
  return a_second * static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

void StaticPort::on_link(const LinkState& link, Time now) {
  const bool other_device = link.sci != link_.sci;
  if (!link.present || other_device) up_ = false;  // the keys went with the device
  link_ = link;
  status_.carrier = link.carrier;
  status_.sci = link.sci;
  bring_up(now);
}

void StaticPort::on_timeout(Time now) {
  if (!retry_ || *retry_ > now) return;
  retry_.reset();
  bring_up(now);
}

void StaticPort::set_enabled(bool enabled, Time now) {
  if (enabled_ == enabled) return;
  enabled_ = enabled;
  if (!enabled) take_down(now);
  bring_up(now);
}

void StaticPort::reconfigure(ProfilePointer profile, Time now) {
  const bool same_keys = std::ranges::equal(
      profile_->static_keys, profile->static_keys, [](const StaticKey& left, const StaticKey& right) {
        return left.transmit == right.transmit && left.peer == right.peer && left.an == right.an &&
               left.key == right.key && left.key_id == right.key_id && left.packet_number == right.packet_number &&
               left.ssci == right.ssci && left.salt == right.salt;
      });
  if (!same_keys && up_) take_down(now);
  transmit_.clear();  // points into the old profile
  current_.reset();
  profile_ = std::move(profile);
  up_ = false;  // parameters may differ; what is installed already stays
  bring_up(now);
}

void StaticPort::bring_up(Time now) {
  if (!enabled_) return enter(PortState::down, Reason::disabled, "taken down", now);
  if (!link_.present) return enter(PortState::down, Reason::no_device, "the interface does not exist", now);
  if (!up_) {
    if (auto done = install(now); !done) return refuse(done.error(), now);
    up_ = true;
    status_.last_error.clear();
  }
  if (!current_ && !transmit_.empty()) return;  // every packet number is used up; choose_transmit() said so
  if (!link_.carrier) return enter(PortState::down, Reason::no_carrier, "no carrier", now);
  if (!current_) return enter(PortState::pending, Reason::no_key, "no key to transmit with", now);
  enter(PortState::secured, Reason::none, "static keys are installed", now);
}

Result<void> StaticPort::install(Time now) {
  retry_.reset();
  current_.reset();
  if (auto done = because(&PortCounters::cipher_suite_failures, secy_.select_cipher_suite(suite())); !done) return done;
  if (auto done = secy_.configure(secy_parameters(*profile_)); !done) return done;
  auto held = secy_.read();
  if (!held) return std::unexpected{held.error()};
  if (held->offload != OffloadMode::off)
    return fail(EBUSY, "hardware encrypts, which need not tell the packet numbers it used: static keys need software");
  if (auto done = remove_strangers(*held); !done) return done;
  if (auto done = install_receive(*held); !done) return done;

  transmit_.clear();
  for (const StaticKey& key : profile_->static_keys) {
    if (!key.transmit) continue;
    auto name = static_key_name(key, link_.sci, is_xpn(suite()));
    if (!name) return std::unexpected{name.error()};
    Transmit transmit{.key = &key, .name = std::move(*name)};
    if (auto done = install_transmit(*held, transmit); !done) return done;
    transmit_.push_back(std::move(transmit));
  }
  return choose_transmit(now);
}

/// What a killed daemon or another program left and the profile does not name.
Result<void> StaticPort::remove_strangers(const SecyState& held) {
  const auto wanted = [this](bool transmit, const Sci& sci, const SaState& association) {
    return std::ranges::any_of(profile_->static_keys, [&](const StaticKey& key) {
      const auto id = static_key_id(key);
      return key.transmit == transmit && (transmit || key.peer == sci) && key.an == association.an && id &&
             *id == association.key;
    });
  };
  for (const SaState& association : held.transmit)
    if (!wanted(true, {}, association))
      if (auto done = secy_.delete_transmit_sa(association.an); !done) return done;
  for (const ReceiveScState& sc : held.receive) {
    const bool known = std::ranges::any_of(profile_->static_keys,
                                           [&](const StaticKey& key) { return !key.transmit && key.peer == sc.sci; });
    if (!known) {
      if (auto done = secy_.delete_receive_sc(sc.sci); !done) return done;
      continue;
    }
    for (const SaState& association : sc.associations)
      if (!wanted(false, sc.sci, association))
        if (auto done = secy_.delete_receive_sa(sc.sci, association.an); !done) return done;
  }
  return {};
}

Result<void> StaticPort::install_receive(const SecyState& held) {
  for (const StaticKey& key : profile_->static_keys) {
    if (key.transmit) continue;
    auto material = sa_key(key);
    if (!material) return std::unexpected{material.error()};
    const auto sc = std::ranges::find(held.receive, key.peer, &ReceiveScState::sci);
    if (sc != held.receive.end() && holds(sc->associations, key.an, material->id)) continue;
    if (auto done = because(&PortCounters::receive_sc_failures, secy_.create_receive_sc(key.peer)); !done) return done;
    auto done = because(&PortCounters::receive_sa_failures,
                        secy_.install_receive_sa(key.peer, key.an, *material, key.packet_number, key.ssci));
    if (!done) return done;
  }
  return {};
}

Result<void> StaticPort::install_transmit(const SecyState& held, Transmit& transmit) {
  auto material = sa_key(*transmit.key);
  if (!material) return std::unexpected{material.error()};
  const auto before = ledger_.reserved(transmit.name);
  if (!before) return std::unexpected{before.error()};
  transmit.limit = before->value_or(0);

  const Pn floor = std::max(transmit.key->packet_number, seen_[transmit.name]);
  if (holds(held.transmit, transmit.key->an, material->id)) {
    const Pn next = find(held.transmit, transmit.key->an)->next_pn;
    if (next != 0 && next < floor) {
      // Another program put the key there, to count from the beginning: those numbers are used up.
      if (auto done = secy_.delete_transmit_sa(transmit.key->an); !done) return done;
      return install_fresh(transmit, *material);
    }
    transmit.installed = true;
    transmit.exhausted = next == 0;
    return transmit.exhausted ? Result<void>{} : reserve(transmit, next + stride(reserve_span));
  }
  return install_fresh(transmit, *material);
}

Result<void> StaticPort::install_fresh(Transmit& transmit, const SaKey& material) {
  // What was seen is below what is reserved, unless nobody looked in time.
  const Pn first = std::max({transmit.key->packet_number, seen_[transmit.name], transmit.limit, Pn{1}});
  if (first >= pn_space()) {
    transmit.exhausted = true;
    return {};
  }
  if (auto done = reserve(transmit, first + stride(reserve_span)); !done) return done;
  auto done = because(&PortCounters::transmit_sa_failures,
                      secy_.install_static_transmit_sa(transmit.key->an, material, transmit.key->ssci, first));
  if (!done) return done;
  transmit.installed = true;
  return {};
}

Result<void> StaticPort::reserve(Transmit& transmit, Pn limit) {
  // An addition that wraps around is beyond the end too.
  const Pn wanted = limit > pn_space() || limit < transmit.limit / 2 ? pn_space() : limit;
  if (wanted <= transmit.limit) return {};
  if (auto done = ledger_.reserve(transmit.name, wanted); !done) return done;
  transmit.limit = wanted;
  return {};
}

Result<void> StaticPort::choose_transmit(Time now) {
  current_.reset();
  for (std::size_t i = 0; i < transmit_.size(); ++i) {
    if (!transmit_[i].installed || transmit_[i].exhausted) continue;
    auto done = because(&PortCounters::transmit_sa_failures, secy_.transmit_with(transmit_[i].key->an));
    if (!done) return done;
    current_ = i;
    if (!status_.latest || status_.latest->an != transmit_[i].key->an)
      events_.push_back({Event::Kind::sak_installed, now, "static key in use for sending"});
    status_.latest = SakStatus{.key = static_key_id(*transmit_[i].key).value_or(KeyId{}),
                               .an = transmit_[i].key->an,
                               .cipher_suite = suite(),
                               .receiving = true,
                               .transmitting = true,
                               .since = now};
    break;
  }
  if (!current_ && !transmit_.empty()) {
    if (auto done = secy_.set_controlled_port(ControlledPort::dormant); !done) return done;
    status_.last_error = "every packet number of the transmit key is used up: configure a new key";
    enter(PortState::failed, Reason::no_key, status_.last_error, now);
    return {};
  }
  return secy_.set_controlled_port(ControlledPort::up);
}

void StaticPort::on_sample(const SecyState& sample, Time now) {
  if (!up_ || sample.sci != link_.sci) return;
  for (const Transmit& transmit : transmit_)
    if (transmit.installed && !transmit.exhausted && !intact(transmit, sample)) {
      up_ = false;
      return bring_up(now);
    }
  for (Transmit& transmit : transmit_)
    if (transmit.installed && !transmit.exhausted) watch(transmit, *find(sample.transmit, transmit.key->an), now);
}

/// Whether the SecY still has the key as it was installed; another program may have put it there again.
bool StaticPort::intact(const Transmit& transmit, const SecyState& sample) const {
  const SaState* association = find(sample.transmit, transmit.key->an);
  const auto id = static_key_id(*transmit.key);
  if (association == nullptr || !id || association->key != *id) return false;
  const auto seen = seen_.find(transmit.name);
  return association->next_pn == 0 || seen == seen_.end() || association->next_pn >= seen->second;
}

void StaticPort::watch(Transmit& transmit, const SaState& association, Time now) {
  const bool sending = current_ && &transmit_[*current_] == &transmit;
  if (sending) status_.next_pn = association.next_pn;
  Pn& seen = seen_[transmit.name];
  seen = std::max(seen, association.next_pn);
  if (association.next_pn == 0 || association.next_pn >= pn_space()) {
    transmit.exhausted = true;
    if (!sending) return;
    if (auto done = choose_transmit(now); !done) return refuse(done.error(), now);
    return;
  }
  const Pn span = stride(reserve_span);
  if (transmit.limit >= pn_space() || transmit.limit - std::min(association.next_pn, transmit.limit) > span / 2) return;
  const auto done = reserve(transmit, association.next_pn + span);
  if (done) return;
  // Without a promise on disk the key must not send on: a reboot would send the same PNs again.
  static_cast<void>(secy_.delete_transmit_sa(transmit.key->an));
  transmit.installed = false;
  up_ = false;
  refuse(done.error(), now);
}

void StaticPort::prepare_absence() {
  if (!up_) return;
  for (Transmit& transmit : transmit_) {
    if (!transmit.installed || transmit.exhausted) continue;
    const Pn ahead = std::min(stride(absence_span), pn_space() / 64);
    static_cast<void>(reserve(transmit, transmit.limit + ahead));
  }
}

void StaticPort::take_down(Time /*now*/) {
  up_ = false;
  current_.reset();
  transmit_.clear();
  retry_.reset();
  status_.latest.reset();
  status_.next_pn = 0;
  if (!link_.present) return;
  for (const StaticKey& key : profile_->static_keys) {
    if (key.transmit)
      static_cast<void>(secy_.delete_transmit_sa(key.an));
    else
      static_cast<void>(secy_.delete_receive_sc(key.peer));
  }
  static_cast<void>(secy_.set_controlled_port(ControlledPort::dormant));
}

Result<void> StaticPort::because(Counter cause, Result<void> done) noexcept {
  if (!done) cause_ = cause;
  return done;
}

void StaticPort::refuse(const Error& error, Time now) {
  ++(status_.counters.*std::exchange(cause_, &PortCounters::secy_failures));
  status_.last_error = error.message;
  events_.push_back({Event::Kind::secy_error, now, error.message});
  retry_ = now + retry_interval;
  current_.reset();
  enter(PortState::failed, Reason::secy_error, error.message, now);
}

void StaticPort::enter(PortState state, Reason reason, std::string text, Time now) {
  if (status_.state == state && status_.reason == reason) return;
  trace_.record({now, "StaticKeys", to_string(status_.state), to_string(state), text});
  if (status_.state != state) status_.since = now;
  status_.state = state;
  status_.reason = reason;
  status_.reason_text = std::move(text);
  events_.push_back({Event::Kind::state_changed, now, sentence(state, status_.reason_text)});
}

std::optional<Event> StaticPort::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<Duration> StaticPort::sample_interval() const {
  if (!up_ || !current_) return std::nullopt;
  return watch_interval;
}

PortStatus StaticPort::status() const {
  PortStatus status = status_;
  status.pn_space = pn_space();
  if (current_) {
    status.cipher_suite = suite();
    status.encrypting = profile_->macsec.encrypt;
  }
  return status;
}

}  // namespace macsec::core
