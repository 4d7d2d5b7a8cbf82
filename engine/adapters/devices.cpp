// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/devices.hpp"

#include "engine/config/cipher_choice.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;

/// After a device was deleted: when its parent goes too, that message comes behind.
constexpr Duration parent_goes_too = 100ms;
/// After what another program changed could not be restored.
constexpr Duration failed_reassert = 1s;

/// Frames to 01:80:c2:00:00:00 to :0f end at a bridge's ports, unless it is told to hand them on.
std::string obstacle(const Link& parent, const MacAddress& destination) {
  constexpr MacAddress reserved{{0x01, 0x80, 0xc2, 0, 0, 0}};
  const unsigned number = destination.octets[5];
  if (parent.kind != "bridge" || number > 15 ||
      !std::equal(reserved.octets.begin(), reserved.octets.end() - 1, destination.octets.begin()))
    return {};
  if ((parent.forwarded_groups >> number & 1U) != 0) return {};
  return fmt::format(
      "{} is a bridge, which keeps frames to {} from all but its ports; use a port of it as Parent=, set another "
      "Destination= at both ends, or let it pass them: ip link set {} type bridge group_fwd_mask {}",
      parent.name, to_string(destination), parent.name, parent.forwarded_groups | 1U << number);
}

/// Masters that judge a port by its carrier and IFF_UP, not by its operational state.
bool is_bond(const Link* master) { return master != nullptr && (master->kind == "bond" || master->kind == "team"); }

bool is_group(const MacAddress& mac) noexcept { return (mac.octets[0] & 1U) != 0; }

}  // namespace

Devices::Devices(EventLoop& loop, LinkMonitor& links, Sessions& sessions, Wires& wires, TimerQueue& timers, Hooks hooks)
    : links_{links},
      sessions_{sessions},
      wires_{wires},
      timers_{timers},
      hooks_{std::move(hooks)},
      keeper_{loop, [this](unsigned ifindex, const std::string& what) {
                for (Session* session : sessions_.on_device(ifindex)) session->trace_.message(LogLevel::warning, what);
              }} {}

// ---- attaching ------------------------------------------------------------------------------------------------------

void Devices::attach(Session& session, Time now) {
  if (session.secy_.attached()) return;
  const Profile& profile = session.profile();
  const Link* const parent = links_.find(profile.link.parent);
  if (parent == nullptr ||
      (profile.link.create == CreateChoice::no && links_.find(profile.link.interface) == nullptr)) {
    if (session.attach_error_) hooks_.changed(session);
    session.attach_error_.reset();
    session.attach_backoff_.reset();
    timers_.set(session.attach_alarm_, std::nullopt);
    update_link(session, now);
    if (parent == nullptr && !session.missed_)
      session.trace_.message(LogLevel::warning, fmt::format("there is no interface {} yet", profile.link.parent),
                             message_id::parent_missing);
    session.missed_ = parent == nullptr;
    return;  // the link monitor will tell
  }
  session.missed_ = false;
  if (!session.attach_backoff_.may_try(now)) return timers_.set(session.attach_alarm_, session.attach_backoff_.next());
  // The kernel fixes the cipher suite when the device is made.
  auto done = session.secy_.change(secy_device(profile, links_.speed(parent->ifindex)));
  if (done) done = session.secy_.attach();
  if (!done) return refused(session, done.error(), now);
  session.attach_error_.reset();
  session.attach_backoff_.reset();
  timers_.set(session.attach_alarm_, std::nullopt);
  place(session);
  keep_configuration(session);
  plan_reassert(session);  // it may be in a bond already
  if (!session.secy_.made_here())
    session.trace_.message(LogLevel::info, "uses the device it found", message_id::device_foreign);
  if (profile.macsec.offload != OffloadChoice::off)
    session.trace_.message(LogLevel::info,
                           fmt::format("frames are encrypted {} ({})",
                                       session.offload().mode == OffloadMode::off
                                           ? "in software"
                                           : fmt::format("by the {}", to_string(session.offload().mode)),
                                       session.offload().text));
  hooks_.changed(session);
  update_link(session, now);
}

void Devices::refused(Session& session, const Error& error, Time now) {
  session.attach_backoff_.failed(now);
  timers_.set(session.attach_alarm_, session.attach_backoff_.next());
  if (error.code == ENODEV) return;  // it vanished meanwhile
  if (!session.attach_error_) session.attach_error_since_ = now;
  if (!session.attach_error_ || session.attach_error_->message != error.message) {
    session.trace_.message(LogLevel::warning, error.message, message_id::secy_error);
    hooks_.changed(session);
  }
  session.attach_error_ = error;
}

