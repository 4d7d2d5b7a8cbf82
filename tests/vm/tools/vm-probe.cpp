// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One end of a two-way probe: sends numbered frames at an interval and judges those of the other end.
//   vm-probe DEVICE INTERVAL_US [SIZE]
// Commands are letters on standard input, each answered with a line of figures: g go, l go at a hundredth of the speed, f figures,
// n figures and a new span for the longest gap, s stop sending. It ends with standard input. It listens as soon as it has printed its first line.
// Raw frames with an experimental EtherType, to the broadcast address: no ARP, no routes, nothing but the link is measured.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::uint16_t ether_type = 0x88B5;
constexpr std::uint64_t window = 1U << 16U;
constexpr std::uint64_t most_per_wakeup = 64;

struct Payload {
  std::uint32_t magic;
  std::uint32_t unused;
  std::uint64_t sender;
  std::uint64_t number;
  std::int64_t time;
};

struct Figures {
  std::uint64_t sent = 0;
  std::uint64_t send_errors = 0;
  std::uint64_t received = 0;  // each number once
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::int64_t first = 0;  // ns, CLOCK_MONOTONIC
  std::int64_t last = 0;
  std::int64_t gap = 0;      // longest of this span
  std::int64_t latency = 0;  // largest
  std::int64_t latency_sum = 0;
};

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Probe {
 public:
  Probe(const char* device, std::size_t size) : device_{device}, frame_(size), seen_(window) {
    getrandom(&id_, sizeof id_, 0);
    span_ = now();
    bind_device();
  }

  [[nodiscard]] int socket() const { return socket_; }

  void send() {
    Payload payload{0x4d50524f, 0, id_, figures_.sent, now()};
    std::memcpy(frame_.data(), &payload, sizeof payload);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(ether_type);
    to.sll_ifindex = static_cast<int>(index_);
    to.sll_halen = 6;
    std::memset(to.sll_addr, 0xff, 6);
    if (sendto(socket_, frame_.data(), frame_.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) >= 0) {
      ++figures_.sent;
      return;
    }
    ++figures_.send_errors;
    bind_device();
  }

  void receive() {
    char buffer[2048];
    for (;;) {
      const ssize_t size = recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (size < 0) {
        if (errno != EAGAIN && errno != EINTR) bind_device();
        return;
      }
      Payload payload{};
      if (static_cast<std::size_t>(size) < sizeof payload) continue;
      std::memcpy(&payload, buffer, sizeof payload);
      if (payload.magic == 0x4d50524f && payload.sender != id_) judge(payload);
    }
  }

  void print() {
    const std::int64_t time = now();
    const std::int64_t since = time - (figures_.last > span_ ? figures_.last : span_);
    std::printf("{\"sent\":%" PRIu64 ",\"send_errors\":%" PRIu64 ",\"received\":%" PRIu64 ",\"duplicated\":%" PRIu64
                ",\"reordered\":%" PRIu64
                ",\"first\":%.6f,\"last\":%.6f,\"longest_gap\":%.6f,\"latency_max\":%.6f,"
                "\"latency_mean\":%.6f}\n",
                figures_.sent, figures_.send_errors, figures_.received, figures_.duplicated, figures_.reordered,
                seconds(figures_.first), seconds(figures_.last), seconds(since > figures_.gap ? since : figures_.gap),
                seconds(figures_.latency),
                figures_.received == 0 ? 0.0 : seconds(figures_.latency_sum) / static_cast<double>(figures_.received));
    std::fflush(stdout);
  }

  void new_span() {
    figures_.gap = 0;
    span_ = now();
  }

 private:
  static double seconds(std::int64_t time) { return static_cast<double>(time) / 1e9; }

  // The device may not exist yet, or again under another index.
  void bind_device() {
    const unsigned index = if_nametoindex(device_);
    if (index == index_ && socket_ >= 0 && index != 0) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
      return;
    }
    index_ = index;
    if (socket_ < 0) {
      socket_ = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      const int on = 1;
      const int octets = 16 << 20;
      setsockopt(socket_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
    }
    if (index_ == 0) return;
    sockaddr_ll own{};
    own.sll_family = AF_PACKET;
    own.sll_protocol = htons(ether_type);
    own.sll_ifindex = static_cast<int>(index_);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) index_ = 0;
  }

  void judge(const Payload& payload) {
    const std::int64_t time = now();
    if (payload.sender != peer_) {
      peer_ = payload.sender;
      highest_ = 0;
      std::fill(seen_.begin(), seen_.end(), 0);
    }
    std::uint64_t& slot = seen_[payload.number % window];
    if (slot == payload.number + 1) {
      ++figures_.duplicated;
      return;
    }
    slot = payload.number + 1;
    if (payload.number + 1 < highest_) ++figures_.reordered;
    if (payload.number + 1 > highest_) highest_ = payload.number + 1;
    if (figures_.received++ == 0) figures_.first = time;
    const std::int64_t before = figures_.last > span_ ? figures_.last : span_;
    if (time - before > figures_.gap) figures_.gap = time - before;
    figures_.last = time;
    const std::int64_t latency = time - payload.time;
    figures_.latency_sum += latency;
    if (latency > figures_.latency) figures_.latency = latency;
  }

  const char* device_;
  std::vector<char> frame_;
  std::vector<std::uint64_t> seen_;
  int socket_ = -1;
  unsigned index_ = 0;
  std::uint64_t id_ = 0;
  std::uint64_t peer_ = 0;
  std::uint64_t highest_ = 0;
  std::int64_t span_ = 0;
  Figures figures_;
};

void set_timer(int timer, long interval) {
  itimerspec spec{};
  spec.it_interval = {interval / 1'000'000, interval % 1'000'000 * 1000};
  spec.it_value.tv_nsec = interval == 0 ? 0 : 1;
  timerfd_settime(timer, 0, &spec, nullptr);
}

void obey(Probe& probe, int timer, long interval, char letter) {
  if (letter == 'g') set_timer(timer, interval);
  if (letter == 'l') set_timer(timer, interval * 100);
  if (letter == 's') set_timer(timer, 0);
  if (letter == 'g') probe.new_span();
  probe.receive();
  probe.print();
  if (letter == 'n') probe.new_span();
}

int run(Probe& probe, long interval) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  probe.print();
  for (;;) {
    pollfd wait[] = {{probe.socket(), POLLIN, 0}, {timer, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (poll(wait, 3, -1) < 0) continue;
    if (wait[0].revents != 0) probe.receive();
    if (wait[1].revents != 0) {
      std::uint64_t due = 0;
      if (read(timer, &due, sizeof due) != sizeof due) due = 0;
      if (due > most_per_wakeup) due = most_per_wakeup;
      for (; due > 0; --due) probe.send();
    }
    if (wait[2].revents != 0) {
      char letter = 0;
      if (read(STDIN_FILENO, &letter, 1) != 1) return 0;
      obey(probe, timer, interval, letter);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: vm-probe DEVICE INTERVAL_US [SIZE]\n", stderr);
    return 2;
  }
  const long size = argc > 3 ? std::atol(argv[3]) : 64;
  Probe probe{argv[1], size < static_cast<long>(sizeof(Payload)) ? sizeof(Payload) : static_cast<std::size_t>(size)};
  return run(probe, std::atol(argv[2]));
}
