// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/config/profile_keys.hpp"
#include "plugin/networkd/netdev.hpp"
#include "plugin/networkd/watcher.hpp"
#include "tests/temporary_directory.hpp"

namespace macsec::networkd {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string head = "[NetDev]\nName=macsec0\nKind=macsec\n";
const std::string key = "[X-MKA]\nCkn=01\nCakFile=/k\n";

class Networkd : public testing::Test {
 protected:
  Networkd() {
    for (const char* name : {"etc", "run", "lib"}) {
      fs::create_directory(root_ / name);
      directories_.push_back((root_ / name).string());
    }
  }
  Networkd(const Networkd&) = delete;
  Networkd& operator=(const Networkd&) = delete;

  void put(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream{root_ / name} << text;
  }
  Configuration load() { return load_configuration(directories_); }
  /// The one netdev of a file with this text.
  Netdev only(const std::string& text) {
    put("etc/a.netdev", text);
    Configuration all = load();
    EXPECT_THAT(all.netdevs, SizeIs(1));
    return all.netdevs.empty() ? Netdev{} : std::move(all.netdevs.front());
  }
  std::string path(const std::string& name) const { return (root_ / name).string(); }

  /// "Section.Key=value" of all settings.
  static std::vector<std::string> said(const Netdev& netdev) {
    std::vector<std::string> out;
    for (const Section& section : netdev.sections)
      for (const Setting& setting : section.settings)
        out.push_back(section.name + "." + setting.key + "=" + setting.value);
    return out;
  }
  static std::vector<std::string> errors(const Netdev& netdev) {
    std::vector<std::string> out;
    for (const Diagnostic& one : netdev.diagnostics)
      if (one.severity == Severity::error) out.push_back(std::to_string(one.line) + ": " + one.text);
    return out;
  }

