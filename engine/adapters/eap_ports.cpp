// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/eap_ports.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::os {

EapWorker* EapPorts::worker() {
  if (worker_) return worker_.get();
  auto opened = EapWorker::open(
      loop_,
      {.report = [this](core::EapReport&& report) { on_report(std::move(report)); },
       .loaded = [this](std::uint32_t number, const EapVerdict& verdict) { on_loaded(number, verdict); },
       .lost =
           [this] {
             journal_.write(LogLevel::warning,
                            "the connection to macsec-eap is lost or cannot be made: links stay, "
                            "authentications are tried again");
           }},
      socket_);
  if (!opened) {
    journal_.write(LogLevel::error, opened.error().message);
    return nullptr;
  }
  worker_ = std::move(*opened);
  return worker_.get();
}

void EapPorts::set(Session& session) {
  const auto& pae = session.profile().pae;
  if (!pae || pae->role != PaeRole::supplicant) return drop(session);
  const auto [entry, added] = entries_.try_emplace(&session);
  const ProfilePointer before = std::exchange(entry->second.profile, session.shared_profile());
  if (before && before->pae->eap == pae->eap) return;
  if (added) entry->second.number = ++last_number_;
  if (const auto heard = wires_.hear_eap(EapSide::supplicants, true); !heard)
    session.trace_.message(LogLevel::warning, heard.error().message);
  if (EapWorker* const to = worker()) to->set_profile(entry->second.number, pae->eap);
}

void EapPorts::drop(Session& session) {
  const auto entry = entries_.find(&session);
  if (entry == entries_.end()) return;
  std::erase_if(conversations_, [&](const auto& each) {
    if (each.second.session != &session) return false;
    if (worker_) worker_->end(each.first);
    return true;
  });
  if (worker_) worker_->drop_profile(entry->second.number);
  entries_.erase(entry);
  if (entries_.empty()) static_cast<void>(wires_.hear_eap(EapSide::supplicants, false));
}

std::optional<core::EapConversation> EapPorts::find(const Session& session, core::EapConversation conversation) {
  const auto at = std::ranges::find_if(conversations_, [&](const auto& each) {
    return each.second.session == &session && each.second.conversation == conversation;
  });
  return at == conversations_.end() ? std::nullopt : std::optional{at->first};
}

void EapPorts::follow(Session& session, core::Port& port) {
  while (const auto command = port.poll_eap()) {
    const auto entry = entries_.find(&session);
    if (entry == entries_.end() || !worker_) continue;
    if (command->kind == core::EapCommand::Kind::begin) {
      conversations_.emplace(++last_conversation_, Owner{&session, command->conversation});
      worker_->begin(entry->second.number, last_conversation_, command->mtu);
      continue;
    }
    const auto known = find(session, command->conversation);
    if (!known) continue;
    if (command->kind == core::EapCommand::Kind::request)
      worker_->request(*known, command->packet);
    else
      worker_->end(*known);
  }
}

void EapPorts::on_report(core::EapReport report) {
  const auto at = conversations_.find(report.conversation);
  if (at == conversations_.end()) return;
  const Owner owner = at->second;
  if (report.kind != core::EapReport::Kind::response) conversations_.erase(at);
  report.conversation = owner.conversation;
  core::Port* const port = owner.session->mka();
  if (port == nullptr) return;
  port->on_eap(std::move(report), boot_time());
  hooks_.settle(*owner.session);
  hooks_.done();
}

void EapPorts::on_loaded(std::uint32_t number, const EapVerdict& verdict) {
  const auto entry = std::ranges::find_if(entries_, [&](const auto& each) { return each.second.number == number; });
  if (entry == entries_.end() || verdict.problem == EapProblem::none) return;
  entry->first->trace_.message(LogLevel::warning, fmt::format("cannot authenticate: {}", verdict.words),
                               message_id::bad_profile);
}

}  // namespace macsec::os
