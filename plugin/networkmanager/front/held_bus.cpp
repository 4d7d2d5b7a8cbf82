// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/front/held_bus.hpp"

#include "dbus/bus/callback.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/text.hpp"
#include "plugin/networkmanager/front/bus_frame.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace macsec::nm {
namespace {

std::unexpected<Error> failure(std::string_view what) {
  const int code = errno;
  return fail(code, fmt::format("cannot {}: {}", what, std::strerror(code)));
}

/// What is read ahead of a reader that does not read.
constexpr std::size_t most_waiting = std::size_t{8} << 20U;
constexpr std::size_t longest_line = 512;  // of a handshake

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

/// Hands each complete message of `buffer` to `take`; false where it holds something else.
template <typename Take>
bool take_frames(std::vector<std::uint8_t>& buffer, Take take) {
  std::size_t done = 0;
  std::optional<std::size_t> size;
  const auto rest = [&] { return MutableBytes{buffer}.subspan(done); };
  while ((size = bus_frame_size(rest())) && *size != 0 && *size <= rest().size()) {
    const MutableBytes one = rest().first(*size);
    take(std::vector<std::uint8_t>(one.begin(), one.end()));
    wipe(one);  // it may hold a key
    done += *size;
  }
  buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(done));
  return size != 0U;
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
  if (r >= 0) r = sd_event_add_io(event, &source, inner_.get(), EPOLLIN, bus::callback<&HeldBus::on_inner>, this);
  inner_source_.reset(source);
  source = nullptr;
  if (r >= 0) r = sd_event_add_io(event, &source, outer_.get(), 0, bus::callback<&HeldBus::on_outer>, this);
  outer_source_.reset(source);
  if (r < 0) return fail(-r, fmt::format("cannot use the bus: {}", std::strerror(-r)));
  return {};
}

/// sd-bus's side of the handshake; the process that made the connection has had the bus's.
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
  if (!shaken_ && read_inner_.size() > longest_line) return end();
  if (shaken_ && !take_frames(read_inner_, [this](Octets frame) { outgoing(std::move(frame)); })) return end();
  flush();
}

void HeldBus::outgoing(Octets frame) {
  BusFrame view{frame};
  const std::uint32_t serial = view.serial();
  if (hello_ == 0) {
    hello_ = serial;  // the first message is Hello
    if (resumed_) return answer_hello(serial);
  }
  view.set_serial(serial + base());
  to_outer_.insert(to_outer_.end(), frame.begin(), frame.end());
  wipe(frame);
}

/// What the bus answered to the first process on this connection.
void HeldBus::answer_hello(std::uint32_t serial) {
  Octets frame;
  const auto put_number_at = [&frame](std::size_t at, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) frame[at + i] = static_cast<std::uint8_t>(value >> (8U * i));
  };
  const auto put_number = [&](std::uint32_t value) {
    frame.resize(frame.size() + 4);
    put_number_at(frame.size() - 4, value);
  };
  const auto pad = [&frame](std::size_t to) { frame.resize(aligned(frame.size(), to)); };
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
  field(5, 'u');  // the serial number of what is answered
  put_number(serial);
  field(6, 's');
  put_text(name_.unique_name);
  field(7, 's');
  put_text("org.freedesktop.DBus");
  field(8, 'g');
  for (const std::uint8_t each : {std::uint8_t{1}, static_cast<std::uint8_t>('s'), std::uint8_t{0}})
    frame.push_back(each);
  put_number_at(12, static_cast<std::uint32_t>(frame.size() - bus_frame_head));
  pad(8);
  put_text(name_.unique_name);
  to_inner_.insert(to_inner_.end(), frame.begin(), frame.end());
  if (known_) known_();
}

void HeldBus::from_outer() {
  if (!read_into(outer_.get(), read_outer_)) return end();
  if (!take_frames(read_outer_, [this](Octets frame) { incoming(std::move(frame)); })) return end();
  flush();
}

void HeldBus::incoming(Octets frame) {
  BusFrame view{frame};
  if (const auto answered = view.reply_serial()) {
    const std::uint32_t serial = *answered - base();
    if (serial == 0 || serial >= 1U << 22U) return wipe(frame);  // for an earlier process
    view.set_reply_serial(serial);
    if (!resumed_ && name_.unique_name.empty() && serial == hello_) {
      name_.unique_name = view.first_string();
      if (known_) known_();
    }
  }
  to_inner_.insert(to_inner_.end(), frame.begin(), frame.end());
  wipe(frame);
}

void HeldBus::flush() {
  if (!write_from(outer_.get(), to_outer_) || !write_from(inner_.get(), to_inner_)) return end();
  // What waits from before is for sd-bus once it has said Hello.
  const auto events = [](bool reads, const Octets& waiting) {
    return (reads ? std::uint32_t{EPOLLIN} : 0U) | (waiting.empty() ? 0U : std::uint32_t{EPOLLOUT});
  };
  sd_event_source_set_io_events(outer_source_.get(), events(hello_ != 0 && to_inner_.size() < most_waiting, to_outer_));
  sd_event_source_set_io_events(inner_source_.get(), events(to_outer_.size() < most_waiting, to_inner_));
}

/// sd-bus sees its end closed, and says so.
void HeldBus::end() {
  inner_source_.reset();
  outer_source_.reset();
  inner_ = FileDescriptor{};
  outer_ = FileDescriptor{};
}

void HeldBus::on_inner(std::uint32_t events) {
  if ((events & EPOLLIN) != 0 || (events & EPOLLOUT) == 0)
    from_inner();
  else
    flush();
}

void HeldBus::on_outer(std::uint32_t events) {
  if ((events & EPOLLIN) != 0 || (events & EPOLLOUT) == 0)
    from_outer();
  else
    flush();
}

}  // namespace macsec::nm
