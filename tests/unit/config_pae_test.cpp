// SPDX-License-Identifier: LGPL-2.1-or-later
/// [8021X]: each key, each rule between them, and that secrets stay where they belong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/base64.hpp"
#include "engine/config/certificate_text.hpp"
#include "tests/unit/profile_reading.hpp"

namespace macsec {
namespace {

using test::expect_bad;
using test::good;
using test::read;
using test::told;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Texts = std::vector<std::string>;

const std::string link = "[Link]\nParent=eth0\n";  // lines 1 and 2
const std::string section = link + "[8021X]\n";    // line 3
const std::string trust = "CaCertificate=/ca.pem\nServerName=radius.example.org\n";
const std::string tls = section + "Method=tls\nClientCertificate=/host.pem\n" + trust;
const std::string peap = section + "Method=peap\nIdentity=alice\nPassword=secret word\n" + trust;
const std::string fallback = "[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\nRole=fallback\n";

EapProfile eap_of(const std::string& text) {
  Profile profile = good(text);
  return profile.pae ? std::move(profile.pae->eap) : EapProfile{};
}

TEST(Pae, DefaultsAreThoseOfTheType) {
  const Profile profile = good(tls);
  ASSERT_TRUE(profile.pae);
  EXPECT_TRUE(profile.keys.empty());
  EXPECT_EQ(profile.pae->role, PaeRole::supplicant);
  EXPECT_EQ(profile.pae->cak_length, CakLength::bits_128);
  EXPECT_EQ(profile.pae->cache, std::chrono::hours{1});
  EXPECT_EQ(profile.pae->held, std::chrono::minutes{1});
  EXPECT_EQ(profile.pae->reauthenticate, Duration{0});
  const EapProfile& eap = profile.pae->eap;
  EXPECT_THAT(eap.methods, ElementsAre(EapType::tls));
  EXPECT_TRUE(eap.validate_server);
  EXPECT_EQ(eap.minimum_tls, TlsVersion::tls_1_2);
  EXPECT_EQ(eap.maximum_tls, TlsVersion::tls_1_3);
  EXPECT_EQ(eap.fragment_size, 1266);
  EXPECT_EQ(eap.key_exchange, "auto");
  EXPECT_FALSE(good(link + "[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\n").pae);
}

TEST(Pae, EveryKeyArrives) {
  const ProfileReading reading = read(
      section +
      "Role=supplicant\nMethod=ttls, peap\nIdentity=alice@example.org\nAnonymousIdentity=@example.org\n"
      "InnerMethod=eap-mschapv2\nPasswordCredential=alice\n"
      "CaCertificate=/etc/ssl/lab ca.pem\nCaCertificate=\nCaCertificate=\"/etc/ssl/lab ca.pem\" /etc/ssl/certs/\n"
      "ServerName=a.example.org, b.example.org\nServerNameSuffix=example.org\nServerAlternativeName=URI:urn:a,b DNS:c\n"
      "ServerSubject=O=Example Org\nRevocation=crl-leaf\nRevocationList=/etc/ssl/a.crl\n"
      "ClientCertificate=/etc/ssl/host cert.p12\nPrivateKeyPasswordFile=/etc/ssl/pin\nMinimumTls=1.0\nMaximumTls=1.2\n"
      "TlsCiphers=HIGH:!aNULL\nKeyExchange=post-quantum\nLegacyRenegotiation=yes\nCheckCertificateTime=no\n"
      "SessionResumption=no\nCryptoBinding=required\nFragmentSize=100\nCakLength=auto\nUseEap=mka-fail\nCacheSec=0\n"
      "HeldSec=1h\nReauthenticateSec=10\nNid=guests\n" +
      fallback);
  EXPECT_THAT(told(reading), ElementsAre(HasSubstr("MinimumTls=1.0")));
  ASSERT_TRUE(reading.profile);
  const Profile& profile = *reading.profile;
  ASSERT_TRUE(profile.pae);
  const EapProfile& eap = profile.pae->eap;
  EXPECT_THAT(eap.methods, ElementsAre(EapType::ttls, EapType::peap));
  EXPECT_EQ(eap.identity, "alice@example.org");
  EXPECT_EQ(eap.anonymous_identity, "@example.org");
  EXPECT_EQ(eap.inner, EapInner::eap_mschapv2);
  EXPECT_EQ(eap.password.kind, EapSource::Kind::credential);
  EXPECT_EQ(eap.password.name, "alice");
  ASSERT_EQ(eap.ca_certificates.size(), 2U);
  EXPECT_EQ(eap.ca_certificates[0].name, "/etc/ssl/lab ca.pem");
  EXPECT_EQ(eap.ca_certificates[1].name, "/etc/ssl/certs");
  EXPECT_THAT(eap.server_names, ElementsAre("a.example.org", "b.example.org"));
  EXPECT_THAT(eap.server_name_suffixes, ElementsAre("example.org"));
  EXPECT_THAT(eap.server_alternative_names, ElementsAre("URI:urn:a,b", "DNS:c"));
  EXPECT_EQ(eap.server_subject, "O=Example Org");
  EXPECT_EQ(eap.revocation, Revocation::crl_leaf);
  ASSERT_EQ(eap.revocation_lists.size(), 1U);
  EXPECT_EQ(eap.client_certificate.name, "/etc/ssl/host cert.p12");
  EXPECT_EQ(eap.private_key_password.kind, EapSource::Kind::file);
  EXPECT_EQ(eap.minimum_tls, TlsVersion::tls_1_0);
  EXPECT_EQ(eap.maximum_tls, TlsVersion::tls_1_2);
  EXPECT_EQ(eap.tls_ciphers, "HIGH:!aNULL");
  EXPECT_EQ(eap.key_exchange, "post-quantum");
  EXPECT_TRUE(eap.legacy_renegotiation);
  EXPECT_FALSE(eap.check_certificate_time);
  EXPECT_FALSE(eap.session_resumption);
  EXPECT_EQ(eap.crypto_binding, CryptoBinding::required);
  EXPECT_EQ(eap.fragment_size, 100);
  EXPECT_EQ(profile.pae->cak_length, CakLength::automatic);
  EXPECT_EQ(profile.pae->use_eap, UseEap::mka_fail);
  EXPECT_EQ(profile.pae->cache, Duration{0});
  EXPECT_EQ(profile.pae->held, std::chrono::hours{1});
  EXPECT_EQ(profile.pae->reauthenticate, std::chrono::seconds{10});
  EXPECT_EQ(profile.pae->nid, "guests");
  EXPECT_EQ(profile.keys.size(), 1U);
}

TEST(Pae, WrongValuesAreNamedWithTheirLine) {
  for (const std::string& line : Texts{"Method=md5",
                                       "Method=tls tls",
                                       "Identity=" + std::string(254, 'a'),
                                       "InnerMethod=MSCHAPV2",
                                       "CaCertificate=ca.pem",
                                       "CaCertificate=\"/unclosed",
                                       "ServerName=*.example.org",
                                       "ServerName=.example.org",
                                       "ServerAlternativeName=IP:10.0.0.1",
                                       "ServerFingerprint=abcd",
                                       "ValidateServer=maybe",
                                       "Revocation=ocsp",
                                       "ClientCertificate=host.pem",
                                       "PrivateKey=engine:x",
                                       "PrivateKeyCredential=a/b",
                                       "PrivateKey=handle:0x81000001",
                                       "PasswordFile=relative",
                                       "MinimumTls=1.4",
                                       "MaximumTls=ssl3",
                                       "LegacyRenegotiation=maybe",
                                       "CryptoBinding=yes",
                                       "FragmentSize=99",
                                       "FragmentSize=1491",
                                       "CakLength=192",
                                       "UseEap=always",
                                       "CacheSec=25h",
                                       "HeldSec=0",
                                       "HeldSec=2h",
                                       "ReauthenticateSec=9s",
                                       "Nid=" + std::string(101, 'n')}) {
    const std::string key = line.substr(0, line.find('='));
    expect_bad(tls + line + "\n", "a:8: " + key + "=");
  }
}

TEST(Pae, NobodyAuthenticatesWithoutKnowingTheServer) {
  const std::string bare = section + "Method=tls\nClientCertificate=/host.pem\n";
  expect_bad(bare, "a:3: CaCertificate= is required, or ServerFingerprint=");
  expect_bad(bare + "ValidateServer=no\n", "a:6: ValidateServer=no is not accepted: yes or insecure-no");
  EXPECT_FALSE(eap_of(bare + "ValidateServer=insecure-no\n").validate_server);
  expect_bad(tls + "ValidateServer=insecure-no\n", "a:8: ValidateServer=insecure-no excludes CaCertificate=");
  expect_bad(bare + "CaCertificate=system\n", "a:6: CaCertificate=system needs ServerName=");
  good(bare + "CaCertificate=system\nServerNameSuffix=example.org\n");
  expect_bad(bare + "CaCertificate=system\nServerSubject=CN=radius\n", "a:6: CaCertificate=system needs ServerName=");

  const ProfileReading nameless = read(bare + "CaCertificate=/ca.pem\n");
  EXPECT_TRUE(nameless.profile);
  EXPECT_THAT(told(nameless), ElementsAre(HasSubstr("a:6: CaCertificate= without ServerName=")));
  const std::string digits(64, 'a');
  EXPECT_THAT(eap_of(bare + "ServerFingerprint=" + digits + "\n").server_fingerprints, ElementsAre(digits));
  std::string colons = "AA";
  for (int i = 1; i < 32; ++i) colons += ":AA";
  EXPECT_THAT(eap_of(bare + "ServerFingerprint=" + colons + "\n").server_fingerprints, ElementsAre(digits));
}

TEST(Pae, APasswordGoesToNobodyUnknown) {
  const std::string open = section + "Method=ttls\nIdentity=a\nPassword=b\nValidateServer=insecure-no\n";
  for (const char* inner : {"pap", "chap", "eap-gtc"})
    expect_bad(open + "InnerMethod=" + inner + "\n",
               "a:7: ValidateServer=insecure-no is not accepted with InnerMethod=");
  good(open + "InnerMethod=mschapv2\n");
}

TEST(Pae, MethodsNeedTheirCredentials) {
  expect_bad(section + trust, "a:3: Method= is required: tls, peap or ttls");
  expect_bad(section + "Method=tls\n" + trust, "a:3: ClientCertificate= is required with Method=tls");
  good(section + "Method=tls\nPrivateKey=/host.p12\n" + trust);
  for (const std::string method : {"peap", "ttls", "tls peap"}) {
    const std::string said = section + "Method=" + method + "\nClientCertificate=/host.pem\n" + trust;
    expect_bad(said + "Password=b\n", "a:3: Identity= is required with Method=peap and ttls");
    expect_bad(said + "Identity=a\n", "a:3: one of Password=, PasswordFile= and PasswordCredential= is required");
    good(said + "Identity=a\nPassword=b\n");
  }
  expect_bad(peap + "PasswordFile=/x\n", "a:9: only one of Password=, PasswordFile= and PasswordCredential=");
  expect_bad(tls + "PrivateKey=/x\nPrivateKeyCredential=x\n", "a:9: only one of PrivateKey= and PrivateKeyCredential=");
  expect_bad(peap + "InnerMethod=pap\n", "a:9: InnerMethod=pap is not accepted with Method=peap");
  EXPECT_EQ(eap_of(tls + "PrivateKey=pkcs11:object=host;type=private\n").private_key.name,
            "pkcs11:object=host;type=private");
  expect_bad(section + "Method=tls\nPrivateKey=pkcs11:object=host\n" + trust,
             "a:5: ClientCertificate= is required with a private key in a token");
  const ProfileReading pin = read(tls + "PrivateKey=pkcs11:object=host?pin-value=1234\n");
  EXPECT_FALSE(pin.profile);
  EXPECT_THAT(told(pin),
              ElementsAre("a:8: PrivateKey=pkcs11:object=host? is not accepted: the absolute path of a file, or "
                          "a pkcs11: URI without a PIN"));
}

TEST(Pae, WhatExcludesOneAnother) {
  expect_bad(tls + "MinimumTls=1.3\nMaximumTls=1.2\n", "a:8: MinimumTls=1.3 is above MaximumTls=1.2");
  expect_bad(tls + "[StaticKeys]\nDirection=transmit\nKey=000102030405060708090a0b0c0d0e0f\n",
             "a:3: [8021X] and [StaticKeys] exclude each other");
  expect_bad(tls + "[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\n",
             "a:8: a [Key] beside [8021X] needs Role=fallback");
  good(tls + fallback);
  expect_bad(tls + "UseEap=never\n", "a:8: UseEap=never needs a [Key]");
  good(tls + "UseEap=never\n" + fallback);
  expect_bad(tls + "[MKA]\nDestination=01:80:c2:00:00:00\n", "a:9: Destination=01:80:c2:00:00:00 is not accepted");
  expect_bad(tls + "[MKA]\nEtherType=0x876f\n", "a:9: EtherType= other than 0x888e");
  expect_bad(tls + "Revocation=crl\n", "a:8: Revocation=crl needs RevocationList=");
  EXPECT_THAT(told(read(tls + "RevocationList=/a.crl\n")), ElementsAre(HasSubstr("a:8: RevocationList= is not read")));
}

// More would end the connection to macsec-eap for all profiles.
TEST(Pae, NoMoreThanMacsecEapTakes) {
  std::string names = "ServerName=";
  for (int i = 0; i < 997; ++i) names += "a ";
  good(tls + names + "b b\n");
  expect_bad(tls + names + "b b\nServerName=c\n", "a:9: ServerName= has 1001 entries: up to 1000 are accepted");

  std::vector<std::uint8_t> certificate(200'000);
  const std::array<std::uint8_t, 10> headers{0x30, 0x83, 3, 0x0d, 0x3b, 0x30, 0x83, 3, 0x0d, 0x34};
  std::ranges::copy(headers, certificate.begin());
  certificate[certificate.size() - 2] = 0x30;
  std::vector<ProfileSetting> settings{{.section = "Link", .key = "Parent", .value = "eth0"},
                                       {.section = "8021X", .key = "Method", .value = "tls"},
                                       {.section = "8021X", .key = "ClientCertificate", .value = "/host.pem"},
                                       {.section = "8021X", .key = "ServerName", .value = "radius.example.org"}};
  for (int i = 0; i < 20; ++i) settings.push_back({.section = "8021X", .key = "CaCertificate", .octets = certificate});
  EXPECT_TRUE(profile_from_settings("p", "o", ProfileSource::runtime, settings, {}));
  for (int i = 0; i < 2; ++i) settings.push_back({.section = "8021X", .key = "CaCertificate", .octets = certificate});
  const Result<Profile> profile = profile_from_settings("p", "o", ProfileSource::runtime, settings, {});
  ASSERT_FALSE(profile);
  EXPECT_THAT(profile.error().message, HasSubstr("octets: up to 4194304 are accepted"));
}

TEST(Pae, CnsaTakesALongCakOnly) {
  const std::string strong = tls + "[MKA]\nStrength=cnsa2\n[8021X]\n";
  expect_bad(strong, "a:3: CakLength=128 is not accepted with Strength=cnsa2: 256");
  expect_bad(strong + "CakLength=auto\n", "a:11: CakLength=auto is not accepted with Strength=cnsa2: 256");
  good(strong + "CakLength=256\n");
}

TEST(Pae, WhatIsMeantToBeAKeyIsNotQuoted) {
  for (const std::string wrong :
       {"MHcCAQEEIsecret", "data:application/pkcs8;base64,c2VjcmV0", "\"data:;base64,c2VjcmV0\""})
    expect_bad(tls + "PrivateKey=" + wrong + "\n", "a:8: PrivateKey=... is not accepted");
}

TEST(Pae, SecretsAreNeitherToldNorQuoted) {
  const Profile profile = good(peap +
                               "ClientCertificate=data:;base64,AAEC\nPrivateKey=data:;base64,c2VjcmV0\n"
                               "PrivateKeyPassword=secret pin\n");
  for (const ProfileText& one : profile_settings(profile, Defaults::include)) {
    const ProfileKey* const key = find_profile_key(one.section, one.key);
    ASSERT_NE(key, nullptr) << one.key;
    EXPECT_FALSE(key->secret) << one.key;
    EXPECT_THAT(one.value, testing::AllOf(Not(HasSubstr("secret")), Not(HasSubstr("c2Vj")))) << one.key;
  }
  for (const std::string& wrong : Texts{"PrivateKey=data:;base64,c2VjcmV0!", "Password=" + std::string(257, 's')}) {
    const ProfileReading reading = read(tls + wrong + "\n");
    EXPECT_FALSE(reading.profile);
    EXPECT_THAT(told(reading), Not(Contains(testing::AnyOf(HasSubstr("c2Vj"), HasSubstr("ssss")))));
  }
}

TEST(Pae, AFileReadsBackTheSame) {
  for (const std::string& text :
       {tls,
        peap + "CacheSec=90min\nHeldSec=61s\nReauthenticateSec=1h 2min 3s\n[MKA]\nRekeySec=1d 1h 1min 1s 1ms\n" +
            fallback,
        section + "Method=ttls\nIdentity=a b\nPassword=\"quoted\" and = and #\nInnerMethod=pap\n" +
            "CaCertificate=data:;base64,MAQwADAA \"/a b/c\" /it's\nServerSubject=O=x\n",
        tls + "PrivateKey=data:;base64,AP8=\nPrivateKeyPassword=pin\nServerAlternativeName=URI:x DNS:y\n"}) {
    const Profile profile = good(text);
    const WipedText file = profile_file(profile);
    EXPECT_TRUE(same_settings(profile, good(std::string{file.view()}))) << file.view();
  }
}

TEST(Pae, SecretsMayStay) {
  const Profile before = good(peap + "PrivateKey=data:;base64,AP8=\nPrivateKeyPassword=pin\n");
  std::vector<ProfileSetting> settings;
  const std::vector<ProfileText> shown = profile_settings(before);
  for (const ProfileText& one : shown)
    settings.push_back({.section = one.section, .instance = one.instance, .key = one.key, .value = one.value});
  ProfileContext context;
  EXPECT_FALSE(profile_from_settings("p", "", ProfileSource::runtime, settings, context));
  context.keep_secrets = &before;
  const Result<Profile> after = profile_from_settings("p", "", ProfileSource::runtime, settings, context);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(same_settings(before, *after));
}

TEST(Pae, AProgramGivesOctets) {
  const std::array<std::uint8_t, 4> octets{0, 255, 10, 128};
  const std::array<std::uint8_t, 6> certificate{0x30, 4, 0x30, 0, 0x30, 0};
  const std::vector<ProfileSetting> settings{{.section = "Link", .key = "Parent", .value = "eth0"},
                                             {.section = "8021X", .key = "Method", .value = "tls peap"},
                                             {.section = "8021X", .key = "Identity", .value = "a"},
                                             {.section = "8021X", .key = "Password", .octets = octets},
                                             {.section = "8021X", .key = "CaCertificate", .octets = certificate},
                                             {.section = "8021X", .key = "PrivateKey", .octets = octets}};
  const Result<Profile> profile = profile_from_settings("p", "o", ProfileSource::networkmanager, settings, {});
  ASSERT_TRUE(profile) << profile.error().message;
  const std::string_view expected{reinterpret_cast<const char*>(octets.data()), octets.size()};
  const EapProfile& eap = profile->pae->eap;
  ASSERT_EQ(eap.ca_certificates.size(), 1U);
  EXPECT_EQ(eap.ca_certificates.front().content.size(), certificate.size());
  for (const EapSource* one : {&eap.password, &eap.private_key}) {
    EXPECT_EQ(one->kind, EapSource::Kind::octets);
    EXPECT_EQ(one->content.view(), expected);
  }
  // No file can hold this password: it is left out instead of becoming something else.
  EXPECT_THAT(std::string{profile_file(*profile).view()}, Not(HasSubstr("Password=")));
}

// Everybody may read a profile's CAs.
TEST(Pae, OctetsOfACaAreCertificatesAndNothingElse) {
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nMAQwADAA\n-----END CERTIFICATE-----\n";
  const std::string key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  EXPECT_EQ(certificates_in(certificate + "subject=Lab\n" + key + certificate)->view(), certificate + certificate);
  const std::string list = "-----BEGIN X509 CRL-----\nMAQwADAA\n-----END X509 CRL-----\n";
  EXPECT_EQ(certificates_in(list)->view(), list);
  const std::string der{"\x30\x04\x30\x00\x30\x00", 6};
  EXPECT_EQ(certificates_in(der)->view(), der);
  const std::string pkcs8{"\x30\x05\x02\x01\x00\x30\x00", 7};
  const std::string encrypted{"\x30\x04\x30\x00\x04\x00", 6};
  for (const std::string& other : {key, std::string{"root:*:19000:0:99999:7:::\n"}, std::string{}, der + "x", pkcs8,
                                   encrypted, std::string{"-----BEGIN CERTIFICATE-----\nMAQw"}})
    EXPECT_FALSE(certificates_in(other)) << other;
}

TEST(Pae, APasswordIsKeptForWhomItWasMeantOnly) {
  const Profile before = good(peap);
  ProfileContext context;
  context.keep_secrets = &before;
  std::vector<ProfileSetting> settings;
  const std::vector<ProfileText> shown = profile_settings(before);
  for (const ProfileText& one : shown)
    settings.push_back({.section = one.section, .instance = one.instance, .key = one.key, .value = one.value});
  EXPECT_TRUE(profile_from_settings("p", "", ProfileSource::runtime, settings, context));
  for (ProfileSetting& one : settings)
    if (one.key == "CaCertificate") one.value = "/mine.pem";
  EXPECT_FALSE(profile_from_settings("p", "", ProfileSource::runtime, settings, context));
}

// Each of these lets another one than before take the server's place.
TEST(Pae, APasswordIsNotKeptWhereItsTunnelBecomesWeaker) {
  const Profile before =
      good(peap + "TlsCiphers=HIGH\nCryptoBinding=required\nRevocation=crl\nRevocationList=/a.crl\n");
  ProfileContext context;
  context.keep_secrets = &before;
  const std::vector<ProfileText> shown = profile_settings(before);
  const auto update = [&](std::string_view key, std::string_view value) {
    std::vector<ProfileSetting> settings;
    for (const ProfileText& one : shown)
      if (one.key != key)
        settings.push_back(
            {.section = one.section, .instance = one.instance, .key = one.key, .value = std::string_view{one.value}});
    if (!key.empty()) settings.push_back({.section = "8021X", .key = key, .value = value});
    const Result<Profile> after = profile_from_settings("p", "", ProfileSource::runtime, settings, context);
    return after ? std::string{} : after.error().message;
  };
  EXPECT_EQ(update("", ""), "");
  EXPECT_EQ(update("FragmentSize", "1000"), "");
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"MinimumTls", "1.0"},
                                                                  {"MaximumTls", "1.2"},
                                                                  {"TlsCiphers", "ALL:@SECLEVEL=0"},
                                                                  {"KeyExchange", "P-256"},
                                                                  {"LegacyRenegotiation", "yes"},
                                                                  {"CheckCertificateTime", "no"},
                                                                  {"CryptoBinding", "no"},
                                                                  {"Revocation", "crl-leaf"},
                                                                  {"RevocationList", "/b.crl"}})
    EXPECT_THAT(update(key, value), HasSubstr("one of Password=, PasswordFile= and PasswordCredential=")) << key;
}

