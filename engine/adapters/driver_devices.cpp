// SPDX-License-Identifier: LGPL-2.1-or-later
// Devices, parents and packet sockets: what comes and goes under the sessions.
#include "engine/adapters/driver.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;

/// After a device was deleted: when its parent goes too, that message comes behind.
constexpr Duration parent_goes_too = 100ms;

bool is_group(const MacAddress& mac) noexcept { return (mac.octets[0] & 1U) != 0; }

void erase_value(std::unordered_multimap<unsigned, Session*>& map, unsigned key, const Session* session) noexcept {
  const auto [first, last] = map.equal_range(key);
  for (auto at = first; at != last; ++at)
    if (at->second == session) {
      map.erase(at);
      return;
    }
}

/// The values under `key`, copied: what is done with them may change the map.
std::vector<Session*> values(const std::unordered_multimap<unsigned, Session*>& map, unsigned key) {
  std::vector<Session*> out;
  const auto [first, last] = map.equal_range(key);
  for (auto at = first; at != last; ++at) out.push_back(at->second);
  return out;
}

}  // namespace

void Driver::attach(Session& session, Time now) {
  if (session.secy_.attached()) return;
  const Profile& profile = session.profile();
  const bool possible = links_->find(profile.link.parent) != nullptr &&
                        (profile.link.create != CreateChoice::no || links_->find(profile.link.interface) != nullptr);
  if (!possible) {
    if (session.attach_error_) mark_changed(session);
    session.attach_error_.reset();
    session.attach_backoff_.reset();
    timers_.set(session.attach_alarm_, std::nullopt);
    return;  // the link monitor will tell
  }
  if (!session.attach_backoff_.may_try(now)) return timers_.set(session.attach_alarm_, session.attach_backoff_.next());
  // The kernel fixes the cipher suite when the device is made.
  const Link* const parent = links_->find(profile.link.parent);
  auto done = session.secy_.change(secy_device(profile, links_->speed(parent->ifindex)));
  if (done) done = session.secy_.attach();
  if (!done) return refused(session, done.error(), now);
  session.attach_error_.reset();
  session.attach_backoff_.reset();
  timers_.set(session.attach_alarm_, std::nullopt);
  index(session);
  keep_configuration(session);
  if (!session.secy_.made_here())
    session.trace_.message(LogLevel::info, "uses the device it found", message_id::device_foreign);
  if (session.profile().macsec.offload != OffloadChoice::off)
    session.trace_.message(LogLevel::info, fmt::format("offload: {}", session.offload().text));
  mark_changed(session);
}

void Driver::refused(Session& session, const Error& error, Time now) {
  session.attach_backoff_.failed(now);
  timers_.set(session.attach_alarm_, session.attach_backoff_.next());
  if (error.code == ENODEV) return;  // it vanished meanwhile
  if (!session.attach_error_) session.attach_error_since_ = now;
  if (!session.attach_error_ || session.attach_error_->message != error.message) {
    session.trace_.message(LogLevel::warning, error.message, message_id::secy_error);
    mark_changed(session);
  }
  session.attach_error_ = error;
}

void Driver::detach(Session& session, Time now) {
  keeper_.forget(session.ifindex());
  unindex(session);
  session.secy_.detach();
  update_link(session, now);
  mark_changed(session);
}

void Driver::index(Session& session) {
  if (!session.secy_.attached()) return;
  session.indexed_device_ = session.secy_.ifindex();
  session.indexed_parent_ = session.secy_.parent_ifindex();
  by_device_.emplace(session.indexed_device_, &session);
  by_parent_.emplace(session.indexed_parent_, &session);
  if (session.static_keys()) return;
  Wire* const to = wire(session.profile().mka.ethertype);
  if (to == nullptr || !is_group(session.profile().mka.destination)) return;
  const auto done = to->socket->join(session.indexed_parent_, session.profile().mka.destination);
  if (!done) session.trace_.message(LogLevel::warning, done.error().message);
  session.joined_ = done.has_value();
}

void Driver::unindex(Session& session) noexcept {
  if (session.joined_)
    if (const auto at = wires_.find(session.profile().mka.ethertype); at != wires_.end())
      at->second->socket->leave(session.indexed_parent_, session.profile().mka.destination);
  session.joined_ = false;
  if (session.indexed_device_ != 0) erase_value(by_device_, session.indexed_device_, &session);
  if (session.indexed_parent_ != 0) erase_value(by_parent_, session.indexed_parent_, &session);
  session.indexed_device_ = session.indexed_parent_ = 0;
}

