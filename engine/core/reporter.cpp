// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/reporter.hpp"

#include "engine/config/cipher_choice.hpp"
#include "engine/config/instant.hpp"
#include "engine/core/mka/reports.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// What was heard this long ago still explains why nothing is secured: five hello times.
constexpr Duration news = 10s;
constexpr std::size_t max_foreign = 4;

bool can(const Peer& peer, CipherSuite suite) { return !peer.live || !peer.announces || peer.supports(suite); }

/// Whether the live members announce cipher suites, and every one that we announce is missing from somebody's.
bool shares_no_cipher(const Kay& kay) {
  const Participant* principal = kay.principal();
  if (principal == nullptr) return false;
  return std::ranges::none_of(kay.cp().cipher_suites(), [&](CipherSuite suite) {
    return std::ranges::all_of(principal->peers().all(), [suite](const Peer& peer) { return can(peer, suite); });
  });
}

/// What the profile in force has against the key in use.
Refusal objection_in_use(const Context& context, const Kay& kay) {
  const SakSlot* key = kay.cp().in_use();
  if (key == nullptr) return {};
  const bool ours = std::ranges::find(kay.participants(), key->id.server, &Participant::mi) != kay.participants().end();
  return objection(*context.profile, key->cipher_suite, key->encrypt,
                   ours ? "the SAK in use, made here," : "the key server");
}

/// The key server, or where we are it every live peer, sends with a SAK that is not installed here: nothing of it arrives.
bool is_left_behind(const Kay& kay) noexcept {
  if (kay.cp().in_use() == nullptr || kay.principal() == nullptr || !kay.key_server()) return false;
  const PeerList& peers = kay.principal()->peers();
  if (kay.is_key_server())
    return peers.any_live() && std::ranges::all_of(peers.all(), [&kay](const Peer& peer) {
             return !peer.live || is_ahead(peer, kay.cp());
           });
  const Peer* server = peers.find_live(*kay.key_server());
  return server != nullptr && is_ahead(*server, kay.cp());
}

/// We are key server, and another SAK takes the place of the one in use as soon as the protocol allows.
bool is_replacing(const Kay& kay, Time now) {
  return kay.is_key_server() && kay.principal() != nullptr && kay.server().replaces(*kay.principal(), now);
}

/// We are key server, and a live peer says that it is. Where the key's rule says who it is, that peer breaks it.
bool serves_too(const Kay& kay) {
  if (!kay.is_key_server() || kay.principal() == nullptr) return false;
  return std::ranges::any_of(kay.principal()->peers().all(),
                             [](const Peer& peer) { return peer.live && peer.key_server; });
}

/// As member: the live peers that have sent with another SAK for a life time or longer. They follow another key server.
std::vector<Sci> members_ahead(const Kay& kay, Time now) {
  std::vector<Sci> out;
  if (kay.is_key_server() || kay.principal() == nullptr || kay.cp().in_use() == nullptr) return out;
  for (const Peer& peer : kay.principal()->peers().all())
    if (peer.live && peer.ahead_since && now >= *peer.ahead_since + life_time && is_ahead(peer, kay.cp()))
      out.push_back(peer.sci);
  return out;
}

/// As key server: the live peers that have not reported the latest SAK in a life time or longer.
std::vector<Sci> members_without_key(const Kay& kay, Time now) {
  std::vector<Sci> out;
  const std::optional<SakSlot>& latest = kay.cp().latest();
  const Participant* owner = latest ? find(kay.participants(), latest->ckn) : nullptr;
  if (owner == nullptr) return out;
  for (const Peer& peer : owner->peers().all()) {
    const PeerKeyUse* use = peer.use_of(latest->id);
    const bool late = (peer.unkeyed_since && now >= *peer.unkeyed_since + life_time) || kay.server().is_untaken(now);
    if (peer.live && late && !(use != nullptr && use->receiving)) out.push_back(peer.sci);
  }
  return out;
}

/// What of an authentication is worth a word beside a link that works.
bool is_failure(Reason reason) noexcept {
  return reason == Reason::no_authenticator || reason == Reason::authentication_failed ||
         reason == Reason::mka_silent || reason == Reason::eap_unavailable || reason == Reason::no_radius_server;
}

