// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_accountant.hpp"

#include "engine/base/deadlines.hpp"
#include "engine/crypto/radius_keys.hpp"

#include <algorithm>
#include <utility>

namespace macsec::core {

RadiusAccountant::RadiusAccountant(ProfilePointer profile, std::string nas_identifier, Random& random)
    : profile_{std::move(profile)},
      nas_identifier_{std::move(nas_identifier)},
      random_{random},
      counters_(profile_->pae->servers.size()) {
  for (std::size_t server = 0; server < counters_.size(); ++server)
    identifiers_.emplace_back(server, is_over_tls(server) ? records_over_tls : RadiusShare{});
}

void RadiusAccountant::add(RadiusAccounting record, Time now) { send(std::move(record), now, now); }

void RadiusAccountant::send(RadiusAccounting record, Time since, Time now) {
  const auto& servers = profile_->pae->servers;
  for (std::size_t i = 0; i < servers.size() && servers[current_].accounting_port == 0; ++i)
    current_ = (current_ + 1) % servers.size();
  if (servers.empty() || servers[current_].accounting_port == 0) return;
  if (waiting_.size() >= most_records) return;
  if (pending_.size() >= most_records) {
    const auto oldest = std::ranges::min_element(pending_, {}, [](const auto& each) { return each.second.since; });
    ++counters_[oldest->first.server].accounting_timeouts;
    identifiers_[oldest->first.server].release(oldest->first);
    pending_.erase(oldest);
  }
  const RadiusServer& server = servers[current_];
  const std::optional<RadiusSlot> taken = identifiers_[current_].take();
  if (!taken) {
    waiting_.emplace_back(std::move(record), since);
    return;
  }
  const RadiusSlot slot = *taken;
  auto octets = write_accounting_request(record, now - since, nas_identifier_, slot.identifier, server);
  if (!octets) return identifiers_[current_].release(slot);
  const RadiusAuthenticator authenticator = read_radius(*octets)->authenticator;
  ++counters_[current_].accounting_requests;
  Pending pending{.request = {std::move(*octets), authenticator, server.retry, server.timeout, now, random_},
                  .record = std::move(record),
                  .since = since};
  if (is_over_tls(slot.server)) pending.request.stop_sending();
  pending_.insert_or_assign(slot, std::move(pending));
  outgoing_.push_back(slot);
}

void RadiusAccountant::on_datagram(std::size_t server, std::size_t socket, Bytes octets) {
  if (server >= counters_.size()) return;
  RadiusCounters& counters = counters_[server];
  const auto packet = read_radius(octets);
  if (!packet) {
    ++counters.malformed_responses;
    return;
  }
  const auto at = pending_.find({.server = server, .socket = socket, .identifier = packet->identifier});
  if (at == pending_.end()) {
    ++counters.dropped;
    return;
  }
  const Bytes secret = secret_of(profile_->pae->servers[server]);
  const auto good = crypto::is_radius_answer(*packet, at->second.request.authenticator(), secret);
  if (!good || !*good) {
    ++counters.bad_authenticators;
    return;
  }
  if (RadiusCode{packet->code} != RadiusCode::accounting_response) {
    ++counters.unknown_types;
    return;
  }
  ++counters.accounting_responses;
  current_ = server;
  release(at->first);
  pending_.erase(at);
}

void RadiusAccountant::release(const RadiusSlot& slot) {
  identifiers_[slot.server].release(slot);
  freed_ = !waiting_.empty();
}

void RadiusAccountant::on_connected(RadiusWay way, Time now) {
  std::vector<RadiusSlot> waiting;
  for (const auto& [slot, pending] : pending_)
    if (slot.server == way.server && slot.socket == way.socket) waiting.push_back(slot);
  for (const RadiusSlot& slot : waiting) send_again(slot, now);
}

void RadiusAccountant::on_timeout(Time now) {
  std::vector<RadiusSlot> silent;
  std::vector<RadiusSlot> again;
  for (auto& [slot, pending] : pending_) {
    if (pending.request.is_expired(now))
      silent.push_back(slot);
    else if (pending.request.take_again(now, random_))
      again.push_back(slot);
  }
  for (const RadiusSlot& slot : again) send_again(slot, now);
  for (const RadiusSlot& slot : silent) move_on(slot, now);
  for (std::size_t left = std::exchange(freed_, false) ? waiting_.size() : 0; left > 0; --left) {
    auto [record, since] = std::move(waiting_.front());
    waiting_.pop_front();
    if (now - since < patience) send(std::move(record), since, now);
  }
}

// The record says how old it is, so it is another packet each time and has another identifier (RFC 2866 5.2).
void RadiusAccountant::send_again(const RadiusSlot& slot, Time now) {
  auto node = pending_.extract(slot);
  Pending& pending = node.mapped();
  RadiusIdentifiers& identifiers = identifiers_[slot.server];
  if (const std::optional<RadiusSlot> next = identifiers.take()) {
    auto octets = write_accounting_request(pending.record, now - pending.since, nas_identifier_, next->identifier,
                                           profile_->pae->servers[slot.server]);
    identifiers.release(octets ? slot : *next);
    if (octets) {
      const RadiusAuthenticator authenticator = read_radius(*octets)->authenticator;
      pending.request.replace(std::move(*octets), authenticator);
      node.key() = *next;
    }
  }
  outgoing_.push_back(node.key());
  pending_.insert(std::move(node));
}

void RadiusAccountant::move_on(const RadiusSlot& slot, Time now) {
  const auto at = pending_.find(slot);
  Pending pending = std::move(at->second);
  pending_.erase(at);
  release(slot);
  ++counters_[slot.server].accounting_timeouts;
  if (current_ == slot.server) current_ = (current_ + 1) % counters_.size();
  if (now - pending.since < patience) send(std::move(pending.record), pending.since, now);
}

std::optional<Time> RadiusAccountant::next_timeout() const noexcept {
  std::optional<Time> first;
  if (freed_) first = Time{};
  for (const auto& [slot, pending] : pending_) first = sooner(first, pending.request.next());
  return first;
}

std::optional<RadiusDatagram> RadiusAccountant::poll_datagram() {
  while (!outgoing_.empty()) {
    const RadiusSlot slot = outgoing_.front();
    outgoing_.pop_front();
    if (const auto at = pending_.find(slot); at != pending_.end())
      return RadiusDatagram{.server = slot.server, .socket = slot.socket, .octets = at->second.request.octets()};
  }
  return std::nullopt;
}

void RadiusAccountant::count(std::vector<RadiusServerStatus>& servers) const {
  for (std::size_t i = 0; i < servers.size() && i < counters_.size(); ++i) {
    RadiusCounters& to = servers[i].counters;
    const RadiusCounters& from = counters_[i];
    to.accounting_requests += from.accounting_requests;
    to.accounting_responses += from.accounting_responses;
    to.accounting_timeouts += from.accounting_timeouts;
    to.malformed_responses += from.malformed_responses;
    to.bad_authenticators += from.bad_authenticators;
    to.unknown_types += from.unknown_types;
    to.dropped += from.dropped;
  }
}

}  // namespace macsec::core
