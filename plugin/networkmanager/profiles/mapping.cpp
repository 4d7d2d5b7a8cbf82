// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/profiles/mapping.hpp"

#include "engine/base/text.hpp"
#include "engine/config/profile.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace macsec::nm {
namespace {

constexpr std::uint16_t unsaid_port = 65534;

std::string_view yes_no(bool value) { return value ? "yes" : "no"; }

const std::pair<std::string, std::string> cipher_suites_setting{"MACsec", "CipherSuites"};

bool accepts(const UserData& extras, CipherSuite suite) {
  const std::vector<CipherSuite> named = cipher_suites(extras);
  return named.empty() || std::ranges::find(named, suite) != named.end();
}

/// The suite of the device, which cannot be changed, where the connection does not rule it out.
std::optional<std::string> suites(Wanted& wanted) {
  if (!wanted.device.cipher_suite) return std::nullopt;
  const std::string have{to_string(*wanted.device.cipher_suite)};
  if (suits(wanted)) return have;
  if (wanted.connection && wanted.connection->is_private)
    wanted.extras.problems.push_back(
        {true,
         {},
         0,
         "org.macsecd.cipher-suites",
         fmt::format(
             "org.macsecd.cipher-suites={}: {} was made with {}, and macsecd makes no device for a connection with "
             "connection.permissions",
             wanted.extras.settings.at(cipher_suites_setting), wanted.device.name, have)});
  else
    wanted.extras.problems.push_back(
        {true,
         {},
         0,
         "org.macsecd.cipher-suites",
         fmt::format(
             "org.macsecd.cipher-suites={}: {} was made with {}, which the kernel does not change; macsecd makes "
             "another when this one is gone, if no connection with other suites has the same interface-name",
             wanted.extras.settings.at(cipher_suites_setting), wanted.device.name, have)});
  return have;
}

std::optional<std::string> offload(const Network& network) {
  if (!network.offload) return std::nullopt;
  return std::string{numbered_offloads.at(static_cast<std::size_t>(*network.offload))};
}

std::optional<std::string> replay_window(const Network& network) {
  if (network.replay_protect == false) return "off";
  if (network.replay_window) return fmt::format("{}", *network.replay_window);
  return std::nullopt;
}

std::optional<std::string> validate(const std::optional<Connection>& connection) {
  if (!connection || connection->validation < 0 || connection->validation > 2) return std::nullopt;
  return std::string{numbered_validations.at(static_cast<std::size_t>(connection->validation))};
}

using Texts = std::map<std::pair<std::string, std::string>, std::string>;

/// The sections that are there once, in order.
bus::Settings sections_of(const Texts& all) {
  bus::Settings settings;
  for (const char* name : {"Link", "MACsec", "MKA"}) {
    bus::SettingsSection section{name, {}};
    for (const auto& [key, value] : all)
      if (key.first == name) section.texts.emplace_back(key.second, value);
    if (!section.texts.empty()) settings.push_back(std::move(section));
  }
  return settings;
}

}  // namespace

bus::Settings make_settings(Wanted& wanted) {
  const Network& network = wanted.network;
  Texts all = wanted.extras.settings;
  const std::uint16_t port = network.port == 0 ? unsaid_port : network.port;
  all[{"Link", "Parent"}] = wanted.parent;
  all[{"Link", "Interface"}] = wanted.device.name;
  all[{"Link", "Port"}] = fmt::format("{}", wanted.device.ifindex == 0 ? port : wanted.device.sci.port());
  all[{"Link", "Create"}] = "no";
  all[{"Link", "KeepConfiguration"}] = to_string(wanted.keep);
  all[{"MACsec", "Encrypt"}] = yes_no(network.encrypt);
  if (const auto text = suites(wanted)) all[{"MACsec", "CipherSuites"}] = *text;
  // NetworkManager's own property first: it says nothing where it is off or not known yet.
  if (const auto text = offload(network)) all[{"MACsec", "Offload"}] = *text;
  if (const auto text = replay_window(network)) all[{"MACsec", "ReplayWindow"}] = *text;
  if (const auto text = validate(wanted.connection)) all[{"MACsec", "Validate"}] = *text;
  if (network.priority) all[{"MKA", "Priority"}] = fmt::format("{}", *network.priority);

  bus::Settings settings = sections_of(all);
  if (network.does_eap) {
    bus::SettingsSection section{wanted.authentication.name, wanted.authentication.texts};
    for (const auto& [key, secret] : wanted.authentication.secrets)
      section.secrets.emplace_back(key, bus::to_secret(bus::octets_of(secret)));
    settings.push_back(std::move(section));
  } else {
    bus::SettingsSection key{"Key", {{"Ckn", to_string(network.ckn)}, {"Role", "primary"}}};
    key.secrets.emplace_back("Cak", bus::to_secret(network.cak.expose()));
    settings.push_back(std::move(key));
  }
  for (const bus::SettingsSection& fallback : wanted.extras.fallback_keys)
    settings.push_back({fallback.name, fallback.texts});
  return settings;
}

std::vector<CipherSuite> cipher_suites(const UserData& extras) {
  std::vector<CipherSuite> out;
  const auto asked = extras.settings.find(cipher_suites_setting);
  std::string_view rest = asked == extras.settings.end() ? std::string_view{} : asked->second;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(" ,\t"), rest.size());
    if (const auto suite = cipher_suite_from_string(rest.substr(0, end))) out.push_back(*suite);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

bool is_network_of(const Connection& connection, const Network& network) {
  if (!network.does_eap) return Ckn::from_hex(connection.ckn) == network.ckn;
  const auto said = std::ranges::find(network.eap, "identity", [](const auto& each) { return each.first; });
  return connection.identity == (said == network.eap.end() ? std::string_view{} : said->second.view());
}

bool suits(const Wanted& wanted) {
  return !wanted.device.cipher_suite || accepts(wanted.extras, *wanted.device.cipher_suite);
}

bool wants_other_suite(const UserData& extras) { return !accepts(extras, own_cipher_suite); }

bus::Settings make_settings(const StoredConnection& stored, const UserData& extras, bool spare) {
  Texts all = extras.settings;
  all[{"Link", "Enable"}] = "no";
  all[{"Link", "Parent"}] = stored.parent;
  all[{"Link", "Interface"}] = stored.interface;
  all[{"Link", "Port"}] = fmt::format("{}", stored.port);
  all[{"Link", "Create"}] = spare ? "always" : "no";
  all[{"MACsec", "Encrypt"}] = yes_no(stored.encrypt);
  if (const auto text = validate(stored.connection)) all[{"MACsec", "Validate"}] = *text;
  bus::Settings settings = sections_of(all);
  if (stored.eap)
    settings.push_back({"8021X", {stored.authentication.begin(), stored.authentication.end()}});
  else
    settings.push_back({"Key", {{"Ckn", stored.ckn}, {"Role", "primary"}}});
  return settings;
}

bool is_public(const Wanted& wanted) { return wanted.connection && !wanted.connection->is_private; }

std::string profile_name(const Wanted& wanted) {
  return profile_name(is_public(wanted) ? wanted.connection->id : "", wanted.device.name);
}

std::string profile_name(const std::string& id, const std::string& device) {
  std::string name = id;
  for (char& c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view{"._-@:+"}.find(c) == std::string_view::npos) c = '_';
  }
  if (name.starts_with('.')) name.front() = '_';
  name = name.substr(0, 64);
  return is_profile_name(name) ? name : "nm-" + device;
}

}  // namespace macsec::nm
