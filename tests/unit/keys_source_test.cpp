// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "plugin/keys/source_file.hpp"
#include "tests/temporary_directory.hpp"

namespace macsec::keys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string etsi =
    "[Source]\nType=etsi014\nUrl=https://kme-a.example.org:8443\nLocalId=SAE-A\n"
    "CaCertificate=/k/ca.pem\nClientCertificate=/k/a.pem\nPrivateKey=/k/a.key\n";
const std::string psk =
    "[Source]\nType=skip\nUrl=https://192.0.2.7\nLocalId=KP-A\nPskIdentity=link-1\nPskFile=/k/psk\n";

SourceReading read(const std::string& text) {
  return read_source("metro-a", IniDocument::parse("/s/metro-a.source", WipedText{text}));
}

std::vector<std::string> said(const std::string& text) {
  std::vector<std::string> out;
  for (const Diagnostic& one : read(text).diagnostics)
    out.push_back(to_string(one.severity).data() + (": " + to_string(one)));
  return out;
}

TEST(KeysSource, ReadsServersOfEitherKind) {
  const SourceReading first = read(etsi);
  ASSERT_TRUE(first.source);
  EXPECT_THAT(first.diagnostics, IsEmpty());
  EXPECT_EQ(first.source->name, "metro-a");
  EXPECT_EQ(first.source->url.port, 8443);
  EXPECT_EQ(first.source->local_id, "SAE-A");
  EXPECT_EQ(first.source->private_key, "/k/a.key");
  const SourceReading second = read(psk);
  ASSERT_TRUE(second.source);
  EXPECT_EQ(second.source->type, SourceType::skip);
  EXPECT_EQ(second.source->psk_identity, "link-1");
  EXPECT_TRUE(second.source->ca_certificate.empty());
}

TEST(KeysSource, TakesTheLastWordAndKnowsHowToForget) {
  EXPECT_EQ(read(etsi + "LocalId=SAE-B\n").source->local_id, "SAE-B");
  EXPECT_THAT(said(etsi + "LocalId=\n"), ElementsAre(HasSubstr("/s/metro-a.source:1: LocalId= is missing")));
}

TEST(KeysSource, NamesLineValueAndWhatIsAccepted) {
  EXPECT_THAT(said(etsi + "Type=etsi-014\n"),
              ElementsAre("error: /s/metro-a.source:8: Type=etsi-014: etsi014 or skip is accepted"));
  EXPECT_THAT(
      said(etsi + "Url=http://kme\n"),
      ElementsAre("error: /s/metro-a.source:8: Url=http://kme: not https://: https://HOST[:PORT][/PATH] is accepted"));
  EXPECT_THAT(said(etsi + "PrivateKey=a.key\n"),
              ElementsAre("error: /s/metro-a.source:8: PrivateKey=a.key: an absolute path is accepted"));
  EXPECT_THAT(said(etsi + "LocalId=SAE A\n"), ElementsAre(HasSubstr(":8: LocalId= is not 1 to 128 printable")));
  EXPECT_THAT(said(etsi + "PrivatKey=/x\n[Link]\n"),
              ElementsAre("warning: /s/metro-a.source:9: unknown section [Link], ignored: [Source] is accepted",
                          "warning: /s/metro-a.source:8: unknown key PrivatKey=, ignored: is PrivateKey= meant?"));
  EXPECT_THAT(said(""), SizeIs(6));
}

TEST(KeysSource, WantsCertificatesOrASharedKey) {
  EXPECT_THAT(said(etsi + "PrivateKey=\n"), ElementsAre(HasSubstr("PrivateKey= is missing")));
  EXPECT_THAT(said(etsi + "PskFile=/k/psk\n"),
              ElementsAre(HasSubstr(":8: PskFile= is not accepted with Type=etsi014")));
  EXPECT_THAT(said(psk + "CaCertificate=/k/ca\n"),
              ElementsAre(HasSubstr(":7: CaCertificate= and PskFile= exclude each other")));
  EXPECT_THAT(said(psk + "PskIdentity=\n"), ElementsAre(HasSubstr("PskIdentity= is missing")));
  const std::string open = "[Source]\nType=skip\nUrl=https://kp\nLocalId=KP-A\n";
  EXPECT_THAT(said(open), ElementsAre(HasSubstr("CaCertificate= is missing")));
  EXPECT_THAT(said(open + "CaCertificate=/k/ca\n"), IsEmpty());
  EXPECT_THAT(said(open + "CaCertificate=/k/ca\nClientCertificate=/k/a\n"),
              ElementsAre(HasSubstr("PrivateKey= is missing")));
}

TEST(KeysSource, ListsAFolder) {
  const test::TemporaryDirectory folder;
  const auto put = [&folder](const std::string& name, const std::string& text) {
    std::ofstream{folder.path() / name} << text;
  };
  put("b.source", psk);
  put("a.source", etsi);
  put("broken.source", "Type=skip\n");
  put("no name.source", etsi);
  put("readme.txt", "x");
  const SourceListing listing = read_sources(folder.path().string());
  ASSERT_THAT(listing.sources, SizeIs(2));
  EXPECT_EQ(listing.sources[0].name, "a");
  EXPECT_EQ(listing.sources[1].name, "b");
  EXPECT_TRUE(has_error(listing.diagnostics));
  EXPECT_THAT(read_sources((folder.path() / "nothing").string()).diagnostics, IsEmpty());
}

}  // namespace
}  // namespace macsec::keys
