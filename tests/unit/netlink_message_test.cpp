// SPDX-License-Identifier: LGPL-2.1-or-later
/// Netlink messages as the kernel writes them, and as they are written for it.
#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/macsec_dump.hpp"
#include "engine/adapters/netlink/netlink_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace macsec::os {
namespace {

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span{&value, 1});
}

constexpr Sci local_sci{{0x02, 0, 0, 0, 0, 1, 0, 1}};
constexpr Sci peer_sci{{0x02, 0, 0, 0, 0, 2, 0, 1}};

void put_secy(NetlinkMessage& message, std::uint64_t suite) {
  message.nest(MACSEC_ATTR_SECY, [&] {
    message.put(MACSEC_SECY_ATTR_SCI, local_sci.octets);
    message.put_u64(MACSEC_SECY_ATTR_CIPHER_SUITE, suite);
    message.put_u8(MACSEC_SECY_ATTR_OPER, 1);
    message.put_u8(MACSEC_SECY_ATTR_PROTECT, 1);
    message.put_u8(MACSEC_SECY_ATTR_REPLAY, 1);
    message.put_u32(MACSEC_SECY_ATTR_WINDOW, 64);
    message.put_u8(MACSEC_SECY_ATTR_VALIDATE, MACSEC_VALIDATE_CHECK);
    message.put_u8(MACSEC_SECY_ATTR_ENCRYPT, 0);
    message.put_u8(MACSEC_SECY_ATTR_INC_SCI, 1);
    message.put_u8(MACSEC_SECY_ATTR_ENCODING_SA, 2);
  });
}

void put_sa(NetlinkMessage& message, int position, unsigned an, const KeyId& key, auto pn, Ssci ssci) {
  message.nest(position, [&] {
    message.put_u8(MACSEC_SA_ATTR_AN, static_cast<std::uint8_t>(an));
    if constexpr (sizeof(pn) == 8)
      message.put_u64(MACSEC_SA_ATTR_PN, pn);
    else
      message.put_u32(MACSEC_SA_ATTR_PN, pn);
    message.put(MACSEC_SA_ATTR_KEYID, key.octets());
    std::array<std::uint8_t, 4> big_endian{};
    Writer{big_endian}.u32(ssci);
    message.put(MACSEC_SA_ATTR_SSCI, big_endian);
    message.put_u8(MACSEC_SA_ATTR_ACTIVE, 1);
  });
}

TEST(SecyDump, TellsEverythingTheKernelSays) {
  const genlmsghdr header{.cmd = MACSEC_CMD_GET_TXSC, .version = 1, .reserved = 0};
  NetlinkMessage message{42, 0, bytes_of(header)};
  const KeyId key{.server = {{1, 2, 3}}, .number = 7};
  message.put_u32(MACSEC_ATTR_IFINDEX, 9);
  message.nest(MACSEC_ATTR_OFFLOAD, [&] { message.put_u8(MACSEC_OFFLOAD_ATTR_TYPE, MACSEC_OFFLOAD_MAC); });
  put_secy(message, MACSEC_CIPHER_ID_GCM_AES_XPN_256);
  message.nest(MACSEC_ATTR_TXSC_STATS, [&] { message.put_u64(MACSEC_TXSC_STATS_ATTR_OUT_PKTS_PROTECTED, 11); });
  message.nest(MACSEC_ATTR_TXSA_LIST, [&] { put_sa(message, 1, 2, key, std::uint64_t{1} << 40U, 5); });
  message.nest(MACSEC_ATTR_RXSC_LIST, [&] {
    message.nest(1, [&] {
      message.put(MACSEC_RXSC_ATTR_SCI, peer_sci.octets);
      message.nest(MACSEC_RXSC_ATTR_STATS, [&] { message.put_u64(MACSEC_RXSC_STATS_ATTR_IN_PKTS_LATE, 3); });
      message.nest(MACSEC_RXSC_ATTR_SA_LIST, [&] { put_sa(message, 1, 1, key, std::uint32_t{77}, 6); });
    });
    message.nest(2, [&] { message.put(MACSEC_RXSC_ATTR_SCI, local_sci.octets); });
  });
  ASSERT_TRUE(message.ok());

  SecyDumpParser parser;
  ASSERT_TRUE(parser.add(*message.header()));
  const auto all = parser.take();
  ASSERT_EQ(all.size(), 1U);
  const SecyDump& dump = all[0];
  EXPECT_EQ(dump.ifindex, 9U);
  EXPECT_TRUE(dump.operational);
  EXPECT_EQ(dump.state.sci, local_sci);
  EXPECT_EQ(dump.state.cipher_suite, CipherSuite::gcm_aes_xpn_256);
  EXPECT_EQ(dump.state.offload, OffloadMode::mac);
  EXPECT_EQ(dump.state.encoding, An{2});
  const SecyParameters expected{.protect = true,
                                .encrypt = false,
                                .validate = Validate::check,
                                .replay_protect = true,
                                .replay_window = 64,
                                .include_sci = true};
  EXPECT_EQ(dump.state.parameters, expected);
  ASSERT_EQ(dump.state.transmit.size(), 1U);
  EXPECT_EQ(dump.state.transmit[0].an, An{2});
  EXPECT_EQ(dump.state.transmit[0].next_pn, std::uint64_t{1} << 40U);
  EXPECT_EQ(dump.state.transmit[0].key, key);
  EXPECT_EQ(dump.state.transmit[0].ssci, 5U);
  ASSERT_EQ(dump.state.receive.size(), 2U);
  EXPECT_EQ(dump.state.receive[0].sci, peer_sci);
  ASSERT_EQ(dump.state.receive[0].associations.size(), 1U);
  EXPECT_EQ(dump.state.receive[0].associations[0].next_pn, 77U);
  EXPECT_TRUE(dump.state.receive[1].associations.empty());
  EXPECT_EQ(dump.counters.out_protected, 11U);
  EXPECT_EQ(dump.counters.in_late, 3U);
}

