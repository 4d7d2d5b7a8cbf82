// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/netlink_socket.hpp"

#include <cerrno>
#include <cstring>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

namespace macsec::os {
namespace {

// A dump's skb is at most 32 KiB, which the kernel grants to a reader with a buffer as large; what must fit into one skb
// (a SecY with many receive SCs) then does.
constexpr std::size_t receive_size = 65536;
constexpr int dump_attempts = 3;

Error described(std::string_view doing, int code, std::string_view kernel_words = {}) {
  std::string text = "cannot ";
  text.append(doing).append(": ").append(std::strerror(code));
  if (!kernel_words.empty()) text.append(" (").append(kernel_words).append(")");
  return Error{code, std::move(text)};
}

/// The kernel's own words behind an error message, where it has any. With NETLINK_CAP_ACK the request (and with it a key)
/// is not echoed, so the attributes follow the request's header.
std::string_view extended_words(const nlmsghdr& message) {
  const auto* const error = header_of<nlmsgerr>(message);
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || error == nullptr) return {};
  std::size_t skip = sizeof(*error);
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
  const Bytes all = payload(message);
  return skip < all.size() ? Attributes<NLMSGERR_ATTR_MSG>{all.subspan(skip)}.text(NLMSGERR_ATTR_MSG)
                           : std::string_view{};
}

int result_of(const nlmsghdr& message) {
  const int* const code = header_of<int>(message);
  return code != nullptr && *code < 0 ? -*code : 0;
}

}  // namespace

Result<NetlinkReader> NetlinkReader::open(int protocol, int flags) {
  NetlinkReader out;
  out.fd_ = FileDescriptor{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, protocol)};
  if (!out.fd_) return std::unexpected{described("open a netlink socket", errno)};
  out.buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(receive_size);
  return out;
}

NetlinkReader::Read NetlinkReader::read() noexcept {
  sockaddr_nl from{};
  iovec part{.iov_base = buffer_.get(), .iov_len = receive_size};
  msghdr how{};
  how.msg_name = &from;
  how.msg_namelen = sizeof(from);
  how.msg_iov = &part;
  how.msg_iovlen = 1;
  ssize_t got = -1;
  do {
    got = ::recvmsg(fd_.get(), &how, 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return {.error = errno};
  return {.cut = (how.msg_flags & MSG_TRUNC) != 0,
          .foreign = from.nl_pid != 0,
          .octets = {buffer_.get(), static_cast<std::size_t>(got)}};
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  auto reader = NetlinkReader::open(protocol);
  if (!reader) return std::unexpected{std::move(reader.error())};
  const int fd = reader->fd();
  const int on = 1;
  // Words for errors, no echo of what was asked. Missing on kernels before 4.12, where errors are numbers only.
  static_cast<void>(::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)));
  static_cast<void>(::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)));
  // Dumps name the interface they are about. Kernels before 4.20 answer with all, as the reader of each dump expects.
  static_cast<void>(::setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)));
  // The kernel answers before send() returns; the limit only keeps a kernel bug from hanging every port.
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
  const int size = 1 << 20;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
  return NetlinkSocket{std::move(*reader)};
}

Result<void> NetlinkSocket::send(NetlinkMessage& message, std::string_view doing) {
  if (!message.ok()) return std::unexpected{described(doing, EMSGSIZE)};
  nlmsghdr* const header = message.header();
  header->nlmsg_seq = ++sequence_;
  header->nlmsg_pid = 0;
  if ((header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) header->nlmsg_flags |= NLM_F_ACK;
  // Straight out of the message's buffer: nothing else ever holds the key.
  ssize_t sent = -1;
  do {
    sent = ::send(reader_.fd(), header, header->nlmsg_len, 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return std::unexpected{described(doing, errno)};
  return {};
}

Result<bool> NetlinkSocket::receive(std::string_view doing, const Visitor& visit) {
  bool consistent = true;
  for (;;) {
    const NetlinkReader::Read read = reader_.read();
    if (read.error != 0)
      return std::unexpected{
          described(doing, read.error == EAGAIN ? ETIMEDOUT : read.error, "no answer from the kernel")};
    if (read.foreign) continue;
    if (read.cut) return std::unexpected{described(doing, EMSGSIZE, "the answer was cut")};
    NetlinkMessages messages{read.octets};
    while (const nlmsghdr* const at = messages.next()) {
      if (at->nlmsg_seq != sequence_) continue;  // late answer to a request given up
      if ((at->nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
      if (at->nlmsg_type == NLMSG_ERROR || at->nlmsg_type == NLMSG_DONE) {
        if (const int code = result_of(*at); code != 0)
          return std::unexpected{described(doing, code, at->nlmsg_type == NLMSG_ERROR ? extended_words(*at) : "")};
        return consistent;
      }
      if (visit) visit(*at);
    }
  }
}

Result<void> NetlinkSocket::request(NetlinkMessage& message, std::string_view doing) {
  if (auto sent = send(message, doing); !sent) return sent;
  if (auto answer = receive(doing, {}); !answer) return std::unexpected{std::move(answer.error())};
  return {};
}

Result<void> NetlinkSocket::query(NetlinkMessage& message, std::string_view doing, const Visitor& visit,
                                  const std::function<void()>& restart, Inconsistent inconsistent) {
  for (int attempt = 1;; ++attempt) {
    if (auto sent = send(message, doing); !sent) return sent;
    const auto answer = receive(doing, visit);
    if (!answer) return std::unexpected{answer.error()};
    if (*answer || !restart) return {};
    if (attempt == dump_attempts) {
      // Where interfaces come and go all the time: what is read once an interval is corrected by the next dump.
      if (inconsistent == Inconsistent::accept) return {};
      return std::unexpected{described(doing, EAGAIN, "the kernel's table changes all the time")};
    }
    restart();
  }
}

Result<std::uint16_t> resolve_family(NetlinkSocket& socket, std::string_view name) {
  const genlmsghdr header{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
  NetlinkMessage message{GENL_ID_CTRL, 0, std::as_bytes(std::span{&header, 1})};
  message.put_string(CTRL_ATTR_FAMILY_NAME, name);
  std::uint16_t family = 0;
  const auto visit = [&family](const nlmsghdr& answer) {
    const Attributes<CTRL_ATTR_FAMILY_ID> attributes{attributes_of<genlmsghdr>(answer)};
    family = static_cast<std::uint16_t>(attributes.number(CTRL_ATTR_FAMILY_ID));
  };
  std::string doing = "find the kernel's ";
  doing.append(name).append(" interface");
  if (auto asked = socket.query(message, doing, visit); !asked) return std::unexpected{std::move(asked.error())};
  if (family == 0) return std::unexpected{described(doing, ENOENT)};
  return family;
}

}  // namespace macsec::os
