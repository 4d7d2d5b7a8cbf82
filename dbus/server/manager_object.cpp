// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/manager_object.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/clients.hpp"
#include "dbus/server/published.hpp"
#include "dbus/server/wanted_profile.hpp"

namespace macsec::bus {

std::vector<sd_bus_vtable> ManagerObject::vtable() {
  constexpr std::uint64_t with_secrets = SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE;
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("AddProfile", SD_BUS_ARGS("s", name, "a(sa{sv})", settings, "a{sv}", options),
                              SD_BUS_RESULT("o", profile), entry<&ManagerObject::add_profile>, with_secrets),
      SD_BUS_METHOD_WITH_ARGS("CheckProfile", SD_BUS_ARGS("s", name, "a(sa{sv})", settings),
                              SD_BUS_RESULT("a(ssuss)", problems), entry<&ManagerObject::check_profile>, with_secrets),
      SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&ManagerObject::reload>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("ListProfiles", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssbo)", profiles),
                              entry<&ManagerObject::list_profiles>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("ListSessions", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sisso)", sessions),
                              entry<&ManagerObject::list_sessions>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetProfile", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", profile),
                              entry<&ManagerObject::get_profile>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetSessionByName", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", session),
                              entry<&ManagerObject::get_session_by_name>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetSessionByIfindex", SD_BUS_ARGS("i", ifindex), SD_BUS_RESULT("o", session),
                              entry<&ManagerObject::get_session_by_ifindex>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetLinkCapabilities", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a{sv}", capabilities),
                              entry<&ManagerObject::get_link_capabilities>, SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, manager_properties());
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

void ManagerObject::add_profile() {
  std::string name;
  if (get(call_.message(), name) < 0 || !is_profile_name(name))
    return call_.fail(error::invalid_argument, "a profile's name is " + std::string{profile_name_rule});
  WantedProfile wanted{shared_, call_, name};
  if (!wanted.read()) return;
  if (wanted.options().keep_secrets) return call_.fail(error::invalid_argument, "KeepSecrets is an option of Update");
  if (wanted.make({.origin = name}, nullptr) && wanted.may_claim() && wanted.put())
    call_.reply(shared_.published.profile_path(name));
}

void ManagerObject::check_profile() {
  std::string name;
  if (get(call_.message(), name) < 0 || !is_profile_name(name))
    return call_.fail(error::invalid_argument, "this is no name for a profile");
  const Result<std::vector<RawSection>> sections = read_sections(call_.message());
  if (!sections) return call_.fail(error::invalid_argument, sections.error().message);
  std::vector<Problem> problems;
  static_cast<void>(make_profile({name, name}, *sections, shared_.options.profiles.as_of_now(), problems));
  call_.reply(to_rows(problems));
}

void ManagerObject::reload() {
  const Result<void> done = model_.reload();
  shared_.clients.arm_expiry();
  shared_.published.flush();
  if (!done) return call_.fail(done.error(), error::failed);
  call_.reply();
}

void ManagerObject::list_profiles() {
  std::vector<std::tuple<std::string, std::string, std::string, bool, ObjectPath>> rows;
  for (const std::string& name : model_.profiles()) {
    const ProfileState state = model_.profile(name);
    rows.emplace_back(name, to_string(state.source), state.origin, state.enabled, shared_.published.profile_path(name));
  }
  call_.reply(rows);
}

void ManagerObject::list_sessions() {
  std::vector<std::tuple<std::string, std::int32_t, std::string, std::string, ObjectPath>> rows;
  for (const std::string& name : model_.sessions()) {
    const SessionState state = model_.session(name);
    rows.emplace_back(name, state.ifindex, state.parent, to_string(state.status.state),
                      shared_.published.session_path(name));
  }
  call_.reply(rows);
}

void ManagerObject::get_profile() {
  std::string name;
  if (get(call_.message(), name) < 0 || !model_.has_profile(name))
    return call_.fail(error::no_such_profile, "there is no such profile");
  call_.reply(shared_.published.profile_path(name));
}

std::optional<std::string> ManagerObject::session_of(const ProfileState& profile) const {
  const std::vector<std::string> sessions = model_.sessions_of(profile.name);
  return sessions.size() == 1 ? std::optional{sessions.front()} : std::nullopt;
}

std::optional<std::string> ManagerObject::session_called(const std::string& name) const {
  if (model_.has_session(name)) return name;
  if (model_.has_profile(name)) return session_of(model_.profile(name));
  std::optional<std::string> found;
  for (const std::string& each : model_.sessions()) {
    const SessionState session = model_.session(each);
    if (session.parent != name && session.profile + "@" + session.parent != name) continue;
    if (found) return std::nullopt;
    found = each;
  }
  return found;
}

void ManagerObject::get_session_by_name() {
  std::string name;
  const std::optional<std::string> found = get(call_.message(), name) < 0 ? std::nullopt : session_called(name);
  if (!found) return call_.fail(error::no_such_session, "there is no such session");
  call_.reply(shared_.published.session_path(*found));
}

void ManagerObject::get_session_by_ifindex() {
  std::int32_t ifindex = 0;
  if (get(call_.message(), ifindex) >= 0 && ifindex > 0)
    for (const std::string& each : model_.sessions())
      if (model_.session(each).ifindex == ifindex) return call_.reply(shared_.published.session_path(each));
  call_.fail(error::no_such_session, "there is no such session");
}

void ManagerObject::get_link_capabilities() {
  std::string name;
  if (get(call_.message(), name) < 0) return call_.fail(error::no_such_link, "there is no such link");
  const Result<LinkCapabilities> can = model_.link_capabilities(name);
  if (!can) return call_.fail(can.error(), error::no_such_link);
  const auto words = [](const auto& values) {
    Strings out;
    for (const auto& value : values) out.emplace_back(to_string(value));
    return out;
  };
  Dictionary answer{{"Ifindex", std::int32_t{can->ifindex}},
                    {"Mac", to_string(can->mac)},
                    {"Carrier", can->carrier},
                    {"Speed", can->speed}};
  if (can->mtu != 0) answer.emplace("Mtu", can->mtu);
  if (!can->offload.empty()) answer.emplace("OffloadModes", words(can->offload));
  if (!can->offload_untried.empty()) answer.emplace("OffloadUntried", words(can->offload_untried));
  if (!can->cipher_suites.empty()) answer.emplace("CipherSuites", words(can->cipher_suites));
  if (!can->default_cipher_suites.empty()) answer.emplace("DefaultCipherSuites", words(can->default_cipher_suites));
  call_.reply(answer);
}

}  // namespace macsec::bus
