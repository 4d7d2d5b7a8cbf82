// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of other programs as those programs read them, cases from the field.
#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace macsec::cli {
namespace {

constexpr std::string_view cak = "00112233445566778899aabbccddeeff";

struct Read {
  std::string file;  ///< as a profile file
  std::string told;  ///< diagnostics, one a line
  bool refused = false;

  [[nodiscard]] bool says(std::string_view line) const { return file.contains(std::string{line} + "\n"); }
  [[nodiscard]] bool tells(std::string_view part) const { return told.contains(part); }
  [[nodiscard]] std::size_t count(std::string_view part) const {
    std::size_t n = 0;
    for (std::size_t at = file.find(part); at != std::string::npos; at = file.find(part, at + 1)) ++n;
    return n;
  }
};

Read show(const Imported& in) {
  Read out;
  SecretWriter text;
  write_file(text, in.settings);
  out.file = text.view();
  for (const Diagnostic& each : in.diagnostics) out.told += to_string(each) + "\n";
  out.refused = has_error(in.diagnostics);
  EXPECT_FALSE(out.told.contains(cak)) << out.told;
  return out;
}

Read read(Format format, std::string_view text, const std::string& path = "file") {
  return show(import_profile(format, path, WipedText{text}));
}

Read wpa(std::string_view text, const std::string& path = "file") { return read(Format::wpa_supplicant, text, path); }
Read wpa_block(std::string_view lines) {
  return wpa(fmt::format("network={{\nkey_mgmt=NONE\nmacsec_policy=1\nmka_ckn=0a1b\nmka_cak={}\n{}}}\n", cak, lines));
}

TEST(WpaSupplicant, CommentsBehindValues) {
  const Read in =
      wpa("# first\nap_scan=0 # no scan\nnetwork={ # the uplink\n  key_mgmt=NONE # psk\n\tmacsec_policy=1\t# yes\r\n"
          "  mka_cak=00112233445566778899aabbccddeeff # cak\n  mka_ckn=0a1b#ckn\n  ssid=\"a # b\" # why not\n"
          "  mka_priority=16 # low\n} # end\n# last\n");
  EXPECT_FALSE(in.refused) << in.told;
  for (const std::string_view line : {"Ckn=0a1b", "Cak=00112233445566778899aabbccddeeff", "Priority=16"})
    EXPECT_TRUE(in.says(line)) << line << "\n" << in.file;
}

TEST(WpaSupplicant, TheNetworkThatDoesMacsecIsTaken) {
  const Read in =
      wpa("network={\nssid=\"office\"\npsk=\"secret words\"\n}\nnetwork={\nkey_mgmt=NONE\nmacsec_policy=1\nmka_ckn=0a\n"
          "mka_cak=00112233445566778899aabbccddeeff\n}\nnetwork={\ndisabled=1\nmacsec_policy=1\nmka_ckn=0b\n}\n");
  EXPECT_FALSE(in.refused) << in.told;
  EXPECT_TRUE(in.says("Ckn=0a"));
  EXPECT_TRUE(in.tells("file:1: this network is left out: it does no MACsec"));
  EXPECT_TRUE(in.tells("file:11: this network is left out: it is disabled"));
  EXPECT_FALSE(in.tells("secret words"));
}

TEST(WpaSupplicant, SeveralNetworksWithMacsecAreRefused) {
  const Read in = wpa("network={\nmacsec_policy=1\nmka_ckn=0a\n}\nnetwork={\nmacsec_policy=1\nmka_ckn=0b\n}\n");
  EXPECT_TRUE(in.refused);
  EXPECT_TRUE(in.tells("file:5: several networks do MACsec (lines 1, 5)")) << in.told;
}

TEST(WpaSupplicant, WhatIsOffStaysOff) {
  for (const std::string_view line : {"macsec_policy=0\n", "disabled=1\n", "disabled=2\n"}) {
    const Read in = wpa_block(line);
    EXPECT_FALSE(in.refused) << in.told;
    EXPECT_TRUE(in.says("Enable=no")) << line;
    EXPECT_TRUE(in.tells("imported with Enable=no")) << in.told;
  }
  const Read absent = wpa("network={\nmka_ckn=0a\n}\n");
  EXPECT_TRUE(absent.says("Enable=no"));
  EXPECT_TRUE(absent.tells("file:1: wpa_supplicant does no MACsec without macsec_policy=1")) << absent.told;
  EXPECT_TRUE(wpa("network={\nssid=\"x\"\n}\n").tells("no network={ in it has macsec_policy=1"));
  EXPECT_FALSE(wpa_block("").says("Enable=no"));
}

TEST(WpaSupplicant, NumbersAreThoseOfStrtol) {
  EXPECT_TRUE(wpa_block("mka_priority=0x10\n").says("Priority=16"));
  EXPECT_TRUE(wpa_block("mka_priority=010\n").says("Priority=8"));
  EXPECT_TRUE(wpa_block("mka_priority= 7\n").says("Priority=7"));
  EXPECT_TRUE(wpa_block("mka_priority=7\nmka_priority=9\n").says("Priority=9"));
  for (const std::string_view line :
       {"mka_priority=256\n", "macsec_port=0\n", "macsec_port=65535\n", "macsec_csindex=2\n", "macsec_offload=3\n",
        "macsec_integ_only=yes\n", "macsec_replay_protect=2\n"}) {
    const Read in = wpa_block(line);
    EXPECT_TRUE(in.refused) << line;
    EXPECT_TRUE(in.tells("file:6: ")) << in.told;
  }
}

TEST(WpaSupplicant, EverySettingIsTakenOrNamed) {
  const Read in = wpa_block(
      "macsec_integ_only=1\nmacsec_port=2\nmacsec_offload=2\nmacsec_csindex=1\nmacsec_icv_indicator=1\npriority=5\n");
  for (const std::string_view line :
       {"Encrypt=no", "Port=2", "Offload=mac", "CipherSuites=GCM-AES-256", "IcvIndicator=yes", "ReplayWindow=off"})
    EXPECT_TRUE(in.says(line)) << line << "\n" << in.file;
  EXPECT_TRUE(in.tells("file:11: priority is left out"));
  const Read others =
      wpa("ctrl_interface=/run/w\ncred={\nusername=\"u\"\n}\n" + std::string{"network={\nmacsec_policy=1\n}\n"});
  EXPECT_TRUE(others.tells("file:1: ctrl_interface is left out")) << others.told;
  EXPECT_TRUE(others.tells("file:2: cred is left out")) << others.told;
  const Read typo = wpa_block("mka_prority=00112233445566778899aabbccddeeff\n");
  EXPECT_TRUE(typo.refused);
  EXPECT_TRUE(typo.tells("file:6: mka_prority is no setting of wpa_supplicant, did you mean mka_priority?"))
      << typo.told;
}

TEST(WpaSupplicant, ReplayWindow) {
  EXPECT_TRUE(wpa_block("macsec_replay_protect=1\n").says("ReplayWindow=0"));
  EXPECT_TRUE(wpa_block("macsec_replay_window=5\nmacsec_replay_protect=1\n").says("ReplayWindow=5"));
  const Read off = wpa_block("macsec_replay_window=5\n");
  EXPECT_TRUE(off.says("ReplayWindow=off"));
  EXPECT_TRUE(off.tells("macsec_replay_protect=1 is not said"));
  const Read largest = wpa_block("macsec_replay_protect=1\nmacsec_replay_window=4294967295\n");
  EXPECT_FALSE(largest.refused) << largest.told;
  EXPECT_TRUE(largest.says("ReplayWindow=1073741823"));
  EXPECT_TRUE(largest.tells("1073741823 is taken"));
}

TEST(WpaSupplicant, KeysInQuotationMarksAreTakenAndNamed) {
  const Read in = wpa("network={\nmacsec_policy=1\nmka_ckn=\"0a\"\nmka_cak=\"00112233445566778899aabbccddeeff\"\n}\n");
  EXPECT_TRUE(in.says("Ckn=0a"));
  EXPECT_TRUE(in.says("Cak=00112233445566778899aabbccddeeff"));
  EXPECT_TRUE(in.tells("file:4: mka_cak is taken without its quotation marks"));
}

TEST(WpaSupplicant, BrokenNetworksAreRefused) {
  EXPECT_TRUE(wpa("network={\nmacsec_policy=1\nmka_ckn=0a\n").tells("file:1: this network={ is not closed"));
  EXPECT_TRUE(wpa_block("mka_ckn 0a\n").tells("file:6: a line without '='"));
  EXPECT_TRUE(wpa_block("ssid=\"open\n").tells("file:6: ssid is not accepted"));
  const Read psk = wpa("network={\nmacsec_policy=1\nkey_mgmt=WPA-PSK\n}\n");
  EXPECT_TRUE(psk.refused);
  EXPECT_EQ(std::ranges::count(psk.told, '\n'), 1) << psk.told;
}

Read wpa_eap_block(std::string_view lines) {
  return wpa(fmt::format("network={{\nkey_mgmt=IEEE8021X\nmacsec_policy=1\n{}}}\n", lines));
}

TEST(WpaSupplicant, AnAuthenticationIsTaken) {
  const Read in = wpa_eap_block(
      "eap=PEAP TTLS MD5 # both\neapol_flags=0\nidentity=\"alice\"\nanonymous_identity=616e6f6e\npassword=\"a \"#\"\n"
      "ca_cert=\"/etc/ssl/lab ca.pem\"\ndomain_match=\"a.example.org;b.example.org\"\nphase2=\"auth=MSCHAPV2\"\n"
      "phase1=\"peapver=0 tls_disable_tlsv1_3=1 crypto_binding=2\"\nfragment_size=1398\nocsp=2\nengine=0\n");
  EXPECT_FALSE(in.refused) << in.told;
  for (const std::string_view line :
       {"[8021X]", "Method=peap ttls", "Identity=alice", "AnonymousIdentity=anon", "Password=a \"#",
        "CaCertificate=\"/etc/ssl/lab ca.pem\"", "ServerName=a.example.org b.example.org", "InnerMethod=mschapv2",
        "MaximumTls=1.2", "CryptoBinding=required", "FragmentSize=1398", "Revocation=ocsp-required"})
    EXPECT_TRUE(in.says(line)) << line << "\n" << in.file;
  EXPECT_TRUE(in.tells("file:4: eap=MD5 is left out")) << in.told;
  EXPECT_FALSE(in.tells("a \"#"));
}

TEST(WpaSupplicant, WhatAnAuthenticationCannotBeIsRefusedByName) {
  for (const auto& [lines, words] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"eap=MD5\n", "file:4: eap=MD5 is not accepted"},
           {"eap=TLS\nca_cert=\"pkcs11:object=a?pin-value=1234\"\n", "file:5: ca_cert=pkcs11:object=a is not"},
           {"eap=TLS\nprivate_key=\"blob://key\"\n", "file:5: private_key=blob://key is not accepted"},
           {"eap=PEAP\npassword=hash:00112233\n", "file:5: password is not accepted"},
           {"eap=PEAP\npassword=open\n", "file:5: password is not accepted: a text in quotation marks"},
           {"eap=PEAP\nphase1=\"peapver=1\"\n", "file:5: phase1=peapver=1 is not accepted"},
           {"eap=TTLS\nphase2=\"auth=OTP\"\n", "file:5: phase2=auth=OTP is not accepted"},
           {"eap=TTLS\nclient_cert2=\"/x\"\n", "file:5: client_cert2 is not accepted"},
           {"eap=TLS\ndomain_match=\"*.example.org\"\n", "file:5: domain_match=*.example.org is not accepted"}}) {
    const Read in = wpa_eap_block(lines);
    EXPECT_TRUE(in.refused) << lines;
    EXPECT_TRUE(in.tells(words)) << in.told;
    EXPECT_FALSE(in.tells("1234") || in.tells("00112233")) << in.told;
  }
  EXPECT_TRUE(
      wpa_eap_block("eap=TLS\nmka_cak=00112233445566778899aabbccddeeff\n").tells("file:5: mka_cak is left out"));
}