  const test::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  std::vector<std::string> directories_;
};

TEST_F(Networkd, SaysWhatAProfileSays) {
  const Netdev netdev = only(head +
                             "Description=uplink\n[MACsec]\nPort=7\nEncrypt=yes\n[X-MKA]\nCkn=0102\nCakFile=/k\n"
                             "Priority=16\nPolicy=should-secure\nEnable=yes\n[X-MKA-Key]\nCkn=02\nCakCredential=c\n"
                             "Role=fallback\n");
  EXPECT_THAT(errors(netdev), IsEmpty());
  EXPECT_THAT(said(netdev), ElementsAre("Link.Interface=macsec0", "Link.Create=no", "Link.Enable=yes", "Link.Port=7",
                                        "MACsec.Policy=should-secure", "MACsec.CipherSuites=GCM-AES-128",
                                        "MACsec.Encrypt=yes", "MKA.Priority=16", "Key.Ckn=0102", "Key.CakFile=/k",
                                        "Key.Ckn=02", "Key.CakCredential=c", "Key.Role=fallback"));
  EXPECT_EQ(netdev.description, "uplink");
  EXPECT_THAT(load().key_files, ElementsAre("/k"));
}

TEST_F(Networkd, TakesTheKeyFromAnAuthentication) {
  const std::string eap =
      "[X-8021X]\nMethod=tls\nMethod=peap\nIdentity=a\nPasswordFile=/p\nCaCertificate=/ca.pem\nServerName=r\n"
      "ClientCertificate=/c.pem\n";
  const Netdev netdev = only(head + eap + "[X-MKA]\nPriority=200\n");
  EXPECT_THAT(errors(netdev), IsEmpty());
  EXPECT_THAT(said(netdev),
              ElementsAre("Link.Interface=macsec0", "Link.Create=no", "MACsec.CipherSuites=GCM-AES-128",
                          "MKA.Priority=200", "8021X.Method=tls peap", "8021X.Identity=a", "8021X.PasswordFile=/p",
                          "8021X.CaCertificate=/ca.pem", "8021X.ServerName=r", "8021X.ClientCertificate=/c.pem"));
  EXPECT_THAT(foresee(netdev, "eth0", {}), IsEmpty());

  const Netdev key_beside = only(head + eap + key);
  ProfileContext context;
  context.without_keys = true;
  const std::vector<Diagnostic> foreseen = foresee(key_beside, "eth0", context);
  ASSERT_THAT(foreseen, SizeIs(1));
  EXPECT_THAT(foreseen[0].text, HasSubstr("needs Role=fallback"));
  EXPECT_EQ(foreseen[0].line, 13U);
}

TEST_F(Networkd, SecretsOfAnAuthenticationAreElsewhere) {
  const std::string eap = "[X-8021X]\nMethod=tls\nClientCertificate=/c.pem\nCaCertificate=/ca.pem\nServerName=r\n";
  for (const std::string secret :
       {"Password=hidden", "PrivateKeyPassword=hidden", "PrivateKey=data:;base64,hidden=="}) {
    const Netdev netdev = only(head + eap + secret + "\n");
    EXPECT_THAT(errors(netdev), ElementsAre(testing::AllOf(HasSubstr("9: "), HasSubstr("is not accepted here"),
                                                           testing::Not(HasSubstr("hidden")))))
        << secret;
  }
  EXPECT_THAT(only(head + eap + "Metod=tls\n").diagnostics,
              ElementsAre(testing::Field(&Diagnostic::text, HasSubstr("is Method= meant?"))));
  for (const std::string section : {"X-8021x", "8021X", "X-802.1X"})
    EXPECT_THAT(only(head + key + "[" + section + "]\nMethod=tls\n").diagnostics,
                ElementsAre(testing::Field(&Diagnostic::text, HasSubstr("[X-8021X] or [X-RadiusServer] is accepted"))))
        << section;
}

TEST_F(Networkd, AnAccessPortAsksItsServersInOrder) {
  const std::string port = "[X-RadiusServer]\nAddress=192.0.2.1\nSecretFile=/one\n[X-8021X]\nRole=authenticator\n";
  const Netdev netdev = only(head + port + "[X-RadiusServer]\nAddress=192.0.2.2\nSecretCredential=two\n");
  EXPECT_THAT(netdev.diagnostics, IsEmpty());
  EXPECT_THAT(said(netdev),
              ElementsAre("Link.Interface=macsec0", "Link.Create=no", "MACsec.CipherSuites=GCM-AES-128",
                          "8021X.Role=authenticator", "RadiusServer.Address=192.0.2.1", "RadiusServer.SecretFile=/one",
                          "RadiusServer.Address=192.0.2.2", "RadiusServer.SecretCredential=two"));
  EXPECT_THAT(load().key_files, ElementsAre("/one"));
  const Netdev same = only(head + port + "[X-RadiusServer]\nSecretCredential=two\nAddress=192.0.2.1\n");
  ProfileContext context;
  context.without_keys = true;
  const std::vector<Diagnostic> foreseen = foresee(same, "eth0", context);
  ASSERT_THAT(foreseen, SizeIs(1));
  EXPECT_EQ(foreseen[0].line, 11U);
  const Netdev secret = only(head + port + "[X-RadiusServer]\nSecret=hidden\n");
  EXPECT_THAT(errors(secret), ElementsAre(testing::AllOf(HasSubstr("10: Secret= is not accepted here"),
                                                         testing::Not(HasSubstr("hidden")))));
  EXPECT_THAT(only(head + key + "[RadiusServer]\n").diagnostics,
              ElementsAre(testing::Field(&Diagnostic::text, HasSubstr("[X-RadiusServer] is accepted"))));
}

TEST_F(Networkd, LeavesOthersAlone) {
  put("etc/a.netdev", head);
  put("etc/b.netdev", "[NetDev]\nName=br0\nKind=bridge\n" + key);
  put("etc/c.netdev", "[NetDev]\nName=macsec1\nKind=macsec\n[MACsecTransmitAssociation]\nKeyId=01\nKey=00\n");
  put("etc/d.conf", head + key);
  put("etc/.e.netdev", head + key);
  const Configuration all = load();
  EXPECT_THAT(all.netdevs, IsEmpty());
  EXPECT_THAT(all.diagnostics, IsEmpty());
}

// The rules of systemd.syntax(7) as systemd-networkd 252 follows them.
TEST_F(Networkd, FollowsSystemdSyntax) {
  const Netdev netdev = only("# comment\n; comment\n" + head +
                             "[X-MKA]\n"
                             "  Ckn  =  01  \n"
                             "CakFile=/k\n"
                             "CipherSuites=GCM-AES-XPN-128 \\\n"
                             "# a comment inside\n"
                             "  GCM-AES-128\n"
                             "Priority=1\n"
                             "Priority=\n"
                             "RekeySec=60\n"
                             "RekeySec=90\n"
                             "[X-Other]\nFoo=bar\n"
                             "[X-MKA]\nReplayWindow=0\nX-Note=mine\n");
  EXPECT_THAT(errors(netdev), IsEmpty());
  EXPECT_THAT(said(netdev), ElementsAre("Link.Interface=macsec0", "Link.Create=no", "MACsec.CipherSuites=GCM-AES-128",
                                        "MACsec.ReplayWindow=0", "MKA.RekeySec=90", "Key.Ckn=01", "Key.CakFile=/k"));
}

TEST_F(Networkd, MergesDropInsByName) {
  put("lib/a.netdev", head + key);
  put("lib/a.netdev.d/20.conf", "[X-MKA]\nPriority=20\n");
  put("etc/a.netdev.d/10.conf", "[X-MKA]\nPriority=10\n");
  put("lib/a.netdev.d/30.conf", "[X-MKA]\nPriority=30\n");
  put("etc/a.netdev.d/30.conf", "");
  put("run/a.netdev.d/40.conf", "[X-MKA-Key]\nCkn=02\nCakFile=/l\n");
  put("run/a.netdev.d/50.txt", "[X-MKA]\nPriority=50\n");
  const Configuration all = load();
  ASSERT_THAT(all.netdevs, SizeIs(1));
  EXPECT_EQ(all.netdevs[0].path, path("lib/a.netdev"));
  EXPECT_THAT(said(all.netdevs[0]), Contains("MKA.Priority=20"));
  EXPECT_THAT(said(all.netdevs[0]), Contains("Key.Ckn=02"));
}

TEST_F(Networkd, StrongerFilesHideAndMask) {
  put("etc/a.netdev", "[NetDev]\nName=etc0\nKind=macsec\n" + key);
  put("lib/a.netdev", "[NetDev]\nName=lib0\nKind=macsec\n" + key);
  put("run/b.netdev", "");
  put("lib/b.netdev", "[NetDev]\nName=lib1\nKind=macsec\n" + key);
  fs::create_symlink("/dev/null", root_ / "etc/c.netdev");
  put("lib/c.netdev", "[NetDev]\nName=lib2\nKind=macsec\n" + key);
  const Configuration all = load();
  ASSERT_THAT(all.netdevs, SizeIs(1));
  EXPECT_EQ(all.netdevs[0].interface, "etc0");
}

// Links of a directory that cannot be read are not known to be gone.
TEST_F(Networkd, TellsOfDirectoriesThatItCannotRead) {
  put("lib/25.netdev", head + key);
  fs::create_symlink(root_ / "lib/25.netdev.d", root_ / "lib/25.netdev.d");
  const Configuration drop_ins = load();
  ASSERT_THAT(drop_ins.netdevs, SizeIs(1));
  ASSERT_FALSE(drop_ins.netdevs[0].usable()) << "what the drop-ins say is not known";
  EXPECT_EQ(drop_ins.netdevs[0].diagnostics[0].file, path("lib/25.netdev.d"));
  fs::remove(root_ / "lib/25.netdev.d");
  fs::remove(root_ / "etc");
  fs::create_symlink(root_ / "etc", root_ / "etc");
  const Configuration all = load();
  EXPECT_THAT(all.netdevs, SizeIs(1));
  ASSERT_THAT(all.diagnostics, SizeIs(1));
  EXPECT_EQ(all.diagnostics[0].file, path("etc"));
  EXPECT_EQ(all.diagnostics[0].severity, Severity::error);
}

TEST_F(Networkd, TheFirstFileHasTheName) {
  put("lib/10.netdev", "[NetDev]\nName=macsec0\nKind=dummy\n");
  put("etc/20.netdev", head + key);
  const Configuration all = load();
  EXPECT_THAT(all.netdevs, IsEmpty());
  ASSERT_THAT(all.diagnostics, SizeIs(1));
  EXPECT_EQ(all.diagnostics[0].file, path("etc/20.netdev"));
}

TEST_F(Networkd, RefusesAKeyInTheFileWithoutQuotingIt) {
  const Netdev netdev = only(head + "[X-MKA]\nCkn=01\nCak=00112233445566778899aabbccddeeff\n");
  ASSERT_THAT(errors(netdev), SizeIs(1));
  EXPECT_THAT(errors(netdev)[0], testing::StartsWith("6: Cak= "));
  for (const Diagnostic& one : netdev.diagnostics) EXPECT_THAT(one.text, testing::Not(HasSubstr("0011")));
  for (const std::string& one : said(netdev)) EXPECT_THAT(one, testing::Not(HasSubstr("0011")));
}

TEST_F(Networkd, QuotesNoKeyInThePlaceOfItsFile) {
  const std::string digits = "deadbeefdeadbeefdeadbeefdeadbeef";
  for (const char* setting : {"CakFile", "CakCredential"})
    EXPECT_THAT(errors(only(head + "[X-MKA]\nCkn=01\n" + setting + "=" + digits + "\n")),
                testing::AllOf(testing::Not(IsEmpty()), testing::Each(testing::Not(HasSubstr(digits)))))
        << setting;
}

TEST_F(Networkd, NamesTheLineOfAWrongValue) {
  put("etc/a.netdev.d/x.conf", "[X-MKA]\n\nPriority=300\n");
  const Netdev netdev = only(head + key + "Interface=foo\n");
  ASSERT_THAT(netdev.diagnostics, SizeIs(2));
  EXPECT_EQ(netdev.diagnostics[0].line, 7U);
  EXPECT_EQ(netdev.diagnostics[1].file, path("etc/a.netdev.d/x.conf"));
  EXPECT_EQ(netdev.diagnostics[1].line, 3U);
  EXPECT_EQ(netdev.diagnostics[1].setting, "MKA.Priority");
  EXPECT_FALSE(netdev.usable());
}

TEST_F(Networkd, WarnsOfUnknownKeysAndSections) {
  const Netdev netdev =
      only(head + key + "Prioriti=1\n[X-MKAKey]\nCkn=02\n[X-MKA-Key]\nCkn=03\nCakFile=/l\nPriority=3\n");
  EXPECT_TRUE(netdev.usable());
  EXPECT_THAT(netdev.diagnostics, SizeIs(3));
  EXPECT_THAT(netdev.diagnostics[0].text, HasSubstr("Priority="));
}

TEST_F(Networkd, ASectionThatLooksLikeOursIsNoSilence) {
  for (const std::string name : {"X-Mka", "MKA", "XMKA", "x-mka-key", "X-MACsec"}) {
    put("etc/a.netdev", head + "[" + name + "]\nCkn=01\nCakFile=/k\n");
    const Configuration all = load();
    EXPECT_THAT(all.netdevs, IsEmpty()) << name;
    // As a broken file: what it said before stays in use.
    ASSERT_TRUE(all.broken.contains(path("etc/a.netdev"))) << name;
    const std::vector<Diagnostic>& said = all.broken.at(path("etc/a.netdev"));
    ASSERT_THAT(said, SizeIs(1));
    EXPECT_EQ(said[0].line, 4U);
    EXPECT_THAT(said[0].text, HasSubstr("[" + name + "]: is [X-MKA] or [X-8021X] meant?"));
  }
  put("etc/a.netdev", "[NetDev]\nName=v0\nKind=vlan\n[MKA]\nx=1\n");
  EXPECT_THAT(load().broken, IsEmpty());
}

TEST_F(Networkd, OurSectionInAnotherKindIsAnError) {
  put("etc/a.netdev", "[NetDev]\nName=v0\nKind=vlan\n" + key);
  const Configuration all = load();
  ASSERT_TRUE(all.broken.contains(path("etc/a.netdev")));
  EXPECT_THAT(all.broken.at(path("etc/a.netdev"))[0].text, HasSubstr("Kind=vlan"));
  EXPECT_EQ(all.broken.at(path("etc/a.netdev"))[0].line, 4U);
}

TEST_F(Networkd, ForeseesWhatTheDaemonSays) {
  const auto told = [this](const std::string& text, bool without_keys) {
    ProfileContext context;
    context.without_keys = without_keys;
    std::vector<std::string> out;
    for (const Diagnostic& one : foresee(only(head + text), "eth0", context))
      if (one.severity == Severity::error) out.push_back(std::to_string(one.line) + ": " + one.text);
    return out;
  };
  EXPECT_THAT(told("[X-MKA]\nCknn=01\nCakFile=/k\n", true), ElementsAre(HasSubstr("Ckn= is required")));
  EXPECT_THAT(told("[X-MKA]\nCkn=01\nCakFile=" + path("none") + "\n", false),
              ElementsAre(testing::AllOf(testing::StartsWith("6: "), HasSubstr("cannot read"))));
  EXPECT_THAT(told("[X-MKA]\nCkn=01\nCakFile=" + path("none") + "\n", true), IsEmpty());
  EXPECT_THAT(told(key + "[X-MKA-Key]\nCkn=02\nCakFile=/l\n[X-MKA-Key]\nCkn=02\nCakFile=/m\n", true), SizeIs(1));
}

TEST_F(Networkd, RefusesWhatALinkOfNetworkdCannotDo) {
  EXPECT_THAT(errors(only(head + key + "CipherSuites=GCM-AES-256\n")), SizeIs(1));
  EXPECT_THAT(errors(only(head + key + "[MACsecTransmitAssociation]\nKeyId=01\n")), SizeIs(1));
  EXPECT_THAT(errors(only(head + "[MACsec]\nEncrypt=no\n" + key + "Encrypt=yes\n")), SizeIs(1));
  EXPECT_THAT(errors(only(head + "[X-MKA]\nPriority=1\n")), SizeIs(1));
  EXPECT_THAT(errors(only(head + "[MACsec]\nPort=65535\n" + key)), ElementsAre(testing::StartsWith("5: Port=65535")));
  EXPECT_THAT(errors(only(head + "[MACsec]\nPort=65535\nPort=1\n" + key)), IsEmpty());
}

TEST_F(Networkd, NetworkdsOwnKeysAreReadAsNetworkdReadsThem) {
  const Netdev netdev = only(
      "[NetDev]\nName=1\nName=ok0\nName=all\nName=with/slash\nKind=macsec\nKind=vlan\n[MACsec]\nPort=5\n"
      "Port=0\nPort=70000\nEncrypt=no\nEncrypt=maybe\n" +
      key);
  EXPECT_EQ(netdev.interface, "ok0");
  EXPECT_THAT(said(netdev), Contains("Link.Port=5"));
  EXPECT_THAT(said(netdev), Contains("MACsec.Encrypt=no"));
}

TEST_F(Networkd, ABrokenFileIsKnownByItsPath) {
  put("etc/a.netdev", "[NetDev\nName=macsec0\nKind=macsec\n" + key);
  put("etc/b.netdev", "[NetDev]\nKind=macsec\n" + key);
  const Configuration all = load();
  EXPECT_THAT(all.netdevs, IsEmpty());
  EXPECT_TRUE(all.broken.contains(path("etc/a.netdev")));
  EXPECT_TRUE(all.broken.contains(path("etc/b.netdev")));
}

TEST_F(Networkd, FindsParents) {
  put("etc/10.network", "[Match]\nName=eth0\n[Network]\nMACsec=macsec0\nMACsec=macsec1\n");
  put("etc/20.network", "[Match]\nName=en*\n[Network]\nMACsec=macsec2\n");
  put("etc/30.network", "[Match]\nName=x y\nName=\nName=eth3\n[Network]\nDHCP=yes\n");
  put("lib/30.network.d/a.conf", "[Network]\nMACsec=macsec3\n");
  EXPECT_THAT(load().parents, ElementsAre(std::pair{"macsec0", "eth0"}, std::pair{"macsec1", "eth0"},
                                          std::pair{"macsec2", ""}, std::pair{"macsec3", "eth3"}));
}

TEST_F(Networkd, PutsTheDaemonsComplaintsWhereTheyBelong) {
  const Netdev netdev = only(head + key + "[X-MKA-Key]\nCkn=02\nCakFile=/l\n");
  const auto at = [&netdev](std::string setting, std::string text) {
    return locate(netdev,
                  {.error = true, .file = {}, .line = 0, .setting = std::move(setting), .text = std::move(text)});
  };
  EXPECT_EQ(at("Key.CakFile", "[Key] CakFile=/k").line, 6U);
  EXPECT_EQ(at("Key.CakFile", "[Key #2] CakFile=/l").line, 9U);
  EXPECT_EQ(at("Key", "[Key #2] nothing").line, 7U);
  EXPECT_EQ(at("Key.Role", "[Key] Role").line, 5U);
  EXPECT_EQ(at("Link.Parent", "[Link] Parent").file, path("etc/a.netdev"));
  EXPECT_EQ(at("Key.CakFile", "[Key #2] CakFile=/l").text, "CakFile=/l");
}

TEST(NetworkdExamples, AreUsable) {
  const fs::path examples = fs::path{MACSECD_SOURCE_ROOT} / "data/examples/networkd";
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator{examples}) {
    const Configuration all = load_configuration({entry.path().string()});
    ASSERT_THAT(all.netdevs, SizeIs(1)) << entry.path();
    EXPECT_THAT(all.netdevs[0].diagnostics, IsEmpty());
    EXPECT_THAT(all.diagnostics, IsEmpty());
    EXPECT_FALSE(all.parents.at(all.netdevs[0].interface).empty());
    ++count;
  }
  EXPECT_EQ(count, 5U);
}

