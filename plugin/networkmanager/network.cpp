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

std::unexpected<Error> invalid(std::string text) { return fail(EINVAL, std::move(text)); }

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

/// A word of 802.1X, whatever its type: as text, or as octets that may be secret.
Result<void> read_eap(sd_bus_message* message, std::string_view key, std::string_view contents, Reading& reading) {
  WipedText value;
  if (contents == "ay") {
    const auto octets = read_octets(message, key);
    if (!octets) return std::unexpected{octets.error()};
    value = WipedText{std::string_view{reinterpret_cast<const char*>(octets->data()), octets->size()}};
  } else if (contents == "s") {
    const char* text = nullptr;
    if (sd_bus_message_read_basic(message, 's', &text) < 0) return invalid(fmt::format("{} cannot be read", key));
    value = WipedText{std::string_view{text}};
  } else if (contents == "i") {
    std::int32_t number = 0;
    if (sd_bus_message_read_basic(message, 'i', &number) < 0) return invalid(fmt::format("{} cannot be read", key));
    value = WipedText{std::string_view{fmt::format("{}", number)}};
  } else {
    return invalid(fmt::format("{} is of type '{}', 'ay', 's' or 'i' is expected", key, contents));
  }
  reading.network.eap.emplace_back(key, std::move(value));
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
    reading.network.does_eap = value == "IEEE8021X";
    if (!reading.network.does_eap && value != "NONE") return invalid("key_mgmt is not accepted: NONE or IEEE8021X");
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
  if (is_wpa_eap_key(key)) return read_eap(message, key, contents, reading);
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
  Network out{ckn, cak.duplicate(), encrypt, port, offload, priority, replay_protect, replay_window, does_eap, {}};
  for (const auto& [key, value] : eap) out.eap.emplace_back(key, WipedText{value.view()});
  return out;
}

WpaEap read_network_eap(const Network& network) {
  std::vector<WpaEapSetting> settings;
  for (const auto& [key, value] : network.eap) settings.push_back({key, value.view()});
  return read_wpa_eap(settings);
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
  if (reading.network.does_eap) {
    if (reading.has_ckn || !reading.network.cak.empty())
      return invalid("mka_ckn and mka_cak are not accepted with key_mgmt=IEEE8021X: the key comes from 802.1X");
    if (const WpaEap eap = read_network_eap(reading.network); !eap.refused.empty())
      return invalid(eap.refused.front().text);
    return std::move(reading.network);
  }
  if (!reading.network.eap.empty())
    return invalid(
        fmt::format("{} is of 802.1X and not accepted with key_mgmt=NONE", reading.network.eap.front().first));
  if (!reading.has_ckn) return invalid("mka_ckn is missing");
  if (reading.network.cak.empty()) return invalid("mka_cak is missing");
  return std::move(reading.network);
}

}  // namespace macsec::nm