void Devices::detach(Session& session, Time now) {
  keeper_.forget(session.ifindex());
  displace(session);
  session.secy_.detach();
  update_link(session, now);
  hooks_.changed(session);
}

void Devices::reconfigure(Session& session, ProfilePointer profile, Time now) {
  const bool wire_differs = session.profile().mka.ethertype != profile->mka.ethertype ||
                            session.profile().mka.destination != profile->mka.destination;
  if (wire_differs) displace(session);
  session.profile_ = std::move(profile);
  keep_configuration(session);
  if (wire_differs) place(session);
  if (const auto done = session.secy_.change(secy_device(session.profile())); !done)
    session.trace_.message(LogLevel::warning, done.error().message, message_id::secy_error);
  session.attach_backoff_.reset();  // what was refused may be what has changed
  attach(session, now);
}

void Devices::follow(Session& session) {
  if (session.placed_.device == session.secy_.ifindex()) return;
  keeper_.forget(session.placed_.device);
  displace(session);
  place(session);
  keep_configuration(session);
  if (const auto told = session.secy_.take_recreated())
    session.trace_.message(told->noticed ? LogLevel::warning : LogLevel::info, told->text,
                           message_id::device_recreated);
  hooks_.changed(session);
  if (session.secy_.attached()) return;
  // What the port knows of keys and settings was the device's that is gone, whatever takes its place.
  update_link(session, boot_time());
  timers_.set(session.attach_alarm_, boot_time() + parent_goes_too);
}

void Devices::release(Session& session, bool take_down) {
  if (take_down) {
    keeper_.set(session.ifindex(), KeepConfiguration::no);
    if (session.secy_.attached())
      if (const auto done = session.secy_.remove(); !done)
        session.trace_.message(LogLevel::warning, done.error().message, message_id::secy_error);
  }
  displace(session);
  std::erase(reasserts_, &session);
}

// ---- places ---------------------------------------------------------------------------------------------------------

void Devices::place(Session& session) {
  sessions_.place(session);
  const Profile& profile = session.profile();
  if (session.placed_.device == 0 || session.static_keys() || !is_group(profile.mka.destination)) return;
  const auto done = wires_.join(profile.mka.ethertype, session.placed_.parent, profile.mka.destination);
  if (!done) session.trace_.message(LogLevel::warning, done.error().message);
  session.joined_ = done.has_value();
}

void Devices::displace(Session& session) noexcept {
  if (session.joined_)
    wires_.leave(session.profile().mka.ethertype, session.placed_.parent, session.profile().mka.destination);
  session.joined_ = false;
  sessions_.displace(session);
}

const Link* Devices::parent_of(const Session& session) const noexcept {
  return session.secy_.attached() ? links_.find(session.secy_.parent_ifindex())
                                  : links_.find(session.profile().link.parent);
}

void Devices::update_link(Session& session, Time now) {
  core::LinkState link;
  const Link* const parent = parent_of(session);
  link.parent = parent != nullptr;
  // Without a device a supplicant can still say that it leaves.
  if (parent != nullptr) {
    link.carrier = parent->carrier;
    link.mac = parent->mac;
  }
  if (parent != nullptr && session.secy_.attached()) {
    link.obstacle = obstacle(*parent, session.profile().mka.destination);
    link.present = true;
    link.sci = session.secy_.sci();
    link.speed = parent->carrier ? links_.speed(parent->ifindex) : 0;
    link.carrier_losses = parent->carrier_losses;
    const Link* const device = links_.find(session.ifindex());
    link.device_up = device == nullptr || device->up;
    link.device_downs = device == nullptr ? session.link_.device_downs : session.set_downs_.follow(*parent, *device);
    link.interruptions = parent->carrier_losses + (device != nullptr ? device->carrier_losses : 0);
  }
  if (link == session.link_) return;
  session.link_ = link;
  session.with_port([&](auto& port) { port.on_link(link, now); });
  hooks_.settle(session);
}

void Devices::keep_configuration(const Session& session) {
  if (!session.secy_.attached()) return;
  keeper_.set(session.ifindex(), session.profile().link.keep_configuration);
  if (const Link* device = links_.find(session.ifindex()); device != nullptr && !device->up)
    keeper_.is_down(device->ifindex);
}

