// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/explore/group.hpp"

#include "tests/sim/forge.hpp"

namespace macsec::explore {

namespace {

using sim::Host;
using sim::millisecond;
using sim::second;

constexpr sim::Instant outage_time = 6500 * millisecond;
constexpr sim::Instant recovery_limit = 20 * second;
/// What trouble left behind, a peer about to be given up for one, shows within a life time.
constexpr sim::Instant settle_time = 7 * second;
/// No frame is under way for longer: a member that hears what was said seconds ago takes the sender for live.
constexpr sim::Instant oldest_frame = 200 * millisecond;
/// More under way from one member to another: the oldest is lost.
constexpr std::size_t most_under_way = 2;

class Fingerprint {
 public:
  Fingerprint& operator<<(std::uint64_t value) noexcept {
    state_ = (state_ ^ value) * 0x9e3779b97f4a7c15ULL;
    state_ ^= state_ >> 29U;
    return *this;
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  Fingerprint& operator<<(Enum value) noexcept {
    return *this << static_cast<std::uint64_t>(value);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0x243f6a8885a308d3ULL;
};

constexpr std::array names{"deliver", "lose", "duplicate", "time-out", "outage", "restart",
                           "forget",  "doom", "rekey",     "leave",    "come"};

}  // namespace

std::string to_string(const Step& step) {
  std::string out = names.at(static_cast<std::size_t>(step.act));
  if (step.act == Act::time_out || step.act == Act::outage) return out;
  out += " m" + std::to_string(step.from);
  if (step.act <= Act::duplicate) out += " to m" + std::to_string(step.to);
  return out;
}

Group::Group(const Root& root) : lan_{1}, out_(root.members, false), identities_(root.members, 0) {
  for (unsigned i = 0; i < root.members; ++i) {
    sim::HostOptions options;
    options.speed = 1'000'000'000;
    options.profile = sim::make_profile([&](Profile& p) {
      p.macsec.cipher_suites = {root.suite};
      p.mka.priority = static_cast<std::uint8_t>(10 + i);
    });
    hosts_.push_back(&lan_.attach([&](Index index) { return std::make_unique<Host>(lan_, index, options); }));
  }
  lan_.set_paths({.cut = !root.secured});
  if (!root.secured) lan_.tap = [this](Index from, Bytes frame) { capture(from, frame); };
  for (Host* host : hosts_) {
    lan_.plug(host->index(), true);
    host->start();
  }
  if (!root.secured) return;
  lan_.run_until([this] { return lan_.secured(); }, second);
  lan_.run_for(4 * second);
  lan_.set_paths({.cut = true});
  lan_.tap = [this](Index from, Bytes frame) { capture(from, frame); };
}

void Group::capture(Index from, Bytes frame) {
  const auto eapol = read_eapol(frame);
  const auto pdu = eapol ? read_mkpdu(eapol->body) : std::unexpected{MkpduError::too_short};
  if (!pdu) return;
  if (!names_.contains(pdu->basic.mi)) names_[pdu->basic.mi] = std::uint64_t{from} << 32U | ++identities_[from];
  const std::uint64_t meaning = meaning_of(*pdu);
  for (const Host* to : hosts_) {
    if (to->index() == from) continue;
    std::deque<Frame>& queue = under_way_[{from, to->index()}];
    queue.push_back({{frame.begin(), frame.end()}, meaning, lan_.world.now});
    if (queue.size() > most_under_way) queue.pop_front();
  }
}

std::vector<Step> Group::possible() const {
  std::vector<Step> out;
  for (const auto& [path, frames] : under_way_)
    if (!frames.empty())
      for (const Act act : {Act::deliver, Act::lose, Act::duplicate})
        out.push_back({.act = act, .from = path.first, .to = path.second});
  if (std::ranges::any_of(hosts_, [](const Host* host) { return host->wake() != sim::never; }))
    out.push_back({.act = Act::time_out});
  out.push_back({.act = Act::outage});
  for (const Host* host : hosts_) {
    const Index one = host->index();
    for (const Act act : {Act::restart, Act::forget}) out.push_back({.act = act, .from = one});
    if (!host->doomed()) out.push_back({.act = Act::doom, .from = one});
    if (!out_[one] && host->status().is_key_server) out.push_back({.act = Act::rekey, .from = one});
    out.push_back({.act = out_[one] ? Act::come : Act::leave, .from = one});
  }
  return out;
}

void Group::hand_over(const Step& step) {
  std::deque<Frame>& queue = under_way_[{step.from, step.to}];
  const Frame frame = queue.front();
  if (step.act != Act::duplicate) queue.pop_front();
  if (step.act != Act::lose) hosts_[step.to]->on_frame(frame.octets);
}

void Group::take(const Step& step) {
  Host& host = *hosts_[step.from];
  switch (step.act) {
    case Act::deliver:
    case Act::lose:
    case Act::duplicate:
      hand_over(step);
      break;
    case Act::time_out: {
      const auto next = std::ranges::min_element(hosts_, {}, &Host::wake);
      lan_.world.now = std::max(lan_.world.now, (*next)->wake());
      for (auto& [path, frames] : under_way_)
        std::erase_if(frames, [this](const Frame& frame) { return lan_.world.now - frame.at > oldest_frame; });
      (*next)->on_wake();
      break;
    }
    case Act::outage:
      lan_.run_for(outage_time);
      for (auto& [path, frames] : under_way_) frames.clear();
      break;
    case Act::restart:
    case Act::forget:
      host.crash();
      host.start(step.act == Act::restart ? Host::Memory::kept : Host::Memory::lost);
      host.set_enabled(!out_[step.from]);
      break;
    case Act::doom:
      host.crash_before_saving();
      break;
    case Act::rekey:
      static_cast<void>(host.rekey());
      break;
    case Act::leave:
    case Act::come:
      out_[step.from] = step.act == Act::leave;
      host.set_enabled(!out_[step.from]);
      break;
  }
  for (Host* each : hosts_)
    if (!each->running()) {
      each->start(Host::Memory::kept);
      each->set_enabled(!out_[each->index()]);
    }
  // Packet numbers and clear text are judged as user frames leave.
  for (Host* each : hosts_) static_cast<void>(each->secy().send());
}

void Group::judge() {
  for (const Host* from : hosts_)
    for (const Host* to : hosts_)
      if (from != to) judge_pair(*from, *to);
}

void Group::judge_pair(const Host& from, const Host& to) {
  const core::PortStatus sender = from.status();
  const core::PortStatus receiver = to.status();
  if (sender.state != core::PortState::secured || receiver.state != core::PortState::secured) return;
  const auto lists = [](const core::PortStatus& one, const core::PortStatus& other) {
    return std::ranges::any_of(one.participants.front().peers, [&](const core::PeerStatus& peer) {
      return peer.live && peer.mi == other.participants.front().mi;
    });
  };
  if (!lists(sender, receiver) || !lists(receiver, sender)) return;
  if (!to.secy().receives(from.sci(), from.secy().encoding_key()))
    lan_.world.violate(to.index(), "secured, and does not receive with the key that m" + std::to_string(from.index()) +
                                       ", secured too, sends with");
}

std::uint64_t Group::name_of(const MemberId& mi) const {
  const auto known = names_.find(mi);
  return known == names_.end() ? 0 : known->second;
}

std::uint64_t Group::meaning_of(const Mkpdu& pdu) const {
  Fingerprint out;
  out << name_of(pdu.basic.mi) << pdu.basic.key_server;
  for (const auto& list : {pdu.live, pdu.potential}) {
    out << 1;
    for (std::size_t i = 0; list && i < list->size(); ++i) out << name_of((*list)[i].mi);
  }
  if (pdu.sak_use)
    for (const SakUseKey* key : {&pdu.sak_use->latest, &pdu.sak_use->old})
      out << name_of(key->key.server) << key->key.number << key->an.value() << key->receiving << key->transmitting;
  if (pdu.distributed_sak) out << 2 << pdu.distributed_sak->number << pdu.distributed_sak->an.value();
  return out.value();
}

std::uint64_t Group::fingerprint() const {
  Fingerprint out;
  for (const Host* host : hosts_) {
    const core::PortStatus status = host->status();
    out << status.state << status.reason << status.cp << status.is_key_server << out_[host->index()] << host->doomed();
    for (const auto* slot : {&status.latest, &status.old}) {
      out << slot->has_value();
      if (!*slot) continue;
      const core::SakStatus& sak = **slot;
      out << name_of(sak.key.server) << sak.key.number << sak.an.value() << sak.receiving << sak.transmitting;
    }
    const core::ParticipantStatus& ours = status.participants.front();
    out << name_of(ours.mi);
    for (const core::PeerStatus& peer : ours.peers)
      out << name_of(peer.mi) << peer.live << peer.key_server << peer.receiving << peer.transmitting;
    out << host->secy().encoding_key() << host->secy().association_count() << host->secy().controlled_port();
    out << static_cast<std::uint64_t>((host->wake() - lan_.world.now) / (50 * millisecond));
  }
  for (const auto& [path, frames] : under_way_) {
    out << path.first << path.second;
    for (const Frame& frame : frames) out << frame.meaning;
  }
  return out.value();
}

bool Group::recovers() {
  lan_.tap = {};
  lan_.set_paths({});
  for (auto& [path, frames] : under_way_)
    for (const Frame& frame : frames) lan_.inject(path.second, frame.octets);
  for (Host* host : hosts_) {
    host->spare();
    host->set_enabled(true);
  }
  lan_.run_for(settle_time);
  return lan_.run_until([this] { return lan_.secured(); }, recovery_limit - settle_time) && lan_.world.good();
}

}  // namespace macsec::explore