/// Who can do what, of the live members that say so.
std::string cipher_suites_of_all(const Context& context, const Kay& kay) {
  const std::vector<CipherSuite> wanted = cipher_preferences(*context.profile, context.link.speed);
  const std::vector<CipherSuite> possible = kay.cp().cipher_suites();
  std::string out = "peers disagree on the cipher suite: this profile allows";
  for (const CipherSuite suite : wanted) out.append(" ").append(to_string(suite));
  if (possible.size() < wanted.size()) {
    out += ", the device";
    for (const CipherSuite suite : possible) out.append(" ").append(to_string(suite));
  }
  if (kay.principal() == nullptr) return out;
  for (const Peer& peer : kay.principal()->peers().all()) {
    if (!peer.live || !peer.announces) continue;
    out += kay.key_server() == peer.sci ? ", the key server " : ", ";
    out += to_string(peer.sci) + " announces";
    for (const CipherSuite suite : all_cipher_suites)
      if (peer.supports(suite)) out.append(" ").append(to_string(suite));
  }
  return out;
}

/// When the keys that are not valid now begin and end; empty where no lifetime is the cause.
std::string lifetimes_of_all(const Kay& kay) {
  std::string out;
  for (const Participant& key : kay.participants()) {
    const bool over = key.state == KeyState::retired && key.not_after;
    if (!over && !(key.state == KeyState::waiting && key.not_before)) continue;
    out += out.empty() ? ": " : ", ";
    out += to_string(key.ckn()) + (over ? " ended " : " begins ") +
           format_instant(over ? *key.not_after : *key.not_before);
  }
  return out;
}

std::string who_has_another_cak(const Kay& kay) {
  const Participant* last = nullptr;
  for (const Participant& key : kay.participants())
    if (key.last_icv_failure && (last == nullptr || *last->last_icv_failure < *key.last_icv_failure)) last = &key;
  return last == nullptr || !last->last_icv_failure_of ? "a peer" : to_string(last->last_icv_failure_of->mac());
}

}  // namespace

void Reporter::heard_foreign(Context& context, const Kay& kay, const BasicSet& basic, Time now) {
  tell_foreign(context, kay, basic, now);
  const Ckn& ckn = basic.ckn;
  const auto known = std::ranges::find(foreign_, ckn, &Foreign::ckn);
  if (known != foreign_.end()) {
    known->at = now;
    known->sci = basic.sci;
    return;
  }
  if (foreign_.size() >= max_foreign) foreign_.erase(std::ranges::min_element(foreign_, {}, &Foreign::at));
  foreign_.push_back({ckn, now, basic.sci});
}

void Reporter::tell_foreign(Context& context, const Kay& kay, const BasicSet& basic, Time now) {
  constexpr std::size_t most = 8;
  constexpr Duration span = std::chrono::seconds{1};
  std::erase_if(told_, [&](const Told& each) { return now - each.at >= span; });
  if (told_.size() >= most || std::ranges::find(told_, basic.ckn, &Told::ckn) != told_.end()) return;
  const bool live = std::ranges::any_of(kay.participants(), [&](const Participant& participant) {
    return participant.peers().find_live(basic.sci) != nullptr;
  });
  const auto alike = static_cast<std::size_t>(std::ranges::count(told_, live, &Told::by_live));
  if (alike >= most / 2) return;
  told_.push_back({basic.ckn, now, live});
  context.events.push_back(
      {.kind = Event::Kind::unknown_ckn, .at = now, .text = {}, .ckn = basic.ckn, .sci = basic.sci});
}

Reason Reporter::why_no_peer(const Kay& kay, Time now) const {
  bool potential = false;
  for (const Participant& participant : kay.participants()) {
    if (!participant.active) continue;
    if (participant.peers().any_live()) return Reason::no_key_server;
    potential = potential || participant.peers().any_potential();
  }
  if (potential) return Reason::peer_not_live;
  for (const Participant& participant : kay.participants())
    if (participant.active && participant.last_icv_failure && now - *participant.last_icv_failure < news)
      return Reason::cak_mismatch;
  if (std::ranges::any_of(foreign_, [&](const Foreign& foreign) { return now - foreign.at < news; }))
    return Reason::ckn_mismatch;
  return Reason::no_peer;
}

