// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/v1_peer.hpp"

#include <algorithm>

namespace macsec::sim {

namespace {

constexpr Instant life = 6 * second;
constexpr Instant hello = 2 * second;
constexpr Instant retire = 3 * second;

MacAddress address(Index index) { return {{0x02, 0, 0, 0, 1, static_cast<std::uint8_t>(index + 1)}}; }

}  // namespace

V1Peer::V1Peer(VirtualLan& lan, Index index, const PreSharedKey& key, std::uint8_t priority, std::uint64_t seed)
    : Station{lan.world, index, address(index), 1},
      lan_{lan},
      forger_{key},
      random_{seed},
      priority_{priority},
      key_server_{sci()} {
  random_.fill(mi_.octets);
}

void V1Peer::make_device(CipherSuite suite, Others others) {
  suite_ = suite;
  others_ = others;
  expect(secy_.select_cipher_suite(suite), "make the device");
}

void V1Peer::expect(const Result<void>& result, const char* what) {
  if (!result) world_.note(index_, what, result.error().message);
}

void V1Peer::on_carrier(bool up) {
  if (!up) return;
  next_tick_ = world_.now + random_.between(0, hello);
  expect(secy_.configure({}), "configure");
}

void V1Peer::on_wake() {
  next_tick_ = world_.now + hello;
  tick();
}

void V1Peer::expire() {
  std::erase_if(peers_, [&](const Peer& peer) {
    if (peer.expires > world_.now) return false;
    if (peer.live) {
      ++peers_expired_;
      new_sak_ = true;
      world_.note(index_, "v1 peer: live peer expired", to_string(peer.mi));
      expect(secy_.delete_receive_sc(peer.sci), "delete SC");
    }
    return true;
  });
  if (std::ranges::any_of(peers_, &Peer::live) || cp_ == Cp::idle) return;
  // All peers gone: keys go, the port closes.
  expect(secy_.set_controlled_port(ControlledPort::dormant), "close");
  for (unsigned an = 0; an < 4; ++an) expect(secy_.delete_transmit_sa(An{an}), "delete");
  cp_ = Cp::idle;
  latest_ = old_ = {};
  distribute_ = false;
}

void V1Peer::elect() {
  Sci best = sci();
  std::uint8_t best_priority = priority_;
  for (const Peer& peer : peers_)
    if (peer.live && (peer.priority < best_priority || (peer.priority == best_priority && peer.sci < best))) {
      best = peer.sci;
      best_priority = peer.priority;
    }
  if (best == key_server_) return;
  key_server_ = best;
  if (is_key_server()) new_sak_ = true;
  distribute_ = false;
}

void V1Peer::tick() {
  expire();
  elect();
  if (world_.now >= retire_at_) {
    // RETIRE: the key at rest moves to the old slot.
    retire_at_ = never;
    for (const Peer& peer : peers_)
      if (peer.live && old_.used()) expect(secy_.delete_receive_sa(peer.sci, old_.an), "retire");
    if (old_.used()) expect(secy_.delete_transmit_sa(old_.an), "retire");
    old_ = latest_;
    latest_ = {};
    cp_ = Cp::retire;
  }
  if (is_key_server() && new_sak_ && std::ranges::any_of(peers_, &Peer::live) && (cp_ == Cp::idle || cp_ == Cp::retire))
    generate();
  if (is_key_server() && cp_ == Cp::receiving &&
      std::ranges::all_of(peers_, [](const Peer& peer) { return !peer.live || peer.uses_latest; }))
    start_transmitting();
  if (is_key_server() && std::ranges::all_of(peers_, [](const Peer& peer) { return !peer.live || peer.uses_latest; }))
    distribute_ = false;
  send();
}

void V1Peer::generate() {
  new_sak_ = false;
  std::vector<MemberId> members{mi_};
  for (const Peer& peer : peers_)
    if (peer.live) members.push_back(peer.mi);
  std::array<std::uint8_t, 16> nonce{};
  random_.fill(nonce);
  auto sak = crypto::derive_sak(forger_.cak(), nonce, members, ++kn_, 16);
  if (!sak || !crypto::wrap_sak(forger_.kek(), *sak, wrapped_)) return;
  distribute_ = true;
  for (Peer& peer : peers_) peer.uses_latest = false;
  install({.server = mi_, .number = kn_}, next_an_, std::move(*sak));
  next_an_ = next_an_.next();
}

SaKey V1Peer::latest_key() const { return {.id = latest_.key, .key = sak_.duplicate(), .salt = {}}; }

void V1Peer::install(const KeyId& id, An an, crypto::Sak sak, bool usable) {
  if (latest_.used()) {  // never came to rest
    if (old_.used()) {
      for (const Peer& peer : peers_)
        if (peer.live) expect(secy_.delete_receive_sa(peer.sci, old_.an), "drop old");
      expect(secy_.delete_transmit_sa(old_.an), "drop old");
    }
    old_ = latest_;
  }
  sak_ = std::move(sak);
  latest_ = {.an = an, .transmitting = false, .receiving = true, .key = id, .lowest_pn = 1};
  usable_ = usable;
  for (const Peer& peer : peers_) {
    if (!peer.live || !usable) continue;
    expect(secy_.create_receive_sc(peer.sci), "create SC");
    expect(secy_.install_receive_sa(peer.sci, an, latest_key(), 1, 0), "install RX");
  }
  if (usable) expect(secy_.install_transmit_sa(an, latest_key(), 0), "install TX");
  cp_ = Cp::receiving;
  retire_at_ = never;
}

void V1Peer::start_transmitting() {
  if (usable_) {
    expect(secy_.transmit_with(latest_.an), "transmit");
    expect(secy_.set_controlled_port(ControlledPort::up), "open");
  }
  latest_.transmitting = true;
  cp_ = Cp::transmitting;
  retire_at_ = world_.now + retire;
  if (const auto before = secy_.take_last_before()) lan_.send_data(index_, *before);
  lan_.offer_data(index_);
}

V1Peer::Peer* V1Peer::find(const MemberId& mi) {
  const auto found = std::ranges::find(peers_, mi, &Peer::mi);
  return found == peers_.end() ? nullptr : &*found;
}

bool V1Peer::lists_me(const std::optional<PeerListView>& list) const {
  if (!list) return false;
  const auto mn = list->find(mi_);
  return mn && (*mn == mn_ || *mn + 1 == mn_);
}

void V1Peer::on_frame(Bytes octets) {
  const auto eapol = read_eapol(octets);
  if (!eapol || eapol->version < 3 || eapol->type != static_cast<std::uint8_t>(EapolType::mka)) return;
  const auto mkpdu = read_mkpdu(eapol->body);
  if (!mkpdu || mkpdu->basic.ckn != forger_.ckn() || !forger_.verify(*eapol) || mkpdu->basic.sci == sci()) return;
  const BasicSet& basic = mkpdu->basic;
  Peer* peer = find(basic.mi);
  if (peer == nullptr) {
    const auto same =
        std::ranges::find_if(peers_, [&](const Peer& each) { return each.live && each.sci == basic.sci; });
    if (same != peers_.end()) {  // a new MI beside a live old one is refused until that one expires
      same->expires = std::min(same->expires, world_.now + life / 2);
      ++dropped_;
      return;
    }
    peers_.push_back({.mi = basic.mi,
                      .mn = 0,
                      .sci = basic.sci,
                      .priority = basic.priority,
                      .live = false,
                      .expires = world_.now + life,
                      .uses_latest = false});
    peer = &peers_.back();
  }
  if (basic.mn <= peer->mn) {
    ++dropped_;
    return;
  }
  if (peer->live && peer->uses_latest && !mkpdu->sak_use) {
    ++dropped_;
    return;
  }
  peer->mn = basic.mn;
  peer->priority = basic.priority;
  const bool listed = lists_me(mkpdu->live) || lists_me(mkpdu->potential);
  if (listed || !peer->live) peer->expires = world_.now + life;
  if (listed && !peer->live) {
    peer->live = true;
    new_sak_ = true;
    expect(secy_.create_receive_sc(peer->sci), "create SC");
    world_.note(index_, "v1 peer: live", to_string(peer->mi));
  }
  if (!peer->live) return;
  elect();
  if (mkpdu->distributed_sak && peer->sci == key_server_) take_sak(*mkpdu);
  if (mkpdu->sak_use) take_sak_use(*peer, *mkpdu);
}

void V1Peer::take_sak(const Mkpdu& mkpdu) {
  const DistributedSakSet& set = *mkpdu.distributed_sak;
  const auto suite = cipher_suite_from_id(set.cipher_suite_id);
  if (!set.macsec || !suite || (suite != suite_ && others_ == Others::ignored)) return;
  const KeyId id{.server = mkpdu.basic.mi, .number = set.number};
  if (latest_.key == id || old_.key == id) return;
  auto sak = crypto::unwrap_sak(forger_.kek(), set.wrapped);
  if (!sak) return;
  next_an_ = set.an.next();
  install(id, set.an, std::move(*sak), suite == suite_);
}

void V1Peer::take_sak_use(Peer& peer, const Mkpdu& mkpdu) {
  const SakUseSet& use = *mkpdu.sak_use;
  if (!latest_.used()) return;
  for (const SakUseKey* slot : {&use.latest, &use.old}) {
    if (slot->key != latest_.key) continue;
    if (slot->receiving) peer.uses_latest = true;
    if (slot->transmitting && peer.sci == key_server_ && cp_ == Cp::receiving) start_transmitting();
  }
}

void V1Peer::send() {
  std::vector<PeerEntry> live;
  std::vector<PeerEntry> potential;
  for (const Peer& peer : peers_) (peer.live ? live : potential).push_back({.mi = peer.mi, .mn = peer.mn});
  MkpduContent content;
  content.basic = {.version = 1,
                   .priority = priority_,
                   .key_server = is_key_server() && !live.empty(),
                   .macsec_desired = true,
                   .capability = MacsecCapability::confidentiality,
                   .sci = sci(),
                   .mi = mi_,
                   .mn = ++mn_,
                   .agility = default_algorithm_agility,
                   .ckn = forger_.ckn()};
  content.live = live;
  content.potential = potential;
  if (latest_.used() || old_.used()) {
    content.sak_use = SakUseSet{};
    content.sak_use->latest = latest_;
    content.sak_use->old = old_;
  }
  if (is_key_server() && distribute_ && latest_.used()) {
    content.distributed_sak = DistributedSakSet{};
    content.distributed_sak->an = latest_.an;
    content.distributed_sak->confidentiality_offset = 1;
    content.distributed_sak->number = latest_.key.number;
    content.distributed_sak->cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128);
    content.distributed_sak->wrapped = wrapped_;
  }
  lan_.transmit(index_, forger_.frame(mac_, content));
}

}  // namespace macsec::sim
