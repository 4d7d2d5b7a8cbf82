// SPDX-License-Identifier: LGPL-2.1-or-later
/// [8021X] with Role=authenticator and [RadiusServer]: each key, each rule between them, and what becomes of the secrets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/config/profile_set.hpp"
#include "tests/temporary_directory.hpp"
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
using testing::StartsWith;
using Texts = std::vector<std::string>;

const std::string port = "[Link]\nParent=eth0\n[8021X]\nRole=authenticator\n";              // lines 1 to 4
const std::string server = "[RadiusServer]\nAddress=192.0.2.1\nSecret=0123456789abcdef\n";  // three lines

TEST(AccessPort, DefaultsAreThoseOfTheManualPage) {
  const Profile profile = good(port + server);
  ASSERT_TRUE(profile.pae);
  EXPECT_EQ(profile.pae->role, PaeRole::authenticator);
  EXPECT_EQ(profile.pae->reauthenticate, std::chrono::hours{1});
  EXPECT_EQ(profile.pae->quiet, std::chrono::minutes{1});
  EXPECT_EQ(profile.pae->server_dead, std::chrono::hours{24});
  EXPECT_EQ(profile.pae->nas_identifier, "");
  ASSERT_EQ(profile.pae->servers.size(), 1U);
  const RadiusServer& one = profile.pae->servers.front();
  EXPECT_EQ(one.address, "192.0.2.1");
  EXPECT_EQ(one.port, 1812);
  EXPECT_EQ(one.accounting_port, 1813);
  EXPECT_EQ(one.transport, RadiusTransport::udp);
  EXPECT_EQ(one.timeout, std::chrono::seconds{30});
  EXPECT_EQ(one.retry, std::chrono::seconds{2});
  EXPECT_EQ(one.secret.content.view(), "0123456789abcdef");
}

TEST(AccessPort, EveryKeyArrivesAndServersKeepTheirOrder) {
  const Profile profile = good(
      "[RadiusServer]\nAddress=2001:DB8:0:0::1\nSecret=the secret of one\nTransport=udp\nPort=1645\nAccountingPort=0\n"
      "TimeoutSec=5min\nRetrySec=100ms\n" +
      port +
      "NasIdentifier=port 1\nQuietSec=1h\nServerDeadSec=0\nReauthenticateSec=0\nCakLength=256\n"
      "[RadiusServer]\nAddress=192.0.2.1\nSecret=the secret of two\n");
  ASSERT_TRUE(profile.pae);
  EXPECT_EQ(profile.pae->nas_identifier, "port 1");
  EXPECT_EQ(profile.pae->quiet, std::chrono::hours{1});
  EXPECT_EQ(profile.pae->server_dead, Duration{0});
  EXPECT_EQ(profile.pae->reauthenticate, Duration{0});
  EXPECT_EQ(profile.pae->cak_length, CakLength::bits_256);
  ASSERT_EQ(profile.pae->servers.size(), 2U);
  const RadiusServer& one = profile.pae->servers.front();
  EXPECT_EQ(one.address, "2001:db8::1");
  EXPECT_EQ(one.port, 1645);
  EXPECT_EQ(one.accounting_port, 0);
  EXPECT_EQ(one.timeout, std::chrono::minutes{5});
  EXPECT_EQ(one.retry, std::chrono::milliseconds{100});
  EXPECT_EQ(profile.pae->servers.back().secret.content.view(), "the secret of two");
}

TEST(AccessPort, WrongValuesAreNamedWithTheirLine) {
  for (const std::string line :
       {"Address=radius.example.org", "Address=192.0.2", "Address=0.0.0.0", "Address=::", "Address=224.0.0.1",
        "Address=ff02::1", "Address=fe80::1%eth0", "Port=0", "Port=65536", "AccountingPort=-1", "Transport=tcp",
        "SecretFile=/directory/", "TimeoutSec=0", "TimeoutSec=6min", "RetrySec=10ms"})
    expect_bad(port + server + line + "\n", "a:8: " + line + " is not accepted: ");
  // What is no name may be the secret.
  for (const std::string& key : Texts{"SecretFile", "SecretCredential"})
    expect_bad(port + server + key + "=se/cret\n", "a:8: " + key + "=... is not accepted: ");
  expect_bad(port + server + "Address=radius.example.org\n",
             "a:8: Address=radius.example.org is not accepted: an IPv4 or IPv6 address of one host; host names are not "
             "resolved");
  for (const std::string& line : Texts{"QuietSec=0", "QuietSec=2h", "ServerDeadSec=31d", "ReauthenticateSec=9s",
                                       "NasIdentifier=" + std::string(254, 'n')})
    expect_bad(port + line + "\n" + server, "a:5: " + line.substr(0, line.find('=')) + "=");
}

