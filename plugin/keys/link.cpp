// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/link.hpp"

#include "dbus/bus/names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::keys {
namespace {

PacingSettings pacing_of(const bus::KeySourceInfo& said, const Server& server) {
  PacingSettings out;
  if (said.initiator == "yes") out.initiator = Initiator::yes;
  if (said.initiator == "no") out.initiator = Initiator::no;
  out.is_first = server.source().local_id < said.remote_id;
  out.every = said.every;
  out.id_octets = server.id_octets();
  return out;
}

auto all_of(const bus::KeySourceInfo& said) {
  return std::tie(said.source, said.remote_id, said.initiator, said.every, said.bits);
}

}  // namespace

Link::Link(const bus::ProfileInfo& profile, Server& server, const Surroundings& around, std::uint32_t seed, Time now)
    : path_{profile.path},
      name_{profile.name},
      settings_{profile.key_source.value()},
      server_{server},
      around_{around},
      pacing_{pacing_of(settings_, server), server.state(), seed, now},
      self_{std::make_shared<Link*>(this)} {}

bool Link::fits(const bus::ProfileInfo& profile) const {
  return profile.path == path_ && profile.key_source && all_of(*profile.key_source) == all_of(settings_);
}

void Link::begin(std::map<Ckn, Secret<32>> brought, Time now) {
  brought_ = std::move(brought);
  const auto profile = around_.mirror.profile(path_);
  std::vector<Ckn> missing;
  for (const auto& [ckn, cak] : brought_)
    if (profile && std::ranges::find(profile->keys, to_string(ckn), &bus::KeyInfo::ckn) == profile->keys.end())
      missing.push_back(ckn);
  restoring_ = missing.size();
  for (const Ckn& ckn : missing)
    add(ckn, brought_.at(ckn), [this, ckn](Added outcome) {
      --restoring_;
      if (outcome != Added::yes) brought_.erase(ckn);
      around_.wake();
    });
  refresh(now);
}

void Link::refresh(Time now) {
  const auto profile = around_.mirror.profile(path_);
  if (!profile || restoring_ != 0) return;
  const auto session = around_.mirror.session(profile->session);
  pacing_.on_link(session && session->carrier, now);
  std::vector<HeldKey> held;
  for (const bus::KeyInfo& key : profile->keys)
    if (const auto ckn = Ckn::from_hex(key.ckn); ckn && !key.source.empty() && key.state != "retired")
      held.push_back({.ckn = *ckn,
                      .live = key.live_peers > 0,
                      .draining = key.state == "draining",
                      .since = key.since,
                      .had_peer = key.had_peer});
  std::erase_if(brought_, [&](const auto& one) {
    return !adding_.contains(one.first) && std::ranges::find(held, one.first, &HeldKey::ckn) == held.end();
  });
  pacing_.on_keys(held, now);
}

void Link::tick(Time now) {
  refresh(now);
  while (const auto action = pacing_.poll_action(now)) run(*action);
}

void Link::run(const Action& action) {
  switch (action.kind) {
    case Action::Kind::ask_new:
      return fetch(nullptr);
    case Action::Kind::look_up:
      return fetch(&action.ckn);
    case Action::Kind::retire:
    case Action::Kind::drop:
      return retire(action);
  }
}

void Link::fetch(const Ckn* wanted) {
  const std::optional<Ckn> name = wanted == nullptr ? std::optional<Ckn>{} : *wanted;
  server_.fetch(settings_.remote_id, settings_.bits, wanted,
                [weak = std::weak_ptr{self_}, name](Answer<ServedKey> key) {
                  const auto self = weak.lock();
                  if (!self) return;
                  Link& link = **self;
                  if (key) return link.bring(std::move(*key));
                  if (name)
                    link.pacing_.on_no_such_key(*name, key.error(), link.now());
                  else
                    link.pacing_.on_no_key();
                });
}

void Link::bring(ServedKey key) {
  const auto at = brought_.insert_or_assign(key.ckn, std::move(key.cak)).first;
  adding_.insert(key.ckn);
  add(at->first, at->second, [this, ckn = key.ckn](Added outcome) {
    adding_.erase(ckn);
    if (outcome == Added::yes)
      refresh(now());
    else
      brought_.erase(ckn);
    pacing_.on_added(ckn, outcome, now());
    around_.wake();
  });
}

void Link::add(const Ckn& ckn, const Secret<32>& cak, std::function<void(Added)> done) {
  bus::SettingsSection section{.name = "Key", .texts = {{"Ckn", to_string(ckn)}}};
  section.secrets.emplace_back("Cak", bus::to_secret(cak.expose()));
  around_.client.send<std::string>(
      around_.client.add_key(path_, section, {.memory = true, .key_source = settings_.source}),
      [weak = std::weak_ptr{self_}, ckn, done = std::move(done)](const bus::Outcome<std::string>& outcome) {
        const auto self = weak.lock();
        if (!self) return;
        const Link& link = **self;
        if (!outcome)
          link.around_.tell(link.name_, {},
                            fmt::format("CKN {} was not added: {}", to_string(ckn), outcome.error().text));
        const bool known = !outcome && outcome.error().name == bus::error::key_exists;
        done(outcome ? Added::yes : known ? Added::known : Added::failed);
      });
}

void Link::retire(const Action& action) {
  if (action.kind == Action::Kind::drop) {
    around_.tell(
        name_, action.mismatch ? "key-mismatch" : "",
        fmt::format(
            "no peer was ever live under CKN {}, it is taken away: the other end {}", to_string(action.ckn),
            action.mismatch ? "has another key of this name, or its key server has" : "did not take it in time"));
  }
  around_.client.send<bus::Nothing>(
      around_.client.retire_key(path_, to_string(action.ckn), bus::default_retirement, false),
      [weak = std::weak_ptr{self_}, ckn = action.ckn](const bus::Outcome<bus::Nothing>& outcome) {
        const auto self = weak.lock();
        if (!self || outcome) return;
        (*self)->pacing_.on_kept(ckn, (*self)->now());
        (*self)->around_.wake();
      });
}

Time Link::now() const {
  std::uint64_t usec = 0;
  sd_event_now(sd_bus_get_event(around_.client.bus()), CLOCK_BOOTTIME, &usec);
  return Time{Duration{static_cast<std::int64_t>(usec)}};
}

}  // namespace macsec::keys
