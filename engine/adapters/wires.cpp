// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/wires.hpp"

#include <cerrno>

namespace macsec::os {
namespace {

constexpr std::size_t receive_budget = 256;  ///< frames a turn, so that timers and the bus get theirs

}  // namespace

Result<std::unique_ptr<Wires::Wire>> Wires::open(std::uint16_t ethertype, Hears hears) {
  auto socket = PacketSocket::open(ethertype, hears);
  if (!socket) return std::unexpected{std::move(socket.error())};
  auto made = std::make_unique<Wire>();
  made->socket = std::move(*socket);
  auto source = loop_.on_readable(made->socket->fd(), [this, from = made.get()] {
    from->socket->receive(receiver_.frame, receive_budget);
    receiver_.done();
  });
  if (!source) return std::unexpected{std::move(source.error())};
  made->source = std::move(*source);
  return made;
}

Result<Wires::Wire*> Wires::wire(std::uint16_t ethertype) {
  if (const auto at = wires_.find(ethertype); at != wires_.end()) return at->second.get();
  auto made = open(ethertype, Hears::mka);
  if (!made) return std::unexpected{std::move(made.error())};
  return wires_.emplace(ethertype, std::move(*made)).first->second.get();
}

Result<void> Wires::hear_eap(EapSide side, bool on) {
  if (on)
    eap_sides_.insert(side);
  else
    eap_sides_.erase(side);
  if (eap_sides_.empty()) eap_.reset();
  if (eap_sides_.empty() || eap_ != nullptr) return {};
  auto made = open(eapol_ethertype, Hears::eap);
  if (!made) return std::unexpected{std::move(made.error())};
  eap_ = std::move(*made);
  return {};
}

Result<void> Wires::join(std::uint16_t ethertype, unsigned ifindex, const MacAddress& group) {
  const auto to = wire(ethertype);
  if (!to) return std::unexpected{to.error()};
  return (*to)->socket->join(ifindex, group);
}

void Wires::leave(std::uint16_t ethertype, unsigned ifindex, const MacAddress& group) noexcept {
  if (const auto at = wires_.find(ethertype); at != wires_.end()) at->second->socket->leave(ifindex, group);
}

void Wires::queue(std::uint16_t ethertype, unsigned ifindex, core::Frame frame) {
  if (const auto to = wire(ethertype); to)
    (*to)->waiting.emplace_back(ifindex, std::move(frame));
  else
    journal_.write(LogLevel::error, to.error().message);
}

void Wires::drop(unsigned ifindex) {
  for (auto& [ethertype, wire] : wires_)
    std::erase_if(wire->waiting, [ifindex](const auto& each) { return each.first == ifindex; });
}

void Wires::send() {
  for (auto& [ethertype, wire] : wires_) {
    if (wire->waiting.empty()) continue;
    for (const auto& [ifindex, frame] : wire->waiting) wire->batch.push_back({.ifindex = ifindex, .frame = frame});
    wire->socket->send(wire->batch);
    for (const OutgoingFrame& frame : wire->batch) note(frame);
    wire->batch.clear();
    wire->waiting.clear();
  }
}

void Wires::note(const OutgoingFrame& frame) {
  // An interface that is down or gone is the link monitor's to tell.
  const bool away = frame.error == ENETDOWN || frame.error == ENXIO || frame.error == ENODEV;
  const int error = away ? 0 : frame.error;
  const auto known = failing_.find(frame.ifindex);
  if (error == (known == failing_.end() ? 0 : known->second)) return;
  if (error == 0)
    failing_.erase(known);
  else
    failing_[frame.ifindex] = error;
  receiver_.sending(frame.ifindex, error);
}

}  // namespace macsec::os