const std::string over_tls =
    "[RadiusServer]\nAddress=192.0.2.1\nTransport=tls\nClientCertificate=/c\nCaCertificate=/ca\nServerName=r.example\n";

TEST(AccessPort, OverTlsCertificatesTakeThePlaceOfTheSecret) {
  const Profile profile = good(port + over_tls + "ServerFingerprint=" + std::string(64, 'a') + "\nPrivateKey=/k\n");
  const RadiusServer& one = profile.pae->servers.front();
  EXPECT_EQ(one.transport, RadiusTransport::tls);
  EXPECT_EQ(one.port, 2083);
  EXPECT_EQ(one.secret.content.view(), "radsec");
  EXPECT_FALSE(one.secret.said());
  ASSERT_EQ(one.ca_certificates.size(), 1U);
  EXPECT_EQ(one.ca_certificates[0].name, "/ca");
  EXPECT_EQ(one.server_names, std::vector<std::string>{"r.example"});
  EXPECT_EQ(one.server_fingerprints, std::vector<std::string>{std::string(64, 'a')});
  EXPECT_EQ(one.client_certificate.name, "/c");
  EXPECT_EQ(one.private_key.name, "/k");
  EXPECT_EQ(one.duplicate(), one);
  EXPECT_EQ(good(port + over_tls + "Port=1\n").pae->servers.front().port, 1);
  const RadiusServer by_credential =
      good(port + over_tls + "PrivateKeyCredential=k\n").pae->servers.front().duplicate();
  EXPECT_EQ(by_credential.private_key.kind, EapSource::Kind::credential);
}

TEST(AccessPort, WhatTlsNeedsAndWhatIsForItOnly) {
  const std::string bare = "[RadiusServer]\nAddress=192.0.2.1\nTransport=tls\n";
  expect_bad(port + bare + "CaCertificate=/ca\nServerName=r\n",
             "a:5: ClientCertificate= is required with Transport=tls");
  expect_bad(port + bare + "ClientCertificate=/c\n",
             "a:5: CaCertificate= is required with Transport=tls, or ServerFingerprint=");
  expect_bad(port + bare + "ClientCertificate=/c\nCaCertificate=system\n",
             "a:9: CaCertificate=system needs ServerName=");
  expect_bad(port + bare + "ClientCertificate=/c\nCaCertificate=pkcs11:a\nServerName=r\n",
             "a:9: CaCertificate=pkcs11:a is not accepted");
  EXPECT_THAT(told(read(port + bare + "ClientCertificate=/c\nCaCertificate=/ca\n")),
              Contains(StartsWith("a:9: CaCertificate= without ServerName=")));
  expect_bad(port + over_tls + "Secret=radsec\n", "a:11: Secret= is not for Transport=tls");
  expect_bad(port + over_tls + "PrivateKey=/k\nPrivateKeyCredential=k\n", "a:12: ");
  for (const std::string& line : Texts{"CaCertificate=/ca", "ServerName=r", "ClientCertificate=/c", "PrivateKey=/k",
                                       "PrivateKeyCredential=k", "ServerFingerprint=" + std::string(64, 'a')})
    expect_bad(port + server + line + "\n", "a:8: " + line.substr(0, line.find('=')) + "= is for Transport=tls only");
}

