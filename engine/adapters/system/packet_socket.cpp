// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/packet_socket.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string>
#include <sys/socket.h>

namespace macsec::os {
namespace {

constexpr std::size_t batch_size = 32;
constexpr std::size_t frame_size = 2048;  // more than any EAPOL frame on Ethernet without jumbo frames
constexpr int buffer_size = 4 << 20;      // a thousand ports that all hear their peers at once

constexpr std::uint8_t eapol_mka = 5;            // 802.1X Table 11-3
constexpr std::uint8_t eapol_logoff = 2;         // the last of EAP, Start, Logoff
constexpr std::uint8_t eapol_announcements = 6;  // with the bit below it, as there are two
constexpr std::uint32_t type_offset = 15;        // destination, source, EtherType, version, type

/// Passes what others sent to us or to a group, of the EAPOL types that are heard.
std::array<sock_filter, 10> eapol_filter(std::uint16_t ethertype, Hears hears) {
  const sock_filter of_type = hears == Hears::mka ? sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, eapol_mka, 2, 3)
                                                  : sock_filter BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, eapol_logoff, 0, 2);
  return {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, PACKET_OTHERHOST, 7, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ethertype, 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, type_offset),
      of_type,
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfe),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, eapol_announcements, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0x40000),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
}

Error described(const char* doing) {
  const int code = errno;
  return Error{code, std::string{"cannot "} + doing + ": " + std::strerror(code)};
}

}  // namespace

struct PacketSocket::Batch {
  std::array<std::array<std::uint8_t, frame_size>, batch_size> frames;
  std::array<sockaddr_ll, batch_size> addresses{};
  std::array<iovec, batch_size> parts{};
  std::array<mmsghdr, batch_size> messages{};
};

void PacketSocket::Deletes::operator()(Batch* batch) const noexcept { delete batch; }

PacketSocket::PacketSocket(FileDescriptor fd, std::uint16_t ethertype)
    : fd_{std::move(fd)}, ethertype_{ethertype}, batch_{new Batch} {}

Result<std::unique_ptr<PacketSocket>> PacketSocket::open(std::uint16_t ethertype, Hears hears) {
  // Protocol 0 receives nothing: no frame slips in before the filter stands.
  FileDescriptor fd{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return std::unexpected{described("open a packet socket")};
  auto filter = eapol_filter(ethertype, hears);
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
    return std::unexpected{described("filter frames on a packet socket")};
  for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
    if (::setsockopt(fd.get(), SOL_SOCKET, option, &buffer_size, sizeof(buffer_size)) != 0)
      static_cast<void>(::setsockopt(fd.get(), SOL_SOCKET, option == SO_RCVBUFFORCE ? SO_RCVBUF : SO_SNDBUF,
                                     &buffer_size, sizeof(buffer_size)));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ethertype);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return std::unexpected{described("bind a packet socket")};
  return std::unique_ptr<PacketSocket>{new PacketSocket{std::move(fd), ethertype}};
}

Result<void> PacketSocket::join(unsigned ifindex, const MacAddress& group) {
  if ((group.octets[0] & 1U) == 0) return {};
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(ifindex);
  request.mr_type = PACKET_MR_MULTICAST;
  request.mr_alen = static_cast<unsigned short>(group.octets.size());
  std::copy(group.octets.begin(), group.octets.end(), request.mr_address);
  if (::setsockopt(fd_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) != 0)
    return std::unexpected{described("join the group address of key agreement")};
  return {};
}

void PacketSocket::leave(unsigned ifindex, const MacAddress& group) noexcept {
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(ifindex);
  request.mr_type = PACKET_MR_MULTICAST;
  request.mr_alen = static_cast<unsigned short>(group.octets.size());
  std::copy(group.octets.begin(), group.octets.end(), request.mr_address);
  static_cast<void>(::setsockopt(fd_.get(), SOL_PACKET, PACKET_DROP_MEMBERSHIP, &request, sizeof(request)));
}

std::size_t PacketSocket::receive(const Receiver& receiver, std::size_t budget) {
  std::size_t total = 0;
  while (total < budget) {
    for (std::size_t i = 0; i < batch_size; ++i) {
      batch_->parts[i] = {.iov_base = batch_->frames[i].data(), .iov_len = frame_size};
      batch_->messages[i] = {};
      batch_->messages[i].msg_hdr.msg_name = &batch_->addresses[i];
      batch_->messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_ll);
      batch_->messages[i].msg_hdr.msg_iov = &batch_->parts[i];
      batch_->messages[i].msg_hdr.msg_iovlen = 1;
    }
    const auto wanted = static_cast<unsigned>(std::min(batch_size, budget - total));
    const int got = ::recvmmsg(fd_.get(), batch_->messages.data(), wanted, MSG_DONTWAIT, nullptr);
    if (got < 0 && errno == EINTR) continue;
    // ENETDOWN tells once that some interface went down: the link monitor tells which.
    if (got < 0 && errno == ENETDOWN) continue;
    if (got <= 0) break;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      const mmsghdr& message = batch_->messages[i];
      ++total;
      if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
      receiver(static_cast<unsigned>(batch_->addresses[i].sll_ifindex),
               Bytes{batch_->frames[i]}.first(message.msg_len));
    }
    if (static_cast<unsigned>(got) < wanted) break;
  }
  return total;
}

std::size_t PacketSocket::send(std::span<OutgoingFrame> frames) noexcept {
  std::size_t sent = 0;
  while (!frames.empty()) {
    const std::size_t count = std::min(frames.size(), batch_size);
    for (std::size_t i = 0; i < count; ++i) {
      const OutgoingFrame& frame = frames[i];
      sockaddr_ll& address = batch_->addresses[i];
      address = {};
      address.sll_family = AF_PACKET;
      address.sll_protocol = htons(ethertype_);
      address.sll_ifindex = static_cast<int>(frame.ifindex);
      batch_->parts[i] = {.iov_base = const_cast<std::uint8_t*>(frame.frame.data()), .iov_len = frame.frame.size()};
      batch_->messages[i] = {};
      batch_->messages[i].msg_hdr.msg_name = &address;
      batch_->messages[i].msg_hdr.msg_namelen = sizeof(address);
      batch_->messages[i].msg_hdr.msg_iov = &batch_->parts[i];
      batch_->messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int done = ::sendmmsg(fd_.get(), batch_->messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {  // the first of them failed
      frames[0].error = done < 0 ? errno : EAGAIN;
      frames = frames.subspan(1);
      continue;
    }
    const auto passed = static_cast<std::size_t>(done);
    for (OutgoingFrame& frame : frames.first(passed)) frame.error = 0;
    sent += passed;
    frames = frames.subspan(passed);
  }
  return sent;
}

std::uint64_t PacketSocket::drops() noexcept {
  tpacket_stats stats{};
  socklen_t size = sizeof(stats);
  if (::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) drops_ += stats.tp_drops;
  return drops_;
}

}  // namespace macsec::os