TEST(SecyDump, KnowsTheKernelsOldNumberOfTheDefaultSuite) {
  const genlmsghdr header{.cmd = MACSEC_CMD_GET_TXSC, .version = 1, .reserved = 0};
  NetlinkMessage message{42, 0, bytes_of(header)};
  message.put_u32(MACSEC_ATTR_IFINDEX, 9);
  put_secy(message, MACSEC_DEFAULT_CIPHER_ID);
  SecyDumpParser parser;
  ASSERT_TRUE(parser.add(*message.header()));
  EXPECT_EQ(parser.take()[0].state.cipher_suite, CipherSuite::gcm_aes_128);
}

TEST(SecyDump, RefusesWhatIsNoSecy) {
  const genlmsghdr header{.cmd = MACSEC_CMD_GET_TXSC, .version = 1, .reserved = 0};
  SecyDumpParser parser;
  NetlinkMessage empty{42, 0, bytes_of(header)};
  EXPECT_FALSE(parser.add(*empty.header()));
  NetlinkMessage nameless{42, 0, bytes_of(header)};
  put_secy(nameless, MACSEC_DEFAULT_CIPHER_ID);
  EXPECT_FALSE(parser.add(*nameless.header()));
  EXPECT_TRUE(parser.take().empty());
}

TEST(NetlinkMessage, TellsWhenSomethingDidNotFit) {
  const genlmsghdr header{};
  NetlinkMessage message{42, 0, bytes_of(header)};
  const std::array<std::uint8_t, 600> much{};
  message.put(1, much);
  EXPECT_TRUE(message.ok());
  message.put(2, much);
  EXPECT_FALSE(message.ok());
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->request(message, "say much").error().code, EMSGSIZE);
}

TEST(LinkMessage, OfABridgePortIsNoLink) {
  ifinfomsg info{};
  info.ifi_family = AF_BRIDGE;
  info.ifi_index = 3;
  NetlinkMessage message{RTM_NEWLINK, 0, bytes_of(info)};
  message.put_string(IFLA_IFNAME, "eth0");
  Link link;
  EXPECT_FALSE(parse_link(*message.header(), link));
}

TEST(LinkMessage, OfALinkFacts) {
  ifinfomsg info{};
  info.ifi_index = 4;
  info.ifi_flags = IFF_UP;
  NetlinkMessage message{RTM_NEWLINK, 0, bytes_of(info)};
  message.put_string(IFLA_IFNAME, "macsec0");
  message.put_u32(IFLA_LINK, 3);
  message.put_u8(IFLA_LINKMODE, 1);
  message.put_u8(IFLA_OPERSTATE, 5);
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, "macsec");
    message.nest(IFLA_INFO_DATA, [&] {
      message.put(IFLA_MACSEC_SCI, local_sci.octets);
      message.put_u64(IFLA_MACSEC_CIPHER_SUITE, MACSEC_DEFAULT_CIPHER_ID);
      message.put_u8(IFLA_MACSEC_ICV_LEN, 8);
      message.put_u8(IFLA_MACSEC_ENCODING_SA, 1);
      message.put_u8(IFLA_MACSEC_VALIDATION, MACSEC_VALIDATE_STRICT);
    });
  });
  Link link;
  ASSERT_TRUE(parse_link(*message.header(), link));
  EXPECT_EQ(link.parent, 3U);
  EXPECT_TRUE(link.up);
  EXPECT_FALSE(link.carrier);
  EXPECT_TRUE(link.dormant);
  ASSERT_TRUE(link.macsec);
  EXPECT_EQ(link.macsec->sci, local_sci);
  EXPECT_EQ(link.macsec->cipher_suite, CipherSuite::gcm_aes_128);
  EXPECT_EQ(link.macsec->encoding, An{1});
  EXPECT_EQ(link.macsec->icv_octets, 8);
  EXPECT_FALSE(link.macsec->parameters.protect);
}
TEST(NetlinkMessage, WhatIsNotWholeIsNotRead) {
  const std::array<std::uint8_t, 4> four{1, 2, 3, 4};
  NetlinkMessage message{42, 0, bytes_of(genlmsghdr{})};
  message.put(1, four);
  message.nest(2, [&] { message.put_string(3, "ab"); });
  const Bytes whole{reinterpret_cast<const std::uint8_t*>(message.header()), message.header()->nlmsg_len};
  NetlinkMessages messages{whole};
  const nlmsghdr* const read = messages.next();
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(messages.next(), nullptr);
  const Attributes<2> top{attributes_of<genlmsghdr>(*read)};
  EXPECT_TRUE(std::ranges::equal(top[1], four));
  EXPECT_EQ(Attributes<3>{top[2]}.text(3), "ab");
  EXPECT_FALSE(Attributes<3>{top[2]}.has(1));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(NetlinkMessages{whole.first(size)}.next(), nullptr);
  // An attribute that says it is longer than what is there, or shorter than its own head, ends the list.
  const Bytes list = attributes_of<genlmsghdr>(*read);
  for (std::size_t size = 0; size < list.size(); ++size) {
    std::size_t seen = 0;
    each_attribute(list.first(size), [&seen](const Attribute&) { ++seen; });
    EXPECT_EQ(seen, size < 8 ? 0U : 1U) << size;
  }
  const std::array<std::uint8_t, 8> short_head{3, 0, 1, 0, 8, 0, 2, 0};
  EXPECT_FALSE(Attributes<2>{short_head}.has(1));
  EXPECT_FALSE(Attributes<2>{short_head}.has(2));
}

}  // namespace
}  // namespace macsec::os
