// SPDX-License-Identifier: LGPL-2.1-or-later
/// Netlink messages in and out; links and frames on devices of a namespace of its own, where that is allowed.
#include "engine/adapters/netlink/link_addresses.hpp"
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/netlink/macsec_kernel.hpp"
#include "engine/adapters/netlink/netlink_events.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "engine/adapters/system/packet_socket.hpp"
#include "tests/unit/cable.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>

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
  EXPECT_FALSE(link.macsec->parameters.protect);
}

TEST(OsRandom, Fills) {
  OsRandom random;
  std::array<std::uint8_t, 64> octets{};
  random.fill(octets);
  EXPECT_TRUE(std::ranges::any_of(octets, [](std::uint8_t octet) { return octet != 0; }));
}

struct Seen {
  LinkChange::Kind kind;
  Link link;
};

class AddressTest : public CableTest {
 protected:
  static void make_anew() {
    ASSERT_EQ(run("ip link del dev a && ip link add name a address 02:00:00:00:00:0a type veth peer name b && "
                  "ip link set dev a up && ip link set dev b up"),
              0);
  }
  /// Addresses and routes of `a`; what counts down, or is the kernel's own, left out.
  static std::string seen() {
    std::string out;
    FILE* const pipe = ::popen(
        "{ ip -o addr show dev a scope global; ip -4 route show table all dev a; ip -6 route show table all dev a; } | "
        "grep -v -e ^fe80::/64 -e 'table local' -e multicast | sed -e 's/^[0-9]*: //' -e 's/ tentative//' "
        "-e 's/ linkdown//' | sort",
        "r");
    if (pipe == nullptr) return out;
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), pipe) != nullptr) out += line.data();
    ::pclose(pipe);
    return out;
  }
};

TEST_F(AddressTest, AddressesAndRoutesMoveToTheDeviceMadeAnew) {
  ASSERT_EQ(run("ip link set dev a up && ip link set dev b up && "
                "ip addr add 10.1.0.1/24 dev a && ip addr add 10.1.0.2/24 dev a && "
                "ip addr add 10.2.0.1/24 dev a noprefixroute && ip route add 10.2.0.0/24 dev a metric 550 && "
                "ip addr add 2001:db8::1/64 dev a nodad && ip route add default via 10.1.0.254 metric 100 && "
                "ip route add 192.0.2.0/24 via 10.1.0.253 table 77 mtu 1300 && "
                "ip -6 route add default via 2001:db8::ff dev a metric 42 && "
                "ip -6 route add 2001:db8:7::/48 via fe80::7 dev a table 78"),
            0);
  const std::string before = seen();
  ASSERT_NE(before.find("table 78"), std::string::npos) << before;
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkAddresses::save(*route, ::if_nametoindex("a"));
  ASSERT_TRUE(saved) << saved.error().message;
  make_anew();
  ASSERT_NE(seen(), before);
  const auto restored = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(seen(), before);
  const auto again = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_TRUE(again) << again.error().message;
  EXPECT_EQ(seen(), before);
}

class MonitorTest : public CableTest {
 protected:
  void watch() {
    auto opened = LinkMonitor::open([this](const LinkChange& change) { seen_.push_back({change.kind, change.link}); });
    ASSERT_TRUE(opened) << opened.error().message;
    monitor_ = std::move(*opened);
  }
  bool wait_until(const std::function<bool()>& done) {
    return wait_for(monitor_->fd(), done, [this] { ASSERT_TRUE(monitor_->process()); });
  }
  [[nodiscard]] bool saw(LinkChange::Kind kind, std::string_view name) const {
    return std::ranges::any_of(seen_, [&](const Seen& one) { return one.kind == kind && one.link.name == name; });
  }

  std::unique_ptr<LinkMonitor> monitor_;
  std::vector<Seen> seen_;
};

