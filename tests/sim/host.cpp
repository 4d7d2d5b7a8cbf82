// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/host.hpp"

#include "engine/wire/mkpdu.hpp"

#include <algorithm>

namespace macsec::sim {

namespace {

/// The CP machine stops waiting for a silent peer after the life time.
constexpr Instant transmit_when = 5500 * millisecond;

const core::ParticipantStatus* principal(const core::PortStatus& status) {
  const auto found = std::ranges::find_if(status.participants, &core::ParticipantStatus::principal);
  return found == status.participants.end() ? nullptr : &*found;
}

bool lists_live(const core::ParticipantStatus& who, const MemberId& mi) {
  return std::ranges::any_of(who.peers, [&](const core::PeerStatus& peer) { return peer.live && peer.mi == mi; });
}

}  // namespace

Host::Host(VirtualLan& lan, Index index, HostOptions options)
    : Station{lan.world, index, MacAddress{{0x02, 0, 0, 0, 0, static_cast<std::uint8_t>(index + 1)}},
              options.profile->link.port},
      lan_{lan},
      options_{std::move(options)},
      clock_{options_.clock_offset, options_.clock_ppm},
      trace_{lan.world, index} {
  secy_.set_must_secure(options_.profile->macsec.policy == Policy::must_secure);
}

core::LinkState Host::link() const {
  return {.present = device_there_,
          .parent = true,
          .carrier = carrier_,
          .mac = mac_,
          .sci = secy_.sci(),
          .speed = options_.speed,
          .device_up = device_up_,
          .device_downs = device_losses_,
          .carrier_losses = carrier_losses_,
          .interruptions = carrier_losses_ + device_losses_,
          .obstacle = obstacle_};
}

void Host::start(Memory memory) {
  random_ = std::make_unique<SimRandom>(options_.seed * 1'000'003 + index_ * 1009ULL + starts_++);
  const bool resume = memory == Memory::kept && saved_any_;
  secy_.set_must_secure(options_.profile->macsec.policy == Policy::must_secure);
  world_.note(index_, resume ? "start with snapshot" : "start");
  if (resume)
    port_ = std::make_unique<core::Port>(options_.profile, secy_, *random_, trace_, saved_);
  else
    port_ = std::make_unique<core::Port>(options_.profile, secy_, *random_, trace_);
  if (resume) port_->restore(kept_session_, now());
  port_->on_wall_clock(wall_epoch_, now());
  port_->on_link(link(), now());
  last_sample_ = world_.now;
  settle();
}

void Host::crash() {
  world_.note(index_, "crash");
  port_.reset();
  inbox_.clear();
  outbox_.clear();
  doomed_ = false;
  busy_until_ = 0;
  wake_ = never;
}

void Host::reboot() {
  crash();
  world_.note(index_, "reboot");
  secy_.reboot();
  saved_ = {};
  saved_any_ = false;
  kept_session_ = {};
}

void Host::on_frame(Bytes frame) {
  if (!port_) return;
  if (world_.now < busy_until_) {
    inbox_.emplace_back(frame.begin(), frame.end());
    return;
  }
  port_->on_frame(frame, now());
  settle();
}

void Host::on_carrier(bool up) {
  if (!up) ++carrier_losses_;
  if (up) secy_.carrier_returned();
  if (!port_) return;
  port_->on_link(link(), now());
  settle();
}

void Host::set_device_up(bool up) {
  device_up_ = up;
  if (!up) ++device_losses_;
  secy_.set_up(up);
  if (!port_) return;
  port_->on_link(link(), now());
  settle();
}

void Host::remove_device() {
  world_.note(index_, "device removed");
  device_there_ = false;
  secy_.reboot();
  if (!port_) return;
  port_->on_link(link(), now());
  settle();
}

void Host::cycle_device() {
  ++device_losses_;
  secy_.set_up(false);
  secy_.set_up(true);
  if (!port_) return;
  port_->on_link(link(), now());
  settle();
}

void Host::set_speed(std::uint64_t speed) {
  options_.speed = speed;
  if (!port_) return;
  port_->on_link(link(), now());
  settle();
}

void Host::set_obstacle(std::string obstacle) {
  obstacle_ = std::move(obstacle);
  if (!port_) return;
  port_->on_link(link(), now());
  settle();
}

void Host::on_wake() {
  for (const core::Frame& frame : std::exchange(outbox_, {})) lan_.transmit(index_, frame);
  for (const auto& frame : std::exchange(inbox_, {})) port_->on_frame(frame, now());
  if (sample_due_ <= world_.now) {
    last_sample_ = world_.now;
    if (const auto sample = secy_.read()) port_->on_sample(*sample, now());
  }
  const bool due = port_due_ <= world_.now;
  if (due) port_->on_timeout(now());
  settle();
  if (!due || !port_ || port_due_ > world_.now) return;
  world_.violate(index_, "on_timeout() asks for a timeout that is over");
  wake_ = never;
}

bool Host::claims_secured() const { return port_ && port_->status().state == core::PortState::secured; }

void Host::settle() {
  if (const Instant cost = secy_.take_cost(); cost > 0) busy_until_ = std::max(busy_until_, world_.now) + cost;
  while (const auto event = port_->poll_event()) {
    if (doomed_ && event->kind == core::Event::Kind::snapshot_changed) {
      crash();
      return;
    }
    take_event(*event);
  }
  while (auto command = port_->poll_eap())
    if (on_eap_command) on_eap_command(std::move(*command));
  while (auto command = port_->poll_radius())
    if (on_radius_command) on_radius_command(std::move(*command));
  while (auto frame = port_->poll_transmit()) {
    count_mkpdu(*frame);
    if (world_.now < busy_until_)
      outbox_.push_back(std::move(*frame));
    else
      lan_.transmit(index_, *frame);
  }
  if (world_.key_count() != keys_seen_) note_keys_made();
  if (secy_.take_switched()) {
    judge_transmit_start();
    if (const auto before = secy_.take_last_before()) lan_.send_data(index_, *before);
    if (secy_.controlled_port() == ControlledPort::up) lan_.offer_data(index_);
  }
  secy_.judge_settled();
  judge_status();

  const auto due = port_->next_timeout();
  port_due_ = due ? clock_.world(*due) : never;
  const auto interval = port_->sample_interval();
  sample_due_ = interval ? last_sample_ + interval->count() : never;
  wake_ = std::min(port_due_, sample_due_);
  if (!inbox_.empty() || !outbox_.empty()) wake_ = std::min(wake_, busy_until_);
  if (busy_until_ > world_.now) wake_ = std::max(wake_, busy_until_);
}

void Host::take_event(const core::Event& event) {
  std::string detail = event.text;
  ++events_[static_cast<std::size_t>(event.kind)];
  if (event.kind != core::Event::Kind::snapshot_changed) said_[event.kind] = event.text;
  switch (event.kind) {
    case core::Event::Kind::snapshot_changed:
      saved_ = port_->snapshot();
      kept_session_ = port_->kept_session();
      saved_any_ = true;
      return;
    case core::Event::Kind::secy_error:
      break;
    case core::Event::Kind::state_changed: {
      judged_calls_ = 0;
      // Names rather than words: the words are for users and may change.
      const core::PortStatus mine = status();
      detail = std::string{core::to_string(mine.state)} + ", " + std::string{core::to_string(mine.reason)};
      break;
    }
    case core::Event::Kind::peer_live:
    case core::Event::Kind::peer_lost:
    case core::Event::Kind::key_server_changed:
      if (event.sci) detail = to_string(*event.sci);
      break;
    case core::Event::Kind::principal_changed:
      if (event.ckn) detail = to_string(*event.ckn);
      break;
    case core::Event::Kind::sak_installed:
    case core::Event::Kind::rekey_started:
      detail = event.text.substr(event.text.rfind(' ') + 1);  // the key identifier; "command"
      break;
    case core::Event::Kind::key_active:
    case core::Event::Kind::key_draining:
    case core::Event::Kind::key_retired:
    case core::Event::Kind::key_kept:
    case core::Event::Kind::key_overdue:
    case core::Event::Kind::key_expiring:
    case core::Event::Kind::key_mismatch:
    case core::Event::Kind::identity_conflict:
    case core::Event::Kind::clock_untrusted:
    case core::Event::Kind::unknown_ckn:
    case core::Event::Kind::authenticated:
    case core::Event::Kind::authentication_failed:
    case core::Event::Kind::reauthenticated:
    case core::Event::Kind::authentication_lost:
    case core::Event::Kind::certificate_expires:
    case core::Event::Kind::insecure:
    case core::Event::Kind::other_host:
      break;
  }
  world_.trace.record(world_.now, index_, "event", {}, core::to_string(event.kind), detail);
}

// What it says of itself is what the SecY holds.
void Host::judge_status() {
  if (judged_calls_ == secy_.call_count()) return;
  judged_calls_ = secy_.call_count();
  const core::PortStatus mine = status();
  std::vector<KeyId> known;
  for (const auto* slot : {&mine.latest, &mine.old})
    if (*slot) known.push_back((*slot)->key);
  secy_.judge_held(known);
  if (mine.state != core::PortState::secured) return;
  const SecyParameters& held = secy_.parameters();
  const auto lie = [&](bool wrong, const char* what) {
    if (wrong) world_.violate(index_, std::string{"calls itself secured "} + what);
  };
  const KeyIndex key = secy_.encoding_key();
  lie(key == no_key, "without a key to send with");
  lie(key != no_key && std::ranges::find(known, world_.key(key).id) == known.end(), "and sends with another key");
  lie(secy_.controlled_port() != ControlledPort::up, "and is dormant");
  lie(mine.encrypting && !held.encrypt, "and does not encrypt");
  lie(profile().macsec.policy == Policy::must_secure && held.validate < profile().macsec.validate,
      "and accepts what is not valid");
  lie(profile().macsec.replay_protect && !held.replay_protect, "without replay protection");
}

void Host::count_mkpdu(Bytes frame) {
  if (const auto eapol = read_eapol(frame))
    if (const auto basic = read_basic_set(eapol->body)) world_.spoken(index_, basic->mi, basic->mn);
  ++mkpdus_sent_;
  if (world_.now - second_began_ >= second) {
    second_began_ = world_.now;
    this_second_ = 0;
  }
  busiest_second_ = std::max(busiest_second_, ++this_second_);
}

void Host::note_keys_made() {
  const core::PortStatus mine = status();
  for (; keys_seen_ < world_.key_count(); ++keys_seen_) {
    KeyRecord& record = world_.key(static_cast<KeyIndex>(keys_seen_));
    for (const core::ParticipantStatus& participant : mine.participants)
      if (participant.mi == record.id.server)
        for (const core::PeerStatus& peer : participant.peers)
          if (peer.live) record.members.push_back(peer.mi);
  }
}

// Every live member receives with a key before anybody sends with it. Members are those of one mind: each lists the
// other's present MI, and the key server lists both.
void Host::judge_transmit_start() {
  const KeyIndex key = secy_.encoding_key();
  if (key == no_key || world_.insider || world_.now - world_.key(key).first_installed > transmit_when) return;
  const MemberId server_mi = world_.key(key).id.server;
  const core::PortStatus mine = status();
  const core::ParticipantStatus* me = principal(mine);
  if (me == nullptr) return;
  std::vector<std::pair<Host*, core::PortStatus>> others;
  const core::ParticipantStatus* server = me->mi == server_mi ? me : nullptr;
  Sci server_sci = sci();
  for (Index i = 0; i < lan_.size(); ++i)
    if (auto* host = dynamic_cast<Host*>(&lan_.station(i)); host != nullptr && host != this && host->running())
      others.emplace_back(host, host->status());
  for (const auto& [host, status] : others)
    if (const auto* participant = principal(status); participant != nullptr && participant->mi == server_mi)
      server = participant;
  if (server == nullptr) return;
  for (const auto& [host, status] : others) {
    const core::ParticipantStatus* other = principal(status);
    if (other == nullptr || other->ckn != me->ckn || !lists_live(*me, other->mi) || !lists_live(*other, me->mi))
      continue;
    if (mine.key_server != server_sci || status.key_server != server_sci) continue;
    const std::vector<MemberId>& members = world_.key(key).members;
    // Who joined after the key was made; the key server itself makes another rather than leave it out.
    if (server != me && server != other && std::ranges::find(members, other->mi) == members.end()) continue;
    if (server != me && !lists_live(*server, me->mi)) continue;
    if (server != other && (!lists_live(*server, other->mi) || !lists_live(*other, server_mi))) continue;
    if (!host->secy().receives(sci(), key))
      world_.violate(index_, "sends with " + to_string(world_.key(key).id) + " before m" +
                                 std::to_string(host->index()) + " receives with it");
  }
}

Result<void> Host::rekey() {
  auto result = port_->rekey(now());
  settle();
  return result;
}

Result<void> Host::suspend(Duration span) {
  auto result = port_->suspend(span, now());
  settle();
  return result;
}

Result<void> Host::retire_key(const Ckn& ckn, Duration timeout, core::Retirement how) {
  auto done = port_->retire_key(ckn, how, timeout, now());
  settle();
  return done;
}

Result<void> Host::keep_key(const Ckn& ckn) {
  auto done = port_->keep_key(ckn, now());
  settle();
  return done;
}

Result<void> Host::reauthenticate() {
  auto done = port_->reauthenticate(now());
  settle();
  return done;
}

Result<void> Host::log_off() {
  auto done = port_->log_off(now());
  settle();
  return done;
}

Result<void> Host::terminate() {
  auto done = port_->terminate(now());
  settle();
  return done;
}

void Host::report(core::RadiusReport report) {
  if (!port_) return;
  port_->on_radius(std::move(report), now());
  settle();
}

void Host::report(core::EapReport report) {
  if (!port_) return;
  port_->on_eap(std::move(report), now());
  settle();
}

void Host::take_credentials(const EapVerdict& verdict, bool asked) {
  port_->on_credentials(verdict, asked, now());
  settle();
}

void Host::set_enabled(bool enabled) {
  port_->set_enabled(enabled, now());
  settle();
}

void Host::reconfigure(ProfilePointer profile) {
  options_.profile = profile;
  secy_.set_must_secure(profile->macsec.policy == Policy::must_secure);
  port_->reconfigure(std::move(profile), now());
  settle();
}

void Host::edit_profile(ProfilePointer profile) { options_.profile = std::move(profile); }

void Host::set_wall_clock(std::int64_t unix_seconds) {
  wall_epoch_ = now() - std::chrono::duration_cast<Duration>(std::chrono::seconds{unix_seconds});
  if (!port_) return;
  port_->on_wall_clock(wall_epoch_, now());
  settle();
}

}  // namespace macsec::sim
