// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace macsec::cli {
namespace {

constexpr std::string_view cak = "00112233445566778899aabbccddeeff";

bus::Settings parse(std::string_view text) { return read_text("test", WipedText{text}).value(); }

std::string as_file(const bus::Settings& settings) {
  SecretWriter out;
  write_file(out, settings);
  return std::string{out.view()};
}

Imported import_text(Format format, std::string_view text) { return import_profile(format, "file", WipedText{text}); }

/// What comes back of a profile, keys included.
std::string round_trip(Format format, std::string_view text) {
  const Exported out = export_profile(format, "lab", parse(text), Keys::include);
  const Imported in = import_text(format, out.text.view());
  EXPECT_FALSE(has_error(in.diagnostics)) << out.text.view();
  return as_file(in.settings);
}

bool says(const std::vector<std::string>& warnings, std::string_view part) {
  return std::ranges::any_of(warnings, [part](const std::string& each) { return each.contains(part); });
}

TEST(Foreign, WpaSupplicantComesBack) {
  const std::string back =
      round_trip(Format::wpa_supplicant,
                 "[Link]\nParent=eth0\nPort=2\n[MACsec]\nEncrypt=no\nOffload=mac\nReplayWindow=32\n"
                 "CipherSuites=GCM-AES-256\n[MKA]\nPriority=16\nIcvIndicator=yes\n[Key]\nCkn=0a1b\n"
                 "Cak=00112233445566778899aabbccddeeff\n");
  for (const std::string_view line :
       {"Port=2\n", "Encrypt=no\n", "Offload=mac\n", "ReplayWindow=32\n", "CipherSuites=GCM-AES-256\n", "Priority=16\n",
        "IcvIndicator=yes\n", "Ckn=0a1b\n", "Cak=00112233445566778899aabbccddeeff\n"})
    EXPECT_TRUE(back.contains(line)) << line << back;
}

TEST(Foreign, WpaSupplicantComesBackWithAnAuthentication) {
  const std::string back = round_trip(
      Format::wpa_supplicant,
      "[Link]\nParent=eth0\n[8021X]\nMethod=peap ttls\nIdentity=alice\nAnonymousIdentity=@b\nInnerMethod=eap-gtc\n"
      "Password=a \"#\nCaCertificate=\"/a b.pem\"\nServerName=a.b c.d\nServerAlternativeName=DNS:x URI:y,z\n"
      "ClientCertificate=/c.p12\nPrivateKeyPassword=pin\nMinimumTls=1.1\nMaximumTls=1.2\nCheckCertificateTime=no\n"
      "LegacyRenegotiation=yes\nCryptoBinding=required\nRevocation=ocsp-stapled\nFragmentSize=900\n");
  for (const std::string_view line :
       {"Method=peap ttls\n", "Identity=alice\n", "AnonymousIdentity=@b\n", "InnerMethod=eap-gtc\n", "Password=a \"#\n",
        "CaCertificate=\"/a b.pem\"\n", "ServerName=a.b c.d\n", "ServerAlternativeName=DNS:x URI:y,z\n",
        "ClientCertificate=/c.p12\n", "PrivateKey=/c.p12\n", "PrivateKeyPassword=pin\n", "MinimumTls=1.1\n",
        "MaximumTls=1.2\n", "CheckCertificateTime=no\n", "LegacyRenegotiation=yes\n", "CryptoBinding=required\n",
        "Revocation=ocsp-stapled\n", "FragmentSize=900\n"})
    EXPECT_TRUE(back.contains(line)) << line << back;

  const bus::Settings settings = parse(
      "[Link]\nParent=eth0\n[8021X]\nMethod=tls\nClientCertificate=/c.pem\nPrivateKey=data:;base64,c2VjcmV0\n"
      "PrivateKeyPassword=secret\nServerFingerprint=" +
      std::string(64, 'a') + "\nHeldSec=2s\nRevocation=crl\n[Key]\nCkn=0a\nRole=fallback\nCakFile=/k\n");
  const Exported out = export_profile(Format::wpa_supplicant, "lab", settings, Keys::leave_out);
  EXPECT_FALSE(out.text.view().contains("secret") || out.text.view().contains("c2Vj")) << out.text.view();
  for (const std::string_view part :
       {"private_key= has to be filled in", "private_key_passwd= is left out", "HeldSec=2s cannot be said",
        "Revocation=crl cannot be said", "[Key] cannot be said to wpa_supplicant beside 802.1X"})
    EXPECT_TRUE(says(out.warnings, part)) << part;
  EXPECT_TRUE(out.text.view().contains("ca_cert=\"hash://server/sha256/" + std::string(64, 'a') + "\"\n"));
  EXPECT_TRUE(as_file(settings).contains("PrivateKey=data:;base64,c2VjcmV0\nPrivateKeyPassword=secret\n"));
}

TEST(Foreign, NetworkManagerComesBack) {
  const std::string back = round_trip(
      Format::networkmanager,
      "[Link]\nParent=eth0\nInterface=macsec3\n[MACsec]\nOffload=auto\nPolicy=should-secure\nIncludeSci=no\n[MKA]\n"
      "RekeySec=1h\n[Key]\nCkn=0a1b\nCak=00112233445566778899aabbccddeeff\n[Key]\nCkn=ff\nRole=fallback\nCakFile=/k\n");
  for (const std::string_view line :
       {"Parent=eth0\n", "Interface=macsec3\n", "Offload=auto\n", "Policy=should-secure\n", "IncludeSci=no\n",
        "RekeySec=1h\n", "Ckn=0a1b\n", "Cak=00112233445566778899aabbccddeeff\n", "Ckn=ff\n", "Role=fallback\n",
        "CakFile=/k\n"})
    EXPECT_TRUE(back.contains(line)) << line << back;
}

TEST(Foreign, NetworkdComesBackWithMka) {
  const std::string back =
      round_trip(Format::networkd,
                 "[Link]\nParent=eth0\nInterface=macsec3\n[MACsec]\nEncrypt=no\n[MKA]\nPriority=1\n[Key]\n"
                 "Ckn=0a\nCakFile=/a\n[Key]\nCkn=0b\nCakFile=/b\nRole=fallback\n");
  for (const std::string_view line : {"Interface=macsec3\n", "Encrypt=no\n", "Priority=1\n",
                                      "[Key]\nCkn=0a\nCakFile=/a\n", "[Key]\nCkn=0b\nCakFile=/b\nRole=fallback\n"})
    EXPECT_TRUE(back.contains(line)) << line << back;
}

TEST(Foreign, NetworkdComesBackWithStaticKeys) {
  const std::string back = round_trip(
      Format::networkd,
      "[Link]\nParent=eth0\n[MACsec]\nReplayWindow=off\n[StaticKeys]\nDirection=transmit\nAn=0\nPacketNumber=9\n"
      "Key=00112233445566778899aabbccddeeff\n[StaticKeys]\nDirection=receive\nPeer=02:00:00:00:00:02\nPort=3\nAn=0\n"
      "KeyFile=/r\n");
  for (const std::string_view line :
       {"Direction=transmit\n", "PacketNumber=9\n", "Key=00112233445566778899aabbccddeeff\n", "Direction=receive\n",
        "Peer=02:00:00:00:00:02\n", "Port=3\n", "KeyFile=/r\n"})
    EXPECT_TRUE(back.contains(line)) << line << back;
}

TEST(Foreign, OthersMeanTheMandatorySuite) {
  const auto suite = [](Format format, std::string_view text) {
    return text_of(import_text(format, text).settings, "MACsec", "CipherSuites");
  };
  EXPECT_EQ(suite(Format::wpa_supplicant, "network={\nmka_ckn=0a\n}\n"), "GCM-AES-128");
  EXPECT_EQ(suite(Format::networkmanager, "[connection]\ntype=macsec\n"), "GCM-AES-128");
  EXPECT_EQ(suite(Format::networkd, "[NetDev]\nKind=macsec\n[X-MKA]\nCkn=0a\n"), "GCM-AES-128");
  EXPECT_EQ(suite(Format::networkd, "[NetDev]\nKind=macsec\n[X-MKA]\nCipherSuites=GCM-AES-256\n"), "GCM-AES-256");
}

TEST(Foreign, NetworkdNumbersAssociationsByTheirOrder) {
  const auto key = [](std::string_view direction, std::string_view more) {
    return fmt::format("[StaticKeys]\nDirection={}\nKeyFile=/k\n{}", direction, more);
  };
  const std::string peer = "Peer=02:00:00:00:00:02\n";
  const std::string text = "[Link]\nParent=eth0\n[MACsec]\nReplayWindow=off\n" + key("transmit", "KeyId=01\nAn=1\n") +
                           key("transmit", "KeyId=00\nAn=0\n") + key("receive", "KeyId=11\nAn=1\n" + peer) +
                           key("receive", "KeyId=10\nAn=0\n" + peer);
  const Exported out = export_profile(Format::networkd, "lab", parse(text), Keys::include);
  EXPECT_TRUE(says(out.warnings, "sends with one key only"));
  EXPECT_TRUE(says(out.warnings, "make new keys"));
  EXPECT_FALSE(says(out.warnings, "An="));
  const std::string_view file = out.text.view();
  EXPECT_LT(file.find("KeyId=00"), file.find("KeyId=01"));
  EXPECT_LT(file.find("KeyId=10"), file.find("KeyId=11"));
  // The one that is sent with comes first again.
  const std::string back = as_file(import_text(Format::networkd, file).settings);
  EXPECT_LT(back.find("KeyId=01"), back.find("KeyId=00"));
  for (const std::string_view line : {"KeyId=01\n", "KeyId=11\n"}) {
    const std::size_t at = back.find(line);
    EXPECT_LT(back.find("An=1\n", back.rfind('[', at)), back.find('[', at)) << line << back;
  }

  const std::string gap = "[Link]\nParent=eth0\n" + key("transmit", "An=2\n");
  EXPECT_TRUE(says(export_profile(Format::networkd, "lab", parse(gap), Keys::include).warnings, "An=2"));
}

TEST(Foreign, StaticKeysOfNetworkdAreTiedToAnAddress) {
  const auto told = [](std::string_view address) {
    const Imported in =
        import_text(Format::networkd, fmt::format("[NetDev]\nName=macsec0\nKind=macsec\n{}[MACsecTransmitAssociation]\n"
                                                  "PacketNumber=1\nKeyFile=/k\n",
                                                  address));
    std::string all;
    for (const Diagnostic& each : in.diagnostics) all += each.text + "\n";
    EXPECT_TRUE(all.contains("packet numbers")) << all;
    EXPECT_EQ(text_of(in.settings, "Link", "Enable"), "no") << "a number could be used twice";
    return all;
  };
  EXPECT_TRUE(told("").contains("address of its own"));
  EXPECT_TRUE(told("MACAddress=02:00:00:00:00:01\n").contains("the address 02:00:00:00:00:01"));
  EXPECT_FALSE(told("MACAddress=none\n").contains("address"));
}

TEST(Foreign, WhatCannotBeSaidIsTold) {
  const bus::Settings settings = parse(
      "[Link]\nParent=eth0\nInterface=up0\n[MACsec]\nOffload=auto\nPolicy=should-secure\n[MKA]\nRekeySec=1h\n[Key]\n"
      "Ckn=0a\nCakFile=/a\nNotAfter=@5\n[Key]\nCkn=0b\nRole=fallback\nCakFile=/b\n");
  const Exported out = export_profile(Format::wpa_supplicant, "lab", settings, Keys::include);
  for (const std::string_view part :
       {"up0", "Offload=auto", "Policy=should-secure", "RekeySec=1h", "NotAfter=@5", "Ckn=0b", "has to be filled in"})
    EXPECT_TRUE(says(out.warnings, part)) << part;
  EXPECT_TRUE(says(export_profile(Format::networkmanager, "lab", settings, Keys::include).warnings, "NotAfter=@5"));
}

TEST(Foreign, KeysAreLeftOutWhereNotWanted) {
  const bus::Settings settings = parse("[Link]\nParent=eth0\n[Key]\nCkn=0a\nCak=00112233445566778899aabbccddeeff\n");
  for (const Format format : {Format::wpa_supplicant, Format::networkmanager, Format::networkd})
    EXPECT_FALSE(export_profile(format, "lab", settings, Keys::leave_out).text.view().contains(cak));
}

TEST(Foreign, WrongFilesAreErrors) {
  EXPECT_TRUE(has_error(import_text(Format::wpa_supplicant, "ap_scan=0\n").diagnostics));
  EXPECT_TRUE(has_error(import_text(Format::wpa_supplicant, "network={\nmka_cak=00\n}\n").diagnostics));
  EXPECT_TRUE(has_error(import_text(Format::networkmanager, "[connection]\ntype=ethernet\n").diagnostics));
  EXPECT_TRUE(has_error(import_text(Format::networkd, "[NetDev]\nKind=vlan\n").diagnostics));
  for (const Diagnostic& each : import_text(Format::wpa_supplicant, "network={\nmka_cak=0011zz\n}\n").diagnostics)
    EXPECT_FALSE(each.text.contains("0011zz"));
}

TEST(Foreign, FormatsAreGuessed) {
  EXPECT_EQ(guess_format("a.netdev", ""), Format::networkd);
  EXPECT_EQ(guess_format("a", "[connection]\n"), Format::networkmanager);
  EXPECT_EQ(guess_format("a.conf", "network={\n"), Format::wpa_supplicant);
  EXPECT_EQ(guess_format("/var/lib/ead/a.8021x", ""), Format::iwd);
  EXPECT_EQ(guess_format("a", "[Security]\nEAP-Method=TLS\n"), Format::iwd);
  EXPECT_EQ(guess_format("a.conf", ""), std::nullopt);
}

TEST(Settings, SecretsAndUnknownKeysAreRefused) {
  bus::Settings settings;
  EXPECT_TRUE(apply_setting(settings, "Parent=eth0").has_value());
  EXPECT_TRUE(apply_setting(settings, "Key2.Ckn=0b").has_value());
  EXPECT_EQ(text_of(settings, "Link", "Parent"), "eth0");
  EXPECT_FALSE(apply_setting(settings, "Key.Cak=00112233445566778899aabbccddeeff").has_value());
  for (const std::string_view secret : {"Password=hunter2", "PrivateKey=data:;base64,c2VjcmV0"}) {
    const auto applied = apply_setting(settings, secret);
    ASSERT_FALSE(applied.has_value()) << secret;
    EXPECT_TRUE(applied.error().message.contains("is a secret")) << applied.error().message;
    EXPECT_FALSE(applied.error().message.contains("hunter2") || applied.error().message.contains("c2Vj"));
  }
  EXPECT_TRUE(apply_setting(settings, "PrivateKey=/key.pem").has_value());
  EXPECT_FALSE(apply_setting(settings, "MKA.Priority=300").has_value());
  EXPECT_FALSE(apply_setting(settings, "Nonsense=1").has_value());
  EXPECT_FALSE(apply_setting(settings, "Nonsense").has_value());
}

TEST(Screen, FitsAndMeans) {
  Table table{{"A", ">B"}};
  table.add({{"a rather long text here"}, {"7", Style::good}});
  EXPECT_EQ(table.print({false, 14}, true), "A            B\na rather l…  7\n");
  EXPECT_EQ(table.print({false, 0}, false), "a rather long text here  7\n");
  EXPECT_TRUE(table.print({true, 0}, false).contains("\033[32m7\033[0m"));
  EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(printable("a\033[31mb"), "a?[31mb");
}

}  // namespace
}  // namespace macsec::cli
