// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/front/held_bus.hpp"

#include "engine/base/secret.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace macsec::nm {
namespace {

constexpr std::size_t head_size = 16;
constexpr std::size_t largest_frame = 128UL << 20U;
constexpr std::uint8_t field_reply_serial = 5;

std::unexpected<Error> failure(std::string_view what) {
  const int code = errno;
  return fail(code, fmt::format("cannot {}: {}", what, std::strerror(code)));
}

/// Numbers of a message in its own byte order.
class Frame {
 public:
  explicit Frame(std::span<std::uint8_t> octets) : octets_{octets} {}

  [[nodiscard]] std::uint32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    if (at + 4 > octets_.size()) return 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{octets_[at + (little() ? i : 3 - i)]} << (8U * i);
    return value;
  }
  void set_number(std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i)
      octets_[at + (little() ? i : 3 - i)] = static_cast<std::uint8_t>(value >> (8U * i));
  }
  [[nodiscard]] std::size_t size() const { return head_size + align(number(12), 8) + std::size_t{number(4)}; }
  /// Where the serial number of the call stands that this answers; 0: it answers none.
  [[nodiscard]] std::size_t reply_serial() const {
    const std::size_t end = head_size + number(12);
    std::size_t at = head_size;
    while (at + 4 <= end && end <= octets_.size()) {
      at = align(at, 8);
      if (at + 4 > end) break;
      const std::uint8_t field = octets_[at];
      const std::uint8_t signature_size = octets_[at + 1];
      const char type = static_cast<char>(octets_[at + 2]);
      at += 3UL + signature_size;
      if (type == 'u') {
        at = align(at, 4);
        if (field == field_reply_serial) return at;
        at += 4;
      } else if (type == 'g') {
        at += at < end ? 2UL + octets_[at] : 2UL;
      } else {
        at = align(at, 4);
        at += 5UL + number(at);
      }
    }
    return 0;
  }

  static constexpr std::size_t align(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

 private:
  [[nodiscard]] bool little() const { return octets_[0] == 'l'; }
  std::span<std::uint8_t> octets_;
};

/// Takes the first complete message off `buffer`; nothing when there is none yet.
std::optional<std::vector<std::uint8_t>> take_frame(std::vector<std::uint8_t>& buffer) {
  if (buffer.size() < head_size) return std::nullopt;
  const std::size_t size = Frame{buffer}.size();
  if (size > largest_frame || buffer.size() < size) return std::nullopt;
  const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(size);
  std::vector<std::uint8_t> frame(buffer.begin(), end);
  wipe(MutableBytes{buffer}.first(size));  // it may hold a key
  buffer.erase(buffer.begin(), end);
  return frame;
}

bool send_text(int fd, std::string_view text) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// Connects and says who we are; waits for the bus, which answers at once.
Result<FileDescriptor> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(ENAMETOOLONG, "the path of the bus is too long");
  path.copy(address.sun_path, path.size());
  FileDescriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto* where =
      reinterpret_cast<const sockaddr*>(&address);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  if (!fd || ::connect(fd.get(), where, sizeof address) < 0) return failure("connect to the bus");
  const std::string user = std::to_string(::geteuid());
  const auto* letters =
      reinterpret_cast<const std::uint8_t*>(user.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  std::string hello{'\0'};
  hello += fmt::format("AUTH EXTERNAL {}\r\n", to_hex(Bytes{letters, user.size()}));
  if (!send_text(fd.get(), hello)) return failure("greet the bus");
  std::string line;
  while (!line.ends_with("\r\n") && line.size() < 256) {
    char c = 0;
    if (::recv(fd.get(), &c, 1, 0) != 1) return failure("hear the bus");
    line += c;
  }
  if (!line.starts_with("OK ")) return fail(EPERM, "the bus does not let us in");
  if (!send_text(fd.get(), "BEGIN\r\n")) return failure("greet the bus");
  return fd;
}

/// Appends what there is to read; false at the end.
bool read_into(int fd, std::vector<std::uint8_t>& buffer) {
  // Large, so that a message is seldom cut: what was read is lost when this process is killed.
  static std::array<std::uint8_t, 256UL * 1024> chunk;
  const ssize_t size = ::recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  buffer.insert(buffer.end(), chunk.begin(), chunk.begin() + size);
  wipe(MutableBytes{chunk}.first(static_cast<std::size_t>(size)));
  return size > 0;
}