Read nm_eap(std::string_view lines) {
  return read(Format::networkmanager,
              fmt::format("[connection]\ntype=macsec\n[macsec]\nparent=eth0\nmode=1\n[802-1x]\n{}", lines));
}

TEST(NetworkManager, AnAuthenticationIsTaken) {
  const Read in = nm_eap(
      "eap=ttls;\nidentity=alice\\sb\nanonymous-identity=@c\npassword=word\nca-cert=/etc/ca.pem\n"
      "domain-suffix-match=example.org;\naltsubject-matches=DNS:a;EMAIL:b@c;\nphase2-autheap=mschapv2\n"
      "phase1-auth-flags=81\nclient-cert=file:///c.pem\nprivate-key=/k.pem\nprivate-key-password=pin\n");
  EXPECT_FALSE(in.refused) << in.told;
  for (const std::string_view line :
       {"Method=ttls", "Identity=alice b", "AnonymousIdentity=@c", "Password=word", "CaCertificate=/etc/ca.pem",
        "ServerNameSuffix=example.org", "ServerAlternativeName=DNS:a EMAIL:b@c", "InnerMethod=eap-mschapv2",
        "MinimumTls=1.1", "MaximumTls=1.2", "ClientCertificate=/c.pem", "PrivateKey=/k.pem", "PrivateKeyPassword=pin"})
    EXPECT_TRUE(in.says(line)) << line << "\n" << in.file;
  EXPECT_TRUE(nm_eap("eap=tls;\nsystem-ca-certs=true\n").says("CaCertificate=system"));
  EXPECT_TRUE(nm_eap("eap=peap;\npassword-raw=97;98;\n").says("Password=ab"));
  EXPECT_TRUE(nm_eap("eap=peap;\npassword-flags=1\n").tells("file:8: 802-1x.password-flags=1 is left out"));
}

