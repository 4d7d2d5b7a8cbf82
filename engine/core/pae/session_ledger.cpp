// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/session_ledger.hpp"

#include "engine/base/text.hpp"
#include "engine/wire/radius.hpp"

#include <algorithm>

namespace macsec::core {

using Kind = RadiusAccounting::Kind;

void SessionLedger::resume(AccountedSession session, Time now) {
  running_ = std::move(session);
  next_ = running_->interim ? std::optional{now + *running_->interim} : std::nullopt;
}

void SessionLedger::note_request(const RadiusCommand& request) {
  asked_.user_name = request.user_name.substr(0, max_radius_value);
  asked_.host = request.host;
  asked_.port = request.port;
  asked_.port_id = request.port_id;
}

void SessionLedger::note_accept(const RadiusReport& accept) {
  granted_ = asked_;
  granted_->class_ = accept.class_;
  // 0 asks for none.
  if (accept.interim && *accept.interim > Duration{0}) granted_->interim = std::max(*accept.interim, shortest_interim);
}

bool SessionLedger::is_due(bool has_host, Time now) const noexcept {
  return granted_ || (running_ && (!has_host || (next_ && now >= *next_)));
}

std::vector<RadiusAccounting> SessionLedger::step(const Scene& scene) {
  std::vector<RadiusAccounting> out;
  if (!scene.has_host) granted_.reset();
  add(scene.traffic);
  if (running_ && (!scene.has_host || (granted_ && granted_->host != running_->host))) {
    out.push_back(record(Kind::stop, scene));
    out.back().cause = scene.ended_by;
    running_.reset();
  }
  if (granted_ && !running_) {
    begin(scene);
    out.push_back(record(Kind::start, scene));
  } else if (granted_) {  // the same host again: its session continues with what the server says now
    running_->user_name = granted_->user_name;
    running_->class_ = granted_->class_;
    if (running_->interim != granted_->interim) next_ = scene.now;
    running_->interim = granted_->interim;
  }
  granted_.reset();
  if (running_ && next_ && scene.now >= *next_) {
    out.push_back(record(Kind::interim, scene));
    next_ = running_->interim ? std::optional{scene.now + *running_->interim} : std::nullopt;
  }
  return out;
}

void SessionLedger::begin(const Scene& scene) {
  std::array<std::uint8_t, 8> octets{};
  random_->fill(octets);
  running_ = std::move(granted_);
  running_->id = to_hex(octets);
  running_->since = scene.now;
  running_->last = scene.traffic.value_or(PortTraffic{});
  next_ = running_->interim ? std::optional{scene.now + *running_->interim} : std::nullopt;
}

void SessionLedger::add(const std::optional<PortTraffic>& traffic) {
  if (!running_ || !traffic) return;
  const auto passed = [](std::uint64_t before, std::uint64_t after) {
    return after >= before ? after - before : after;
  };
  PortTraffic& to = running_->counted;
  const PortTraffic& last = running_->last;
  to.octets_in += passed(last.octets_in, traffic->octets_in);
  to.octets_out += passed(last.octets_out, traffic->octets_out);
  to.packets_in += passed(last.packets_in, traffic->packets_in);
  to.packets_out += passed(last.packets_out, traffic->packets_out);
  running_->last = *traffic;
}

RadiusAccounting SessionLedger::record(Kind kind, const Scene& scene) const {
  const AccountedSession& of = *running_;
  return {.kind = kind,
          .session = of.id,
          .user_name = of.user_name,
          .host = of.host,
          .port = of.port,
          .port_id = of.port_id,
          .class_ = of.class_,
          .at = scene.wall,
          .elapsed = scene.now - of.since,
          .traffic = of.counted};
}

}  // namespace macsec::core
