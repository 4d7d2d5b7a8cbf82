// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/suite_trials.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

/// It confirms `key`, and could be somebody who cannot use it: it announces nothing, and no frame of it ever came.
bool is_mute(const Peer& peer, const SakSlot& key) noexcept {
  const PeerKeyUse* use = peer.use_of(key.id);
  return !peer.announces && !peer.heard && !peer.suspended_until && use != nullptr && use->receiving &&
         use->transmitting;
}

}  // namespace

void SuiteTrials::follow(std::vector<CipherSuite> allowed) {
  if (allowed == allowed_) return;
  allowed_ = std::move(allowed);
  resigned_for_.clear();
  start_over();
}

void SuiteTrials::start_over() noexcept {
  failed_ = skipped_ = {};
  failed_key_.reset();
  unheard_.reset();
}

std::optional<CipherSuite> SuiteTrials::taken_by(const Peer& peer) const noexcept {
  const auto at = std::ranges::find(taken_, peer.sci, &Taken::sci);
  return at == taken_.end() ? std::nullopt : std::optional{at->suite};
}

void SuiteTrials::note_taken(const KeyId& key, CipherSuite suite, const Peer& peer) {
  // What is confirmed and of no use is left all the same.
  if (taken_by(peer) == suite || failed_key_ == key) return;
  failed_.remove(suite);
  std::erase_if(taken_, [&peer](const Taken& each) { return each.sci == peer.sci; });
  if (taken_.size() >= PeerList::max_peers) taken_.erase(taken_.begin());
  taken_.push_back({peer.sci, suite});
}

bool SuiteTrials::any_left() const noexcept {
  return std::ranges::any_of(allowed_, [this](CipherSuite suite) { return !done_with(suite); });
}

bool SuiteTrials::resigned(const Participant& owner) const {
  return std::ranges::all_of(owner.peers().all(), [this](const Peer& peer) {
    return !peer.live || std::ranges::find(resigned_for_, peer.mi) != resigned_for_.end();
  });
}

bool SuiteTrials::note_failed(const KeyId& key, CipherSuite suite, const Peer& peer, std::string_view why) {
  std::erase_if(taken_, [&peer](const Taken& each) { return each.sci == peer.sci; });
  // Several members may say so of one SAK.
  if (failed_key_ == key) return any_left();
  failed_key_ = key;
  if (failed_.has(suite)) failed_ = {};
  failed_.add(suite);
  why_ = std::string{why} + " " + to_string(peer.sci) + ", with " + std::string{to_string(suite)};
  return any_left();
}

bool SuiteTrials::listen(Participant& owner, const SakSlot& key, const PnWatch& pn_watch, Time now) {
  bool mute = false;
  bool others = false;
  const Peer* first = nullptr;
  for (Peer& peer : owner.peers().all()) {
    const std::optional<Pn> next = pn_watch.received(peer.sci, key.id);
    peer.heard = peer.heard || next.value_or(0) > 1;
    if (!peer.live || !peer.macsec_capable) continue;
    (is_mute(peer, key) && next ? mute : others) = true;
    if (first == nullptr) first = &peer;
  }
  if (!mute || others || resigned(owner) || !pn_watch.tells_lowest() || allowed_.size() < 2) {
    unheard_.reset();
    return false;
  }
  if (!unheard_ || unheard_->key != key.id) unheard_ = Unheard{key.id, now, pn_watch.next_pn()};
  // Where we have nothing to say either, nothing is amiss.
  if (now < unheard_->since + life_time || pn_watch.next_pn() == unheard_->next_pn) return false;
  unheard_.reset();
  // What came years after their version is not worth an interruption.
  if (owner.understood(3) < 2)
    for (const CipherSuite suite : all_cipher_suites)
      if (is_xpn(suite)) skipped_.add(suite);
  const bool again = failed_.has(key.cipher_suite);
  if (again || !note_failed(key.id, key.cipher_suite, *first, "nothing arrives from")) {
    resigned_for_.clear();
    for (const Peer& peer : owner.peers().all()) resigned_for_.push_back(peer.mi);
  }
  for (const Peer& peer : owner.peers().all())
    std::erase_if(taken_, [&peer](const Taken& each) { return each.sci == peer.sci; });
  return choose(owner, allowed_) != key.cipher_suite;
}

std::optional<CipherSuite> SuiteTrials::choose(const Participant& participant,
                                               std::span<const CipherSuite> allowed) const {
  const auto first = [&](auto&& can) -> std::optional<CipherSuite> {
    const auto at = std::ranges::find_if(allowed, [&](CipherSuite suite) {
      return std::ranges::all_of(participant.peers().all(), [&](const Peer& peer) {
        return !peer.live || !peer.macsec_capable || can(peer, suite);
      });
    });
    return at == allowed.end() ? std::nullopt : std::optional{*at};
  };
  // Of who announces nothing it is known what it uses. Else it can do the mandatory suite, and may know more: switches often
  // do not announce.
  const auto can = [this](const Peer& peer, CipherSuite suite) {
    if (peer.announces) return peer.supports(suite);
    const std::optional<CipherSuite> taken = taken_by(peer);
    return taken ? taken == suite : peer.supports(suite);
  };
  const auto may = [&](const Peer& peer, CipherSuite suite) {
    return can(peer, suite) || (!peer.announces && !taken_by(peer));
  };
  const auto might = [](const Peer& peer, CipherSuite suite) { return !peer.announces || peer.supports(suite); };
  const auto fresh = [this](auto&& rule) {
    return [this, rule](const Peer& peer, CipherSuite suite) {
      return rule(peer, suite) && (peer.announces || taken_by(peer) == suite || !done_with(suite));
    };
  };
  if (const auto suite = first(fresh(can))) return suite;
  if (const auto suite = first(fresh(may))) return suite;
  if (const auto suite = first(fresh(might))) return suite;
  if (const auto suite = first(can)) return suite;
  if (const auto suite = first(may)) return suite;
  return first(might);
}

std::string SuiteTrials::failed_words(CipherSuite current) const {
  std::string out;
  for (const CipherSuite suite : allowed_)
    if (suite != current && failed_.has(suite)) out.append(out.empty() ? "" : ", ").append(to_string(suite));
  return out;
}

}  // namespace macsec::core