// ---- changes --------------------------------------------------------------------------------------------------------

void Devices::on_link_change(const LinkChange& change, Time now) {
  const unsigned ifindex = change.link.ifindex;
  if (change.kind == LinkChange::Kind::removed) {
    // Another program deleted the device and left the parent: it is created again after a pause.
    for (Session* session : sessions_.on_device(ifindex)) {
      follow(*session);
      if (session->placed_.device != ifindex) continue;
      detach(*session, now);
      timers_.set(session->attach_alarm_, now + parent_goes_too);
    }
    sessions_.on_parent(ifindex, on_parent_);
    for (Session* session : std::exchange(on_parent_, {})) detach(*session, now);
    return;
  }
  sessions_.on_parent(ifindex, on_parent_);
  for (Session* session : std::exchange(on_parent_, {})) update_link(*session, now);
  if (change.kind == LinkChange::Kind::changed) {
    if (!change.link.up) keeper_.is_down(ifindex);
    for (Session* session : sessions_.on_device(ifindex)) {
      plan_reassert(*session);
      update_link(*session, now);
    }
  }
  foretell(change);
  if (change.before != nullptr && change.before->name == change.link.name &&
      change.before->alternative_names == change.link.alternative_names && change.before->master == change.link.master)
    return;
  std::vector<std::string> names = change.link.alternative_names;
  names.push_back(change.link.name);
  for (const std::string& name : names)
    for (Session* session : sessions_.named(name)) {
      if (session->secy_.attached()) continue;
      // Under the device's own name it may be the device that the last attempt created and deleted.
      const Profile& profile = session->profile();
      if (name == profile.link.parent || profile.link.create == CreateChoice::no)
        session->attach_backoff_.cause_changed();
      attach(*session, now);
    }
}

/// Tells of what is put on a device that another cipher suite would take away.
void Devices::foretell(const LinkChange& change) {
  const Link& link = change.link;
  if (change.kind != LinkChange::Kind::appeared || link.parent == 0 || link.parent_netns || LinkStack::keeps(link.kind))
    return;
  for (Session* session : sessions_.on_device(link.parent)) {
    const auto suites = cipher_preferences(session->profile(), session->link_.speed);
    if (session->static_keys() || !session->secy_.made_here() || suites.size() < 2) continue;
    session->trace_.message(
        LogLevel::warning,
        fmt::format("{} ({}) would be lost if a key server asks for another cipher suite, for which "
                    "the device is re-created; CipherSuites= with one suite prevents that",
                    link.name, link.kind),
        message_id::device_recreated);
  }
}

void Devices::plan_reassert(Session& session) {
  if (std::exchange(session.reassert_, true)) return;
  reasserts_.push_back(&session);
  hooks_.end_of_turn();
}

void Devices::reassert() {
  const Time now = boot_time();
  for (Session* session : std::exchange(reasserts_, {})) {
    session->reassert_ = false;
    reassert(*session, now);
  }
}

void Devices::reassert(Session& session, Time now) {
  const Link* const link = links_.find(session.secy_.ifindex());
  if (link == nullptr) return;
  if (const Time next = session.reassert_pace_.next(now); next > now) return timers_.set(session.reassert_alarm_, next);
  session.secy_.set_bonded(is_bond(links_.find(link->master)));
  const auto done = session.secy_.reassert(*link);
  if (!done && done.error().code == ENODEV) return;
  if (!done) {
    // No other message of the kernel need come: until it is done the device does what another program wants.
    timers_.set(session.reassert_alarm_, now + failed_reassert);
    if (session.reassert_error_ != done.error().message)
      session.trace_.message(LogLevel::warning, done.error().message, message_id::secy_error);
    session.reassert_error_ = done.error().message;
    return;
  }
  session.reassert_error_.clear();
  if (!*done) return;
  // Some hardware drops its keys with every change.
  if (const auto held = session.secy_.read()) session.with_port([&](auto& port) { port.on_sample(*held, now); });
  hooks_.settle(session);
  if (session.reassert_pace_.answered(now))
    session.trace_.message(
        LogLevel::warning,
        fmt::format("another program changes {} again and again: restored once a second at most", session.interface()),
        message_id::secy_error);
}

}  // namespace macsec::os
