// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/options.hpp"
#include "plugin/networkmanager/profiles/mapping.hpp"
#include "tests/unit/networkmanager_messages.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

namespace macsec::nm {
namespace {

/// What NetworkManager 1.42 sends for a pre-shared key.
bus::Dictionary usual() {
  return {{"macsec_policy", std::int32_t{1}}, {"macsec_integ_only", std::int32_t{0}},
          {"macsec_port", std::int32_t{1}},   {"key_mgmt", std::string{"NONE"}},
          {"mka_cak", bus::Octets(16, 0x11)}, {"mka_ckn", bus::Octets(32, 0x22)}};
}

bus::Dictionary with(const std::string& key, bus::Variant value) {
  bus::Dictionary dictionary = usual();
  dictionary.insert_or_assign(key, std::move(value));
  return dictionary;
}

bus::Dictionary without(const std::string& key) {
  bus::Dictionary dictionary = usual();
  dictionary.erase(key);
  return dictionary;
}

TEST(AddNetwork, ReadsWhatNetworkManagerSends) {
  Messages messages;
  const auto network = messages.read(usual());
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_EQ(to_string(network->ckn), std::string(64, '2'));
  EXPECT_EQ(network->cak, Secret<32>{Bytes{bus::Octets(16, 0x11)}});
  EXPECT_TRUE(network->encrypt);
  EXPECT_EQ(network->port, 1);
  EXPECT_FALSE(network->offload);
}

TEST(AddNetwork, TakesEveryOtherKeyOfAMacsecNetwork) {
  Messages messages;
  EXPECT_FALSE(messages.read(with("macsec_integ_only", std::int32_t{1}))->encrypt);
  EXPECT_EQ(messages.read(with("macsec_port", std::int32_t{65534}))->port, 65534);
  EXPECT_EQ(messages.read(without("macsec_port"))->port, 0);
  for (const std::int32_t offload : {0, 1, 2})
    EXPECT_EQ(messages.read(with("macsec_offload", offload))->offload, offload);
  EXPECT_EQ(messages.read(with("mka_priority", std::int32_t{0}))->priority, 0);
  EXPECT_EQ(messages.read(with("macsec_replay_protect", std::int32_t{0}))->replay_protect, false);
  EXPECT_EQ(messages.read(with("macsec_replay_window", std::int32_t{100}))->replay_window, 100U);
  EXPECT_TRUE(messages.read(with("eapol_flags", std::int32_t{0})));
  EXPECT_TRUE(messages.read(with("mka_cak", bus::Octets(32, 1))));
  EXPECT_TRUE(messages.read(with("mka_ckn", bus::Octets(1, 1))));
}

TEST(AddNetwork, RefusesValuesOutOfRange) {
  Messages messages;
  const std::vector<std::pair<std::string, bus::Variant>> bad{
      {"macsec_policy", std::int32_t{0}},
      {"macsec_policy", std::int32_t{2}},
      {"macsec_integ_only", std::int32_t{2}},
      {"macsec_integ_only", std::int32_t{-1}},
      {"macsec_port", std::int32_t{0}},
      {"macsec_port", std::int32_t{65535}},
      {"macsec_offload", std::int32_t{3}},
      {"mka_priority", std::int32_t{256}},
      {"macsec_replay_protect", std::int32_t{2}},
      {"macsec_replay_window", std::int32_t{-1}},
      {"eapol_flags", std::int32_t{3}},
      {"key_mgmt", std::string{"WPA-PSK"}},
      {"mka_cak", bus::Octets(15, 1)},
      {"mka_cak", bus::Octets{}},
      {"mka_cak", bus::Octets(33, 1)},
      {"mka_ckn", bus::Octets{}},
      {"mka_ckn", bus::Octets(33, 1)},
  };
  for (const auto& [key, value] : bad) {
    const auto network = messages.read(with(key, value));
    ASSERT_FALSE(network) << key;
    EXPECT_EQ(network.error().code, EINVAL) << key;
    EXPECT_NE(network.error().message.find(key), std::string::npos) << network.error().message;
  }
}

TEST(AddNetwork, RefusesWrongTypes) {
  Messages messages;
  for (const auto& [key, value] : usual()) {
    const auto network = messages.read(with(key, std::uint32_t{1}));
    ASSERT_FALSE(network) << key;
    EXPECT_NE(network.error().message.find(key), std::string::npos) << network.error().message;
  }
  EXPECT_FALSE(messages.read(with("mka_cak", std::string{"00112233445566778899001122334455"})));
}

TEST(AddNetwork, RefusesWhatIsMissingUnknownOrOfAnotherKind) {
  Messages messages;
  for (const char* key : {"macsec_policy", "mka_cak", "mka_ckn"}) {
    const auto network = messages.read(without(key));
    ASSERT_FALSE(network) << key;
    EXPECT_NE(network.error().message.find(key), std::string::npos) << network.error().message;
  }
  EXPECT_FALSE(messages.read({}));
  for (const char* key : {"ssid", "psk", "no_such_key", ""})
    EXPECT_FALSE(messages.read(with(key, std::string{"x"}))) << key;
  for (const char* key : {"identity", "password", "ca_cert"})
    EXPECT_NE(messages.read(with(key, bus::Octets{'x'})).error().message.find("802.1X"), std::string::npos);
  EXPECT_NE(messages.read(with("key_mgmt", std::string{"IEEE8021X"})).error().message.find("802.1X"),
            std::string::npos);
}

TEST(AddNetwork, NeverQuotesAKey) {
  Messages messages;
  const bus::Octets secret(15, 's');
  EXPECT_EQ(messages.read(with("mka_cak", secret)).error().message.find("sss"), std::string::npos);
}

TEST(AddNetwork, RefusesKeysGivenTwiceAndOtherMessages) {
  Messages messages;
  const auto twice = messages.make([](sd_bus_message* raw) {
    sd_bus_message_append(raw, "a{sv}", 2, "macsec_policy", "i", 1, "macsec_policy", "i", 1);
  });
  EXPECT_FALSE(read_network(twice.get()));
  const auto other = messages.make([](sd_bus_message* raw) { sd_bus_message_append(raw, "s", "x"); });
  EXPECT_FALSE(read_network(other.get()));
  const auto empty = messages.make([](sd_bus_message*) {});
  EXPECT_FALSE(read_network(empty.get()));
  const auto nested = messages.make(
      [](sd_bus_message* raw) { sd_bus_message_append(raw, "a{sv}", 1, "mka_cak", "a{sv}", 1, "x", "i", 1); });
  EXPECT_FALSE(read_network(nested.get()));
}

// ---- user.data ------------------------------------------------------------------------------------------------------

UserData from_system(std::map<std::string, std::string> data) {
  return read_user_data(Connection{.user_data = std::move(data)});
}

TEST(UserData, PassesOverWhatIsNotOurs) {
  const UserData data = from_system({{"org.example.x", "1"}, {"org.macsecd", "1"}});
  EXPECT_TRUE(data.settings.empty());
  EXPECT_TRUE(data.problems.empty());
  EXPECT_EQ(data.activation, Activation::automatic);
}

TEST(UserData, BecomesSettings) {
  const UserData data = from_system({{"org.macsecd.cipher-suites", "GCM-AES-256"},
                                     {"org.macsecd.priority", "10"},
                                     {"org.macsecd.rekey-sec", "1h"},
                                     {"org.macsecd.replay-window", "0"},
                                     {"org.macsecd.policy", "should-secure"},
                                     {"org.macsecd.offload", "mac"},
                                     {"org.macsecd.activation", "secured"}});
  EXPECT_TRUE(data.problems.empty());
  EXPECT_EQ(data.activation, Activation::secured);
  const auto at = [&](const char* section, const char* key) { return data.settings.at({section, key}); };
  EXPECT_EQ(at("MACsec", "CipherSuites"), "GCM-AES-256");
  EXPECT_EQ(at("MKA", "Priority"), "10");
  EXPECT_EQ(at("MKA", "RekeySec"), "1h");
  EXPECT_EQ(at("MACsec", "ReplayWindow"), "0");
  EXPECT_EQ(at("MACsec", "Policy"), "should-secure");
  EXPECT_EQ(at("MACsec", "Offload"), "mac");
}

TEST(UserData, SaysWhatIsWrongAndWhatIsAccepted) {
  const std::map<std::string, std::string> bad{
      {"org.macsecd.priority", "300"},       {"org.macsecd.cipher-suites", "ROT13"}, {"org.macsecd.rekey-sec", "often"},
      {"org.macsecd.replay-window", "-1"},   {"org.macsecd.policy", "maybe"},        {"org.macsecd.offload", "phi"},
      {"org.macsecd.activation", "someday"}, {"org.macsecd.fallback-ckn", "zz"}};
  for (const auto& each : bad) {
    const UserData data = from_system({each});
    EXPECT_FALSE(data.usable()) << each.first;
    ASSERT_FALSE(data.problems.empty());
    EXPECT_EQ(data.problems.front().setting, each.first);
    EXPECT_TRUE(data.problems.front().text.starts_with(each.first + "=" + each.second)) << data.problems.front().text;
  }
  const UserData unknown = from_system({{"org.macsecd.prioritty", "1"}});
  EXPECT_TRUE(unknown.usable());
  ASSERT_EQ(unknown.problems.size(), 1U);
  EXPECT_FALSE(unknown.problems.front().error);
}

TEST(UserData, FallbackKey) {
  const UserData data =
      from_system({{"org.macsecd.fallback-ckn", "abcd"}, {"org.macsecd.fallback-cak-file", "/etc/macsecd/f.cak"}});
  EXPECT_TRUE(data.usable());
  ASSERT_EQ(data.fallback_keys.size(), 1U);
  const auto& texts = data.fallback_keys.front().texts;
  EXPECT_NE(std::ranges::find(texts, std::pair<std::string, std::string>{"Role", "fallback"}), texts.end());
  EXPECT_FALSE(from_system({{"org.macsecd.fallback-ckn", "abcd"}}).usable());
  EXPECT_FALSE(from_system({{"org.macsecd.fallback-cak-file", "/x"}}).usable());
}

TEST(UserData, NamesNoSecretsInAPrivateConnection) {
  for (const char* key : {"org.macsecd.fallback-cak-file", "org.macsecd.fallback-cak-credential"}) {
    Connection connection{.is_private = true, .user_data = {{"org.macsecd.fallback-ckn", "abcd"}, {key, "corp.cak"}}};
    const UserData refused = read_user_data(connection);
    EXPECT_FALSE(refused.usable());
    EXPECT_TRUE(refused.fallback_keys.empty());
    ASSERT_FALSE(refused.problems.empty());
    EXPECT_EQ(refused.problems.front().setting, key);
    EXPECT_NE(refused.problems.front().text.find("connection.permissions"), std::string::npos);
    EXPECT_EQ(refused.problems.front().text.find("corp.cak"), std::string::npos);
  }
  EXPECT_TRUE(read_user_data(Connection{.is_private = true, .user_data = {{"org.macsecd.priority", "9"}}}).usable());
}

// ---- the profile ----------------------------------------------------------------------------------------------------

Wanted wanted() {
  Wanted out;
  out.parent = "eth0";
  out.device = {
      .ifindex = 7, .parent = 2, .name = "macsec0", .sci = Sci::of({}, 1), .cipher_suite = CipherSuite::gcm_aes_128};
  out.network.ckn = *Ckn::from_hex("abcd");
  out.network.cak = Secret<32>{Bytes{bus::Octets(16, 1)}};
  out.network.port = 1;
  out.connection = Connection{.id = "test-macsec+", .uuid = "uuid", .user_data = {}};
  return out;
}

std::string setting(const bus::Settings& settings, const std::string& section, const std::string& key) {
  for (const bus::SettingsSection& each : settings)
    if (each.name == section)
      for (const auto& [name, value] : each.texts)
        if (name == key) return value;
  return "(none)";
}

TEST(Mapping, SaysWhatTheNetworkSays) {
  Wanted asked = wanted();
  const bus::Settings settings = make_settings(asked);
  EXPECT_EQ(setting(settings, "Link", "Parent"), "eth0");
  EXPECT_EQ(setting(settings, "Link", "Interface"), "macsec0");
  EXPECT_EQ(setting(settings, "Link", "Create"), "no");
  EXPECT_EQ(setting(settings, "Link", "KeepConfiguration"), "remember");
  EXPECT_EQ(setting(settings, "Link", "Port"), "1");
  EXPECT_EQ(setting(settings, "MACsec", "Encrypt"), "yes");
  EXPECT_EQ(setting(settings, "MACsec", "CipherSuites"), "GCM-AES-128");
  EXPECT_EQ(setting(settings, "MACsec", "Offload"), "(none)");
  EXPECT_EQ(setting(settings, "MACsec", "Validate"), "strict");
  EXPECT_EQ(setting(settings, "Key", "Ckn"), "abcd");
  EXPECT_EQ(setting(settings, "Key", "Role"), "primary");
  EXPECT_EQ(settings.back().secrets.front().first, "Cak");
  EXPECT_TRUE(asked.extras.usable());
}

TEST(Mapping, SaysEveryKeyOfTheNetwork) {
  Wanted asked = wanted();
  asked.network.encrypt = false;
  asked.network.offload = 2;
  asked.network.priority = 9;
  asked.network.replay_window = 5;
  asked.connection->validation = 1;
  asked.device.sci = Sci::of({}, 65534);
  const bus::Settings settings = make_settings(asked);
  EXPECT_EQ(setting(settings, "MACsec", "Encrypt"), "no");
  EXPECT_EQ(setting(settings, "MACsec", "Offload"), "mac");
  EXPECT_EQ(setting(settings, "MKA", "Priority"), "9");
  EXPECT_EQ(setting(settings, "MACsec", "ReplayWindow"), "5");
  EXPECT_EQ(setting(settings, "MACsec", "Validate"), "check");
  EXPECT_EQ(setting(settings, "Link", "Port"), "65534");
  asked.network.replay_protect = false;
  EXPECT_EQ(setting(make_settings(asked), "MACsec", "ReplayWindow"), "off");
}

TEST(Mapping, KeepsTheSuiteOfTheDeviceOrSaysWhyNot) {
  Wanted asked = wanted();
  asked.extras = from_system({{"org.macsecd.cipher-suites", "GCM-AES-256 GCM-AES-128"}});
  EXPECT_EQ(setting(make_settings(asked), "MACsec", "CipherSuites"), "GCM-AES-128");
  EXPECT_TRUE(asked.extras.usable());
  asked.extras = from_system({{"org.macsecd.cipher-suites", "GCM-AES-256"}});
  static_cast<void>(make_settings(asked));
  ASSERT_FALSE(asked.extras.usable());
  EXPECT_NE(asked.extras.problems.front().text.find("GCM-AES-128"), std::string::npos);
  asked.extras = from_system({{"org.macsecd.cipher-suites", "GCM-AES-256"}});
  asked.device.cipher_suite = CipherSuite::gcm_aes_256;
  EXPECT_EQ(setting(make_settings(asked), "MACsec", "CipherSuites"), "GCM-AES-256");
  EXPECT_TRUE(asked.extras.usable());
}

TEST(Mapping, ADeviceIsMadeBeforehandOnlyForOtherSuites) {
  const auto wants = [](const std::string& suites) {
    return wants_other_suite(from_system({{"org.macsecd.cipher-suites", suites}}));
  };
  EXPECT_FALSE(wants_other_suite({}));
  EXPECT_FALSE(wants("gcm-aes-256,gcm-aes-128"));
  EXPECT_TRUE(wants("GCM-AES-256 GCM-AES-XPN-128"));
  EXPECT_FALSE(wants("nonsense"));  // a problem of its own
  StoredConnection stored;
  stored.parent = "eth0";
  EXPECT_EQ(setting(make_settings(stored, {}, true), "Link", "Create"), "always");
  EXPECT_EQ(setting(make_settings(stored, {}, false), "Link", "Create"), "no");
}

TEST(Mapping, NamesProfilesAfterConnections) {
  Wanted asked = wanted();
  EXPECT_EQ(profile_name(asked), "test-macsec+");
  asked.connection->id = "Office: 2nd floor/north";
  EXPECT_EQ(profile_name(asked), "Office:_2nd_floor_north");
  asked.connection->id = ".hidden";
  EXPECT_EQ(profile_name(asked), "_hidden");
  asked.connection->id = std::string(200, 'x');
  EXPECT_EQ(profile_name(asked).size(), 64U);
  asked.connection->is_private = true;
  EXPECT_EQ(profile_name(asked), "nm-macsec0");
  asked.connection.reset();
  EXPECT_EQ(profile_name(asked), "nm-macsec0");
}

TEST(Options, OfTheCommandLine) {
  const auto parse = [](std::vector<std::string_view> arguments) -> Result<Options> {
    Options options;
    if (auto read = command_line(options).read(arguments); !read) return std::unexpected{read.error()};
    return options;
  };
  EXPECT_EQ(parse({})->action, Options::Action::serve);
  EXPECT_EQ(parse({"--enable", "--no-start"})->start, false);
  EXPECT_EQ(parse({"--disable", "--root=/x"})->root, "/x");
  EXPECT_EQ(parse({"--supplicant-bus", ""})->supplicant_bus, "");
  for (const std::string_view bad : {"--nonsense", "--root", "file"}) EXPECT_FALSE(parse({bad})) << bad;
}

TEST(Mapping, AnAuthenticationStandsInPlaceOfTheKey) {
  Wanted asked = wanted();
  asked.network.does_eap = true;
  asked.authentication = {"8021X", {{"Method", "tls"}}};
  asked.authentication.secrets.emplace_back("PrivateKey", WipedText{std::string_view{"k"}});
  for (int again = 0; again < 2; ++again) {  // the daemon may come back
    const bus::Settings settings = make_settings(asked);
    EXPECT_EQ(settings.back().name, "8021X");
    EXPECT_EQ(settings.back().secrets.size(), 1U);
    EXPECT_EQ(setting(settings, "Key", "Ckn"), "(none)");
  }
}

// NetworkManager may still name the connection from before, which may be a private one of another user.
TEST(Networks, AreOfTheConnectionWithTheirKeyOrIdentity) {
  Network network;
  network.ckn = Ckn::from_hex("abcd").value();
  EXPECT_TRUE(is_network_of({.ckn = "ABCD"}, network));
  EXPECT_FALSE(is_network_of({.ckn = "abce"}, network));
  EXPECT_FALSE(is_network_of({.identity = "alice"}, network));
  network.does_eap = true;
  network.eap.emplace_back("identity", WipedText{std::string_view{"alice"}});
  EXPECT_TRUE(is_network_of({.identity = "alice"}, network));
  EXPECT_FALSE(is_network_of({.identity = "bob"}, network));
  EXPECT_FALSE(is_network_of({.ckn = "abcd"}, network));
}

}  // namespace
}  // namespace macsec::nm
