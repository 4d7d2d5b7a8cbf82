// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/netlink_socket.hpp"

#include "engine/base/secret.hpp"

#include <cerrno>
#include <cstring>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <new>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

namespace macsec::os {
namespace {

// The largest request is a SA with key, salt and ids: under 300 octets. A dump's skb is at most 32 KiB, which the kernel
// grants to who reads with a buffer as large; what must fit into one skb (a SecY with many receive SCs) then does.
constexpr std::size_t request_size = 1024;
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
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto* const error = static_cast<const nlmsgerr*>(nlmsg_data(&message));
  std::size_t skip = sizeof(*error);
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
  const auto size = static_cast<std::size_t>(nlmsg_datalen(&message));
  if (skip >= size) return {};
  const auto* const first = reinterpret_cast<const nlattr*>(reinterpret_cast<const std::byte*>(error) + skip);
  return Attributes<NLMSGERR_ATTR_MSG>{first, static_cast<int>(size - skip)}.text(NLMSGERR_ATTR_MSG);
}

int result_of(const nlmsghdr& message) {
  int code = 0;
  if (nlmsg_datalen(&message) >= static_cast<int>(sizeof(code))) std::memcpy(&code, nlmsg_data(&message), sizeof(code));
  return code < 0 ? -code : 0;
}

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, int flags, std::span<const std::byte> header)
    : message_{nlmsg_alloc_size(request_size)} {
  if (message_ == nullptr ||
      nlmsg_put(message_.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, NLM_F_REQUEST | flags) == nullptr)
    throw std::bad_alloc{};
  ok_ = nlmsg_append(message_.get(), const_cast<std::byte*>(header.data()), header.size(), NLMSG_ALIGNTO) == 0;
}

NetlinkMessage::~NetlinkMessage() {
  wipe({reinterpret_cast<std::uint8_t*>(header()), nlmsg_get_max_size(message_.get())});
}

void NetlinkMessage::put(int type, Bytes data) noexcept {
  if (nla_put(message_.get(), type, static_cast<int>(data.size()), data.data()) != 0) ok_ = false;
}

void NetlinkMessage::put_u8(int type, std::uint8_t value) noexcept { put(type, {&value, 1}); }

void NetlinkMessage::put_u16(int type, std::uint16_t value) noexcept {
  put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void NetlinkMessage::put_u32(int type, std::uint32_t value) noexcept {
  put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void NetlinkMessage::put_u64(int type, std::uint64_t value) noexcept {
  put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void NetlinkMessage::put_string(int type, std::string_view text) noexcept {
  nlattr* const attribute = nla_reserve(message_.get(), type, static_cast<int>(text.size()) + 1);
  if (attribute == nullptr) {
    ok_ = false;
    return;
  }
  auto* const to = static_cast<char*>(nla_data(attribute));
  text.copy(to, text.size());
  to[text.size()] = '\0';
}

nlattr* NetlinkMessage::open_nest(int type) noexcept {
  nlattr* const start = nla_nest_start(message_.get(), type);
  if (start == nullptr) ok_ = false;
  return start;
}

void NetlinkMessage::close_nest(nlattr* start) noexcept {
  if (start != nullptr) nla_nest_end(message_.get(), start);
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  NetlinkSocket out;
  out.socket_.reset(nl_socket_alloc());
  if (out.socket_ == nullptr) throw std::bad_alloc{};
  errno = 0;
  if (nl_connect(out.socket_.get(), protocol) != 0)
    return std::unexpected{described("open a netlink socket", errno != 0 ? errno : EPROTONOSUPPORT)};
  const int fd = nl_socket_get_fd(out.socket_.get());
  const int on = 1;
  // Words for errors, no echo of what was asked. Missing on kernels before 4.12, where errors are numbers only.
  static_cast<void>(::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)));
  static_cast<void>(::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)));
  // The kernel answers before send() returns; the limit only keeps a kernel bug from hanging every port.
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
  const int size = 1 << 20;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
  out.buffer_ = std::make_unique_for_overwrite<std::byte[]>(receive_size);
  return out;
}

Result<void> NetlinkSocket::send(NetlinkMessage& message, std::string_view doing) {
  if (!message.ok()) return std::unexpected{described(doing, EMSGSIZE)};
  nlmsghdr* const header = message.header();
  header->nlmsg_seq = ++sequence_;
  header->nlmsg_pid = 0;
  if ((header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) header->nlmsg_flags |= NLM_F_ACK;
  // Straight out of the message's buffer: libnl's own send path is not needed, and nothing else ever holds the key.
  ssize_t sent = -1;
  do {
    sent = ::send(nl_socket_get_fd(socket_.get()), header, header->nlmsg_len, 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return std::unexpected{described(doing, errno)};
  return {};
}

Result<bool> NetlinkSocket::receive(std::string_view doing, const Visitor& visit) {
  bool consistent = true;
  for (;;) {
    sockaddr_nl from{};
    iovec part{.iov_base = buffer_.get(), .iov_len = receive_size};
    msghdr how{};
    how.msg_name = &from;
    how.msg_namelen = sizeof(from);
    how.msg_iov = &part;
    how.msg_iovlen = 1;
    const ssize_t got = ::recvmsg(nl_socket_get_fd(socket_.get()), &how, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return std::unexpected{described(doing, errno == EAGAIN ? ETIMEDOUT : errno, "no answer from the kernel")};
    }
    if (from.nl_pid != 0) continue;  // another process, not the kernel
    if ((how.msg_flags & MSG_TRUNC) != 0) return std::unexpected{described(doing, EMSGSIZE, "the answer was cut")};
    int left = static_cast<int>(got);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.get()); nlmsg_ok(at, left) != 0; at = nlmsg_next(at, &left)) {
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
                                  const std::function<void()>& restart) {
  for (int attempt = 1;; ++attempt) {
    if (auto sent = send(message, doing); !sent) return sent;
    const auto answer = receive(doing, visit);
    if (!answer) return std::unexpected{answer.error()};
    // On a host where interfaces come and go all the time the last attempt is taken as it is: the next dump corrects it.
    if (*answer || attempt == dump_attempts || !restart) return {};
    restart();
  }
}

Result<std::uint16_t> resolve_family(NetlinkSocket& socket, std::string_view name) {
  const genlmsghdr header{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
  NetlinkMessage message{GENL_ID_CTRL, 0, std::as_bytes(std::span{&header, 1})};
  message.put_string(CTRL_ATTR_FAMILY_NAME, name);
  std::uint16_t family = 0;
  const auto visit = [&family](const nlmsghdr& answer) {
    const Attributes<CTRL_ATTR_FAMILY_ID> attributes{nlmsg_attrdata(&answer, GENL_HDRLEN),
                                                     nlmsg_attrlen(&answer, GENL_HDRLEN)};
    family = static_cast<std::uint16_t>(attributes.number(CTRL_ATTR_FAMILY_ID));
  };
  std::string doing = "find the kernel's ";
  doing.append(name).append(" interface");
  if (auto asked = socket.query(message, doing, visit); !asked) return std::unexpected{std::move(asked.error())};
  if (family == 0) return std::unexpected{described(doing, ENOENT)};
  return family;
}

}  // namespace macsec::os