TEST(NetworkManager, WhatAnAuthenticationCannotBeIsRefusedByName) {
  for (const auto& [lines, words] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"eap=fast;\n", "file:7: 802-1x.eap=fast is not accepted"},
           {"eap=tls;\nca-cert=pkcs11:x\n", "file:8: 802-1x.ca-cert=pkcs11:x is not accepted"},
           {"eap=tls;\nca-cert=102;105;\n", "file:8: 802-1x.ca-cert is not accepted: the path of a file"},
           {"eap=peap;\nphase1-peapver=1\n", "file:8: 802-1x.phase1=peapver=1 is not accepted"},
           {"eap=ttls;\nphase2-client-cert=/x\n", "file:8: 802-1x.phase2-client-cert is not accepted"},
           {"eap=tls;\nnonsense=1\n", "file:8: 802-1x.nonsense is no setting of NetworkManager"}}) {
    const Read in = nm_eap(lines);
    EXPECT_TRUE(in.refused) << lines;
    EXPECT_TRUE(in.tells(words)) << in.told;
  }
}

TEST(Iwd, AnAuthenticationIsTaken) {
  const Read in = read(Format::iwd,
                       "[Security]\nEAP-Method=PEAP\nEAP-Identity=@b\nEAP-PEAP-CACert=embed:ca\n"
                       "EAP-PEAP-ServerDomainMask=*.example.org\nEAP-PEAP-Phase2-Method=MSCHAPV2\n"
                       "EAP-PEAP-Phase2-Identity=alice\nEAP-PEAP-Phase2-Password=word\n[Settings]\nAutoConnect=true\n"
                       "[@pem@ca]\nxyz\n");
  EXPECT_FALSE(in.refused) << in.told;
  for (const std::string_view line :
       {"Method=peap", "AnonymousIdentity=@b", "Identity=alice", "Password=word",
        "CaCertificate=data:;base64,eHl6Cg==", "ServerNameSuffix=example.org", "InnerMethod=eap-mschapv2"})
    EXPECT_TRUE(in.says(line)) << line << "\n" << in.file;
  EXPECT_TRUE(in.tells("file:9: [Settings] is left out") || in.tells("file:10: [Settings] is left out")) << in.told;
  const Read tls =
      read(Format::iwd,
           "[Security]\nEAP-Method=TLS\nEAP-Identity=host\nEAP-TLS-CACert=/ca.pem\nEAP-TLS-ClientCert=/c.pem\n"
           "EAP-TLS-ClientKey=embed:key\nEAP-TLS-ClientKeyPassphrase=pin\nEAP-TLS-ServerDomainMask=a.b;c.d\n"
           "[@pem@key]\nsecret\n");
  EXPECT_FALSE(tls.refused) << tls.told;
  for (const std::string_view line :
       {"Method=tls", "Identity=host", "CaCertificate=/ca.pem", "ClientCertificate=/c.pem",
        "PrivateKey=data:;base64,c2VjcmV0Cg==", "PrivateKeyPassword=pin", "ServerName=a.b c.d"})
    EXPECT_TRUE(tls.says(line)) << line << "\n" << tls.file;
  EXPECT_TRUE(read(Format::iwd, "[Security]\nEAP-Method=PWD\n").tells("file:2: EAP-Method=PWD is not accepted"));
  EXPECT_TRUE(read(Format::iwd, "[Security]\nEAP-Method=TLS\nEAP-TLS-CACrt=x\n").refused);
}