Reporter::Verdict Reporter::judge_keyed(const Context& context, const Kay& kay, Time now) const {
  const Reason refused = kay.refusal().reason;
  const Reason trouble = kay.cp().failed_at() ? Reason::secy_error : refused;
  // What passes is not what the profile wants; where we are about to change that, and can, it is no failure yet.
  if (const Reason against = objection_in_use(context, kay).reason; against != Reason::none)
    return {refused == Reason::none && is_replacing(kay, now) ? PortState::secured : PortState::failed, against};
  if (is_left_behind(kay)) {
    const Reason why = refused != Reason::none ? refused : trouble;
    return why != Reason::none ? Verdict{PortState::failed, why} : Verdict{PortState::pending, Reason::awaiting_sak};
  }
  if (trouble != Reason::none) return {PortState::secured, trouble};
  // It works, but the next SAK will not.
  if (shares_no_cipher(kay)) return {PortState::secured, Reason::cipher_mismatch};
  return {PortState::secured, waited_for_.empty() ? Reason::none : Reason::awaiting_sak};
}

Reporter::Verdict Reporter::judge(const Context& context, const Kay& kay, const Access& access, Time now) const {
  if (!kay.enabled()) return {PortState::down, Reason::disabled};
  if (!context.link.present) return {PortState::down, Reason::no_device};
  if (!context.link.carrier) return {PortState::down, Reason::no_carrier};
  if (kay.device_unread()) return {PortState::failed, Reason::secy_error};
  if (kay.suspended_until()) return {PortState::suspended, Reason::none};
  const Reason eap = access.reason();
  if (kay.cp().secured()) {
    const Verdict keyed = judge_keyed(context, kay, now);
    return keyed.reason == Reason::none && is_failure(eap) ? Verdict{keyed.state, eap} : keyed;
  }
  const bool clear = context.policy() == Policy::should_secure;
  if (kay.cp().failed_at()) return {PortState::failed, Reason::secy_error};
  if (kay.cp().transmitting()) return {PortState::pending, Reason::awaiting_sak};  // no packet number is left
  const PortState waiting = clear ? PortState::unsecured : PortState::pending;
  if (!kay.any_active()) return {waiting, eap != Reason::none ? eap : Reason::no_key};
  if (kay.principal() == nullptr) {
    const Reason why = why_no_peer(kay, now);
    // The other end may speak with a key that the authentication is about to give.
    const bool unheard = why == Reason::no_peer || why == Reason::ckn_mismatch;
    return {waiting, unheard && eap != Reason::none ? eap : why};
  }
  if (kay.refusal().reason != Reason::none) return {PortState::failed, kay.refusal().reason};
  if (shares_no_cipher(kay)) return {PortState::failed, Reason::cipher_mismatch};
  return {waiting, Reason::awaiting_sak};
}

void Reporter::update(Context& context, const Kay& kay, const Access& access, Time now) {
  for (const Participant& participant : kay.participants())
    for (const Peer& peer : participant.peers().all())
      if (peer.live) last_live_ = peer.sci;
  if (!kay.enabled()) last_live_.reset();  // no peer is lost by a command
  waited_for_ = kay.is_key_server() ? members_without_key(kay, now) : members_ahead(kay, now);
  const Verdict verdict = judge(context, kay, access, now);
  set_timers(kay, verdict.reason, now);
  if (verdict.state == state_ && verdict.reason == reason_) return;
  if (verdict.state != state_) since_ = now;
  state_ = verdict.state;
  reason_ = verdict.reason;
  context.emit(Event::Kind::state_changed, now, sentence(state_, words(reason_, context, kay, access)));
}

void Reporter::set_timers(const Kay& kay, Reason reason, Time now) {
  deadlines_.stop_all();
  if (reason == Reason::cak_mismatch) {
    std::optional<Time> last;
    for (const Participant& participant : kay.participants()) last = std::max(last, participant.last_icv_failure);
    if (last) deadlines_.set(Timer::fades, *last + news);
  } else if (reason == Reason::ckn_mismatch) {
    deadlines_.set(Timer::fades, std::ranges::max_element(foreign_, {}, &Foreign::at)->at + news);
  }
  if (kay.is_key_server() || kay.principal() == nullptr) return;
  for (const Peer& peer : kay.principal()->peers().all())
    if (peer.live && peer.ahead_since && now < *peer.ahead_since + life_time)
      deadlines_.set_sooner(Timer::ahead, *peer.ahead_since + life_time);
}