TEST(Pae, AWeakTunnelIsSaid) {
  for (const char* weak : {"MinimumTls=1.0", "MinimumTls=1.1", "TlsCiphers=HIGH:@SECLEVEL=0"}) {
    const ProfileReading reading = read(tls + weak + "\n");
    EXPECT_TRUE(reading.profile);
    EXPECT_THAT(told(reading),
                ElementsAre(testing::StartsWith(std::string{"a:8: "} + weak + " lets in weak algorithms")))
        << weak;
  }
  EXPECT_THAT(told(read(tls + "MinimumTls=1.2\nTlsCiphers=HIGH\n")), IsEmpty());
}

TEST(Pae, AFingerprintExcludesRevocation) {
  const std::string pinned =
      section + "Method=tls\nClientCertificate=/host.pem\nServerFingerprint=" + std::string(64, 'a') + "\n";
  good(pinned + "Revocation=none\n");
  for (const char* way : {"ocsp-stapled", "ocsp-required", "crl\nRevocationList=/a", "crl-leaf\nRevocationList=/a"})
    expect_bad(pinned + "Revocation=" + way + "\n", "a:7: ");
}

TEST(Pae, AListHasSomethingInIt) {
  for (const char* empty : {"Method=,", "ServerFingerprint=,", "ServerName=,"})
    expect_bad(tls + empty + "\n", std::string{"a:8: "} + empty + " is not accepted");
}

