// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/virtual_lan.hpp"

#include <algorithm>

namespace macsec::sim {

Traffic& Traffic::operator+=(const Traffic& other) noexcept {
  offered += other.offered;
  unsent += other.unsent;
  delivered += other.delivered;
  delivered_clear += other.delivered_clear;
  unknown_key += other.unknown_key;
  late += other.late;
  refused_clear += other.refused_clear;
  return *this;
}

// Zero tends to be a sentinel: no simulation starts there.
VirtualLan::VirtualLan(std::uint64_t seed) : random{seed} { world.now = 1'234'567; }

VirtualLan::~VirtualLan() = default;

void VirtualLan::add(std::unique_ptr<Station> station) {
  stations_.push_back(std::move(station));
  const std::size_t count = stations_.size();
  paths_.resize(count);
  for (auto& row : paths_) row.resize(count);
  traffic_.resize(count);
  last_delivery_.resize(count);
  for (auto& row : last_delivery_) row.resize(count, world.now);
  gap_.resize(count);
  for (auto& row : gap_) row.resize(count, 0);
}

void VirtualLan::plug(Index index, bool up) {
  Station& station = *stations_[index];
  if (station.carrier_ == up) return;
  station.carrier_ = up;
  world.note(index, up ? "carrier on" : "carrier off");
  station.on_carrier(up);
}

void VirtualLan::set_paths(const Path& path) {
  for (auto& row : paths_) std::ranges::fill(row, path);
}

void VirtualLan::push(Instant when, Pending::Kind kind, Index from, Index to, std::uint32_t slot) {
  heap_.push_back({.at = when, .order = order_++, .kind = kind, .from = from, .to = to, .slot = slot});
  std::ranges::push_heap(heap_, Later{});
}

std::uint32_t VirtualLan::store(Bytes frame) {
  std::uint32_t slot = 0;
  if (free_packets_.empty()) {
    slot = static_cast<std::uint32_t>(packets_.size());
    packets_.emplace_back();
  } else {
    slot = free_packets_.back();
    free_packets_.pop_back();
  }
  packets_[slot].octets.assign(frame.begin(), frame.end());
  packets_[slot].references = 1;
  return slot;
}

void VirtualLan::release(std::uint32_t slot) {
  if (--packets_[slot].references == 0) free_packets_.push_back(slot);
}

void VirtualLan::transmit(Index from, Bytes frame) {
  pcap.add(world.now, frame);
  if (tap) tap(from, frame);
  if (!stations_[from]->carrier_) return;
  const std::uint32_t slot = store(frame);
  for (Index to = 0; to < size(); ++to) {
    const Path& path = paths_[from][to];
    if ((to == from && !reflection_) || path.cut) continue;
    const unsigned copies = random.chance(path.duplicate) ? 2 : 1;
    for (unsigned copy = 0; copy < copies; ++copy) {
      if (path.loss > 0 && random.chance(path.loss)) continue;
      ++packets_[slot].references;
      const Instant extra = path.jitter > 0 ? random.between(0, path.jitter) : 0;
      push(world.now + path.latency + extra, Pending::Kind::frame, from, to, slot);
    }
  }
  release(slot);
}

void VirtualLan::inject(Index to, Bytes frame) {
  pcap.add(world.now, frame);
  push(world.now, Pending::Kind::frame, nobody, to, store(frame));
}

void VirtualLan::set_traffic(Instant interval) {
  traffic_interval_ = interval;
  next_traffic_ = interval > 0 ? world.now : never;
}

void VirtualLan::set_lossless(bool lossless) { lossless_since_ = lossless ? world.now : never; }

Traffic VirtualLan::traffic() const noexcept {
  Traffic sum;
  for (const Traffic& each : traffic_) sum += each;
  return sum;
}

void VirtualLan::reset_traffic() {
  std::ranges::fill(traffic_, Traffic{});
  for (auto& row : last_delivery_) std::ranges::fill(row, world.now);
  for (auto& row : gap_) std::ranges::fill(row, 0);
}

Instant VirtualLan::longest_gap(Index from, Index to) const {
  return std::max(gap_[from][to], world.now - last_delivery_[from][to]);
}

void VirtualLan::offer_data(Index from) {
  Station& sender = *stations_[from];
  if (!sender.carrier_) return;
  ++traffic_[from].offered;
  if (const auto frame = sender.secy_.send()) {
    send_data(from, *frame);
    return;
  }
  ++traffic_[from].unsent;
  if (lossless_since_ <= world.now) world.violate(from, "user frame not sent: the port is not ready");
}

void VirtualLan::send_data(Index from, const DataFrame& frame) {
  for (Index to = 0; to < size(); ++to) {
    const Path& path = paths_[from][to];
    if (to == from || path.cut || !stations_[to]->carrier_) continue;
    std::uint32_t slot = 0;
    if (free_data_.empty()) {
      slot = static_cast<std::uint32_t>(data_.size());
      data_.emplace_back();
    } else {
      slot = free_data_.back();
      free_data_.pop_back();
    }
    data_[slot] = {.frame = frame, .judged = lossless_since_ <= world.now};
    // In order unless told otherwise: what is lost is lost to keys.
    const Instant extra = path.data_jitter > 0 ? random.between(0, path.data_jitter) : 0;
    push(world.now + path.latency + extra, Pending::Kind::data, from, to, slot);
  }
}

void VirtualLan::deliver_data(const Pending& pending) {
  const InFlight flight = data_[pending.slot];
  free_data_.push_back(pending.slot);
  Station& receiver = *stations_[pending.to];
  if (!receiver.carrier_) return;
  Traffic& count = traffic_[pending.to];
  const Delivery fate = receiver.secy_.receive(flight.frame);
  switch (fate) {
    case Delivery::delivered: {
      ++(flight.frame.clear ? count.delivered_clear : count.delivered);
      Instant& last = last_delivery_[pending.from][pending.to];
      gap_[pending.from][pending.to] = std::max(gap_[pending.from][pending.to], world.now - last);
      last = world.now;
      return;
    }
    case Delivery::unknown_key:
      ++count.unknown_key;
      break;
    case Delivery::late:
      ++count.late;
      break;
    case Delivery::refused_clear:
      ++count.refused_clear;
      break;
  }
  if (flight.judged && lossless_since_ <= world.now)
    world.violate(pending.to, "user frame from m" + std::to_string(pending.from) + " lost, AN " +
                                  std::to_string(flight.frame.an.value()) + " PN " + std::to_string(flight.frame.pn));
}

void VirtualLan::warp_pn(Index from, Pn pn) {
  Station& sender = *stations_[from];
  const KeyIndex key = sender.secy_.encoding_key();
  if (key == no_key) return;
  world.note(from, "warp PN", std::to_string(pn));
  for (InFlight& flight : data_) flight.judged = false;  // overtaken by the frames that were not simulated
  sender.secy_.advance_transmit(key, pn);
  for (const auto& station : stations_)
    if (station->index_ != from) station->secy_.advance_receive(sender.sci(), key, pn);
}

void VirtualLan::at(Instant when, std::function<void()> action) {
  actions_.push_back(std::move(action));
  push(when, Pending::Kind::action, nobody, nobody, static_cast<std::uint32_t>(actions_.size() - 1));
}

void VirtualLan::deliver(const Pending& pending) {
  if (Station& receiver = *stations_[pending.to]; receiver.carrier_) {
    // Taken out for the while: the station may transmit, which may move the packets.
    std::vector<std::uint8_t> octets = std::move(packets_[pending.slot].octets);
    receiver.on_frame(octets);
    packets_[pending.slot].octets = std::move(octets);
  }
  release(pending.slot);
}

Instant VirtualLan::next_event() const {
  Instant next = heap_.empty() ? never : heap_.front().at;
  for (const auto& station : stations_) next = std::min(next, station->wake());
  return std::min(next, next_traffic_);
}

void VirtualLan::step() {
  if (!heap_.empty() && heap_.front().at <= world.now) {
    const Pending pending = heap_.front();
    std::ranges::pop_heap(heap_, Later{});
    heap_.pop_back();
    switch (pending.kind) {
      case Pending::Kind::frame:
        deliver(pending);
        return;
      case Pending::Kind::data:
        deliver_data(pending);
        return;
      case Pending::Kind::action: {
        const auto action = std::move(actions_[pending.slot]);
        action();
        return;
      }
    }
  }
  for (const auto& station : stations_)
    if (station->wake() <= world.now) {
      station->on_wake();
      return;
    }
  if (next_traffic_ <= world.now) {
    next_traffic_ = world.now + traffic_interval_;
    for (Index from = 0; from < size(); ++from) offer_data(from);
  }
}

void VirtualLan::run_for(Instant span) {
  const Instant end = world.now + span;
  for (Instant next = next_event(); next <= end; next = next_event()) {
    world.now = std::max(world.now, next);
    step();
  }
  world.now = end;
}

bool VirtualLan::run_until(const std::function<bool()>& done, Instant limit) {
  const Instant end = world.now + limit;
  if (done()) return true;
  for (Instant next = next_event(); next <= end; next = next_event()) {
    world.now = std::max(world.now, next);
    step();
    if (done()) return true;
  }
  world.now = end;
  return done();
}

bool VirtualLan::secured(std::span<const Index> members) const { return why_unsecured(members).empty(); }

std::string VirtualLan::why_unsecured(std::span<const Index> members) const {
  KeyIndex key = no_key;
  for (const Index one : members) {
    const Station& station = *stations_[one];
    const KeyIndex mine = station.secy_.encoding_key();
    if (mine == no_key) return "m" + std::to_string(one) + " has no key to send with";
    if (key != no_key && mine != key)
      return "m" + std::to_string(one) + " sends with another key than m" + std::to_string(members[0]);
    if (station.secy_.controlled_port() != ControlledPort::up) return "m" + std::to_string(one) + " is dormant";
    key = mine;
  }
  for (const Index one : members)
    for (const Index other : members)
      if (one != other && !stations_[one]->secy_.receives(stations_[other]->sci(), key))
        return "m" + std::to_string(one) + " does not receive from m" + std::to_string(other);
  for (const Index one : members)
    if (!stations_[one]->claims_secured()) return "m" + std::to_string(one) + " does not call itself secured";
  return {};
}

std::string VirtualLan::why_unsecured() const {
  std::vector<Index> all(stations_.size());
  for (Index i = 0; i < size(); ++i) all[i] = i;
  return why_unsecured(all);
}

bool VirtualLan::secured() const { return why_unsecured().empty(); }

}  // namespace macsec::sim
