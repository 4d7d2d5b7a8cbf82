// SPDX-License-Identifier: LGPL-2.1-or-later
// The packets of EAP methods and of RADIUS.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/wire/announcement.hpp"
#include "engine/wire/eap.hpp"
#include "engine/wire/eap_tls.hpp"
#include "engine/wire/mschapv2.hpp"
#include "engine/wire/peap_tlv.hpp"
#include "engine/wire/radius.hpp"
#include "engine/wire/ttls_avp.hpp"

namespace macsec {
namespace {

std::vector<std::uint8_t> unhex(std::string_view hex) {
  std::vector<std::uint8_t> out(hex.size() / 2);
  EXPECT_TRUE(from_hex(hex, out));
  return out;
}

Bytes octets(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

std::string text(Bytes data) { return {data.begin(), data.end()}; }

// 802.1X-2020 11.12: TLVs of 7 bits of type and 9 of length. 111 is of the network whose NID (114) stands before it.
TEST(Announcement, AccessOfTheNetworkThatIsAskedFor) {
  const auto status = [](std::string_view hex, std::string_view nid = {}) {
    return read_access_status(unhex(hex), nid);
  };
  EXPECT_EQ(status("de020000"), AccessStatus::no_access);
  EXPECT_EQ(status("de020103"), AccessStatus::remedial);
  EXPECT_EQ(status("de021e1f"), AccessStatus::restricted) << "other bits of the octet say other things";
  EXPECT_EQ(status("fe01aade02ff00"), AccessStatus::expected) << "after a TLV of somebody else's";
  const std::string two = "de020100e4036c6162de020300e4036f7468de020200";  // of none, of "lab", of "oth"
  EXPECT_EQ(status(two), AccessStatus::remedial);
  EXPECT_EQ(status(two, "lab"), AccessStatus::expected);
  EXPECT_EQ(status(two, "oth"), AccessStatus::restricted);
  EXPECT_EQ(status(two, "la"), AccessStatus::remedial) << "unknown: that of no name";
  EXPECT_EQ(status("e4036c6162de020300"), std::nullopt) << "of a network that nobody asked for";
  EXPECT_EQ(status("e400de020300"), std::nullopt) << "the same with an empty name";
}

TEST(Announcement, WhatSaysNothingOfAccess) {
  for (const char* const hex : {"", "de00", "e4036c6162", "de", "de02", "de0203", "de020100ff", "de020100de03aabb"})
    EXPECT_EQ(read_access_status(unhex(hex), {}), std::nullopt) << hex;
}

// RFC 3748 section 4
TEST(EapPacket, ReadsWhatTheLengthCovers) {
  const auto request = unhex("01070006014100ff");  // two octets of padding
  const std::optional<EapPacket> packet = read_eap(request);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->code, EapCode::request);
  EXPECT_EQ(packet->identifier, 7);
  EXPECT_EQ(packet->type, EapType::identity);
  EXPECT_EQ(text(packet->data), "A");
  EXPECT_EQ(read_eap(unhex("03090004"))->type, EapType::none);
}

TEST(EapPacket, DropsWhatIsMalformed) {
  for (const std::string_view wrong : {"", "01", "010700", "01070004", "0107000601", "01070003", "0507000501",
                                       "0007000501", "0307000501", "04070005ff", "02070004"})
    EXPECT_FALSE(read_eap(unhex(wrong))) << wrong;
}

TEST(EapPacket, WritesBoth) {
  std::array<std::uint8_t, 16> buffer{};
  Writer writer{buffer};
  write_eap(writer, EapCode::response, 7, EapType::nak, std::array<std::uint8_t, 2>{25, 13});
  write_eap_end(writer, EapCode::failure, 8);
  EXPECT_EQ(to_hex(writer.written()), "0207000703190d04080004");
  const std::vector<std::uint8_t> huge(65531);
  std::vector<std::uint8_t> room(70000);
  Writer full{room};
  write_eap(full, EapCode::response, 1, EapType::tls, huge);
  EXPECT_FALSE(full.ok());
}

TEST(EapPacket, IdentityPrompt) {
  const IdentityPrompt prompt = read_identity_prompt(octets({"hello\0networkid=a", 17}));
  EXPECT_EQ(text(prompt.text), "hello");
  EXPECT_EQ(text(prompt.options), "networkid=a");
  EXPECT_TRUE(read_identity_prompt(octets("hello")).options.empty());
  EXPECT_TRUE(read_identity_prompt(octets({"\0", 1})).options.empty());
}

// RFC 5216 section 3.1
TEST(EapTls, FlagsAndLength) {
  const auto first = unhex("c10000012cabcd");
  const std::optional<TlsFragment> fragment = read_tls_fragment(first);
  ASSERT_TRUE(fragment);
  EXPECT_TRUE(fragment->more);
  EXPECT_FALSE(fragment->start);
  EXPECT_EQ(fragment->version, 1);
  EXPECT_EQ(fragment->total, 300U);
  EXPECT_EQ(to_hex(fragment->data), "abcd");
  EXPECT_TRUE(read_tls_fragment(unhex("20"))->start);
  EXPECT_TRUE(read_tls_fragment(unhex("00"))->is_acknowledgement());
  EXPECT_EQ(read_tls_fragment(unhex("8000000000"))->total, 0U);
  EXPECT_FALSE(read_tls_fragment({}));
  EXPECT_FALSE(read_tls_fragment(unhex("80000001")));
  std::array<std::uint8_t, 8> buffer{};
  Writer writer{buffer};
  write_tls_fragment(writer, *fragment);
  EXPECT_EQ(to_hex(writer.written()), "c10000012cabcd");
}

// RFC 5281 section 10
TEST(TtlsAvp, PadsAndReads) {
  std::array<std::uint8_t, 64> buffer{};
  Writer writer{buffer};
  const Avp name{.code = 1, .data = octets("alice")};
  write_avp(writer, name);
  EXPECT_EQ(writer.size(), avp_size(name));
  write_avp(writer, Avp{.code = 26, .vendor = microsoft_vendor, .mandatory = false, .data = octets("abcd")});
  EXPECT_EQ(to_hex(writer.written()), "000000014000000d616c6963650000000000001a800000100000013761626364");
  AvpReader reader{writer.written()};
  const std::optional<Avp> first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is(AvpCode::user_name));
  EXPECT_FALSE(first->is(MicrosoftAvp::chap_response));
  EXPECT_EQ(text(first->data), "alice");
  const std::optional<Avp> second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->is(MicrosoftAvp::chap2_success));
  EXPECT_FALSE(second->mandatory);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

TEST(TtlsAvp, LastPaddingMayBeMissing) {
  const auto pair = unhex("000000014000000d616c696365");
  AvpReader reader{pair};
  EXPECT_TRUE(reader.next());
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

TEST(TtlsAvp, RefusesLengthsThatDoNotFit) {
  for (const std::string_view wrong :
       {"00", "0000000140000007", "0000000140000009", "00000001c000000b00000137", "000000014000000d616c6963"}) {
    const auto pair = unhex(wrong);
    AvpReader reader{pair};
    EXPECT_FALSE(reader.next()) << wrong;
    EXPECT_FALSE(reader.ok()) << wrong;
  }
}

TEST(PeapTlv, ResultAndBinding) {
  const auto tlvs = unhex(
      "800300020001000c00380000000051be91379739c47c83badc8c919338d721840696d21e6dda4ffc5f1091764b88ea7fa2f2673e2ca33992"
      "f94a"
      "28c0d1b24cb94a82");
  const std::optional<PeapTlvs> read = read_peap_tlvs(tlvs);
  ASSERT_TRUE(read && read->binding);
  EXPECT_EQ(read->result, PeapResult::success);
  EXPECT_EQ(read->binding->kind, PeapBinding::Kind::request);
  EXPECT_FALSE(read->unknown_mandatory);
  std::array<std::uint8_t, 66> buffer{};
  Writer writer{buffer};
  write_peap_result(writer, PeapResult::success);
  write_peap_binding(writer, *read->binding);
  EXPECT_TRUE(std::ranges::equal(writer.written(), tlvs));
  const auto input = peap_binding_input(*read->binding);
  EXPECT_TRUE(std::ranges::equal(Bytes{input}.first(40), Bytes{tlvs}.subspan(6, 40)));
  EXPECT_TRUE(std::ranges::all_of(Bytes{input}.last(20), [](std::uint8_t octet) { return octet == 0; }));
}

TEST(PeapTlv, UnknownOnes) {
  EXPECT_EQ(read_peap_tlvs(unhex("8007000101"))->unknown_mandatory, 7);
  EXPECT_FALSE(read_peap_tlvs(unhex("0007000101"))->unknown_mandatory);
  for (const std::string_view wrong :
       {"80", "80030002", "8003000100", "800300020003", "80030003000100", "800300020001800300020002", "000c000100"})
    EXPECT_FALSE(read_peap_tlvs(unhex(wrong))) << wrong;
}

// RFC 2759 sections 4 to 6
TEST(Mschapv2Packet, ChallengeAndResponse) {
  const auto challenge = unhex("0105001810000102030405060708090a0b0c0d0e0f737276");
  const std::optional<Mschapv2Packet> packet = read_mschapv2(challenge);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->opcode, Mschapv2Opcode::challenge);
  EXPECT_EQ(packet->id, 5);
  const std::optional<Mschapv2ChallengeValue> value = read_mschapv2_challenge(packet->value);
  ASSERT_TRUE(value);
  EXPECT_EQ(to_hex(value->challenge), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(text(value->server_name), "srv");
  std::array<std::uint8_t, 80> buffer{};
  Writer writer{buffer};
  write_mschapv2_response(writer, 5, Mschapv2Challenge{}, Mschapv2NtResponse{}, octets("User"));
  const std::optional<Mschapv2Packet> response = read_mschapv2(writer.written());
  ASSERT_TRUE(response);
  EXPECT_EQ(response->opcode, Mschapv2Opcode::response);
  EXPECT_EQ(response->value.size(), 1U + 49 + 4);
  EXPECT_EQ(response->value[0], 49);
  for (const std::string_view wrong : {"", "05000000", "0105", "01050003", "0105001810"})
    EXPECT_FALSE(read_mschapv2(unhex(wrong))) << wrong;
  EXPECT_FALSE(read_mschapv2_challenge(unhex("0f000102030405060708090a0b0c0d0e0f")));
}

TEST(Mschapv2Packet, SuccessText) {
  constexpr std::string_view good = "S=407A5589115FD0D6209F510FE9C04566932CDA56";
  EXPECT_EQ(to_hex(read_mschapv2_success(octets(good)).value()), "407a5589115fd0d6209f510fe9c04566932cda56");
  EXPECT_TRUE(read_mschapv2_success(octets(std::string{good} + " M=Hello")));
  EXPECT_FALSE(read_mschapv2_success(octets(std::string{good} + "00")));
  EXPECT_FALSE(read_mschapv2_success(octets(good.substr(0, 41))));
  EXPECT_FALSE(read_mschapv2_success(octets("M=Hello")));
}

TEST(Mschapv2Packet, FailureText) {
  const Mschapv2Failure refused =
      read_mschapv2_failure(octets("E=691 R=1 C=00112233445566778899aabbccddeeff V=3 M=no R=0 E=1"));
  EXPECT_EQ(refused.error, 691U);
  EXPECT_TRUE(refused.retry);
  EXPECT_EQ(refused.message, "no R=0 E=1");
  EXPECT_EQ(read_mschapv2_failure(octets("M=E=648")).error, 0U);
  EXPECT_EQ(read_mschapv2_failure({}).error, 0U);
  EXPECT_EQ(read_mschapv2_failure(octets("E=99999999999 R=x")).error, 0U);
}

// RFC 2865 sections 3 and 5
TEST(Radius, WritesAndReads) {
  std::array<std::uint8_t, max_radius_size> buffer{};
  RadiusWriter writer{buffer, RadiusCode::access_request, 9, RadiusAuthenticator{1, 2, 3}};
  writer.add_message_authenticator();
  writer.add(RadiusAttributeType::user_name, octets("alice"));
  writer.add(RadiusAttributeType::nas_port_type, 15);
  const std::vector<std::uint8_t> eap(600, 0x5a);
  writer.add_eap(eap);
  const RadiusWriter::Finished done = writer.finish();
  ASSERT_EQ(done.message_authenticator.size(), 16U);
  EXPECT_EQ(done.message_authenticator.data(), done.packet.data() + radius_header_size + 2);
  const std::optional<RadiusPacket> packet = read_radius(done.packet);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->identifier, 9);
  EXPECT_EQ(text(packet->find(RadiusAttributeType::user_name).value()), "alice");
  EXPECT_EQ(to_hex(packet->find(RadiusAttributeType::nas_port_type).value()), "0000000f");
  EXPECT_FALSE(packet->find(RadiusAttributeType::state));
  std::vector<std::uint8_t> joined(max_radius_size);
  Writer out{joined};
  packet->join_eap(out);
  EXPECT_TRUE(std::ranges::equal(out.written(), eap));
}

TEST(Radius, FindsVendorsAttributes) {
  const auto packet = unhex("0203002c" + std::string(32, '0') +
                            "1a06000000091a0a0000013710041234"
                            "1a080000013711"
                            "02");
  const std::optional<RadiusPacket> read = read_radius(packet);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_hex(read->find_vendor(311, 16).value()), "1234");
  EXPECT_TRUE(read->find_vendor(311, 17).value().empty());
  EXPECT_FALSE(read->find_vendor(9, 16));
}

TEST(Radius, RefusesWhatDoesNotFit) {
  const std::string head(32, '0');
  EXPECT_TRUE(read_radius(unhex("02030014" + head)));
  EXPECT_TRUE(read_radius(unhex("02030014" + head + "ffff")));  // padding
  for (const std::string& wrong : {"02030013" + head, "02030015" + head, "02030016" + head + "0101",
                                   "02030016" + head + "0103", "02030015" + head + "01", "02031001" + head})
    EXPECT_FALSE(read_radius(unhex(wrong))) << wrong;
}

TEST(Radius, FullPacketFails) {
  std::array<std::uint8_t, 64> buffer{};
  RadiusWriter small{buffer, RadiusCode::access_request, 1, {}};
  small.add_eap(std::vector<std::uint8_t>(60));
  EXPECT_TRUE(small.finish().packet.empty());
  std::array<std::uint8_t, max_radius_size> whole{};
  RadiusWriter value{whole, RadiusCode::access_request, 1, {}};
  value.add(RadiusAttributeType::state, std::vector<std::uint8_t>(254));
  EXPECT_TRUE(value.finish().packet.empty());
}

}  // namespace
}  // namespace macsec
