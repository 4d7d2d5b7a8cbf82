// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/text.hpp"
#include "engine/wire/eapol.hpp"
#include "engine/wire/mkpdu.hpp"

#include <gtest/gtest.h>
#include <unordered_set>
#include <vector>

namespace macsec {
namespace {

std::vector<std::uint8_t> octets_of(std::string_view hex) {
  std::string digits;
  for (const char c : hex)
    if (c != ' ' && c != '\n') digits += c;
  std::vector<std::uint8_t> out(digits.size() / 2);
  EXPECT_TRUE(from_hex(digits, out));
  return out;
}

std::string hex_of(Bytes octets) { return to_hex(octets); }

constexpr std::string_view no_icv = "00000000000000000000000000000000";
constexpr std::string_view basic_text =
    "03 10 f0 20"                        // version 3, priority 16, key server, desired, capability 3, length 32
    "020000000001 0001"                  // SCI
    "a1a2a3a4a5a6a7a8a9aaabac 00000007"  // MI, MN
    "0080c201 01020304";                 // agility, CKN

BasicSet basic_set() {
  BasicSet basic;
  basic.priority = 16;
  basic.key_server = true;
  basic.macsec_desired = true;
  basic.capability = MacsecCapability::confidentiality_offset;
  basic.sci = Sci::of({{2, 0, 0, 0, 0, 1}}, 1);
  basic.mi = {{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac}};
  basic.mn = 7;
  basic.ckn = *Ckn::from_hex("01020304");
  return basic;
}

std::string encoded(const MkpduContent& content) {
  std::array<std::uint8_t, 2 * max_mkpdu_size> buffer{};
  Writer writer{buffer};
  write_mkpdu(writer, content);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.size() + icv_size, mkpdu_size(content));
  return hex_of(writer.written());
}

std::expected<Mkpdu, MkpduError> read_text(const std::vector<std::uint8_t>& octets) { return read_mkpdu(octets); }

/// The error of a body made of the Basic set, `sets` and an ICV.
std::optional<MkpduError> error_of(std::string_view sets) {
  const std::vector<std::uint8_t> body = octets_of(std::string{basic_text} + std::string{sets} + std::string{no_icv});
  const std::expected<Mkpdu, MkpduError> pdu = read_mkpdu(body);
  return pdu ? std::nullopt : std::optional{pdu.error()};
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// 802.1X-2020 11.11.1
TEST(Mkpdu, BasicSet) {
  EXPECT_EQ(encoded({.basic = basic_set()}), hex_of(octets_of(basic_text)));
  const std::vector<std::uint8_t> body = octets_of(std::string{basic_text} + std::string{no_icv});
  const std::expected<BasicSet, MkpduError> basic = read_basic_set(body);
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->version, 3);
  EXPECT_EQ(basic->priority, 16);
  EXPECT_TRUE(basic->key_server);
  EXPECT_TRUE(basic->macsec_desired);
  EXPECT_EQ(basic->capability, MacsecCapability::confidentiality_offset);
  EXPECT_EQ(to_string(basic->sci), "0200000000010001");
  EXPECT_EQ(to_string(basic->mi), "a1a2a3a4a5a6a7a8a9aaabac");
  EXPECT_EQ(basic->mn, 7U);
  EXPECT_EQ(to_string(basic->ckn), "01020304");
  const std::expected<Mkpdu, MkpduError> pdu = read_mkpdu(body);
  ASSERT_TRUE(pdu);
  EXPECT_FALSE(pdu->live || pdu->potential || pdu->sak_use || pdu->distributed_sak || pdu->announcement || pdu->xpn);
  EXPECT_EQ(pdu->icv.data(), body.data() + body.size() - icv_size);
}

TEST(Mkpdu, EveryCknLengthIsPadded) {
  for (std::size_t size = 1; size <= Ckn::max_size; ++size) {
    MkpduContent content{.basic = basic_set()};
    content.basic.ckn = *Ckn::from_hex(repeated("5a", size));
    const std::vector<std::uint8_t> body = octets_of(encoded(content) + std::string{no_icv});
    EXPECT_EQ(body.size() % 4, 0U);
    const std::expected<BasicSet, MkpduError> basic = read_basic_set(body);
    ASSERT_TRUE(basic) << size;
    EXPECT_EQ(basic->ckn, content.basic.ckn);
  }
}

TEST(Mkpdu, BasicSetErrorsInOrder) {
  const auto error = [](std::string_view hex) { return read_basic_set(octets_of(hex)).error(); };
  const std::string head{basic_text};
  EXPECT_EQ(error(""), MkpduError::too_short);
  EXPECT_EQ(error(repeated("00", 31)), MkpduError::too_short);
  EXPECT_EQ(error(head + repeated("00", 17)), MkpduError::not_multiple_of_four);
  EXPECT_EQ(error("0310f01c" + repeated("00", 60)), MkpduError::bad_ckn_length);  // no CKN
  EXPECT_EQ(error("0310f03d" + repeated("00", 76)), MkpduError::bad_ckn_length);  // 33 octets
  EXPECT_EQ(error("0310f024" + repeated("00", 48)), MkpduError::bad_ckn_length);  // into the ICV
  EXPECT_EQ(error("0310f020" + repeated("00", 48)), MkpduError::unknown_agility);
}

// 802.1X-2020 11.11.2
TEST(Mkpdu, PeerLists) {
  MkpduContent content{.basic = basic_set()};
  const std::vector<PeerEntry> live{{{{1}}, 5}, {{{2}}, 6}};
  const std::vector<PeerEntry> potential{{{{3}}, 0x01020304}};
  content.live = live;
  content.potential = potential;
  content.live_ssci = 2;
  const std::string text = encoded(content);
  EXPECT_EQ(text, hex_of(octets_of(std::string{basic_text} +
                                   "01020020 010000000000000000000000 00000005 020000000000000000000000 00000006"
                                   "02000010 030000000000000000000000 01020304")));
  const std::vector<std::uint8_t> body = octets_of(text + std::string{no_icv});
  const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
  ASSERT_TRUE(pdu);
  ASSERT_TRUE(pdu->live);
  ASSERT_EQ(pdu->live->size(), 2U);
  EXPECT_EQ((*pdu->live)[1], live[1]);
  EXPECT_EQ(pdu->live->find(MemberId{{1}}), 5U);
  EXPECT_FALSE(pdu->live->find(MemberId{{3}}));
  EXPECT_EQ(pdu->live_ssci, 2);
  ASSERT_TRUE(pdu->potential);
  EXPECT_EQ(pdu->potential->find(MemberId{{3}}), 0x01020304U);
}

// 802.1X-2020 11.11.3
TEST(Mkpdu, SakUse) {
  MkpduContent content{.basic = basic_set()};
  SakUseSet& use = content.sak_use.emplace();
  use.latest = {An{2}, true, false, {{{9}}, 3}, 0x1234567890U};
  use.old = {An{1}, false, true, {{{9}}, 2}, 0xffffffff};
  use.plain_rx = true;
  use.delay_protect = true;
  const std::string text = encoded(content);
  EXPECT_EQ(text, hex_of(octets_of(std::string{basic_text} + "03a55028 090000000000000000000000 00000003 34567890"
                                                             "090000000000000000000000 00000002 ffffffff")));
  const std::vector<std::uint8_t> body = octets_of(text + std::string{no_icv});
  const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
  ASSERT_TRUE(pdu && pdu->sak_use);
  const SakUseSet& read = *pdu->sak_use;
  EXPECT_TRUE(read.macsec && read.latest.transmitting && read.old.receiving && read.plain_rx && read.delay_protect);
  EXPECT_FALSE(read.latest.receiving || read.old.transmitting || read.plain_tx);
  EXPECT_EQ(read.latest.an, An{2});
  EXPECT_EQ(read.old.an, An{1});
  EXPECT_EQ(read.latest.key, (KeyId{{{9}}, 3}));
  EXPECT_TRUE(read.old.used());
  EXPECT_EQ(read.latest.lowest_pn, 0x34567890U);
  EXPECT_EQ(read.old.lowest_pn, 0xffffffffU);
}

TEST(Mkpdu, NoMacsec) {
  MkpduContent content{.basic = basic_set()};
  content.sak_use.emplace().macsec = false;
  content.distributed_sak.emplace().macsec = false;
  const std::string text = encoded(content);
  EXPECT_EQ(text, hex_of(octets_of(std::string{basic_text} + "03000000 04000000")));
  const std::vector<std::uint8_t> body = octets_of(text + std::string{no_icv});
  const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
  ASSERT_TRUE(pdu && pdu->sak_use && pdu->distributed_sak);
  EXPECT_FALSE(pdu->sak_use->macsec);
  EXPECT_FALSE(pdu->distributed_sak->macsec);
}

// 802.1X-2020 11.11.4
TEST(Mkpdu, DistributedSakOfEverySuite) {
  for (const CipherSuite suite : all_cipher_suites) {
    const std::vector<std::uint8_t> wrapped(sak_size(suite) + 8, 0x5a);
    MkpduContent content{.basic = basic_set()};
    content.distributed_sak = DistributedSakSet{.an = An{3},
                                                .confidentiality_offset = 1,
                                                .number = 9,
                                                .cipher_suite_id = cipher_suite_id(suite),
                                                .wrapped = wrapped};
    const std::string text = encoded(content);
    const std::vector<std::uint8_t> body = octets_of(text + std::string{no_icv});
    const std::size_t length = suite == CipherSuite::gcm_aes_128 ? 28 : 12 + wrapped.size();
    EXPECT_EQ(body.size(), 36 + 4 + length + icv_size);
    EXPECT_EQ(body[36], 4);
    EXPECT_EQ(body[37], 0xd0);
    EXPECT_EQ(body[39], length);
    const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
    ASSERT_TRUE(pdu && pdu->distributed_sak) << to_string(suite);
    EXPECT_EQ(pdu->distributed_sak->an, An{3});
    EXPECT_EQ(pdu->distributed_sak->confidentiality_offset, 1);
    EXPECT_EQ(pdu->distributed_sak->number, 9U);
    EXPECT_EQ(pdu->distributed_sak->cipher_suite_id, cipher_suite_id(suite));
    EXPECT_EQ(hex_of(pdu->distributed_sak->wrapped), hex_of(wrapped));
  }
}

TEST(Mkpdu, DistributedSakNamesGcmAes128InLongFormToo) {
  for (const std::string_view id : {"0080c20001000001", "0080020001000001"}) {
    const std::vector<std::uint8_t> body = octets_of(std::string{basic_text} + "04100024 00000001" + std::string{id} +
                                                     repeated("77", 24) + std::string{no_icv});
    const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
    ASSERT_TRUE(pdu && pdu->distributed_sak);
    EXPECT_EQ(cipher_suite_from_id(pdu->distributed_sak->cipher_suite_id), CipherSuite::gcm_aes_128);
    EXPECT_EQ(pdu->distributed_sak->wrapped.size(), 24U);
  }
}

TEST(Mkpdu, DistributedSakOfAnUnknownSuiteIsLeftToTheCaller) {
  const std::vector<std::uint8_t> body = octets_of(std::string{basic_text} + "04100034 00000001 0102030405060708" +
                                                   repeated("77", 40) + std::string{no_icv});
  const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
  ASSERT_TRUE(pdu && pdu->distributed_sak);
  EXPECT_EQ(pdu->distributed_sak->cipher_suite_id, 0x0102030405060708U);
  EXPECT_EQ(pdu->distributed_sak->wrapped.size(), 40U);
}

// 802.1X-2020 11.11.6, 11.11.8
TEST(Mkpdu, AnnouncementXpnAndIcvIndicator) {
  MkpduContent content{.basic = basic_set()};
  const std::array suites{CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_128};
  content.announced = suites;
  content.xpn = XpnSet{.suspension_time = 30, .latest_upper = 1, .old_upper = 2};
  content.icv_indicator = true;
  const std::string text = encoded(content);
  EXPECT_EQ(text,
            hex_of(octets_of(std::string{basic_text} + "07000016 e014 0002 0080c20001000004 0002 0080c20001000001 0000"
                                                       "081e0008 00000001 00000002"
                                                       "ff000010")));
  const std::vector<std::uint8_t> body = octets_of(text + std::string{no_icv});
  const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
  ASSERT_TRUE(pdu && pdu->announcement && pdu->xpn);
  ASSERT_EQ(pdu->announcement->size(), 2U);
  EXPECT_EQ(pdu->announcement->cipher_suite_id(0), cipher_suite_id(CipherSuite::gcm_aes_xpn_256));
  EXPECT_EQ(pdu->announcement->cipher_suite_id(1), cipher_suite_id(CipherSuite::gcm_aes_128));
  EXPECT_EQ(pdu->xpn->suspension_time, 30);
  EXPECT_EQ(pdu->xpn->latest_upper, 1U);
  EXPECT_EQ(pdu->xpn->old_upper, 2U);
  EXPECT_EQ(pdu->icv.size(), icv_size);
}

TEST(Mkpdu, AnnouncementSkipsOtherTlvsAndGarbage) {
  const auto suites = [](std::string_view set) {
    const std::vector<std::uint8_t> body = octets_of(std::string{basic_text} + std::string{set} + std::string{no_icv});
    const std::expected<Mkpdu, MkpduError> pdu = read_text(body);
    EXPECT_TRUE(pdu && pdu->announcement);
    return pdu->announcement->size();
  };
  EXPECT_EQ(suites("07000010 de02 abcd e00a 0002 0080c20001000002"), 1U);  // TLV 111 first
  EXPECT_EQ(suites("07000004 e1ff 0000"), 0U);                             // runs past the set
  EXPECT_EQ(suites("07000004 e002 0000"), 0U);                             // no whole entry
  EXPECT_EQ(suites("07000000"), 0U);
}

// 802.1X-2020 11.11
TEST(Mkpdu, UnknownSetsAreSkipped) {
  EXPECT_FALSE(error_of("09000005 0102030405 000000 2a000000 2a000000 03000000"));
  EXPECT_FALSE(error_of("0500001c" + repeated("00", 28) + "06000004 01020304"));
  const std::vector<std::uint8_t> body =
      octets_of(std::string{basic_text} + "0500001c" + repeated("00", 28) + std::string{no_icv});
  EXPECT_TRUE(read_mkpdu(body)->distributed_cak);
}

// 802.1X-2020 11.11.6
TEST(Mkpdu, NamesTheKeyManagementDomain) {
  const std::vector<std::uint8_t> body =
      octets_of(std::string{basic_text} + "06000003 6c6162 00" + std::string{no_icv});
  const auto pdu = read_mkpdu(body);
  ASSERT_TRUE(pdu);
  EXPECT_EQ(std::string(pdu->kmd.begin(), pdu->kmd.end()), "lab");
}

TEST(Mkpdu, MalformedSetsAreErrors) {
  const std::string entry = repeated("11", 16);
  EXPECT_EQ(error_of("01000010" + entry + "01000010" + entry), MkpduError::bad_parameter_set);  // twice
  EXPECT_EQ(error_of("0100000f" + entry), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("01000020" + entry), MkpduError::bad_parameter_set);  // reaches into the ICV
  EXPECT_EQ(error_of("03000027" + repeated("00", 40)), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("0400001b" + repeated("00", 28)), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("04000020" + repeated("00", 32)), MkpduError::bad_parameter_set);
  // A 256-bit suite with the octets of a 128-bit key.
  EXPECT_EQ(error_of("04000024 00000001 0080c20001000002" + repeated("00", 24)), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("08000004 00000000"), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("2a000fff"), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("ff00000c"), MkpduError::bad_parameter_set);
  EXPECT_EQ(error_of("ff000010" + repeated("00", 16)), MkpduError::bad_parameter_set);  // not the last 16 octets
  EXPECT_FALSE(error_of("ff000010"));
}

TEST(Mkpdu, LongerSetsOfLaterVersionsAreRead) {
  EXPECT_FALSE(error_of("0300002c" + repeated("00", 44)));
  EXPECT_FALSE(error_of("0800000c" + repeated("00", 12)));
}

TEST(Mkpdu, WriterRefusesWhatDoesNotFit) {
  std::array<std::uint8_t, 2 * max_mkpdu_size> buffer{};
  const std::vector<PeerEntry> peers(100);
  MkpduContent content{.basic = basic_set(), .live = peers};
  Writer large{buffer};
  write_mkpdu(large, content);
  EXPECT_FALSE(large.ok());
  Writer small{MutableBytes{buffer}.first(35)};
  write_mkpdu(small, {.basic = basic_set()});
  EXPECT_FALSE(small.ok());
  content = {.basic = basic_set()};
  content.basic.ckn = Ckn{};
  Writer nameless{buffer};
  write_mkpdu(nameless, content);
  EXPECT_FALSE(nameless.ok());
}

// 802.1X-2020 11.3
TEST(Eapol, ReadsWhatItWrote) {
  std::array<std::uint8_t, 64> buffer{};
  Writer writer{buffer};
  write_eapol_header(writer, pae_group_address, {{2, 0, 0, 0, 0, 1}}, eapol_ethertype, EapolType::mka, 5);
  writer.put(octets_of("0102030405"));
  EXPECT_EQ(hex_of(writer.written()),
            "0180c2000003"
            "020000000001"
            "888e"
            "03050005"
            "0102030405");
  // The rest of the buffer is padding to the least length of an Ethernet frame.
  const std::optional<EapolFrame> frame = read_eapol(Bytes{buffer}.first(60));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->destination, pae_group_address);
  EXPECT_EQ(to_string(frame->source), "02:00:00:00:00:01");
  EXPECT_EQ(frame->ethertype, eapol_ethertype);
  EXPECT_EQ(frame->version, 3);
  EXPECT_EQ(frame->type, 5);
  EXPECT_EQ(hex_of(frame->body), "0102030405");
  EXPECT_EQ(frame->authenticated.size(), 23U);
  EXPECT_FALSE(read_eapol(Bytes{buffer}.first(22)));
  EXPECT_FALSE(read_eapol(Bytes{buffer}.first(17)));
}