TEST(WpaSupplicant, TheNameOfTheFileNamesTheParent) {
  const auto parent = [](const std::string& name) {
    const Imported in = import_profile(Format::wpa_supplicant, name, WipedText{"network={\nmacsec_policy=1\n}\n"});
    const auto said = text_of(in.settings, "Link", "Parent");
    EXPECT_EQ(said.has_value(), show(in).tells("is taken from the name of the file"));
    return said.value_or("");
  };
  EXPECT_EQ(parent("/etc/wpa_supplicant/wpa_supplicant-eth0.conf"), "eth0");
  EXPECT_EQ(parent("wpa_supplicant-wired-br-lan.conf"), "br-lan");
  EXPECT_EQ(parent("wpa_supplicant-macsec-eth0.conf"), "eth0");
  EXPECT_EQ(parent("wpa_supplicant-macsec_linux-eth0.conf"), "eth0");
  EXPECT_EQ(parent("wpa_supplicant-nl80211-wlan0.conf"), "wlan0");
  EXPECT_EQ(parent("wpa_supplicant-br-lan.conf"), "br-lan");
  for (const char* const name : {"wpa_supplicant-macsec.conf", "wpa_supplicant-wired.conf",
                                 "wpa_supplicant-wired-.conf", "wpa_supplicant.conf", "x.conf"})
    EXPECT_EQ(parent(name), "") << name;
  EXPECT_EQ(parent("wpa_supplicant-a-name-that-is-an-alternative.conf"), "a-name-that-is-an-alternative");
  EXPECT_EQ(parent("wpa_supplicant-" + std::string(128, 'x') + ".conf"), "") << "longer than any name";
}

