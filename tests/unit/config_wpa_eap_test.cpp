// SPDX-License-Identifier: LGPL-2.1-or-later
/// wpa_supplicant's words for 802.1X, as NetworkManager sends them (captured with 1.42).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/config/wpa_eap.hpp"

namespace macsec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const WpaEap& eap) {
  std::vector<std::string> out;
  for (const WpaEapText& each : eap.texts) out.push_back(each.key + "=" + each.value);
  return out;
}

WpaEap read(std::initializer_list<WpaEapSetting> settings) {
  return read_wpa_eap(std::vector<WpaEapSetting>{settings});
}

TEST(WpaEap, IsReadAsNetworkManagerSendsIt) {
  const WpaEap eap = read({{"eap", "TTLS PEAP"},
                           {"identity", "alice"},
                           {"fragment_size", "1266"},
                           {"password", std::string_view{"\xff\x00"
                                                         "A",
                                                         3}},
                           {"ca_path", "/etc/ssl/certs"},
                           {"ca_path2", "/etc/ssl/certs"},
                           {"domain_suffix_match", "example.org;example.net"},
                           {"altsubject_match", "DNS:a;URI:b"},
                           {"client_cert", "blob://u-client_cert"},
                           {"private_key", "blob://u-private_key"},
                           {"private_key_passwd", "pin"},
                           {"phase1", "peapver=0 peaplabel=0 tls_disable_tlsv1_0=0"},
                           {"phase2", "auth=PAP"}});
  EXPECT_THAT(eap.refused, IsEmpty());
  EXPECT_THAT(texts(eap), ElementsAre("Method=ttls peap", "Identity=alice", "FragmentSize=1266", "CaCertificate=system",
                                      "ServerNameSuffix=example.org example.net", "ServerAlternativeName=DNS:a URI:b",
                                      "InnerMethod=pap", "MinimumTls=1.0"));
  ASSERT_EQ(eap.secrets.size(), 2U);
  EXPECT_EQ(eap.secrets[0].key, "Password");
  EXPECT_EQ(eap.secrets[0].octets.size(), 3U);
  EXPECT_EQ(eap.secrets[1].key, "PrivateKeyPassword");
  ASSERT_EQ(eap.blobs.size(), 2U);
  EXPECT_EQ(eap.blobs[0].key, "ClientCertificate");
  EXPECT_EQ(eap.blobs[1].name, "u-private_key");
  ASSERT_EQ(eap.left_out.size(), 1U);
  EXPECT_EQ(eap.left_out[0].from, "ca_path2");
}

TEST(WpaEap, EveryOptionIsMappedOrRefusedByName) {
  for (const WpaEapSetting& each : std::initializer_list<WpaEapSetting>{{"eap", "MD5"},
                                                                        {"eap", "LEAP SIM PSK FAST PWD"},
                                                                        {"phase1", "peapver=1"},
                                                                        {"phase1", "peaplabel=1"},
                                                                        {"phase1", "fast_provisioning=1"},
                                                                        {"phase2", "auth=OTP"},
                                                                        {"phase2", "auth=MD5"},
                                                                        {"phase2", "autheap=TLS"},
                                                                        {"ca_cert2", "/x"},
                                                                        {"client_cert2", "/x"},
                                                                        {"private_key2", "/x"},
                                                                        {"private_key2_passwd", "x"},
                                                                        {"domain_match2", "x"},
                                                                        {"pin", "1234"},
                                                                        {"engine", "1"},
                                                                        {"engine_id", "pkcs11"},
                                                                        {"pac_file", "/x"},
                                                                        {"ca_cert", "pkcs11:object=a"},
                                                                        {"subject_match", "/C=FI/CN=a"},
                                                                        {"client_cert", "relative"},
                                                                        {"identity", "\xff"},
                                                                        {"unknown", "x"}}) {
    const WpaEap eap = read({each});
    ASSERT_EQ(eap.refused.size(), 1U) << each.key << "=" << each.value;
    EXPECT_EQ(eap.refused[0].from, each.key);
    EXPECT_THAT(eap.refused[0].text, testing::StartsWith(std::string{each.key})) << each.key;
    EXPECT_THAT(eap.refused[0].text, testing::Not(testing::HasSubstr("1234")));
    EXPECT_THAT(eap.texts, IsEmpty());
  }
  EXPECT_FALSE(is_wpa_eap_key("mka_cak"));
}

TEST(WpaEap, ThePinOfATokenIsASecret) {
  const WpaEap eap = read({{"client_cert", "pkcs11:object=a"}, {"private_key", "pkcs11:object=b?pin-value=1%20%3f4"}});
  EXPECT_THAT(texts(eap), ElementsAre("ClientCertificate=pkcs11:object=a", "PrivateKey=pkcs11:object=b"));
  ASSERT_EQ(eap.secrets.size(), 1U);
  EXPECT_EQ(eap.secrets[0].key, "PrivateKeyPassword");
  EXPECT_EQ(eap.secrets[0].octets.view(), "1 ?4");
  EXPECT_THAT(read({{"private_key", "pkcs11:object=b?pin-value="}}).secrets, IsEmpty());
}

TEST(WpaEap, AMethodThatIsNotKnownBesideOneThatIsLeavesANote) {
  const WpaEap eap = read({{"eap", "PEAP MD5"}, {"phase2", "auth=MSCHAPV2"}});
  EXPECT_THAT(texts(eap), ElementsAre("Method=peap", "InnerMethod=eap-mschapv2"));
  ASSERT_EQ(eap.left_out.size(), 1U);
  EXPECT_THAT(eap.left_out[0].text, testing::HasSubstr("eap=MD5"));
}

TEST(WpaEap, VersionsOfTls) {
  const auto versions = [](std::string_view words) { return texts(read({{"phase1", words}})); };
  EXPECT_THAT(versions("tls_disable_tlsv1_3=1"), ElementsAre("MaximumTls=1.2"));
  EXPECT_THAT(versions("tls_disable_tlsv1_2=1"), ElementsAre("MinimumTls=1.3"));
  EXPECT_THAT(versions("tls_disable_tlsv1_0=1 tls_disable_tlsv1_1=1"), IsEmpty());
  EXPECT_THAT(versions("tls_disable_tlsv1_1=0 tls_disable_tlsv1_3=0"), ElementsAre("MinimumTls=1.1"));
  EXPECT_EQ(read({{"phase1", "tls_disable_tlsv1_2=1 tls_disable_tlsv1_3=1"}}).refused.size(), 1U);
}

TEST(WpaEap, CasAndPins) {
  EXPECT_THAT(texts(read({{"ca_cert", "/a b.pem"}, {"ca_path", "/folder/"}})),
              ElementsAre("CaCertificate=\"/a b.pem\" /folder"));
  const std::string pin(64, 'a');
  EXPECT_THAT(texts(read({{"ca_cert", "hash://server/sha256/" + pin}})), ElementsAre("ServerFingerprint=" + pin));
  EXPECT_THAT(texts(read({{"subject_match", "/CN=a"}})), ElementsAre("ServerSubject=CN=a"));
}

}  // namespace
}  // namespace macsec