bool write_from(int fd, std::vector<std::uint8_t>& buffer) {
  while (!buffer.empty()) {
    const ssize_t size = ::send(fd, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    wipe(MutableBytes{buffer}.first(static_cast<std::size_t>(size)));
    buffer.erase(buffer.begin(), buffer.begin() + size);
  }
  return true;
}

}  // namespace

HeldBus::HeldBus(FileDescriptor outer, HeldName name, bool resumed)
    : outer_{std::move(outer)}, name_{std::move(name)}, resumed_{resumed} {}

Result<std::unique_ptr<HeldBus>> HeldBus::open(sd_event* event, const std::string& path, FileDescriptor socket,
                                               HeldName name) {
  const bool resumed = static_cast<bool>(socket) && !name.unique_name.empty();
  if (resumed) {
    ++name.generation;
  } else {
    auto fresh = connect_to(path);
    if (!fresh) return std::unexpected{fresh.error()};
    socket = std::move(*fresh);
    name = {};
  }
  std::unique_ptr<HeldBus> held{new HeldBus{std::move(socket), std::move(name), resumed}};
  if (auto done = held->attach(event); !done) return std::unexpected{done.error()};
  return held;
}

Result<void> HeldBus::attach(sd_event* event) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) return failure("make a socket");
  inner_ = FileDescriptor{ends[0]};
  sd_bus* raw = nullptr;
  int r = sd_bus_new(&raw);
  bus_.reset(raw);
  if (r >= 0) r = sd_bus_set_fd(raw, ends[1], ends[1]);  // the bus's from here on
  if (r < 0) ::close(ends[1]);
  if (r >= 0) r = sd_bus_set_bus_client(raw, 1);
  if (r >= 0) r = sd_bus_negotiate_fds(raw, 0);
  if (r >= 0) r = sd_bus_start(raw);
  if (r >= 0) r = sd_bus_attach_event(raw, event, SD_EVENT_PRIORITY_NORMAL);
  sd_event_source* source = nullptr;
  if (r >= 0) r = sd_event_add_io(event, &source, inner_.get(), EPOLLIN, on_inner, this);
  inner_source_.reset(source);
  source = nullptr;
  if (r >= 0) r = sd_event_add_io(event, &source, outer_.get(), 0, on_outer, this);
  outer_source_.reset(source);
  if (r < 0) return fail(-r, fmt::format("cannot use the bus: {}", std::strerror(-r)));
  return {};
}

/// sd-bus's side of the handshake; whoever made the connection has had the bus's.
void HeldBus::handshake() {
  for (;;) {
    const auto end = std::ranges::find(read_inner_, '\n');
    if (end == read_inner_.end()) return;
    std::string line(read_inner_.begin(), end);
    read_inner_.erase(read_inner_.begin(), end + 1);
    if (!line.empty() && line.front() == '\0') line.erase(0, 1);
    if (line.ends_with('\r')) line.pop_back();
    std::string_view answer;
    if (line == "BEGIN") {
      shaken_ = true;
      return;
    }
    if (line == "AUTH EXTERNAL")
      answer = "DATA\r\n";
    else if (line.starts_with("AUTH EXTERNAL ") || line.starts_with("DATA"))
      answer = "OK 00000000000000000000000000000001\r\n";
    else
      answer = "ERROR\r\n";
    to_inner_.insert(to_inner_.end(), answer.begin(), answer.end());
  }
}

void HeldBus::from_inner() {
  if (!read_into(inner_.get(), read_inner_)) return end();
  if (!shaken_) handshake();
  while (shaken_) {
    auto frame = take_frame(read_inner_);
    if (!frame) break;
    outgoing(std::move(*frame));
  }
  flush();
}

void HeldBus::outgoing(Octets frame) {
  Frame view{frame};
  const std::uint32_t serial = view.number(8);
  if (hello_ == 0) {
    hello_ = serial;  // the first message is Hello
    if (resumed_) return answer_hello(serial);
  }
  view.set_number(8, serial + base());
  to_outer_.insert(to_outer_.end(), frame.begin(), frame.end());
  wipe(frame);
}