Read keyfile(std::string_view more, std::string_view connection = "") {
  return read(Format::networkmanager,
              fmt::format("[connection]\nid=lab\ntype=macsec\n{}[macsec]\nparent=eth0\nmka-ckn=0a\n"
                          "mka-cak={}\nmode=0\n{}",
                          connection, cak, more));
}

TEST(NetworkManager, ReadsKeyFilesOfGlib) {
  const Imported in = import_profile(
      Format::networkmanager, "file",
      WipedText{
          "# a comment\n[connection]\nid=Office\\suplink\\\\2\ntype = macsec\n\n[macsec]\nparent=eth0\nmka-ckn=0a\n"
          "port=3\nport=4\n[user]\norg.macsecd.cipher-suites=GCM-AES-256\\sGCM-AES-128\norg.macsecd\\2epriority=9\n"
          "[macsec]\nencrypt=false\nsend-sci=0\nvalidation=1\noffload=-1\n"});
  const Read out = show(in);
  EXPECT_FALSE(out.refused) << out.told;
  EXPECT_EQ(in.name, "Office uplink\\2");
  for (const std::string_view line : {"Port=4", "CipherSuites=GCM-AES-256 GCM-AES-128", "Priority=9", "Encrypt=no",
                                      "IncludeSci=no", "Validate=check"})
    EXPECT_TRUE(out.says(line)) << line << "\n" << out.file;
  EXPECT_FALSE(out.says("Port=3"));
  EXPECT_TRUE(read(Format::networkmanager, "[connection]\ntype=macsec\n; no comment\n").refused);
}

TEST(NetworkManager, AParentThatIsAConnectionHasToBeNamed) {
  const Read in =
      read(Format::networkmanager,
           "[connection]\ntype=macsec\n[macsec]\nparent=7c1f3a52-9f35-4e38-a4b1-0f3b5c0e1d22\nmka-ckn=0a\n");
  EXPECT_FALSE(in.file.contains("Parent=")) << in.file;
  EXPECT_TRUE(in.tells("file:4: ")) << in.told;
  EXPECT_TRUE(in.tells("the parent is another connection: add Parent=NAME"));
  const Read mac =
      read(Format::networkmanager, "[connection]\ntype=macsec\n[ethernet]\nmac-address=02:00:00:00:00:01\n[macsec]\n");
  EXPECT_TRUE(mac.tells("the interface with the address 02:00:00:00:00:01: add Parent=NAME")) << mac.told;
}

