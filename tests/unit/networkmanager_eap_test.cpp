// SPDX-License-Identifier: LGPL-2.1-or-later
/// macsec.mode=eap: what NetworkManager sends, and the section it becomes.
#include "plugin/networkmanager/profiles/authentication.hpp"
#include "tests/unit/networkmanager_messages.hpp"

namespace macsec::nm {
namespace {

/// What NetworkManager 1.42 sends for macsec.mode eap.
bus::Dictionary usual_eap() {
  const auto octets = [](std::string_view text) { return bus::Octets(text.begin(), text.end()); };
  return {{"macsec_policy", std::int32_t{1}},
          {"macsec_integ_only", std::int32_t{0}},
          {"macsec_port", std::int32_t{1}},
          {"key_mgmt", std::string{"IEEE8021X"}},
          {"eapol_flags", std::int32_t{0}},
          {"fragment_size", std::int32_t{1266}},
          {"eap", std::string{"TLS"}},
          {"identity", octets("host1")},
          {"ca_cert", octets("/home/u/ca.pem")},
          {"domain_suffix_match", octets("example.org")},
          {"client_cert", octets("blob://u-client_cert")},
          {"private_key", octets("/home/u/key.pem")},
          {"private_key_passwd", octets("pin")}};
}

TEST(AddNetwork, TakesAnAuthentication) {
  Messages messages;
  const auto network = messages.read(usual_eap());
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_TRUE(network->does_eap);
  EXPECT_TRUE(network->cak.empty());
  EXPECT_EQ(network->duplicate().eap.size(), 8U);
}

TEST(AddNetwork, RefusesWhatAnAuthenticationCannotBeByName) {
  Messages messages;
  const auto refused = [&messages](const char* key, const std::string& value) {
    bus::Dictionary dictionary = usual_eap();
    dictionary.insert_or_assign(key, bus::Octets(value.begin(), value.end()));
    const auto network = messages.read(dictionary);
    return network ? std::string{} : network.error().message;
  };
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"eap", "MD5"},
                                                                  {"pin", "1234"},
                                                                  {"ca_cert", "pkcs11:object=a"},
                                                                  {"client_cert2", "/x"},
                                                                  {"phase1", "peapver=1"},
                                                                  {"phase2", "auth=OTP"},
                                                                  {"pac_file", "/x"},
                                                                  {"mka_cak", "0123456789abcdef"}}) {
    const std::string message = refused(key, value);
    EXPECT_NE(message.find(key), std::string::npos) << key << ": " << message;
    EXPECT_EQ(message.find("1234"), std::string::npos) << message;
  }
}

class Authentication : public testing::Test {
 protected:
  bus::SettingsSection make(const bus::Dictionary& dictionary, bool is_private = false) {
    auto network = messages_.read(dictionary);
    EXPECT_TRUE(network) << network.error().message;
    const Materials materials{blobs_, [this](const std::string& path) -> Result<std::optional<WipedText>> {
                                read_.push_back(path);
                                if (path.ends_with("/folder")) return std::nullopt;
                                if (path.ends_with(".missing")) return fail(ENOENT, "cannot read " + path);
                                return WipedText{std::string_view{"content of " + path}};
                              }};
    return make_authentication(*network, materials, is_private, extras_);
  }
  static std::string secret(const bus::SettingsSection& section, std::string_view key) {
    for (const auto& [name, octets] : section.secrets)
      if (name == key) return std::string{octets.view()};
    return {};
  }
  static std::string text(const bus::SettingsSection& section, std::string_view key) {
    for (const auto& [name, value] : section.texts)
      if (name == key) return value;
    return {};
  }
  static bus::Dictionary with(const char* key, std::string_view value) {
    bus::Dictionary dictionary = usual_eap();
    dictionary.insert_or_assign(key, bus::Octets(value.begin(), value.end()));
    return dictionary;
  }
  /// The problems that are errors.
  std::string errors() const {
    std::string out;
    for (const bus::Problem& each : extras_.problems)
      if (each.error) out += each.setting + ": " + each.text + "\n";
    return out;
  }

