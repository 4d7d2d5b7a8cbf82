// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/names.hpp"
#include "dbus/server/entry.hpp"

#include <fmt/format.h>

namespace macsec::bus {

std::vector<sd_bus_vtable> Server::manager_vtable() {
  constexpr std::uint64_t with_secrets = SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE;
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("AddProfile", SD_BUS_ARGS("s", name, "a(sa{sv})", settings, "a{sv}", options),
                              SD_BUS_RESULT("o", profile), entry<&Server::add_profile>, with_secrets),
      SD_BUS_METHOD_WITH_ARGS("CheckProfile", SD_BUS_ARGS("s", name, "a(sa{sv})", settings),
                              SD_BUS_RESULT("a(ssuss)", problems), entry<&Server::check_profile>, with_secrets),
      SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::reload>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("ListProfiles", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssbo)", profiles),
                              entry<&Server::list_profiles>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("ListSessions", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sisso)", sessions),
                              entry<&Server::list_sessions>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetProfile", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", profile),
                              entry<&Server::get_profile>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetSessionByName", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", session),
                              entry<&Server::get_session_by_name>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetSessionByIfindex", SD_BUS_ARGS("i", ifindex), SD_BUS_RESULT("o", session),
                              entry<&Server::get_session_by_ifindex>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetLinkCapabilities", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a{sv}", capabilities),
                              entry<&Server::get_link_capabilities>, SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, manager_properties(), on_get_manager);
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

int Server::on_get_manager(sd_bus*, const char*, const char*, const char* name, sd_bus_message* reply, void* userdata,
                           sd_bus_error*) noexcept try {
  const Server& server = *static_cast<Anchor*>(userdata)->server;
  const Property<ManagerView>* each = find_property(manager_properties(), name);
  return each == nullptr ? -ENOENT : each->write(reply, server.now_);
} catch (...) {
  return -ENOMEM;
}

void Server::check_profile(Call& call) {
  std::string name;
  if (get(call.message(), name) < 0 || !is_profile_name(name))
    return call.fail(error::invalid_argument, "this is no name for a profile");
  const Result<std::vector<RawSection>> sections = read_sections(call.message());
  if (!sections) return call.fail(error::invalid_argument, sections.error().message);
  std::vector<Problem> problems;
  static_cast<void>(make_profile({name, name}, *sections, options_.profiles.as_of_now(), problems));
  call.reply(to_rows(problems));
}

void Server::reload(Call& call) {
  const Result<void> done = model_.reload();
  arm_expiry();
  flush();
  if (!done) return call.fail(done.error(), error::failed);
  call.reply();
}

void Server::list_profiles(Call& call) {
  std::vector<std::tuple<std::string, std::string, std::string, bool, ObjectPath>> rows;
  for (const std::string& name : model_.profiles()) {
    const ProfileState state = model_.profile(name);
    rows.emplace_back(name, to_string(state.source), state.origin, state.enabled, ObjectPath{profiles_.path_of(name)});
  }
  call.reply(rows);
}

void Server::list_sessions(Call& call) {
  std::vector<std::tuple<std::string, std::int32_t, std::string, std::string, ObjectPath>> rows;
  for (const std::string& name : model_.sessions()) {
    const SessionState state = model_.session(name);
    rows.emplace_back(name, state.ifindex, state.parent, to_string(state.status.state),
                      ObjectPath{sessions_.path_of(name)});
  }
  call.reply(rows);
}

void Server::get_profile(Call& call) {
  std::string name;
  if (get(call.message(), name) < 0 || !model_.has_profile(name))
    return call.fail(error::no_such_profile, "there is no such profile");
  call.reply(ObjectPath{profiles_.path_of(name)});
}

std::optional<std::string> Server::session_of(const ProfileState& profile) {
  const std::vector<std::string> sessions = model_.sessions_of(profile.name);
  return sessions.size() == 1 ? std::optional{sessions.front()} : std::nullopt;
}

std::optional<std::string> Server::session_called(const std::string& name) {
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

void Server::get_session_by_name(Call& call) {
  std::string name;
  const std::optional<std::string> found = get(call.message(), name) < 0 ? std::nullopt : session_called(name);
  if (!found) return call.fail(error::no_such_session, "there is no such session");
  call.reply(ObjectPath{sessions_.path_of(*found)});
}

void Server::get_session_by_ifindex(Call& call) {
  std::int32_t ifindex = 0;
  if (get(call.message(), ifindex) >= 0 && ifindex > 0)
    for (const std::string& each : model_.sessions())
      if (model_.session(each).ifindex == ifindex) return call.reply(ObjectPath{sessions_.path_of(each)});
  call.fail(error::no_such_session, "there is no such session");
}

void Server::get_link_capabilities(Call& call) {
  std::string name;
  if (get(call.message(), name) < 0) return call.fail(error::no_such_link, "there is no such link");
  const Result<LinkCapabilities> can = model_.link_capabilities(name);
  if (!can) return call.fail(can.error(), error::no_such_link);
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
  call.reply(answer);
}

}  // namespace macsec::bus
