// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/eap_ports.hpp"

#include <algorithm>
#include <utility>

namespace macsec::os {

EapWorker* EapPorts::worker() {
  if (worker_) return worker_.get();
  auto opened = EapWorker::open(
      loop_,
      {.report = [this](core::EapReport&& report) { on_report(std::move(report)); },
       .loaded = [this](std::uint32_t number, const EapVerdict& verdict) { on_loaded(number, verdict); },
       .stream = [this](const EapWorker::StreamReport& report) { streams_.on_report(report); },
       .lost =
           [this] {
             journal_.write(LogLevel::warning,
                            "the connection to macsec-eap is lost or cannot be made: links stay, "
                            "authentications are tried again");
           },
       .drained = [this] { streams_.on_drained(); }},
      socket_);
  if (!opened) {
    journal_.write(LogLevel::error, opened.error().message);
    return nullptr;
  }
  worker_ = std::move(*opened);
  return worker_.get();
}

void EapPorts::hear(bool on) {
  if (const Result<void> done = hooks_.hear(on); !done) journal_.write(LogLevel::warning, done.error().message);
}

void EapPorts::set(const ProfilePointer& profile) {
  const auto& pae = profile->pae;
  if (!pae || pae->role != PaeRole::supplicant) return drop(profile->name);
  const auto [entry, added] = entries_.try_emplace(profile->name);
  const ProfilePointer before = std::exchange(entry->second.profile, profile);
  if (before && before->pae->eap == pae->eap) return;
  if (added) entry->second.number = ++last_number_;
  hear(true);
  if (EapWorker* const to = worker()) to->set_profile(entry->second.number, pae->eap);
}

void EapPorts::read_again() {
  streams_.read_again();
  for (auto& [name, entry] : entries_) {
    entry.asked = true;
    if (worker_) worker_->set_profile(entry.number, entry.profile->pae->eap);
  }
}

void EapPorts::drop(const std::string& name) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return;
  std::erase_if(conversations_, [&](const auto& each) {
    if (each.second.name != name) return false;
    if (worker_) worker_->end(each.first);
    return true;
  });
  if (worker_) worker_->drop_profile(entry->second.number);
  entries_.erase(entry);
  if (entries_.empty()) hear(false);
}

std::optional<core::EapConversation> EapPorts::find(const std::string& name, core::EapConversation conversation) {
  const auto at = std::ranges::find_if(conversations_, [&](const auto& each) {
    return each.second.name == name && each.second.conversation == conversation;
  });
  return at == conversations_.end() ? std::nullopt : std::optional{at->first};
}

void EapPorts::ask(const std::string& name, const core::EapCommand& command) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end() || !worker_) return;
  if (command.kind == core::EapCommand::Kind::begin) {
    conversations_.emplace(++last_conversation_, Owner{name, command.conversation});
    worker_->begin(entry->second.number, last_conversation_, command.mtu);
    return;
  }
  const auto known = find(name, command.conversation);
  if (!known) return;
  if (command.kind == core::EapCommand::Kind::request)
    worker_->request(*known, command.packet);
  else
    worker_->end(*known);
}

void EapPorts::on_report(core::EapReport report) {
  const auto at = conversations_.find(report.conversation);
  if (at == conversations_.end()) return;
  const Owner owner = at->second;
  if (report.kind != core::EapReport::Kind::response) conversations_.erase(at);
  report.conversation = owner.conversation;
  hooks_.report(owner.name, std::move(report));
}

void EapPorts::on_loaded(std::uint32_t number, const EapVerdict& verdict) {
  const auto entry = std::ranges::find_if(entries_, [&](const auto& each) { return each.second.number == number; });
  if (entry != entries_.end()) hooks_.loaded(entry->first, verdict, std::exchange(entry->second.asked, false));
}

}  // namespace macsec::os