TEST(Pae, AConnectionThatIsOnlyShownNeedsNoPassword) {
  std::vector<ProfileSetting> settings{{.section = "Link", .key = "Parent", .value = "eth0"},
                                       {.section = "Link", .key = "Enable", .value = "no"},
                                       {.section = "8021X", .key = "Method", .value = "peap"},
                                       {.section = "8021X", .key = "Identity", .value = "a"},
                                       {.section = "8021X", .key = "CaCertificate", .value = "/ca.pem"}};
  EXPECT_TRUE(profile_from_settings("p", "o", ProfileSource::networkmanager, settings, {}));
  EXPECT_FALSE(profile_from_settings("p", "o", ProfileSource::runtime, settings, {}));
  settings[1].value = "yes";
  EXPECT_FALSE(profile_from_settings("p", "o", ProfileSource::networkmanager, settings, {}));
}

TEST(Base64, IsRfc4648) {
  const std::array<std::pair<std::string_view, std::string_view>, 7> vectors{{{"", ""},
                                                                              {"f", "Zg=="},
                                                                              {"fo", "Zm8="},
                                                                              {"foo", "Zm9v"},
                                                                              {"foob", "Zm9vYg=="},
                                                                              {"fooba", "Zm9vYmE="},
                                                                              {"foobar", "Zm9vYmFy"}}};
  for (const auto& [text, digits] : vectors) {
    EXPECT_EQ(to_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}).view(), digits);
    const std::optional<WipedText> back = from_base64(digits);
    ASSERT_TRUE(back) << digits;
    EXPECT_EQ(back->view(), text);
  }
  for (const std::string_view wrong : {"Zg=", "Zg", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zm9v\n"})
    EXPECT_FALSE(from_base64(wrong)) << wrong;
}

}  // namespace
}  // namespace macsec
