// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/session_ledger.hpp"

#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::core {

using Kind = RadiusAccounting::Kind;

void SessionLedger::note_request(const RadiusCommand& request) {
  asked_.record.user_name = request.user_name;
  asked_.record.host = request.host;
  asked_.record.port = request.port;
  asked_.record.port_id = request.port_id;
}

void SessionLedger::note_accept(const RadiusReport& accept) {
  granted_ = asked_;
  granted_->record.class_ = accept.class_;
  // 0 asks for none.
  if (accept.interim && *accept.interim > Duration{0}) granted_->interim = std::max(*accept.interim, shortest_interim);
}

bool SessionLedger::is_due(bool has_host, Time now) const noexcept {
  return granted_ || (running_ && (!has_host || (running_->next && now >= *running_->next)));
}

std::optional<Time> SessionLedger::next() const noexcept { return running_ ? running_->next : std::nullopt; }

std::vector<RadiusAccounting> SessionLedger::step(bool has_host, const std::optional<PortTraffic>& traffic, Time now,
                                                  std::int64_t wall) {
  std::vector<RadiusAccounting> out;
  if (!has_host) granted_.reset();
  add(traffic);
  if (running_ && (!has_host || (granted_ && granted_->record.host != running_->record.host))) {
    out.push_back(record(Kind::stop, now, wall));
    running_.reset();
  }
  if (granted_ && !running_) {
    begin(traffic, now);
    out.push_back(record(Kind::start, now, wall));
  } else if (granted_) {  // the same host again: its session goes on with what the server says now
    running_->record.user_name = granted_->record.user_name;
    running_->record.class_ = granted_->record.class_;
    if (running_->interim != granted_->interim) running_->next = now;
    running_->interim = granted_->interim;
  }
  granted_.reset();
  if (running_ && running_->next && now >= *running_->next) {
    out.push_back(record(Kind::interim, now, wall));
    running_->next = running_->interim ? std::optional{now + *running_->interim} : std::nullopt;
  }
  return out;
}

void SessionLedger::begin(const std::optional<PortTraffic>& traffic, Time now) {
  std::array<std::uint8_t, 8> octets{};
  random_->fill(octets);
  running_ = std::move(granted_);
  running_->record.session = to_hex(octets);
  running_->since = now;
  running_->last = traffic.value_or(PortTraffic{});
  if (running_->interim) running_->next = now + *running_->interim;
}

void SessionLedger::add(const std::optional<PortTraffic>& traffic) {
  if (!running_ || !traffic) return;
  const auto passed = [](std::uint64_t before, std::uint64_t after) {
    return after >= before ? after - before : after;
  };
  RadiusAccounting& to = running_->record;
  const PortTraffic& last = running_->last;
  to.octets_in += passed(last.octets_in, traffic->octets_in);
  to.octets_out += passed(last.octets_out, traffic->octets_out);
  to.packets_in += passed(last.packets_in, traffic->packets_in);
  to.packets_out += passed(last.packets_out, traffic->packets_out);
  running_->last = *traffic;
}

RadiusAccounting SessionLedger::record(Kind kind, Time now, std::int64_t wall) const {
  RadiusAccounting out = running_->record;
  out.kind = kind;
  out.at = wall;
  out.elapsed = now - running_->since;
  return out;
}

}  // namespace macsec::core
