// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/sessions.hpp"

namespace macsec::os {
namespace {

template <typename Map, typename Key>
void erase_value(Map& map, const Key& key, const Session* session) noexcept {
  const auto [first, last] = map.equal_range(key);
  for (auto at = first; at != last; ++at)
    if (at->second == session) {
      map.erase(at);
      return;
    }
}

template <typename Map, typename Key>
void copy_values(const Map& map, const Key& key, std::vector<Session*>& out) {
  const auto [first, last] = map.equal_range(key);
  for (auto at = first; at != last; ++at) out.push_back(at->second);
}

}  // namespace

Session& Sessions::add(std::unique_ptr<Session> session) {
  Session& added = *session;
  const Profile& profile = added.profile();
  by_profile_.emplace(profile.name, std::move(session));
  by_name_.emplace(profile.link.parent, &added);
  by_name_.emplace(profile.link.interface, &added);
  return added;
}

void Sessions::erase(Session& session) {
  displace(session);
  erase_value(by_name_, session.profile().link.parent, &session);
  erase_value(by_name_, session.profile().link.interface, &session);
  by_profile_.erase(session.profile().name);
}

void Sessions::place(Session& session) {
  session.placed_ = {.device = session.ifindex(), .parent = session.parent_ifindex()};
  if (session.placed_.device == 0) return;
  by_device_.emplace(session.placed_.device, &session);
  by_parent_.emplace(session.placed_.parent, &session);
}

void Sessions::displace(Session& session) noexcept {
  erase_value(by_device_, session.placed_.device, &session);
  erase_value(by_parent_, session.placed_.parent, &session);
  session.placed_ = {};
}

Session* Sessions::find(std::string_view profile) const noexcept {
  const auto at = by_profile_.find(profile);
  return at == by_profile_.end() ? nullptr : at->second.get();
}

Session* Sessions::find_ifindex(unsigned ifindex) const noexcept {
  if (const auto at = by_device_.find(ifindex); at != by_device_.end()) return at->second;
  return by_parent_.count(ifindex) == 1 ? by_parent_.find(ifindex)->second : nullptr;
}

Session* Sessions::find_interface(const std::string& interface) const noexcept {
  const auto [first, last] = by_name_.equal_range(interface);
  for (auto at = first; at != last; ++at)
    if (at->second->profile().link.interface == interface) return at->second;
  return nullptr;
}

std::vector<Session*> Sessions::on_device(unsigned ifindex) const {
  std::vector<Session*> out;
  copy_values(by_device_, ifindex, out);
  return out;
}

void Sessions::on_parent(unsigned ifindex, std::vector<Session*>& out) const {
  out.clear();
  copy_values(by_parent_, ifindex, out);
}

std::vector<Session*> Sessions::named(const std::string& name) const {
  std::vector<Session*> out;
  copy_values(by_name_, name, out);
  return out;
}

}  // namespace macsec::os
