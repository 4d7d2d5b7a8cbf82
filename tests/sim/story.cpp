// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/story.hpp"

#include "engine/wire/eapol.hpp"
#include "engine/wire/mkpdu.hpp"

#include <cstdio>

namespace macsec::sim {

Story::Story(VirtualLan& lan) : lan_{lan}, began_{lan.world.now} {
  lan_.tap = [this](Index from, Bytes octets) { frame(from, octets); };
  lan_.world.trace.listener = [this](std::uint32_t member, std::string_view text) {
    line(member == nobody ? std::string{"--"} : "m" + std::to_string(member), renamed(std::string{text}));
  };
}

Story::~Story() {
  lan_.tap = nullptr;
  lan_.world.trace.listener = nullptr;
}

void Story::say(std::string_view what) { text_ += "\n# " + std::string{what} + "\n"; }

void Story::call(const Ckn& ckn, std::string_view name) { names_[to_string(ckn)] = name; }

void Story::line(std::string_view who, const std::string& what) {
  const Instant at = lan_.world.now - began_;
  std::array<char, 32> time{};
  // To a millisecond: what follows at once stands at one time, whatever the latency.
  std::snprintf(time.data(), time.size(), "%8.3f ", static_cast<double>(at) / static_cast<double>(second));
  text_ += time.data();
  text_ += who;
  text_ += " " + what + "\n";
}

void Story::meet(Index from, const MemberId& mi) {
  if (members_.contains(mi)) return;
  const unsigned identity = ++identities_[from];
  const std::string name = "m" + std::to_string(from) + std::string(identity - 1, '\'');
  members_[mi] = name;
  names_[to_string(mi)] = name;
  names_[to_string(lan_.station(from).sci())] = "m" + std::to_string(from);
}

std::string Story::name(const MemberId& mi) const {
  const auto known = members_.find(mi);
  return known == members_.end() ? "?" : known->second;
}

std::string Story::name(const KeyId& key) const { return name(key.server) + "/" + std::to_string(key.number); }

std::string Story::list(const PeerListView& peers) const {
  std::string out;
  for (std::size_t i = 0; i < peers.size(); ++i)
    out += (i > 0 ? "," : "") + name(peers[i].mi) + ":" + std::to_string(peers[i].mn);
  return out;
}

std::string Story::slot(const SakUseKey& use) const {
  return name(use.key) + "@" + std::to_string(use.an.value()) + (use.receiving ? " rx" : "") +
         (use.transmitting ? " tx" : "") + (use.lowest_pn > 1 ? " pn>1" : "");
}

void Story::frame(Index from, Bytes octets) {
  const auto eapol = read_eapol(octets);
  const auto pdu = eapol ? read_mkpdu(eapol->body) : std::unexpected{MkpduError::too_short};
  if (!pdu) return line("m" + std::to_string(from), "=> not an MKPDU");
  meet(from, pdu->basic.mi);
  std::string out = "=> " + name(pdu->basic.mi) + ":" + std::to_string(pdu->basic.mn);
  const auto known = names_.find(to_string(pdu->basic.ckn));
  out += " in " + (known == names_.end() ? to_string(pdu->basic.ckn) : known->second);
  out += " v" + std::to_string(pdu->basic.version) + " prio " + std::to_string(pdu->basic.priority);
  if (pdu->basic.key_server) out += " server";
  if (pdu->live && !pdu->live->empty()) out += " | live " + list(*pdu->live);
  if (pdu->potential && !pdu->potential->empty()) out += " | heard " + list(*pdu->potential);
  if (pdu->sak_use && pdu->sak_use->latest.used()) out += " | latest " + slot(pdu->sak_use->latest);
  if (pdu->sak_use && pdu->sak_use->old.used()) out += " | old " + slot(pdu->sak_use->old);
  if (pdu->distributed_sak) {
    const auto suite = cipher_suite_from_id(pdu->distributed_sak->cipher_suite_id);
    out += " | SAK " + name(KeyId{pdu->basic.mi, pdu->distributed_sak->number}) + "@" +
           std::to_string(pdu->distributed_sak->an.value()) + " " + std::string{suite ? to_string(*suite) : "?"};
  }
  if (pdu->xpn && pdu->xpn->suspension_time > 0)
    out += " | suspends for " + std::to_string(pdu->xpn->suspension_time) + " s";
  line("m" + std::to_string(from), out);
}

std::string Story::renamed(std::string text) const {
  for (const auto& [from, to] : names_)
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  return text;
}

}  // namespace macsec::sim