std::uint64_t Driver::speed_of(const Link& link) { return link.carrier ? links_->speed(link.ifindex) : 0; }

void Driver::update_link(Session& session, Time now) {
  core::LinkState link;
  const Link* const parent = session.secy_.attached() ? links_->find(session.secy_.parent_ifindex()) : nullptr;
  if (parent != nullptr) {
    link.present = true;
    link.carrier = parent->carrier;
    link.mac = parent->mac;
    link.sci = session.secy_.sci();
    link.speed = speed_of(*parent);
  }
  if (link == session.link_) return;
  session.link_ = link;
  session.with_port([&](auto& port) { port.on_link(link, now); });
  settle(session);
}

void Driver::on_link_change(const LinkChange& change) {
  const Time now = boot_time();
  const unsigned ifindex = change.link.ifindex;
  if (change.kind == LinkChange::Kind::removed) {
    // Somebody deleted the device and left the parent: it is made again. When the parent goes too, this message comes
    // first and the pause lets the second one arrive.
    for (Session* session : values(by_device_, ifindex)) {
      follow_device(*session);
      if (session->indexed_device_ != ifindex) continue;
      detach(*session, now);
      timers_.set(session->attach_alarm_, now + parent_goes_too);
    }
    for (Session* session : values(by_parent_, ifindex)) detach(*session, now);
    spares_->on_link_change(change, now);
    return;
  }
  for (Session* session : values(by_parent_, ifindex)) update_link(*session, now);
  if (change.kind == LinkChange::Kind::changed && !change.link.up) keeper_.is_down(ifindex);
  if (change.kind == LinkChange::Kind::changed)
    for (Session* session : values(by_device_, ifindex)) {
      if (session->reassert_) continue;
      session->reassert_ = true;
      reasserts_.push_back(session);
      end_turn_source_.schedule();
    }
  if (change.before != nullptr && change.before->name == change.link.name &&
      change.before->master == change.link.master)
    return;
  const auto [first, last] = by_name_.equal_range(change.link.name);
  std::vector<Session*> waiting;
  for (auto at = first; at != last; ++at)
    if (!at->second->secy_.attached()) waiting.push_back(at->second);
  for (Session* session : waiting) {
    // Under the device's own name it may be the device that the last attempt created and deleted.
    const Profile& profile = session->profile();
    if (change.link.name == profile.link.parent || profile.link.create == CreateChoice::no)
      session->attach_backoff_.cause_changed();
    attach(*session, now);
    update_link(*session, now);
  }
  spares_->on_link_change(change, now);
}

/// The port may have had the device made anew, for another cipher suite.
void Driver::follow_device(Session& session) {
  if (session.indexed_device_ == session.secy_.ifindex()) return;
  keeper_.forget(session.indexed_device_);
  unindex(session);
  index(session);
  keep_configuration(session);
  if (const std::string lost = session.secy_.take_left_behind(); !lost.empty())
    session.trace_.message(LogLevel::warning, lost, message_id::secy_error);
  mark_changed(session);
  if (!session.secy_.attached()) timers_.set(session.attach_alarm_, boot_time() + parent_goes_too);
}

void Driver::keep_configuration(const Session& session) {
  if (!session.secy_.attached()) return;
  keeper_.set(session.ifindex(), session.profile().link.keep_configuration);
  if (const Link* device = links_->find(session.ifindex()); device != nullptr && !device->up)
    keeper_.is_down(device->ifindex);
}

void Driver::warn(unsigned ifindex, const std::string& what) {
  for (Session* session : values(by_device_, ifindex)) session->trace_.message(LogLevel::warning, what);
}

Driver::Wire* Driver::wire(std::uint16_t ethertype) {
  if (const auto at = wires_.find(ethertype); at != wires_.end()) return at->second.get();
  auto socket = PacketSocket::open(ethertype);
  if (!socket) {
    journal_.write(LogLevel::error, socket.error().message);
    return nullptr;
  }
  auto made = std::make_unique<Wire>();
  made->socket = std::move(*socket);
  auto source = loop_.on_readable(made->socket->fd(), [this, to = made.get()] { on_frames(*to); });
  if (!source) {
    journal_.write(LogLevel::error, source.error().message);
    return nullptr;
  }
  made->source = std::move(*source);
  return wires_.emplace(ethertype, std::move(made)).first->second.get();
}

}  // namespace macsec::os