  Messages messages_;
  std::map<std::string, WipedText> blobs_ = [] {
    std::map<std::string, WipedText> out;
    out.emplace("u-client_cert", WipedText{std::string_view{"certificate"}});
    out.emplace("u-private_key", WipedText{std::string_view{"-----BEGIN ENCRYPTED PRIVATE KEY-----"}});
    return out;
  }();
  UserData extras_;
  std::vector<std::string> read_;
};

TEST_F(Authentication, FilesAndBlobsBecomeTheirContent) {
  extras_.settings[{"8021X", "CakLength"}] = "256";
  const bus::SettingsSection section = make(usual_eap());
  EXPECT_EQ(errors(), "");
  EXPECT_EQ(section.name, "8021X");
  EXPECT_EQ(text(section, "Method"), "tls");
  EXPECT_EQ(text(section, "Identity"), "host1");
  EXPECT_EQ(text(section, "ServerNameSuffix"), "example.org");
  EXPECT_EQ(text(section, "CakLength"), "256");
  EXPECT_EQ(secret(section, "CaCertificate"), "content of /home/u/ca.pem");
  EXPECT_EQ(secret(section, "ClientCertificate"), "certificate");
  EXPECT_EQ(secret(section, "PrivateKey"), "content of /home/u/key.pem");
  EXPECT_EQ(secret(section, "PrivateKeyPassword"), "pin");
  EXPECT_EQ(text(section, "PrivateKey"), "");

  const bus::SettingsSection token = make(with("private_key", "pkcs11:object=a?pin-value=12"));
  EXPECT_EQ(text(token, "PrivateKey"), "pkcs11:object=a");

  const bus::SettingsSection folder = make(with("ca_path", "/etc/ca/folder"));
  EXPECT_EQ(text(folder, "CaCertificate"), "/etc/ca/folder");
}

TEST_F(Authentication, WhatItsUserNamesIsNotReadWithTheRightsOfRoot) {
  make(usual_eap(), true);
  EXPECT_TRUE(read_.empty());
  EXPECT_NE(errors().find("802-1x.ca-cert=/home/u/ca.pem: the connection has connection.permissions"),
            std::string::npos)
      << errors();
  EXPECT_NE(errors().find("802-1x.private-key: "), std::string::npos) << errors();
}

TEST_F(Authentication, NobodyIsBelievedWithoutACa) {
  bus::Dictionary open = usual_eap();
  open.erase("ca_cert");
  make(open);
  EXPECT_NE(errors().find("802-1x.ca-cert is not set"), std::string::npos) << errors();
  extras_ = {};
  extras_.settings[{"8021X", "ValidateServer"}] = "insecure-no";
  EXPECT_EQ(text(make(open), "ValidateServer"), "insecure-no");
  EXPECT_EQ(errors(), "");
  extras_ = {};
  open.insert_or_assign("ca_path", bus::Octets{'/', 'e', 't', 'c', '/', 's', 's', 'l', '/', 'c', 'e', 'r', 't', 's'});
  EXPECT_EQ(text(make(open), "CaCertificate"), "system");
  EXPECT_EQ(errors(), "");
}

TEST_F(Authentication, WhatCannotBeHadIsNamed) {
  make(with("ca_cert", "/ca.missing"));
  EXPECT_NE(errors().find("802-1x.ca-cert: 802-1x.ca-cert: cannot read /ca.missing"), std::string::npos) << errors();
  extras_ = {};
  make(with("client_cert", "blob://other"));
  EXPECT_NE(errors().find("802-1x.client-cert: NetworkManager hands over no content"), std::string::npos) << errors();
  extras_ = {};
  bus::Dictionary encrypted = with("private_key", "blob://u-private_key");
  encrypted.erase("private_key_passwd");
  make(encrypted);
  EXPECT_NE(errors().find("802-1x.private-key is encrypted"), std::string::npos) << errors();
  EXPECT_EQ(property_of("private_key2_passwd"), "802-1x.phase2-private-key-password");
  EXPECT_EQ(property_of("phase2"), "802-1x.phase2");
  EXPECT_EQ(property_of("ca_cert2"), "802-1x.phase2-ca-cert");
}

}  // namespace
}  // namespace macsec::nm
