// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/config/cipher_choice.hpp"
#include "engine/config/instant.hpp"
#include "tests/unit/profile_reading.hpp"

namespace macsec {
namespace {

using test::good;
using test::read;
using test::told;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Texts = std::vector<std::string>;

constexpr std::string_view cak_text = "000102030405060708090a0b0c0d0e0f";
const std::string link = "[Link]\nParent=eth0\n";
const std::string key = "[Key]\nCkn=0102\nCak=000102030405060708090a0b0c0d0e0f\n";

void expect_bad(const std::string& text, std::string_view words) {
  const ProfileReading reading = read(text);
  EXPECT_FALSE(reading.profile) << text;
  EXPECT_THAT(told(reading), testing::Contains(HasSubstr(std::string{words}))) << text;
}

TEST(Profile, DefaultsAreThoseOfTheType) {
  const Profile profile = good(link + key);
  EXPECT_EQ(profile.name, "p");
  EXPECT_EQ(profile.origin, "a");
  EXPECT_EQ(profile.link.parent, "eth0");
  EXPECT_EQ(profile.link.interface, "macsec0");
  EXPECT_EQ(profile.macsec.policy, Policy::must_secure);
  EXPECT_TRUE(profile.macsec.cipher_suites.empty());
  EXPECT_EQ(profile.mka.hello, std::chrono::seconds{2});
  ASSERT_EQ(profile.keys.size(), 1U);
  EXPECT_EQ(profile.keys[0].cak.size(), 16U);
  EXPECT_EQ(profile.keys[0].cak.expose()[15], 15U);
}

TEST(Profile, EveryKeyArrives) {
  const Profile p = good(
      "[Link]\nParent=eth1\nInterface=sec1\nPort=65534\nEnable=no\nCreate=no\nKeepConfiguration=remember\n"
      "[MACsec]\nEncrypt=no\nCipherSuites=gcm-aes-xpn-256, "
      "GCM-AES-128\nOffload=auto\nValidate=strict\nReplayWindow=off\n"
      "IncludeSci=no\nSingleCopyBroadcast=yes\nPolicy=should-secure\nConfidentialityOffset=0\n"
      "[MKA]\nPriority=0\nVersion=2\nRekeySec=1h\nRekeyPn=50%\nRekeyOnPeerLoss=yes\nHello=500ms\nDelayProtect=yes\n"
      "Strength=any\nKeyTolerance=90s\nKeyExpiry=cut\n"
      "IcvIndicator=yes\nDestination=01:80:c2:00:00:00\nEtherType=0x876f\n" +
      key +
      "[Key]\nCkn=aa\nCknPadding=yes\nRole=fallback\nNotBefore=2026-01-01\nNotAfter=2027-01-01T00:00:00Z\n"
      "Cak=000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n");
  EXPECT_EQ(p.link.interface, "sec1");
  EXPECT_EQ(p.link.port, 65534);
  EXPECT_FALSE(p.link.enabled);
  EXPECT_EQ(p.link.create, CreateChoice::no);
  EXPECT_EQ(p.link.keep_configuration, KeepConfiguration::remember);
  EXPECT_FALSE(p.macsec.encrypt);
  EXPECT_THAT(p.macsec.cipher_suites, ElementsAre(CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_128));
  EXPECT_EQ(p.macsec.offload, OffloadChoice::automatic);
  EXPECT_FALSE(p.macsec.replay_protect);
  EXPECT_FALSE(p.macsec.include_sci);
  EXPECT_TRUE(p.macsec.single_copy_broadcast);
  EXPECT_EQ(p.macsec.policy, Policy::should_secure);
  EXPECT_EQ(p.mka.priority, 0);
  EXPECT_EQ(p.mka.version, 2);
  EXPECT_EQ(p.mka.rekey, std::chrono::hours{1});
  EXPECT_EQ(p.mka.key_tolerance, std::chrono::seconds{90});
  EXPECT_EQ(p.mka.key_expiry, KeyExpiry::cut);
  EXPECT_EQ(p.mka.rekey_pn_percent, 50);
  EXPECT_TRUE(p.mka.rekey_on_peer_loss);
  EXPECT_EQ(p.mka.hello, std::chrono::milliseconds{500});
  EXPECT_TRUE(p.mka.delay_protect);
  EXPECT_TRUE(p.mka.icv_indicator);
  EXPECT_EQ(to_string(p.mka.destination), "01:80:c2:00:00:00");
  EXPECT_EQ(p.mka.ethertype, 0x876f);
  ASSERT_EQ(p.keys.size(), 2U);
  EXPECT_EQ(p.keys[1].ckn.size(), 32U);
  EXPECT_EQ(p.keys[1].cak.size(), 32U);
  EXPECT_EQ(p.keys[1].role, KeyRole::fallback);
  EXPECT_EQ(p.keys[1].not_before, 1767225600);
  EXPECT_EQ(p.keys[1].not_after, 1798761600);
}

TEST(Profile, TheDeviceCanBeWantedWithoutTheProfile) {
  for (const auto& [said, meant] :
       {std::pair{"always", CreateChoice::always}, {"1", CreateChoice::yes}, {"off", CreateChoice::no}})
    EXPECT_EQ(good(link + "Create=" + said + "\n" + key).link.create, meant) << said;
  const ProfileReading reading = read({link + "Create=sometimes\n" + key});
  EXPECT_FALSE(reading.profile);
  ASSERT_EQ(reading.diagnostics.size(), 1U);
  EXPECT_NE(reading.diagnostics[0].text.find("yes, no or always"), std::string::npos) << reading.diagnostics[0].text;
}

TEST(Profile, LaterAssignmentsWinAndEmptyOnesReset) {
  const ProfileReading reading =
      read({link + "Port=7\n[MACsec]\nCipherSuites=GCM-AES-128\n[MKA]\nPriority=1\nHello=1s\n" + key,
            "[MACsec]\nCipherSuites=\nCipherSuites=GCM-AES-256\n[MKA]\nPriority=2\nHello=\n[Link]\nPort=\n"});
  ASSERT_TRUE(reading.profile);
  EXPECT_THAT(reading.profile->macsec.cipher_suites, ElementsAre(CipherSuite::gcm_aes_256));
  EXPECT_EQ(reading.profile->mka.priority, 2);
  EXPECT_EQ(reading.profile->mka.hello, std::chrono::seconds{2});
  EXPECT_EQ(reading.profile->link.port, 1);
}

TEST(Profile, ErrorsNameFileLineValueAndWhatIsAccepted) {
  const ProfileReading reading = read({link + key, "[MKA]\nPriority=300\n"});
  EXPECT_FALSE(reading.profile);
  EXPECT_THAT(told(reading), ElementsAre("b:2: Priority=300 is not accepted: a number from 0 to 255"));
  EXPECT_EQ(reading.diagnostics[0].setting, "MKA.Priority");
}

TEST(Profile, SecretsAreNeverQuoted) {
  const ProfileReading reading =
      read(link + "[Key]\nCkn=01\nCak=00112233zz\nCka=00112233zz\n00112233zz00112233zz=00112233zz\n");
  EXPECT_FALSE(reading.profile);
  EXPECT_THAT(told(reading),
              ElementsAre("a:5: Cak= is not accepted: 32 or 64 hexadecimal digits",
                          "a:6: unknown key Cka= in [Key], did you mean Cak=?", testing::Not(HasSubstr("="))));
}

TEST(Profile, UnknownNamesAreWarnings) {
  const ProfileReading reading =
      read(link + "Prot=2\nPriority=1\nX-Note=1\n[Macsec]\nEncrypt=no\n[X-Other]\nfoo=bar\n" + key);
  ASSERT_TRUE(reading.profile);
  EXPECT_TRUE(reading.profile->macsec.encrypt);
  EXPECT_THAT(told(reading), ElementsAre("a:3: unknown key Prot= in [Link], did you mean Port=?",
                                         "a:4: unknown key Priority= in [Link], it belongs in [MKA]",
                                         "a:6: unknown section [Macsec], did you mean [MACsec]?"));
}

TEST(Profile, WrongValues) {
  for (const std::string_view line : {"[Link]\nPort=0",
                                      "[Link]\nPort=65535",
                                      "[Link]\nInterface=sixteen-letters.",
                                      "[Link]\nEnable=maybe",
                                      "[Link]\nParent=a/b",
                                      "[MACsec]\nCipherSuites=GCM-AES-512",
                                      "[MACsec]\nCipherSuites=GCM-AES-128 gcm-aes-128",
                                      "[MACsec]\nOffload=yes",
                                      "[MACsec]\nValidate=on",
                                      "[MACsec]\nReplayWindow=1073741824",
                                      "[MACsec]\nReplayWindow=-1",
                                      "[MACsec]\nPolicy=none",
                                      "[MACsec]\nConfidentialityOffset=30",
                                      "[MKA]\nPriority=256",
                                      "[MKA]\nVersion=4",
                                      "[MKA]\nRekeySec=999ms",
                                      "[MKA]\nRekeyPn=96",
                                      "[MKA]\nHello=3s",
                                      "[MKA]\nHello=100ms",
                                      "[MKA]\nDestination=00:00:00:00:00:00",
                                      "[MKA]\nDestination=x",
                                      "[MKA]\nEtherType=0x5ff",
                                      "[MKA]\nEtherType=65536"}) {
    const ProfileReading reading = read(link + key + std::string{line} + "\n");
    EXPECT_FALSE(reading.profile) << line;
  }
  for (const std::string_view line : {"Ckn=012", "Ckn=0g", "Cak=01", "Role=third", "NotAfter=2026-02-30",
                                      "CakFile=relative", "CakFile=/a\\b", "CakCredential=a/b"})
    EXPECT_FALSE(read(link + key + std::string{line} + "\n").profile) << line;
}

TEST(Profile, RekeyMayBeOff) {
  for (const std::string_view off : {"0", "off", "no", "0s"})
    EXPECT_EQ(good(link + key + "[MKA]\nRekeySec=" + std::string{off}).mka.rekey, Duration{0});
  EXPECT_EQ(good(link + key + "[MKA]\nRekeySec=30").mka.rekey, std::chrono::seconds{30});
}

TEST(Profile, WhatMustHoldBetweenKeys) {
  expect_bad(key, "[Link] Parent= is required");
  expect_bad(link, "no keys");
  expect_bad(link + "Interface=eth0\n" + key, "are the same interface");
  expect_bad(link + key + key, "a:7: Ckn=0102 names an earlier key already");
  expect_bad(link + "[Key]\nCkn=01\n", "a:3: one of Cak=, CakFile= and CakCredential= is required");
  expect_bad(link + key + "CakFile=/x\n", "only one of");
  expect_bad(link + "[Key]\nCak=000102030405060708090a0b0c0d0e0f\n", "Ckn= is required");
  expect_bad(link + key + "NotBefore=2026-01-02\nNotAfter=2026-01-02\n", "a:7: NotAfter= is not after NotBefore=");
  expect_bad(link + key + "Role=fallback\n", "one must be primary");
  expect_bad(link + key + "[MACsec]\nEndStation=yes\nIncludeSci=yes\n", "excludes");
  expect_bad(link + key + "[MACsec]\nEndStation=yes\nSingleCopyBroadcast=yes\n", "exclude each other");
  expect_bad(link + key + "[MACsec]\nEndStation=yes\n[Link]\nPort=2\n", "needs Port=1");
  expect_bad(link + key + "[StaticKeys]\nDirection=transmit\nKey=000102030405060708090a0b0c0d0e0f\n",
             "exclude each other");
  EXPECT_FALSE(good(link + key + "[MACsec]\nEndStation=yes\n").macsec.include_sci);
}

TEST(Profile, CheckingWithMustSecureIsTold) {
  const ProfileReading reading = read(link + key + "[MACsec]\nValidate=check\n");
  EXPECT_TRUE(reading.profile);
  ASSERT_EQ(reading.diagnostics.size(), 1U);
  EXPECT_EQ(reading.diagnostics[0].severity, Severity::warning);
}

const std::string transmit = "[StaticKeys]\nDirection=transmit\nAn=1\nKeyId=01\nKey=000102030405060708090a0b0c0d0e0f\n";
const std::string receive =
    "[StaticKeys]\nDirection=receive\nPeer=02:00:00:00:00:02\nPort=5\nPacketNumber=100\nKey="
    "100102030405060708090a0b0c0d0e0f\n";

TEST(Profile, StaticKeys) {
  const Profile p = good(link + transmit + receive);
  EXPECT_THAT(p.macsec.cipher_suites, ElementsAre(CipherSuite::gcm_aes_128));
  ASSERT_EQ(p.static_keys.size(), 2U);
  EXPECT_TRUE(p.static_keys[0].transmit);
  EXPECT_EQ(p.static_keys[0].an, An{1});
  EXPECT_EQ(p.static_keys[0].key_id[0], 1U);
  EXPECT_EQ(p.static_keys[0].packet_number, 1U);
  EXPECT_EQ(to_string(p.static_keys[1].peer), "0200000000020005");
  EXPECT_EQ(p.static_keys[1].packet_number, 100U);

  const std::string xpn = "[MACsec]\nCipherSuites=GCM-AES-XPN-128\n";
  const std::string more = "Ssci=1\nSalt=000102030405060708090a0b\n";
  EXPECT_EQ(good(link + xpn + transmit + more).static_keys[0].salt.size(), 12U);
  expect_bad(link + xpn + transmit, "Ssci= and Salt= are required for GCM-AES-XPN-128");
  expect_bad(link + transmit + more, "Ssci= and Salt= are not for GCM-AES-128");
}

TEST(Profile, StaticKeysThatCannotWork) {
  expect_bad(link + receive, "no [StaticKeys] section has Direction=transmit");
  expect_bad(link + transmit + transmit, "An=1 is taken by an earlier section");
  expect_bad(link + transmit + transmit + "An=2\n", "the key is that of an earlier");
  expect_bad(link + transmit + "Peer=02:00:00:00:00:02\n", "for Direction=receive only");
  expect_bad(link + transmit + "[StaticKeys]\nDirection=receive\nKey=000102030405060708090a0b0c0d0e0f\n",
             "Peer= is required");
  expect_bad(link + transmit + "PacketNumber=4294967296\n", "PacketNumber= is at most");
  expect_bad(link + "[MACsec]\nCipherSuites=GCM-AES-256\n" + transmit, "takes keys of 64 hexadecimal digits");
  expect_bad(link + "[MACsec]\nPolicy=should-secure\n" + transmit, "has no meaning with [StaticKeys]");
}

TEST(Profile, StaticKeysStayInSoftware) {
  for (const std::string offload : {"mac", "phy", "auto"}) {
    const std::string said = "[MACsec]\nOffload=" + offload + "\n";
    expect_bad(link + said + transmit, "a:4: Offload=" + offload + " excludes [StaticKeys], only off is accepted");
    good(link + said + key);
  }
  EXPECT_EQ(good(link + "[MACsec]\nOffload=off\n" + transmit).macsec.offload, OffloadChoice::off);
  EXPECT_EQ(good(link + transmit).macsec.offload, OffloadChoice::off);
}

TEST(Profile, NamesAreChecked) {
  EXPECT_TRUE(is_profile_name("uplink-1.2@x:+_"));
  for (const std::string_view bad : {"", ".x", "a b", "a/b", "ü"}) EXPECT_FALSE(is_profile_name(bad));
  EXPECT_FALSE(is_profile_name(std::string(65, 'a')));
  std::vector<IniDocument> documents;
  documents.push_back(IniDocument::parse("a b", WipedText{link + key}));
  EXPECT_FALSE(read_profile("a b", documents, {}).profile);
}

TEST(Settings, BuildTheSameProfileAsAFile) {
  const std::array<std::uint8_t, 2> ckn{1, 2};
  std::array<std::uint8_t, 16> cak{};
  for (std::size_t i = 0; i < cak.size(); ++i) cak[i] = static_cast<std::uint8_t>(i);
  const std::vector<ProfileSetting> settings{{.section = "Key", .instance = 3, .key = "Ckn", .octets = ckn},
                                             {.section = "Link", .key = "Parent", .value = "eth0"},
                                             {.section = "Key", .instance = 3, .key = "Cak", .octets = cak}};
  const Result<Profile> profile = profile_from_settings("p", "uuid", ProfileSource::networkmanager, settings, {});
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->origin, "uuid");
  EXPECT_EQ(profile->source, ProfileSource::networkmanager);
  EXPECT_TRUE(same_settings(*profile, good(link + key)));
}

TEST(Settings, ErrorsNameTheSection) {
  const std::vector<ProfileSetting> settings{{.section = "Link", .key = "Parent", .value = "eth0"},
                                             {.section = "Key", .instance = 0, .key = "Ckn", .value = "01"},
                                             {.section = "Key", .instance = 0, .key = "Cak", .value = cak_text},
                                             {.section = "Key", .instance = 1, .key = "Ckn", .value = "zz"},
                                             {.section = "Key", .instance = 1, .key = "Cak", .value = "secret"},
                                             {.section = "MKA", .key = "Prority", .value = "1"},
                                             {.section = "MAKsec", .key = "a", .value = "1"},
                                             {.section = "MAKsec", .key = "b", .value = "1"}};
  const ProfileReading reading = read_settings("p", "o", ProfileSource::runtime, settings, {});
  EXPECT_FALSE(reading.profile);
  EXPECT_THAT(told(reading), ElementsAre("unknown section [MAKsec], did you mean [MACsec]?",
                                         "[Key #2] Ckn=zz is not accepted: 2 to 64 hexadecimal digits, two an octet",
                                         "[Key #2] Cak= is not accepted: 32 or 64 hexadecimal digits",
                                         "[MKA] unknown key Prority=, did you mean Priority=?"));
  EXPECT_EQ(reading.diagnostics[1].setting, "Key.Ckn");
  EXPECT_EQ(profile_from_settings("p", "o", ProfileSource::runtime, {}, {}).error().message,
            "[Link] Parent= is required: the name of the interface that carries the secured frames");
}

TEST(Settings, AreToldWithoutSecretsAndDefaults) {
  const Profile profile = good(link + "[MKA]\nPriority=7\nRekeyPn=75\n" + key + "Role=primary\n");
  EXPECT_EQ(profile_settings(profile),
            (std::vector<ProfileText>{
                {"Link", 0, "Parent", "eth0"}, {"MKA", 0, "Priority", "7"}, {"Key", 0, "Ckn", "0102"}}));
  for (const ProfileText& one : profile_settings(profile, Defaults::include)) {
    const ProfileKey* known = find_profile_key(one.section, one.key);
    ASSERT_NE(known, nullptr) << one.key;
    EXPECT_FALSE(known->secret);
    EXPECT_TRUE(check_profile_value(*known, one.value)) << one.key << "=" << one.value;
  }
}

TEST(Settings, AFileReadsBackTheSame) {
  const std::string xpn = "[MACsec]\nCipherSuites=GCM-AES-XPN-128\nReplayWindow=off\n";
  const std::string more = "Ssci=1\nSalt=000102030405060708090a0b\n";
  for (const std::string& text :
       {link + key +
            "NotAfter=2030-01-01\n[MKA]\nRekeySec=1h\nHello=750ms\nEtherType=0x876f\n[Key]\nCkn=aa\nCknPadding=yes\n"
            "Cak=000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\nRole=fallback\n",
        link + transmit + receive, link + xpn + transmit + more, link + "[MACsec]\nEndStation=yes\n" + key}) {
    const Profile profile = good(text);
    const WipedText file = profile_file(profile);
    EXPECT_TRUE(same_settings(profile, good(std::string{file.view()}))) << file.view();
  }
}

TEST(Settings, SecretsMayStay) {
  const Profile before = good(link + key);
  const std::vector<ProfileSetting> settings{{.section = "Link", .key = "Parent", .value = "eth0"},
                                             {.section = "Key", .key = "Ckn", .value = "0102"}};
  ProfileContext context;
  EXPECT_FALSE(profile_from_settings("p", "", ProfileSource::runtime, settings, context));
  context.keep_secrets = &before;
  const Result<Profile> after = profile_from_settings("p", "", ProfileSource::runtime, settings, context);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(same_settings(before, *after));
}

TEST(SameSettings, WhereAKeyWasReadFromIsNoDifference) {
  const Profile one = good(link + key);
  Profile other = good(link + key);
  other.name = "other";
  other.keys[0].origin.file = "/etc/macsecd/other.cak";
  EXPECT_TRUE(same_settings(one, other));
  EXPECT_EQ(one.keys[0], other.keys[0]);
  other.keys[0].not_after = 1;
  EXPECT_FALSE(same_settings(one, other));
}

TEST(Profile, EtherTypesThatNeverArriveAreRefused) {
  for (const std::string type : {"0x88e5", "0x8100", "0x88A8", "0x8808", "34916"})
    if (type == "34916")
      EXPECT_EQ(good(link + key + "[MKA]\nEtherType=" + type + "\n").mka.ethertype, 34916);
    else
      expect_bad(link + key + "[MKA]\nEtherType=" + type + "\n", "EtherType=" + type + " is not accepted: any but ");
}

TEST(Profile, CnsaRefusesWhatIsWeakerWithItsLine) {
  const std::string strong = link + "[MKA]\nStrength=cnsa2\n";
  const std::string long_key = "Cak=000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n";
  const auto told_of = [&](const std::string& text) { return told(read({strong + text}, {})); };
  const std::string good_key = "[Key]\nCkn=0a\n" + long_key;
  EXPECT_THAT(told_of(good_key), IsEmpty());
  EXPECT_THAT(told_of(key),
              ElementsAre("a:5: a CAK of 128 bit is not accepted with Strength=cnsa2: 64 hexadecimal digits"));
  EXPECT_THAT(told_of(good_key + "[Key]\nCkn=0b\nRole=fallback\nCak=" + std::string{cak_text} + "\n"),
              ElementsAre(HasSubstr("a:8: a CAK of 128 bit is not accepted")));
  for (const char* weak : {"Encrypt=no", "Validate=check", "Validate=disabled", "Policy=should-secure",
                           "CipherSuites=GCM-AES-128", "CipherSuites=GCM-AES-256 GCM-AES-XPN-128"})
    EXPECT_THAT(told_of(good_key + "[MACsec]\n" + weak + "\n"),
                testing::Contains(testing::AllOf(HasSubstr("a:9: "), HasSubstr("is not accepted with Strength=cnsa2"))))
        << weak;
  EXPECT_THAT(told_of("[StaticKeys]\nDirection=transmit\nKey=000102030405060708090a0b0c0d0e0f\n"),
              ElementsAre(HasSubstr("a:5: a key of 128 bit is not accepted")));
  Profile profile;
  profile.mka.strength = Strength::cnsa2;
  EXPECT_THAT(cipher_preferences(profile, 0), ElementsAre(CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_256));
}

TEST(Profile, WithAKeySourceKeysMayComeLater) {
  const std::string source = "[KeySource]\nSource=metro-a\nRemoteId=SAE-B\n";
  const Profile waits = good(link + source);
  EXPECT_TRUE(waits.keys.empty());
  EXPECT_EQ(waits.key_source, (Profile::KeySource{.source = "metro-a", .remote_id = "SAE-B"}));
  const Profile p = good(
      link + source + "Initiator=no\nEvery=10s\nBits=128\n[Key]\nCkn=0a\nRole=fallback\nCak=" + std::string{cak_text});
  EXPECT_EQ(p.key_source->initiator, KeyInitiator::no);
  EXPECT_EQ(p.key_source->every, std::chrono::seconds{10});
  EXPECT_EQ(p.key_source->bits, 128);
  EXPECT_EQ(good(std::string{profile_file(p).view()}).key_source, p.key_source);

  expect_bad(link + "[KeySource]\nRemoteId=B\n", "a:3: Source= is required");
  expect_bad(link + "[KeySource]\nSource=a\n", "a:3: RemoteId= is required");
  for (const char* wrong : {"Source=../a", "RemoteId=a b", "Initiator=maybe", "Every=9s", "Every=off", "Bits=192"})
    expect_bad(link + source + wrong + "\n", "a:6: " + std::string{wrong} + " is not accepted: ");
  expect_bad(link + source + "[8021X]\nMethod=tls\nIdentity=a\nCaCertificate=/a\n",
             "a:3: [KeySource] and [8021X] exclude");
  expect_bad(link + source + "[StaticKeys]\nDirection=transmit\nKey=000102030405060708090a0b0c0d0e0f\n",
             "a:3: [KeySource] and [StaticKeys] exclude");
  expect_bad("[Link]\nParent=swp*\n" + source, "a:3: [KeySource] is not accepted with Parent=swp*");
  expect_bad(link + "[MKA]\nStrength=cnsa2\n" + source + "Bits=128\n",
             "a:8: Bits=128 is not accepted with Strength=cnsa2: 256");
}

TEST(Profile, CuttingAtTheLastKeysEndIsWarnedOf) {
  const auto warned = [](const std::string& text) { return told(read({link + text}, {})); };
  const std::string cut = "[MKA]\nKeyExpiry=cut\n";
  EXPECT_THAT(warned(cut + key + "NotAfter=@100\n"), ElementsAre(HasSubstr("KeyExpiry=cut ends the link")));
  EXPECT_THAT(warned(cut + key), IsEmpty());
  EXPECT_THAT(warned(cut + key +
                     "NotAfter=@100\n[Key]\nCkn=0f\nRole=fallback\n"
                     "Cak=000102030405060708090a0b0c0d0e0f\n"),
              IsEmpty());
}

TEST(Profile, ACheckTellsOfKeysThatAreOver) {
  const auto check = [](const std::string& text, std::int64_t now) {
    ProfileContext context;
    context.now = now;
    const ProfileReading reading = read({text}, context);
    EXPECT_TRUE(reading.profile);
    return told(reading);
  };
  const std::string second = "[Key]\nCkn=0103\nCak=000102030405060708090a0b0c0d0e0f\n";
  const std::string chain = link + key + "NotAfter=@100\n" + second + "NotBefore=@200\nNotAfter=@300\n";
  EXPECT_THAT(check(chain, 99), IsEmpty());
  EXPECT_THAT(check(chain, 100),
              ElementsAre("a:3: no key is valid now: the next one becomes valid at 1970-01-01T00:03:20Z"));
  EXPECT_THAT(check(chain, 200), IsEmpty());
  EXPECT_THAT(check(chain, 300),
              ElementsAre("a:11: no key is valid now or later: the last one ended at 1970-01-01T00:05:00Z"));
  EXPECT_THAT(check(link + key, 300), IsEmpty());
  EXPECT_THAT(told(read(chain)), IsEmpty()) << "nobody asked";
}

TEST(SameSettings, SeesEveryDifference) {
  const Profile one = good(link + key);
  EXPECT_TRUE(same_settings(one, good(link + key)));
  for (const std::string_view line : {"[Link]\nEnable=no", "[Link]\nInterface=x", "[MACsec]\nEncrypt=no",
                                      "[MACsec]\nReplayWindow=0", "[MKA]\nPriority=1", "[MKA]\nDelayProtect=yes",
                                      "[MKA]\nEtherType=0x876f", "[Key]\nCkn=ff\nCak=000102030405060708090a0b0c0d0e0f"})
    EXPECT_FALSE(same_settings(one, good(link + key + std::string{line} + "\n"))) << line;
  EXPECT_FALSE(same_settings(one, good(link + "[Key]\nCkn=0102\nCak=000102030405060708090a0b0c0d0eff\n")));
}

TEST(ProfileKeys, AreWellFormed) {
  for (const ProfileKey& one : profile_keys()) {
    EXPECT_TRUE(is_profile_section(one.section));
    EXPECT_FALSE(one.accepts.empty() || one.fallback.empty() || one.help.empty()) << one.name;
    EXPECT_EQ(find_profile_key(one.section, one.name), &one) << one.name << ": defined twice";
  }
  EXPECT_EQ(nearest_profile_key("Key", "completely-different"), nullptr);
}

TEST(Instant, Forms) {
  EXPECT_EQ(parse_instant("1970-01-01"), 0);
  EXPECT_EQ(parse_instant("2026-01-31 12:30"), 1769862600);
  EXPECT_EQ(parse_instant("2026-01-31T12:30:15Z"), 1769862615);
  EXPECT_EQ(parse_instant("2026-01-31 12:30:15 UTC"), 1769862615);
  EXPECT_EQ(parse_instant("2026-01-31 UTC"), 1769817600);
  EXPECT_EQ(parse_instant("2026-01-31T13:30:15+01:00"), 1769862615);
  EXPECT_EQ(parse_instant("@1769862615"), 1769862615);
  EXPECT_EQ(format_instant(1769862615), "2026-01-31T12:30:15Z");
  for (const std::string_view bad : {"", "2026", "2026-1-1", "2026-02-29", "2026-01-01T25:00", "2026-01-01x", "@",
                                     "@1x", "1969-12-31", "2026-01-01T12", "2026-01-01 12:00+1:00", "2026-01-01 "})
    EXPECT_EQ(parse_instant(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace macsec