/// The page documents every key that is accepted.
TEST(NetworkdPage, NamesEveryKey) {
  std::ifstream in{fs::path{MACSECD_SOURCE_ROOT} / "docs/man/macsecd.netdev.5.rst"};
  const std::string page{std::istreambuf_iterator<char>{in}, {}};
  for (const ProfileKey& one : profile_keys()) {
    if (one.section == "Link" || one.section == "StaticKeys" || one.section == "8021X" || one.section == "KeySource")
      continue;
    EXPECT_THAT(page, HasSubstr("**" + std::string{one.name} + "=**"));
  }
}

TEST_F(Networkd, SeesChangesOfWhatDoesNotExistYet) {
  sd_event* raw = nullptr;
  ASSERT_GE(sd_event_new(&raw), 0);
  const std::unique_ptr<sd_event, Releases<sd_event_unref>> event{raw};
  int changes = 0;
  bool files = false;
  auto watcher = Watcher::open(raw, [&](bool file) {
    ++changes;
    files = file;
  });
  ASSERT_TRUE(watcher.has_value());
  const auto turn = [&] {
    changes = 0;
    while (sd_event_run(raw, 0) > 0) continue;
    return changes != 0;
  };
  const std::string directory = path("new/systemd/network");
  const std::string file = path("keys/a.cak");
  fs::create_directory(root_ / "keys");
  const auto watch = [&] { (*watcher)->watch({directory, path("etc")}, {file}); };
  watch();
  EXPECT_FALSE(turn());
  put("other/x", "");
  EXPECT_FALSE(turn());
  fs::create_directories(directory);
  EXPECT_TRUE(turn());
  watch();
  put("new/systemd/network/a.netdev", "");
  EXPECT_TRUE(turn());
  put("etc/a.netdev", "");
  EXPECT_TRUE(turn());
  EXPECT_FALSE(files);
  put("keys/b.cak", "");
  EXPECT_FALSE(turn());
  put("keys/a.cak", "");
  EXPECT_TRUE(turn());
  EXPECT_TRUE(files);
}

}  // namespace
}  // namespace macsec::networkd