std::string Reporter::words(Reason reason, const Context& context, const Kay& kay, const Access& access) const {
  switch (reason) {
    case Reason::none:
      return {};
    case Reason::disabled:
      return kay.enabled() ? access.words() : "the link is switched off";
    case Reason::no_device:
      if (!context.link.parent) return "there is no interface " + context.profile->link.parent;
      return context.profile->link.create == CreateChoice::no
                 ? "waiting for another program to create " + context.profile->link.interface + " (Create=no)"
                 : "there is no device " + context.profile->link.interface;
    case Reason::no_carrier:
      return "no carrier on " + context.profile->link.parent;
    case Reason::no_key:
      return "no key of this profile is valid now" + lifetimes_of_all(kay);
    case Reason::no_peer:
      return (last_live_ ? "peer " + named(*last_live_) + " was lost, and no other is heard on "
                         : "no peer heard on ") +
             context.profile->link.parent + (context.link.obstacle.empty() ? "" : ": " + context.link.obstacle);
    case Reason::ckn_mismatch: {
      const Foreign& last = *std::ranges::max_element(foreign_, {}, &Foreign::at);
      return to_string(last.sci.mac()) + " uses another CKN: " + to_string(last.ckn) +
             "; set the same Ckn= at both ends";
    }
    case Reason::cak_mismatch:
      return who_has_another_cak(kay) +
             " uses our CKN, but its CAK differs (ICV check failed): compare the keys of both ends";
    case Reason::peer_not_live:
      return "a peer is heard, but it does not hear us";
    case Reason::no_key_server:
      return "nobody may be key server: every Priority= is 255";
    case Reason::awaiting_sak:
      if (kay.cp().in_use() != nullptr) return why_not_all(kay);
      if (serves_too(kay))
        return "a peer is live that makes keys itself and does not take ours: it must not be key server";
      return kay.is_key_server() ? "a peer is live, it has not confirmed the SAK yet" + kay.server().trial_words()
                                 : "a peer is live, the key server has not given a usable SAK yet";
    case Reason::cipher_mismatch:
    case Reason::confidentiality_mismatch:
    case Reason::macsec_refused: {
      // What is in use before what was offered before what may be offered.
      if (const Refusal against = objection_in_use(context, kay); against.reason == reason)
        return against.text + (kay.cp().secured() && !is_left_behind(kay) ? ": frames pass all the same" : "");
      return kay.refusal().reason == reason ? kay.refusal().text : cipher_suites_of_all(context, kay);
    }
    case Reason::secy_error:
      return kay.cp().last_error().empty() ? kay.refusal().text : kay.cp().last_error();
    case Reason::authenticating:
    case Reason::no_authenticator:
    case Reason::authentication_failed:
    case Reason::mka_silent:
    case Reason::eap_unavailable:
    case Reason::no_radius_server:
      return access.words();
  }
  return {};
}

std::string Reporter::why_not_all(const Kay& kay) const {
  if (is_left_behind(kay))
    return std::string{kay.is_key_server() ? "every peer" : "the key server"} +
           " sends with a SAK that is not installed here";
  const SakSlot* key = kay.cp().in_use();
  if (key != nullptr && key->exhausted)
    return "no packet number is left to send with, and the next SAK is not in use yet";
  if (waited_for_.empty()) return "a SAK is in use, the device has not taken all its settings yet";
  std::string who;
  for (const Sci& sci : waited_for_) who.append(" ").append(to_string(sci));
  if (!kay.is_key_server()) return "nothing arrives from" + who + ": another SAK is sent with there";
  const bool before = kay.cp().latest() && !kay.cp().latest()->transmitting;
  return "not confirmed by" + who +
         (before ? ": the next SAK; the one before is still in use" : ": the SAK that the others use");
}