TEST_F(MonitorTest, TellsWhatChangesAndOnlyThat) {
  watch();
  ASSERT_NE(monitor_->find("a"), nullptr);
  EXPECT_EQ(to_string(monitor_->find("a")->mac), "02:00:00:00:00:0a");
  EXPECT_EQ(monitor_->find("a")->kind, "veth");
  EXPECT_TRUE(seen_.empty());

  run("ip link set dev a up; ip link set dev b up");
  ASSERT_TRUE(wait_until([this] { return monitor_->find("a")->carrier && monitor_->find("b")->carrier; }));
  EXPECT_EQ(monitor_->speed(monitor_->find("a")->ifindex), 10'000'000'000U);
  seen_.clear();
  run("ip link set dev a up");
  run("ip link set dev b down");
  ASSERT_TRUE(wait_until([this] { return !monitor_->find("a")->carrier; }));
  EXPECT_TRUE(monitor_->find("a")->up);
  EXPECT_EQ(monitor_->speed(monitor_->find("a")->ifindex), 10'000'000'000U);  // veth says so without carrier too

  run("ip link set dev b name c; ip link set dev c address 02:00:00:00:00:0c");
  ASSERT_TRUE(wait_until([this] {
    const Link* const link = monitor_->find("c");
    return link != nullptr && to_string(link->mac) == "02:00:00:00:00:0c";
  }));
  EXPECT_EQ(monitor_->find("b"), nullptr);
}

TEST_F(MonitorTest, TellsARemovedInterfaceFromItsSuccessor) {
  watch();
  const unsigned first = monitor_->find("a")->ifindex;
  run("ip link del dev a; ip link add name a type veth peer name b");
  ASSERT_TRUE(wait_until([this] { return saw(LinkChange::Kind::appeared, "a"); }));
  EXPECT_TRUE(saw(LinkChange::Kind::removed, "a"));
  EXPECT_EQ(monitor_->find(first), nullptr);
  EXPECT_NE(monitor_->find("a")->ifindex, first);
}

TEST_F(MonitorTest, CatchesUpWhenMessagesWereLost) {
  watch();
  // More than fits: each message is some 1,400 octets, and takes more than 2,000 of the buffer.
  run("ip link del dev a; i=0; while [ $i -lt 4000 ]; do echo link set lo mtu $((60000 + i % 2)); i=$((i + 1)); done > "
      "/tmp/$$;"
      "ip -batch /tmp/$$; rm /tmp/$$");
  run("ip link add name z type veth peer name y");
  ASSERT_TRUE(wait_until([this] { return monitor_->find("z") != nullptr && monitor_->find("y") != nullptr; }));
  EXPECT_TRUE(saw(LinkChange::Kind::removed, "a"));
  EXPECT_TRUE(saw(LinkChange::Kind::appeared, "z"));
}

/// Changes the MTU of lo `times` times, to `last` at the end: more than the buffer of a listener holds.
void overrun(unsigned last, int times = 12'000) {
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  for (int i = 1; i <= times; ++i) {
    ifinfomsg info{};
    info.ifi_index = 1;
    NetlinkMessage message{RTM_SETLINK, 0, bytes_of(info)};
    message.put_u32(IFLA_MTU, i == times ? last : static_cast<unsigned>(50'000 + i % 2));
    ASSERT_TRUE(route->request(message, "change the MTU"));
  }
}

TEST_F(MonitorTest, WhatWasLostIsNewerThanWhatWaits) {
  watch();
  const unsigned first = monitor_->find("lo")->mtu;
  ASSERT_NO_FATAL_FAILURE(overrun(1234));
  while (monitor_->find("lo")->mtu == first) ASSERT_TRUE(monitor_->process());
  ASSERT_TRUE(monitor_->process());
  EXPECT_EQ(monitor_->find("lo")->mtu, 1234U);
  // Nothing of what waited was told: from the first state to the last one.
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].link.mtu, 1234U);
  // From here on messages count again.
  run("ip link set lo mtu 4321");
  EXPECT_TRUE(wait_until([this] { return monitor_->find("lo")->mtu == 4321; }));
}

class EventsTest : public CableTest {
 protected:
  void SetUp() override {
    CableTest::SetUp();
    if (IsSkipped()) return;
    auto opened = NetlinkEvents::open({RTNLGRP_LINK}, {.message = [this](const nlmsghdr&) { ++messages_; },
                                                       .resync = [this]() -> Result<void> {
                                                         if (++attempts_ > refusals_) return {};
                                                         return fail(ETIMEDOUT, "not now");
                                                       }});
    ASSERT_TRUE(opened) << opened.error().message;
    events_.emplace(std::move(*opened));
  }

  int messages_ = 0;
  int attempts_ = 0;
  int refusals_ = 0;
  std::optional<NetlinkEvents> events_;
};

TEST_F(EventsTest, TheTableIsReadAgainUntilThatSucceeds) {
  refusals_ = 2;
  ASSERT_NO_FATAL_FAILURE(overrun(1234));
  std::vector<std::string> problems;
  ASSERT_TRUE(wait_for(
      events_->fd(), [this] { return attempts_ == 3; },
      [&] {
        if (const auto done = events_->process(); !done) problems.push_back(done.error().message);
      }));
  EXPECT_EQ(messages_, 0);
  EXPECT_EQ(problems, std::vector<std::string>{"not now"});
  // It succeeded: nothing more is due, and messages count.
  pollfd wait{.fd = events_->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&wait, 1, 2 * static_cast<int>(NetlinkEvents::retry_pause.count())), 0);
  run("ip link set lo mtu 4321");
  ASSERT_TRUE(wait_for(events_->fd(), [this] { return messages_ > 0; }, [&] { ASSERT_TRUE(events_->process()); }));
  EXPECT_EQ(attempts_, 3);
}

TEST_F(EventsTest, WhatComesWhileTheTableCannotBeReadCounts) {
  refusals_ = 1;
  ASSERT_NO_FATAL_FAILURE(overrun(1234));
  EXPECT_FALSE(events_->process());
  run("ip link set lo mtu 4321");
  ASSERT_TRUE(events_->process());
  EXPECT_GT(messages_, 0);
  EXPECT_EQ(attempts_, 1);
}

TEST_F(EventsTest, AFloodDoesNotHoldTheLoop) {
  ASSERT_NO_FATAL_FAILURE(overrun(1234, 3000));
  ASSERT_TRUE(events_->process());
  EXPECT_LT(messages_, 3000);
  ASSERT_TRUE(wait_for(events_->fd(), [this] { return messages_ >= 3000; }, [&] { ASSERT_TRUE(events_->process()); }));
  EXPECT_EQ(attempts_, 0);
}

TEST_F(EventsTest, WhatWasReadIncompletelyIsReadAgainAtOnce) {
  events_->lost();
  ASSERT_TRUE(wait_for(events_->fd(), [this] { return attempts_ == 1; }, [&] { ASSERT_TRUE(events_->process()); }));
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

class PacketTest : public CableTest {
 protected:
  void SetUp() override {
    CableTest::SetUp();
    if (IsSkipped()) return;
    // Addresses would bring traffic of the host's own.
    run("ip link set dev a addrgenmode none; ip link set dev b addrgenmode none; ip link set dev a up; ip link set dev "
        "b up");
    // Operational: queues are there. The carrier alone comes earlier.
    auto links = LinkMonitor::open([](const LinkChange&) {});
    ASSERT_TRUE(links);
    const auto operational = [&] { return (*links)->find("a")->operstate == 6 && (*links)->find("b")->operstate == 6; };
    ASSERT_TRUE(wait_for((*links)->fd(), operational, [&] { ASSERT_TRUE((*links)->process()); }));
    a_ = ::if_nametoindex("a");
    b_ = ::if_nametoindex("b");
    auto opened = PacketSocket::open();
    ASSERT_TRUE(opened) << opened.error().message;
    socket_ = std::move(*opened);
    auto sender = PacketSocket::open();
    ASSERT_TRUE(sender);
    sender_ = std::move(*sender);
    ASSERT_TRUE(socket_->join(b_, pae_group_address));
  }

  static std::vector<std::uint8_t> frame(std::uint8_t type, std::uint8_t mark, std::uint16_t ethertype = 0x888e) {
    std::vector<std::uint8_t> out(60);
    Writer writer{out};
    writer.put(pae_group_address.octets);
    writer.put(std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, 0xa});
    writer.u16(ethertype);
    writer.u8(3);
    writer.u8(type);
    writer.u16(1);
    writer.u8(mark);
    return out;
  }

  unsigned a_ = 0;
  unsigned b_ = 0;
  std::unique_ptr<PacketSocket> socket_;
  std::unique_ptr<PacketSocket> sender_;
};

TEST_F(PacketTest, HearsOnlyKeyAgreementOfOthers) {
  const auto announcement = frame(4, 1);
  const auto start = frame(1, 2);
  const auto foreign = frame(5, 3, 0x88e5);
  const auto mka = frame(5, 4);
  std::array<OutgoingFrame, 4> out{{{a_, announcement}, {a_, start}, {a_, foreign}, {a_, mka}}};
  EXPECT_EQ(sender_->send(out), 4U);
  std::vector<std::pair<unsigned, std::uint8_t>> heard;
  const auto receive = [&] {
    socket_->receive([&](unsigned ifindex, Bytes got) { heard.emplace_back(ifindex, got[18]); });
  };
  ASSERT_TRUE(wait_for(socket_->fd(), [&] { return !heard.empty(); }, receive));
  receive();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].first, b_);
  EXPECT_EQ(heard[0].second, 4);
}

