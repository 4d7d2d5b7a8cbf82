// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/dbus/test_model.hpp"

#include "engine/config/port_pattern.hpp"

#include <cerrno>

namespace macsec::test {
namespace {

Time at_second(int seconds) { return Time{std::chrono::seconds{seconds}}; }

bus::SessionState starting_session(const Profile& profile) {
  bus::SessionState state;
  state.interface = profile.link.interface;
  state.profile = configured_name(profile);
  state.parent = profile.link.parent;
  state.policy = profile.macsec.policy;
  state.static_keys = !profile.static_keys.empty();
  state.status.state = core::PortState::down;
  state.status.reason = core::Reason::no_device;
  state.status.reason_text = "there is no interface " + profile.link.parent;
  state.status.since = at_second(10);
  return state;
}

std::filesystem::path made(const std::filesystem::path& path) {
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace

TestModel::TestModel()
    : profiles_{daemon::ProfileStore{{made(files_.path() / "etc").string(), made(files_.path() / "usr").string()},
                                     ProfileContext{}},
                {.run = [this](const auto& wanted, const auto&, const auto&) { return run(wanted); },
                 .bad_file = [](const Diagnostic&) {},
                 .obstacle = [](const daemon::Profiles::Obstacle&) {},
                 .changed =
                     [this](const std::string& name) {
                       commands.push_back("profile " + name);
                       profile_changed(name);
                     }}} {}

std::vector<daemon::Profiles::Obstacle> TestModel::run(const std::vector<ProfilePointer>& profiles) {
  std::vector<daemon::Profiles::Obstacle> obstacles;
  std::map<std::string, std::string> runs;  // interface, profile
  std::vector<ProfilePointer> ports;
  for (const ProfilePointer& profile : profiles) {
    if (!is_pattern(profile->link.parent)) ports.push_back(profile);
    for (const std::string& name : interfaces)
      if (match_pattern(profile->link.parent, name)) ports.push_back(port_profile(*profile, name).value());
  }
  for (const ProfilePointer& profile : ports) {
    const std::string& interface = profile->link.interface;
    if (const auto [at, fresh] = runs.emplace(interface, profile->name); !fresh) {
      obstacles.push_back({profile->name, "Interface=" + interface + " is taken by profile " + at->second});
      continue;
    }
    if (!sessions_.emplace(interface, starting_session(*profile)).second) continue;
    session_changed(interface);
  }
  for (auto each = sessions_.begin(); each != sessions_.end();) {
    if (runs.contains(each->first)) {
      ++each;
      continue;
    }
    const std::string gone = each->first;
    each = sessions_.erase(each);
    session_changed(gone);
  }
  return obstacles;
}

void TestModel::set_session(bus::SessionState state) {
  const std::string interface = state.interface;
  sessions_.insert_or_assign(interface, std::move(state));
  session_changed(interface);
}

Result<void> TestModel::reload() {
  if (auto read = profiles_.reload(); !read) return read;
  return done("reload");
}

std::vector<std::string> TestModel::sessions() const {
  std::vector<std::string> names;
  for (const auto& [name, session] : sessions_) names.push_back(name);
  return names;
}

std::vector<std::string> TestModel::sessions_of(const std::string& profile) const {
  std::vector<std::string> names;
  for (const auto& [name, session] : sessions_)
    if (session.profile == profile) names.push_back(name);
  return names;
}

Result<void> TestModel::done(std::string command) {
  commands.push_back(std::move(command));
  if (!next_error) return {};
  const Error error = *std::exchange(next_error, std::nullopt);
  return std::unexpected{error};
}

Result<void> TestModel::retire_key(const std::string& profile, const Ckn& ckn, core::Retirement how, Duration timeout) {
  constexpr std::array words{"proved", "patient", "forced"};
  if (auto may = profiles_.store().may_retire(profile, ckn); !may) return may;
  if (auto told = done("retire " + profile + " " + to_string(ckn) + " " + words[static_cast<std::size_t>(how)] + " " +
                       std::to_string(timeout.count()));
      !told)
    return told;
  return profiles_.retire_key(profile, ckn);
}

Result<void> TestModel::rekey(const std::string& interface) { return done("rekey " + interface); }

Result<void> TestModel::suspend(const std::string& interface, Duration span) {
  return done("suspend " + interface + " " + std::to_string(span.count()));
}

Result<void> TestModel::reauthenticate(const std::string& interface) { return done("reauthenticate " + interface); }
Result<void> TestModel::log_off(const std::string& interface) { return done("log off " + interface); }
Result<void> TestModel::terminate(const std::string& interface) { return done("terminate " + interface); }

Result<void> TestModel::set_session_enabled(const std::string& interface, bool enabled) {
  return done((enabled ? "up " : "down ") + interface);
}

std::vector<doctor::Finding> TestModel::diagnose(const std::string&) {
  return {{.id = "no-carrier", .text = "no carrier on eth0", .remedy = "look at the cable"}};
}
bus::Statistics TestModel::statistics(const std::string&) { return {{"Transmit", {{"Encrypted", 17}}}}; }

Result<bus::LinkCapabilities> TestModel::link_capabilities(const std::string& name) {
  if (next_error) return std::unexpected{*std::exchange(next_error, std::nullopt)};
  if (name != "eth0") return fail(ENOENT, "there is no interface " + name);
  return bus::LinkCapabilities{.ifindex = 2,
                               .mac = {{2, 0, 0, 0, 0, 1}},
                               .carrier = true,
                               .speed = 10'000'000'000,
                               .mtu = 1500,
                               .offload = {OffloadMode::off, OffloadMode::mac},
                               .offload_untried = {OffloadMode::phy},
                               .cipher_suites = {CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_128},
                               .default_cipher_suites = {CipherSuite::gcm_aes_xpn_256}};
}

bus::SessionState secured_session(const std::string& interface) {
  const MacAddress ours{{2, 0, 0, 0, 0, 1}};
  const MacAddress theirs{{2, 0, 0, 0, 0, 2}};
  const MemberId mi{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  bus::SessionState state;
  state.interface = interface;
  state.profile = "lab";
  state.parent = "eth0";
  state.ifindex = 7;
  state.parent_ifindex = 2;
  state.offload_text = "the driver of eth0 has no offload";
  state.clear_frames = "kernel";
  core::PortStatus& status = state.status;
  status.state = core::PortState::secured;
  status.since = at_second(100);
  status.cp = core::CpState::transmit;
  status.carrier = true;
  status.sci = Sci::of(ours, 1);
  status.is_key_server = true;
  status.key_server = status.sci;
  status.principal = Ckn::from_hex("00112233");
  status.cipher_suite = CipherSuite::gcm_aes_xpn_256;
  status.encrypting = true;
  status.latest = core::SakStatus{.key = {mi, 3},
                                  .an = An{1},
                                  .cipher_suite = CipherSuite::gcm_aes_xpn_256,
                                  .receiving = true,
                                  .transmitting = true,
                                  .since = at_second(101)};
  status.next_pn = 1ULL << 62U;
  status.pn_space = ~0ULL;
  status.next_rekey = at_second(3600);
  status.participants.push_back({.ckn = *status.principal,
                                 .role = KeyRole::primary,
                                 .active = true,
                                 .principal = true,
                                 .mi = mi,
                                 .mn = 40,
                                 .icv_failures = 0,
                                 .peers = {{.mi = {{9, 9, 9}},
                                            .mn = 30,
                                            .sci = Sci::of(theirs, 1),
                                            .priority = 200,
                                            .version = 3,
                                            .live = true,
                                            .key_server = false,
                                            .receiving = true,
                                            .transmitting = true,
                                            .last_heard = at_second(150),
                                            .announced = {CipherSuite::gcm_aes_xpn_256}}}});
  status.counters.mkpdu_rx = 75;
  return state;
}

}  // namespace macsec::test