namespace {

ParticipantStatus describe(const Participant& participant, const Kay& kay) {
  ParticipantStatus out{.ckn = participant.ckn(),
                        .role = participant.role,
                        .active = participant.active,
                        .state = participant.state,
                        .since = participant.state_since,
                        .blocker = participant.evidence.words(),
                        .hopeless = !participant.evidence.holds() && !participant.evidence.may_come(),
                        .had_peer = participant.had_peer,
                        .principal = kay.principal() == &participant,
                        .mi = participant.mi(),
                        .mn = participant.mn(),
                        .icv_failures = participant.icv_failures,
                        .peers = {}};
  for (const Peer& peer : participant.peers().all()) {
    PeerStatus& status = out.peers.emplace_back();
    status.mi = peer.mi;
    status.mn = peer.mn;
    status.sci = peer.sci;
    status.priority = peer.priority;
    status.version = peer.version;
    status.live = peer.live;
    status.key_server = kay.key_server() == peer.sci;
    if (kay.cp().latest()) {
      const PeerKeyUse* use = peer.use_of(kay.cp().latest()->id);
      status.receiving = use != nullptr && use->receiving;
      status.transmitting = use != nullptr && use->transmitting;
    }
    status.last_heard = peer.last_heard;
    if (peer.live && peer.live_since != Time{}) status.live_since = peer.live_since;
    status.kmd = peer.kmd;
    status.icv_failures = peer.icv_failures;
    status.unheard = kay.is_unheard(peer);
    for (const CipherSuite suite : all_cipher_suites)
      if (peer.announces && peer.supports(suite)) status.announced.push_back(suite);
  }
  return out;
}

/// Whether what passes now stays secret from who records it and has a quantum computer later. Pre-shared symmetric keys
/// of 256 bit are; what a session key came over is not known here.
std::string judge_quantum_safety(const Kay& kay, const SakSlot* sak) {
  if (sak == nullptr) return "no: nothing is secured";
  if (!sak->encrypt) return "no: frames are not encrypted";
  if (sak_size(sak->cipher_suite) != 32) return "no: the cipher suite is " + std::string{to_string(sak->cipher_suite)};
  const Participant* owner = find(kay.participants(), sak->ckn);
  if (owner == nullptr) return "no: the key it came with is gone";
  if (owner->role == KeyRole::session) return "no: the key came by an authentication over public keys";
  if (owner->cak().size() != 32) return "no: the CAK has 128 bit";
  return "yes";
}

std::optional<SakStatus> describe(const std::optional<SakSlot>& slot) {
  if (!slot) return std::nullopt;
  return SakStatus{slot->id, slot->an, slot->cipher_suite, slot->receiving, slot->transmitting, slot->since};
}

}  // namespace

void Reporter::fill(PortStatus& status, const Context& context, const Kay& kay, const Access& access) const {
  status.state = state_;
  status.since = since_;
  status.reason = reason_;
  status.reason_text = words(reason_, context, kay, access);
  status.last_error = kay.cp().last_error();
  status.cp = kay.cp().state();
  status.carrier = context.link.carrier;
  status.sci = context.link.sci;
  status.is_key_server = kay.is_key_server();
  status.key_server = kay.key_server();
  if (const Participant* principal = kay.principal()) status.principal = principal->ckn();
  const SakSlot* key = kay.cp().latest() && kay.cp().latest()->transmitting ? &*kay.cp().latest()
                       : kay.cp().old() && kay.cp().old()->transmitting     ? &*kay.cp().old()
                                                                            : nullptr;
  if (key != nullptr) {
    status.cipher_suite = key->cipher_suite;
    status.encrypting = key->encrypt;
    status.pn_space = is_xpn(key->cipher_suite) ? ~Pn{0} : Pn{1} << 32U;
  }
  status.delay_protect = kay.delay_protect();
  status.latest = describe(kay.cp().latest());
  status.old = describe(kay.cp().old());
  status.next_pn = kay.next_pn();
  status.quantum_safe = judge_quantum_safety(kay, key);
  status.next_rekey = kay.next_rekey();
  status.suspended_until = kay.suspended_until();
  for (const Foreign& foreign : foreign_) status.foreign_ckns.push_back(foreign.ckn);
  status.clock_trusted = kay.chain().clock_trusted();
  for (const Participant& participant : kay.participants()) status.participants.push_back(describe(participant, kay));
  status.counters = context.counters;
  access.fill(status);
}

}  // namespace macsec::core
