// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes wrong in a random life, and how it is made good again. The life itself is in scenario.cpp: both know the whole
// group, which is why the class is one.
#include "tests/sim/forge.hpp"
#include "tests/sim/scenario.hpp"

#include <cerrno>

namespace macsec::sim {

namespace {

constexpr std::array breakable{SecyCall::select_cipher_suite,
                               SecyCall::create_receive_sc,
                               SecyCall::delete_receive_sc,
                               SecyCall::install_receive_sa,
                               SecyCall::delete_receive_sa,
                               SecyCall::raise_lowest_pn,
                               SecyCall::install_transmit_sa,
                               SecyCall::transmit_with,
                               SecyCall::delete_transmit_sa,
                               SecyCall::read,
                               SecyCall::any,
                               SecyCall::set_controlled_port,
                               SecyCall::configure};

}  // namespace

void Scenario::disturb() {
  lan_.world.note(nobody, "trouble");
  lan_.set_traffic(500 * millisecond);
  const Instant span = random_.between(100 * millisecond, random_.chance(50) ? 5 * second : 30 * second);
  for (auto count = random_.between(1, 3); count > 0; --count) {
    ++faults_;
    break_something(span);
    lan_.run_for(random_.between(0, span / 2));
  }
  lan_.run_for(random_.between(0, span));
  heal();
}

void Scenario::break_something(Instant span) {
  Host& victim = any_host();
  const std::string who = "m" + std::to_string(victim.index());
  switch (random_.below(20)) {
    case 0:
    case 1:
    case 2:
      break_paths(span);
      return;
    case 3:
    case 4:
    case 5:
    case 6:
      break_process(victim, span);
      return;
    case 7:
      lan_.plug(victim.index(), false);
      if (random_.chance(50))
        lan_.after(random_.between(10 * millisecond, span), [this, &victim] { lan_.plug(victim.index(), true); });
      return;
    case 8:
      lan_.world.note(nobody, "SecY failures", who);
      fail_calls(victim, span);
      return;
    case 9:
      lan_.world.note(nobody, "rekeys");
      for (auto count = random_.between(1, 6); count > 0; --count)
        lan_.after(random_.between(0, span), [this] { ask_for_keys(); });
      return;
    case 10:
      lan_.world.note(nobody, "replay and reflection");
      lan_.set_reflection(true);
      record_ = true;
      lan_.after(span / 2, [this] { replay_some(); });
      return;
    case 11:
      lan_.world.note(nobody, "slow kernel", who);
      victim.secy().set_cost(random_.between(millisecond, 50 * millisecond));
      return;
    case 12:
      if (!victim.running()) return;
      return suspend(victim);
    case 13:
      return old_version();
    case 15:
    case 16:
      return change_profile(victim);
    case 17:
      return change_group();
    case 18:
      return one_key_only();
    case 19:
      return disagree(victim);
    default:
      if (!victim.running()) return;
      lan_.world.note(nobody, "operator", who);
      victim.set_enabled(random_.chance(20));
      return;
  }
}

// All are asked; only the key server agrees.
void Scenario::ask_for_keys() {
  for (Host* host : hosts_)
    if (host->running()) static_cast<void>(host->rekey());
}

// 802.1X-2020 9.18: up to 120 s, in which nobody is lost.
void Scenario::suspend(Host& victim) {
  const auto span = random_.between(1, random_.chance(50) ? 12 : 120);
  lan_.world.note(victim.index(), "suspend", std::to_string(span));
  if (!victim.suspend(std::chrono::seconds{span})) return;
  quiet_from_ = std::max(quiet_from_, lan_.world.now + (span + 1) * second);
  if (random_.chance(30))
    lan_.after(random_.between(0, span * second), [&victim] {
      if (victim.running()) static_cast<void>(victim.suspend(Duration{0}));
    });
}

// A device of version 1 was recorded once, or comes by and goes.
void Scenario::old_version() {
  lan_.world.note(nobody, "an old version");
  const Forger forger{psk("00112233", 0x11, cak_size_)};
  MkpduContent content;
  content.basic.version = static_cast<std::uint8_t>(random_.between(1, 2));
  content.basic.sci = Sci::of({{2, 0, 0, 0, 9, 9}}, 1);
  content.basic.mi = MemberId{{9, 9, 9}};
  content.basic.mn = ++stranger_mn_;
  content.basic.ckn = forger.ckn();
  for (const Host* host : hosts_)
    if (random_.chance(70)) lan_.inject(host->index(), forger.frame({{2, 0, 0, 0, 9, 9}}, content));
}

// One member alone, by reload or for its next start: what others need not share.
void Scenario::change_profile(Host& victim) {
  lan_.world.note(victim.index(), "other settings");
  give_profile(victim, random_profile(victim.index() == 0));
}

void Scenario::give_profile(Host& victim, ProfilePointer profile) {
  if (victim.running() && random_.chance(50)) return victim.reconfigure(std::move(profile));
  victim.edit_profile(std::move(profile));
}

// One member alone wants what the others do not, until the trouble ends: it may cost it the link, and never the truth.
void Scenario::disagree(Host& victim) {
  lan_.world.note(victim.index(), "settings of its own");
  const auto encrypt = encrypt_;
  const auto suites = suites_;
  const auto policy = policy_;
  switch (random_.below(3)) {
    case 0:
      encrypt_ = !encrypt_;
      break;
    case 1:
      suites_ = {all_cipher_suites[random_.below(4)]};
      break;
    default:
      policy_ = policy_ == Policy::must_secure ? Policy::should_secure : Policy::must_secure;
      break;
  }
  give_profile(victim, random_profile(victim.index() == 0));
  encrypt_ = encrypt;
  suites_ = suites;
  policy_ = policy;
  odd_.push_back(&victim);
}

// All members, one after the other: what they have to agree on in the end.
void Scenario::change_group() {
  lan_.world.note(nobody, "other settings for all");
  if (random_.chance(50)) encrypt_ = !encrypt_;
  if (random_.chance(50)) suites_ = {all_cipher_suites[random_.below(4)]};
  for (Host* host : hosts_)
    lan_.after(random_.between(0, 20 * second), [this, host] {
      auto profile = random_profile(host->index() == 0);
      if (!host->running()) return host->edit_profile(std::move(profile));
      if (random_.chance(50)) return host->reconfigure(std::move(profile));
      host->crash();
      host->edit_profile(std::move(profile));
      host->start(Host::Memory::kept);
    });
  quiet_from_ = std::max(quiet_from_, lan_.world.now + 20 * second);
}

// Somebody who has the fallback key alone, silent, or loud: it says what key servers say and offers a SAK that is none.
void Scenario::one_key_only() {
  if (!fallback_) return;
  const bool loud = random_.chance(50);
  lan_.world.note(nobody, "a holder of the fallback key alone", loud ? "loud" : "silent");
  static constexpr std::array<std::uint8_t, 24> no_sak{};
  const auto forger = std::make_shared<Forger>(psk("ffeeddcc", 0x22, 16, KeyRole::fallback));
  const auto mi =
      MemberId{{8, static_cast<std::uint8_t>(random_.below(250)), static_cast<std::uint8_t>(++stranger_mn_)}};
  for (std::uint32_t i = 1; i <= 20; ++i)
    lan_.after(i * second, [this, forger, loud, mi, i] {
      for (const Host* host : hosts_) {
        if (!host->running()) continue;
        MkpduContent content;
        content.basic.priority = loud ? 0 : 255;
        content.basic.key_server = loud;
        content.basic.macsec_desired = true;
        content.basic.capability = MacsecCapability::confidentiality;
        content.basic.sci = Sci::of({{2, 0, 0, 0, 8, 8}}, 1);
        content.basic.mi = mi;
        content.basic.mn = i;
        content.basic.ckn = forger->ckn();
        std::vector<PeerEntry> live;
        for (const core::ParticipantStatus& each : host->status().participants)
          live.push_back({.mi = each.mi, .mn = each.mn});
        content.live = live;
        if (loud) content.distributed_sak = DistributedSakSet{.an = An{i & 3U}, .number = i, .wrapped = no_sak};
        lan_.inject(host->index(), forger->frame({{2, 0, 0, 0, 8, 8}}, content));
      }
    });
  quiet_from_ = std::max(quiet_from_, lan_.world.now + 27 * second);
}

// Now and then one sort of call is refused as long as the trouble lasts, through several rekeys.
void Scenario::fail_calls(Host& victim, Instant span) {
  const SecyCall call = breakable[random_.below(breakable.size())];
  const int error = random_.chance(50) ? EBUSY : ENOMEM;
  const bool always = random_.chance(30);
  if (always)
    victim.secy().fail_always(call, error);
  else
    victim.secy().fail_calls(call, error, static_cast<unsigned>(random_.between(1, 4)),
                             static_cast<unsigned>(random_.below(4)));
  ask_for_keys();
  if (!always) return;
  for (auto count = random_.between(1, 6); count > 0; --count)
    lan_.after(random_.between(0, span), [this] { ask_for_keys(); });
}

void Scenario::break_paths(Instant span) {
  static_cast<void>(span);
  switch (random_.below(4)) {
    case 0:
      lan_.world.note(nobody, "bad paths");
      lan_.set_paths({.latency = base_.latency,
                      .jitter = random_.between(0, 200 * millisecond),
                      .loss = static_cast<unsigned>(random_.between(5, 60)),
                      .duplicate = static_cast<unsigned>(random_.below(30)),
                      .cut = false});
      return;
    case 1: {
      const Index one = any_host().index();
      const Index other = any_host().index();
      lan_.world.note(nobody, "one-way cut", std::to_string(one) + " to " + std::to_string(other));
      lan_.path(one, other).cut = true;
      return;
    }
    case 2: {
      const Index one = any_host().index();
      const Index other = any_host().index();
      lan_.world.note(nobody, "cut", std::to_string(one) + " and " + std::to_string(other));
      lan_.cut(one, other, true);
      return;
    }
    default: {
      const std::uint64_t side = random_.next();
      lan_.world.note(nobody, "partition");
      for (Index one = 0; one < lan_.size(); ++one)
        for (Index other = 0; other < one; ++other)
          if ((side >> one & 1U) != (side >> other & 1U)) lan_.cut(one, other, true);
      return;
    }
  }
}

void Scenario::break_process(Host& victim, Instant span) {
  if (!victim.running()) return;
  const auto again = [&](Host::Memory memory) {
    if (random_.chance(70))
      lan_.after(random_.between(0, span), [&victim, memory] {
        if (!victim.running()) victim.start(memory);
      });
  };
  switch (random_.below(4)) {
    case 0:
      victim.crash();
      return again(Host::Memory::kept);
    case 1:
      victim.crash();
      return again(Host::Memory::lost);
    case 2:
      victim.reboot();
      return again(Host::Memory::lost);
    default:
      victim.crash_before_saving();
      return ask_for_keys();
  }
}

void Scenario::replay_some() {
  for (const auto& [from, frame] : heard_)
    for (Index to = 0; to < lan_.size(); ++to)
      if (to != from && random_.chance(50)) lan_.inject(to, frame);
  // What a cut path had kept back is new to its receiver, which hears a peer once more.
  quiet_from_ = std::max(quiet_from_, lan_.world.now + 7 * second);
  record_ = false;
}

void Scenario::heal() {
  lan_.world.note(nobody, "heal");
  lan_.set_paths(base_);
  lan_.set_reflection(false);
  for (Host* host : std::exchange(odd_, {})) {
    auto profile = random_profile(host->index() == 0);
    if (host->running())
      host->reconfigure(std::move(profile));
    else
      host->edit_profile(std::move(profile));
  }
  for (Host* host : hosts_) {
    host->secy().forgive();
    host->secy().set_cost(0);
    host->spare();
    lan_.plug(host->index(), true);
    if (host->running())
      host->set_enabled(true);
    else
      host->start(random_.chance(50) ? Host::Memory::kept : Host::Memory::lost);
  }
  if (quiet_from_ > lan_.world.now) lan_.run_for(quiet_from_ - lan_.world.now);
}

}  // namespace macsec::sim