TEST(AccessPort, WhatItNeedsAndWhatExcludesIt) {
  expect_bad(port, "a:4: Role=authenticator needs a [RadiusServer]");
  expect_bad("[Link]\nParent=eth0\n[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\n" + server,
             "a:6: [RadiusServer] needs [8021X] with Role=authenticator");
  expect_bad(
      "[Link]\nParent=eth0\n[8021X]\nMethod=tls\nClientCertificate=/c\nCaCertificate=/ca\nServerName=r\n" + server,
      "a:8: [RadiusServer] needs [8021X] with Role=authenticator");
  expect_bad(port + server + "[StaticKeys]\nDirection=transmit\nKey=000102030405060708090a0b0c0d0e0f\n",
             "a:3: [8021X] and [StaticKeys] exclude each other");
  const std::string key = "[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\n";
  expect_bad(port + server + key, "a:8: a [Key] beside [8021X] needs Role=fallback");
  good(port + server + key + "Role=fallback\n");
  expect_bad(port + "[RadiusServer]\nSecret=0123456789abcdef\n", "a:5: Address= is required");
  expect_bad(port + server + server, "a:9: Address=192.0.2.1 with this Port= names an earlier server already");
  good(port + server + server + "Port=1645\n");
  expect_bad(port + server + "TimeoutSec=2s\n", "a:5: RetrySec= is not below TimeoutSec=");
  std::string many = port;
  for (int i = 1; i <= 9; ++i)
    many += "[RadiusServer]\nAddress=192.0.2." + std::to_string(i) + "\nSecret=0123456789abcdef\n";
  expect_bad(many, "a:29: at most 8 [RadiusServer] sections are accepted");
}

TEST(AccessPort, AKeyOfTheOtherEndIsRefusedWithItsRole) {
  for (const ProfileKey& key : profile_keys()) {
    if (key.section != "8021X") continue;
    const bool of_both = key.name == "Role" || key.name == "CakLength" || key.name == "ReauthenticateSec";
    const bool of_port = key.name == "NasIdentifier" || key.name == "QuietSec" || key.name == "ServerDeadSec";
    const std::string line = std::string{key.name} + "=1min\n";  // whether it is accepted does not matter here
    const Texts port_says = told(read(port + line + server));
    const std::string of_a_host = "a:5: " + std::string{key.name} + "= is for Role=supplicant only";
    EXPECT_EQ(std::ranges::find(port_says, of_a_host) != port_says.end(), !of_both && !of_port) << key.name;
    const Texts host_says = told(read("[Link]\nParent=eth0\n[8021X]\n" + line));
    EXPECT_EQ(std::ranges::find(host_says, "a:4: " + std::string{key.name} + "= is for Role=authenticator only") !=
                  host_says.end(),
              of_port)
        << key.name;
  }
}

class RadiusSecret : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text, mode_t mode = 0640) const {
    std::ofstream{path(name)} << text;
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  [[nodiscard]] ProfileReading reading(const std::string& line, bool credentials = true) const {
    ProfileContext context;
    if (credentials) context.credentials_directory = directory_.path().string();
    return read(port + "[RadiusServer]\nAddress=192.0.2.1\n" + line + "\n", context);
  }
  [[nodiscard]] std::string secret(const std::string& line) const {
    const ProfileReading out = reading(line);
    EXPECT_THAT(told(out), IsEmpty()) << line;
    return out.profile ? std::string{out.profile->pae->servers.front().secret.content.view()} : std::string{};
  }

  test::TemporaryDirectory directory_;
};

TEST_F(RadiusSecret, IsReadWithoutTheLineEndAfterIt) {
  put("one", "a secret with blanks \r\n");
  EXPECT_EQ(secret("SecretFile=" + path("one")), "a secret with blanks ");
  EXPECT_EQ(secret("SecretCredential=one"), "a secret with blanks ");
}