TEST(NetworkManager, EverySettingIsTakenOrNamed) {
  const Read off = keyfile("", "autoconnect=false\nzone=work\n");
  EXPECT_TRUE(off.says("Enable=no"));
  EXPECT_TRUE(off.tells("autoconnect=false: imported with Enable=no"));
  EXPECT_TRUE(off.tells("connection.zone is left out"));
  EXPECT_TRUE(keyfile("offload=2\n").says("Offload=mac"));
  EXPECT_TRUE(keyfile("[ipv4]\nmethod=auto\n").tells("[ipv4] is left out"));
  EXPECT_TRUE(keyfile("mka-cak-flags=1\n").tells("the key is not in the file"));
  for (const std::string_view line : {"mode=2\n", "offload=7\n", "validation=3\n", "port=x\n", "encrypt=maybe\n",
                                      "mka-cek=00112233445566778899aabbccddeeff\n"})
    EXPECT_TRUE(keyfile(line).refused) << line;
  EXPECT_TRUE(keyfile("mka-cek=1\n").tells("did you mean macsec.mka-cak?"));
}

constexpr std::string_view head = "[NetDev]\nName=macsec0\nKind=macsec\nMACAddress=none\n[MACsec]\nEncrypt=yes\n";
Read netdev(std::string_view more) { return read(Format::networkd, std::string{head} + std::string{more}); }

std::string receive(std::string_view address, unsigned port, std::string_view more = "") {
  return fmt::format("[MACsecReceiveAssociation]\nMACAddress={}\nPort={}\nKeyFile=/k\nActivate=yes\n{}", address, port,
                     more);
}

TEST(Networkd, AssociationsAreCountedByChannel) {
  const Read ports = netdev(receive("02:00:00:00:00:02", 1) + receive("02:00:00:00:00:02", 2));
  EXPECT_EQ(ports.count("An=0\n"), 2U) << ports.file;
  const Read spelling = netdev(receive("02:00:00:00:00:ab", 1) + receive("02:00:00:00:00:AB", 1) +
                               receive("0200.0000.00ab", 1) + receive("2-0-0-0-0-ab", 1));
  for (const std::string_view an : {"An=0\n", "An=1\n", "An=2\n", "An=3\n"})
    EXPECT_EQ(spelling.count(an), 1U) << spelling.file;
  EXPECT_EQ(spelling.count("Peer=02:00:00:00:00:ab\n"), 4U);
  EXPECT_TRUE(netdev(receive("02:00:00:00:00:ab", 1) + receive("02:00:00:00:00:ab", 1) +
                     receive("02:00:00:00:00:ab", 1) + receive("02:00:00:00:00:ab", 1) +
                     receive("02:00:00:00:00:ab", 1))
                  .tells("more than 4 associations"));
}

TEST(Networkd, KeysAndTheirNamesMayHaveBlanks) {
  const Read in = netdev(
      "[MACsecTransmitAssociation]\nKeyId=5\nKey=0011 2233 4455 6677 8899 aabb ccdd eeff\nPacketNumber=7\n"
      "UseForEncoding=yes\n" +
      receive("02:00:00:00:00:02", 1, "KeyId=0a 0b\n"));
  EXPECT_FALSE(in.refused) << in.told;
  for (const std::string_view line :
       {"KeyId=05", "Key=00112233445566778899aabbccddeeff", "PacketNumber=7", "KeyId=0a0b"})
    EXPECT_TRUE(in.says(line)) << line << "\n" << in.file;
  EXPECT_TRUE(netdev("[MACsecTransmitAssociation]\nKeyId=xyz\nKeyFile=/k\n").refused);
}