/// What the bus answered to the first process on this connection.
void HeldBus::answer_hello(std::uint32_t serial) {
  Octets frame;
  const auto put_number = [&frame](std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) frame.push_back(static_cast<std::uint8_t>(value >> (8U * i)));
  };
  const auto pad = [&frame](std::size_t to) { frame.resize(Frame::align(frame.size(), to)); };
  const auto put_text = [&](std::string_view text) {
    put_number(static_cast<std::uint32_t>(text.size()));
    frame.insert(frame.end(), text.begin(), text.end());
    frame.push_back(0);
  };
  const auto field = [&](std::uint8_t code, char type) {
    pad(8);
    for (const std::uint8_t each : {code, std::uint8_t{1}, static_cast<std::uint8_t>(type), std::uint8_t{0}})
      frame.push_back(each);
  };
  frame = {'l', 2, 1, 1};
  put_number(static_cast<std::uint32_t>(name_.unique_name.size() + 5));
  put_number(0xfffffff0);
  put_number(0);
  field(field_reply_serial, 'u');
  put_number(serial);
  field(6, 's');
  put_text(name_.unique_name);
  field(7, 's');
  put_text("org.freedesktop.DBus");
  field(8, 'g');
  for (const std::uint8_t each : {std::uint8_t{1}, static_cast<std::uint8_t>('s'), std::uint8_t{0}})
    frame.push_back(each);
  Frame{frame}.set_number(12, static_cast<std::uint32_t>(frame.size() - head_size));
  pad(8);
  put_text(name_.unique_name);
  to_inner_.insert(to_inner_.end(), frame.begin(), frame.end());
  if (known_) known_();
}

void HeldBus::from_outer() {
  if (!read_into(outer_.get(), read_outer_)) return end();
  while (auto frame = take_frame(read_outer_)) incoming(std::move(*frame));
  flush();
}

void HeldBus::incoming(Octets frame) {
  Frame view{frame};
  if (const std::size_t at = view.reply_serial(); at != 0) {
    const std::uint32_t serial = view.number(at) - base();
    if (serial == 0 || serial >= 1U << 22U) return wipe(frame);  // for an earlier process
    view.set_number(at, serial);
    if (!resumed_ && name_.unique_name.empty() && serial == hello_) {
      const std::size_t body = head_size + Frame::align(view.number(12), 8);
      const auto text = MutableBytes{frame}.subspan(std::min(frame.size(), body + 4));
      if (!text.empty()) name_.unique_name.assign(text.begin(), text.end() - 1);
      if (known_) known_();
    }
  }
  to_inner_.insert(to_inner_.end(), frame.begin(), frame.end());
  wipe(frame);
}

void HeldBus::flush() {
  if (!write_from(outer_.get(), to_outer_) || !write_from(inner_.get(), to_inner_)) return end();
  // What waits from before is for sd-bus once it has said Hello.
  const std::uint32_t reads = hello_ == 0 ? 0U : std::uint32_t{EPOLLIN};
  sd_event_source_set_io_events(outer_source_.get(), to_outer_.empty() ? reads : reads | EPOLLOUT);
  sd_event_source_set_io_events(inner_source_.get(), to_inner_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

/// sd-bus sees its end closed, and says so.
void HeldBus::end() {
  inner_source_.reset();
  outer_source_.reset();
  inner_ = FileDescriptor{};
  outer_ = FileDescriptor{};
}

int HeldBus::on_inner(sd_event_source*, int, std::uint32_t events, void* userdata) noexcept try {
  auto& self = *static_cast<HeldBus*>(userdata);
  if ((events & EPOLLIN) != 0 || (events & EPOLLOUT) == 0)
    self.from_inner();
  else
    self.flush();
  return 0;
} catch (...) {
  return -ENOMEM;
}

int HeldBus::on_outer(sd_event_source*, int, std::uint32_t events, void* userdata) noexcept try {
  auto& self = *static_cast<HeldBus*>(userdata);
  if ((events & EPOLLIN) != 0 || (events & EPOLLOUT) == 0)
    self.from_outer();
  else
    self.flush();
  return 0;
} catch (...) {
  return -ENOMEM;
}

}  // namespace macsec::nm
