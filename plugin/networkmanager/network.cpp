// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/network.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <functional>
#include <set>

namespace macsec::nm {
namespace {

struct Reading {
  Network network;
  bool has_ckn = false;
  bool has_policy = false;
};

/// A number and what becomes of it.
struct NumberKey {
  std::string_view name;
  std::int32_t least;
  std::int32_t most;
  void (*take)(Reading&, std::int32_t);
};

constexpr std::array number_keys{
    NumberKey{"macsec_policy", 1, 1, [](Reading& reading, std::int32_t) { reading.has_policy = true; }},
    NumberKey{"macsec_integ_only", 0, 1,
              [](Reading& reading, std::int32_t value) { reading.network.encrypt = value == 0; }},
    NumberKey{"macsec_port", 1, 65534,
              [](Reading& reading, std::int32_t value) { reading.network.port = static_cast<std::uint16_t>(value); }},
    NumberKey{"macsec_offload", 0, 2, [](Reading& reading, std::int32_t value) { reading.network.offload = value; }},
    NumberKey{"mka_priority", 0, 255, [](Reading& reading, std::int32_t value) { reading.network.priority = value; }},
    NumberKey{"macsec_replay_protect", 0, 1,
              [](Reading& reading, std::int32_t value) { reading.network.replay_protect = value == 1; }},
    NumberKey{"macsec_replay_window", 0, (1 << 30) - 1,
              [](Reading& reading, std::int32_t value) {
                reading.network.replay_window = static_cast<std::uint32_t>(value);
              }},
    NumberKey{"eapol_flags", 0, 0, [](Reading&, std::int32_t) {}},
};

/// Keys of 802.1X, so that the answer can say why they are refused.
constexpr std::array<std::string_view, 31> eap_keys{"eap",
                                                    "identity",
                                                    "anonymous_identity",
                                                    "password",
                                                    "pin",
                                                    "fragment_size",
                                                    "phase1",
                                                    "phase2",
                                                    "ca_cert",
                                                    "ca_cert2",
                                                    "client_cert",
                                                    "client_cert2",
                                                    "private_key",
                                                    "private_key2",
                                                    "private_key_passwd",
                                                    "pac_file",
                                                    "ca_path",
                                                    "ca_path2",
                                                    "private_key2_passwd",
                                                    "subject_match",
                                                    "subject_match2",
                                                    "altsubject_match",
                                                    "altsubject_match2",
                                                    "domain_suffix_match",
                                                    "domain_suffix_match2",
                                                    "domain_match",
                                                    "domain_match2",
                                                    "openssl_ciphers",
                                                    "engine",
                                                    "key_id",
                                                    "engine_id"};

std::unexpected<Error> invalid(std::string text) { return fail(EINVAL, std::move(text)); }

std::unexpected<Error> no_eap(std::string_view key) {
  return invalid(fmt::format("{}: 802.1X on a MACsec device is not offered; use macsec.mode psk", key));
}

Result<void> expect(std::string_view key, std::string_view contents, std::string_view type) {
  if (contents == type) return {};
  return invalid(fmt::format("{} is of type '{}', '{}' is expected", key, contents, type));
}

Result<Bytes> read_octets(sd_bus_message* message, std::string_view key) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_bus_message_read_array(message, 'y', &data, &size) < 0) return invalid(fmt::format("{} cannot be read", key));
  return Bytes{static_cast<const std::uint8_t*>(data), size};
}

Result<void> read_number(sd_bus_message* message, const NumberKey& key, Reading& reading) {
  std::int32_t value = 0;
  if (sd_bus_message_read_basic(message, 'i', &value) < 0) return invalid(fmt::format("{} cannot be read", key.name));
  if (value < key.least || value > key.most) {
    const std::string accepted =
        key.least == key.most ? fmt::format("only {}", key.least) : fmt::format("{} to {}", key.least, key.most);
    return invalid(fmt::format("{}={} is not accepted: {}", key.name, value, accepted));
  }
  key.take(reading, value);
  return {};
}

Result<void> read_value(sd_bus_message* message, std::string_view key, std::string_view contents, Reading& reading) {
  if (const auto* number = std::ranges::find(number_keys, key, &NumberKey::name); number != number_keys.end()) {
    if (auto right = expect(key, contents, "i"); !right) return right;
    return read_number(message, *number, reading);
  }
  if (key == "key_mgmt") {
    if (auto right = expect(key, contents, "s"); !right) return right;
    std::string value;
    if (bus::get(message, value) < 0) return invalid("key_mgmt cannot be read");
    if (value.starts_with("IEEE8021X")) return no_eap("key_mgmt=IEEE8021X");
    if (value != "NONE") return invalid("key_mgmt is not accepted: only NONE");
    return {};
  }
  if (key == "mka_cak") {
    if (auto right = expect(key, contents, "ay"); !right) return right;
    const auto octets = read_octets(message, key);
    if (!octets) return std::unexpected{octets.error()};
    if (octets->size() != 16 && octets->size() != 32)
      return invalid(fmt::format("mka_cak has {} octets: 16 or 32 are accepted", octets->size()));
    reading.network.cak = Secret<32>{*octets};
    return {};
  }
  if (key == "mka_ckn") {
    if (auto right = expect(key, contents, "ay"); !right) return right;
    const auto octets = read_octets(message, key);
    if (!octets) return std::unexpected{octets.error()};
    const auto ckn = Ckn::from(*octets);
    if (!ckn) return invalid(fmt::format("mka_ckn has {} octets: 1 to 32 are accepted", octets->size()));
    reading.network.ckn = *ckn;
    reading.has_ckn = true;
    return {};
  }
  if (std::ranges::find(eap_keys, key) != eap_keys.end()) return no_eap(key);
  return invalid(fmt::format("a MACsec network has no key {}", key));
}

Result<void> read_entry(sd_bus_message* message, std::set<std::string>& seen, Reading& reading) {
  std::string key;
  if (sd_bus_message_enter_container(message, 'e', "sv") <= 0 || bus::get(message, key) < 0)
    return invalid("the dictionary cannot be read");
  if (!seen.insert(key).second) return invalid(fmt::format("{} is given twice", key));
  char type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message, &type, &contents) <= 0 || contents == nullptr)
    return invalid(fmt::format("{} has no value", key));
  const std::string kind = contents;
  if (sd_bus_message_enter_container(message, 'v', kind.c_str()) <= 0)
    return invalid(fmt::format("{} cannot be read", key));
  if (auto value = read_value(message, key, kind, reading); !value) return value;
  if (sd_bus_message_exit_container(message) < 0 || sd_bus_message_exit_container(message) < 0)
    return invalid(fmt::format("{} cannot be read", key));
  return {};
}

}  // namespace

Network Network::duplicate() const {
  return {ckn, cak.duplicate(), encrypt, port, offload, priority, replay_protect, replay_window};
}

Result<Network> read_network(sd_bus_message* message) {
  Reading reading;
  std::set<std::string> seen;
  int r = sd_bus_message_enter_container(message, 'a', "{sv}");
  if (r <= 0) return invalid("a dictionary a{sv} is expected");
  while ((r = sd_bus_message_at_end(message, 0)) == 0)
    if (auto entry = read_entry(message, seen, reading); !entry) return std::unexpected{entry.error()};
  if (r < 0) return invalid("the dictionary cannot be read");
  if (!reading.has_policy) return invalid("macsec_policy is missing");
  if (!reading.has_ckn) return invalid("mka_ckn is missing");
  if (reading.network.cak.empty()) return invalid("mka_cak is missing");
  return std::move(reading.network);
}

}  // namespace macsec::nm