TEST(Networkd, WhatNetworkdPassesOverIsNamed) {
  const Read in = netdev(
      "[MACsecTransmitAssociation]\nKeyId=01\n[MACsecReceiveAssociation]\nPort=1\nKeyFile=/"
      "k\n[MACsecReceiveAssociation]\n"
      "MACAddress=02:00:00:00:00:02\nKeyFile=/"
      "k\n[MACsecReceiveChannel]\nPort=9\nMACAddress=02:00:00:00:00:09\n[Match]\n"
      "Host=a\n");
  EXPECT_FALSE(in.file.contains("[StaticKeys]")) << in.file;
  for (const std::string_view part : {"file:7: ", "no Key= and no KeyFile=", "file:9: ", "no MACAddress=", "file:12: ",
                                      "no Port=", "[MACsecReceiveChannel] is left out", "[Match] is left out"})
    EXPECT_TRUE(in.tells(part)) << part << "\n" << in.told;
  const Read channel =
      netdev("[MACsecReceiveChannel]\nPort=1\nMACAddress=0200.0000.0002\n" + receive("02:00:00:00:00:02", 1));
  EXPECT_FALSE(channel.tells("[MACsecReceiveChannel]")) << channel.told;
}

TEST(Networkd, KeysThatAreNotUsedAreLeftOutAndCounted) {
  const std::string transmit = "[MACsecTransmitAssociation]\nKeyFile=/k\n";
  const Read in = netdev(transmit + "KeyId=01\nActivate=no\n" + transmit + "KeyId=02\nUseForEncoding=yes\n");
  EXPECT_EQ(in.count("[StaticKeys]"), 1U) << in.file;
  EXPECT_TRUE(in.says("KeyId=02"));
  EXPECT_TRUE(in.says("An=1"));
  EXPECT_TRUE(in.tells("file:7: this association is left out: with Activate=no"));
  EXPECT_TRUE(netdev(transmit).tells("without Activate=yes"));
}

TEST(Networkd, OnlyAuthenticatesWhereNothingElseIsSaid) {
  const std::string plain = "[NetDev]\nName=m\nKind=macsec\n" + receive("02:00:00:00:00:02", 1);
  EXPECT_TRUE(read(Format::networkd, plain).says("Encrypt=no"));
  EXPECT_TRUE(read(Format::networkd, plain).tells("Encrypt= is not said"));
  EXPECT_TRUE(netdev(receive("02:00:00:00:00:02", 1)).says("Encrypt=yes"));
  EXPECT_FALSE(read(Format::networkd, "[NetDev]\nKind=macsec\n[X-MKA]\nCkn=0a\nCakFile=/k\n").says("Encrypt=no"));
}

TEST(Networkd, SectionsThatAreMeantAsOursAreErrors) {
  for (const std::string_view name : {"X-Mka", "X-MKA-Keys", "MKA", "X-MAK"}) {
    const Read in = netdev(fmt::format("[{}]\nCkn=0a\n", name));
    EXPECT_TRUE(in.refused) << name;
    EXPECT_TRUE(in.tells("are [X-MKA] and [X-MKA-Key] meant?")) << in.told;
  }
  EXPECT_FALSE(netdev("[X-Other]\nA=b\n").refused);
}

TEST(Networkd, DropInsAreRead) {
  std::vector<ForeignText> more;
  more.push_back({"d.conf", WipedText{"[MACsec]\nPort=7\n[X-MKA]\nPriority=1\nNonsense=2\n"}});
  const Read in = show(import_profile(
      Format::networkd, "file", WipedText{std::string{head} + "Port=2\n[X-MKA]\nCkn=0a\nCakFile=/k\nPriority=9\n"},
      std::move(more)));
  EXPECT_TRUE(in.says("Port=7")) << in.file;
  EXPECT_TRUE(in.says("Priority=1"));
  EXPECT_TRUE(in.tells("d.conf:5: Nonsense= is left out")) << in.told;
}

TEST(Judge, SaysWhatTheCheckerOfFilesSays) {
  const auto told = [](std::string_view text, KeyFiles keys) {
    std::string all;
    for (const Diagnostic& each : judge("lab", read_text("test", WipedText{text}).value(), keys))
      all += to_string(each) + "\n";
    return all;
  };
  const std::string complete = "[Link]\nParent=eth0\n[Key]\nCkn=0a\nCakFile=/nowhere/at.all\n";
  EXPECT_TRUE(told(complete, KeyFiles::read).contains("/nowhere/at.all"));
  EXPECT_EQ(told(complete, KeyFiles::leave_alone), "");
  EXPECT_TRUE(told("[Link]\nParent=eth0\n[Key]\nCkn=0a\n", KeyFiles::leave_alone).contains("Cak="));
}

}  // namespace
}  // namespace macsec::cli