// 802.1AE-2018 14
TEST(Types, CipherSuites) {
  for (const CipherSuite suite : all_cipher_suites) {
    EXPECT_EQ(cipher_suite_from_id(cipher_suite_id(suite)), suite);
    EXPECT_EQ(cipher_suite_from_string(to_string(suite)), suite);
  }
  EXPECT_EQ(cipher_suite_id(CipherSuite::gcm_aes_xpn_128), 0x0080c20001000003U);
  EXPECT_EQ(cipher_suite_from_id(0x0080020001000001U), CipherSuite::gcm_aes_128);
  EXPECT_FALSE(cipher_suite_from_id(0x0080c20001000005U));
  EXPECT_EQ(cipher_suite_from_string("gcm-aes-xpn-256"), CipherSuite::gcm_aes_xpn_256);
  EXPECT_FALSE(cipher_suite_from_string("GCM-AES-1"));
}

// 802.1AE-2018 9.9
TEST(Types, TextForms) {
  const MacAddress mac{{2, 0, 0, 0, 0, 0xab}};
  EXPECT_EQ(mac_from_string("02:00:00:00:00:ab"), mac);
  EXPECT_EQ(mac_from_string("02-00-00-00-00-AB"), mac);
  for (const std::string_view wrong :
       {"", "02:00:00:00:00", "02:00:00:00:00:ag", "02:00-00:00:00:ab", "020000000000abcde"})
    EXPECT_FALSE(mac_from_string(wrong)) << wrong;
  EXPECT_EQ(to_string(Sci::of(mac, 258)), "0200000000ab0102");
  EXPECT_EQ(Sci::of(mac, 258).port(), 258);
  EXPECT_EQ(Sci::of(mac, 258).mac(), mac);
  const KeyId key{{{0xcd}}, 300};
  EXPECT_EQ(to_string(key), "cd0000000000000000000000/300");
  EXPECT_EQ(KeyId::from_octets(key.octets()), key);
}

TEST(Types, Ckn) {
  EXPECT_FALSE(Ckn::from({}));
  EXPECT_FALSE(Ckn::from_hex(""));
  EXPECT_FALSE(Ckn::from_hex("123"));
  EXPECT_FALSE(Ckn::from_hex(repeated("00", 33)));
  const Ckn ckn = *Ckn::from_hex("0a0B");
  EXPECT_EQ(to_string(ckn), "0a0b");
  EXPECT_EQ(to_string(ckn.padded()), "0a0b" + repeated("00", 30));
  EXPECT_NE(ckn, ckn.padded());
  const std::unordered_set<Ckn> names{ckn, ckn.padded(), ckn};
  EXPECT_EQ(names.size(), 2U);
}

}  // namespace
}  // namespace macsec