TEST_F(PacketTest, HearsEapOnlyWhereItIsAskedTo) {
  auto opened = PacketSocket::open(0x888e, Hears::eap);
  ASSERT_TRUE(opened) << opened.error().message;
  const auto eap = frame(0, 1);
  const auto start = frame(1, 2);
  const auto logoff = frame(2, 3);
  const auto key = frame(3, 4);
  const auto mka = frame(5, 5);
  std::array<OutgoingFrame, 5> out{{{a_, key}, {a_, mka}, {a_, eap}, {a_, start}, {a_, logoff}}};
  EXPECT_EQ(sender_->send(out), 5U);
  std::vector<std::uint8_t> heard;
  const auto receive = [&] { (*opened)->receive([&](unsigned, Bytes got) { heard.push_back(got[18]); }); };
  ASSERT_TRUE(wait_for((*opened)->fd(), [&] { return heard.size() >= 3; }, receive)) << heard.size();
  EXPECT_EQ(heard, (std::vector<std::uint8_t>{1, 2, 3}));
}

TEST_F(PacketTest, OneBadFrameDoesNotHoldUpTheOthers) {
  const auto mka = frame(5, 1);
  std::array<OutgoingFrame, 3> out{{{a_, mka}, {9999, mka}, {a_, mka}}};
  EXPECT_EQ(sender_->send(out), 2U);
  EXPECT_EQ(out[0].error, 0);
  EXPECT_EQ(out[1].error, ENXIO);
  EXPECT_EQ(out[2].error, 0);
}

TEST_F(PacketTest, TakesBatches) {
  std::vector<std::vector<std::uint8_t>> frames;
  for (unsigned i = 0; i < 100; ++i) frames.push_back(frame(5, static_cast<std::uint8_t>(i)));
  std::vector<OutgoingFrame> out;
  for (const auto& one : frames) out.push_back({a_, one});
  EXPECT_EQ(sender_->send(out), 100U);
  std::vector<std::uint8_t> heard;
  const auto receive = [&] { socket_->receive([&](unsigned, Bytes got) { heard.push_back(got[18]); }, 40); };
  ASSERT_TRUE(wait_for(socket_->fd(), [&] { return heard.size() == 100; }, receive)) << heard.size();
  EXPECT_TRUE(std::ranges::is_sorted(heard));
  EXPECT_EQ(socket_->drops(), 0U);
}

}  // namespace
}  // namespace macsec::os