TEST_F(RadiusSecret, IsSaidOnceAndCanBeRead) {
  put("open", "0123456789abcdef", 0644);
  put("empty", "\n");
  put("long", std::string(257, 's'));
  put("good", std::string(256, 's'));
  const auto bad = [&](const std::string& line, const std::string& words, bool credentials = true) {
    const ProfileReading out = reading(line, credentials);
    EXPECT_FALSE(out.profile) << line;
    EXPECT_THAT(told(out), ElementsAre(StartsWith(words))) << line;
  };
  bad("", "a:5: one of Secret=, SecretFile= and SecretCredential= is required");
  bad("Secret=0123456789abcdef\nSecretFile=" + path("good"),
      "a:5: only one of Secret=, SecretFile= and SecretCredential= may be given");
  bad("SecretFile=" + path("open"), "a:7: SecretFile=" + path("open") + " is open to everybody");
  bad("SecretFile=" + path("none"), "a:7: SecretFile=" + path("none") + ": cannot read");
  bad("SecretFile=" + path("empty"), "a:7: SecretFile=" + path("empty") + " must hold 1 to 256 octets");
  bad("SecretFile=" + path("long"), "a:7: SecretFile=" + path("long") + " must hold 1 to 256 octets");
  bad("SecretCredential=good", "a:7: SecretCredential=good: the service was given no credentials", false);
  EXPECT_EQ(secret("SecretFile=" + path("good")).size(), 256U);
  const ProfileReading judged = [&] {
    ProfileContext context;
    context.without_keys = true;
    return read(port + "[RadiusServer]\nAddress=192.0.2.1\nSecretFile=/nowhere\n", context);
  }();
  EXPECT_TRUE(judged.profile);
}

TEST_F(RadiusSecret, AShortOneIsAWarning) {
  put("short", "123456789012345\n");
  for (const std::string& line : {std::string{"Secret=123456789012345"}, "SecretFile=" + path("short")}) {
    const ProfileReading out = reading(line);
    EXPECT_TRUE(out.profile);
    EXPECT_THAT(told(out), ElementsAre(testing::AllOf(StartsWith("a:7: Secret"), HasSubstr("shorter than 16 octets"),
                                                      Not(HasSubstr("123")))));
  }
}

TEST_F(RadiusSecret, IsNeitherToldNorQuotedAndReadsBack) {
  put("one", "0123456789abcdef");
  for (const std::string& said : {std::string{"Secret=hidden = # \"quoted\" word"}, "SecretFile=" + path("one")}) {
    const Profile profile = good(port + "ReauthenticateSec=0\n[RadiusServer]\nAddress=192.0.2.1\n" + said + "\n");
    for (const ProfileText& one : profile_settings(profile, Defaults::include))
      EXPECT_THAT(one.value, testing::AllOf(Not(HasSubstr("hidden")), Not(HasSubstr("0123")))) << one.key;
    const WipedText file = profile_file(profile);
    EXPECT_TRUE(same_settings(profile, good(std::string{file.view()}))) << file.view();
    EXPECT_THAT(std::string{file.view()}, testing::AllOf(HasSubstr(said), Not(HasSubstr("Method="))));
  }
  const ProfileReading wrong = read(port + server + "Secret=" + std::string(257, 's') + "\n");
  EXPECT_FALSE(wrong.profile);
  EXPECT_THAT(told(wrong), Not(Contains(HasSubstr("ssss"))));
}

TEST(AccessPort, ASecretStaysWithTheServerItWasSharedWith) {
  const Profile before = good(port + server + "[RadiusServer]\nAddress=192.0.2.2\nSecret=another of sixteen\n");
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
  for (ProfileSetting& one : settings)
    if (one.key == "Address" && one.instance == 1) one.value = "192.0.2.3";
  const Result<Profile> other = profile_from_settings("p", "", ProfileSource::runtime, settings, context);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("[RadiusServer #2] one of Secret=, SecretFile= and SecretCredential="));
}

TEST(AccessPort, KeepsItsServersWhenAKeyIsAdded) {
  const test::TemporaryDirectory directory;
  Profile base = good(port + "QuietSec=5s\nServerDeadSec=1h\nNasIdentifier=n\n" + server + "Port=1645\n");
  base.name = "p";
  std::filesystem::create_directory(directory.path() / "p.macsec.d");
  std::ofstream{directory.path() / "p.macsec.d/key-01.conf"}
      << "[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\nRole=fallback\n";
  ASSERT_EQ(::chmod((directory.path() / "p.macsec.d/key-01.conf").c_str(), 0640), 0);
  const std::string where = directory.path().string();
  const std::array<std::string_view, 1> directories{where};
  const auto shared = std::make_shared<const Profile>(std::move(base));
  const ProfileFile whole = with_key_files(directories, shared, {});
  ASSERT_TRUE(whole.profile);
  EXPECT_EQ(whole.profile->keys.size(), 1U);
  EXPECT_TRUE(whole.profile->pae == shared->pae);
}

}  // namespace
}  // namespace macsec
