// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Counts the frames of one device by EtherType and writes them to a pcap file.
//   vm-sniff DEVICE PCAP
// Prints "ready" when it listens, and the counts for each letter on standard input, with which it ends. Both directions.
#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <linux/if_packet.h>
#include <map>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Count {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::uint64_t octets = 0;
};

void put32(std::FILE* file, std::uint32_t value) { std::fwrite(&value, sizeof value, 1, file); }

void print(const std::map<unsigned, Count>& counts, std::FILE* pcap) {
  std::fflush(pcap);
  std::printf("{");
  const char* comma = "";
  for (const auto& [type, count] : counts) {
    std::printf("%s\"0x%04x\":{\"in\":%llu,\"out\":%llu,\"octets\":%llu}", comma, type,
                static_cast<unsigned long long>(count.in), static_cast<unsigned long long>(count.out),
                static_cast<unsigned long long>(count.octets));
    comma = ",";
  }
  std::printf("}\n");
  std::fflush(stdout);
}

void receive(int socket, std::map<unsigned, Count>& counts, std::FILE* pcap) {
  unsigned char frame[65536];
  for (;;) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(socket, frame, sizeof frame, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 14) return;
    Count& count = counts[static_cast<unsigned>(frame[12] << 8 | frame[13])];
    ++(from.sll_pkttype == PACKET_OUTGOING ? count.out : count.in);
    count.octets += static_cast<std::uint64_t>(got);
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    put32(pcap, static_cast<std::uint32_t>(time.tv_sec));
    put32(pcap, static_cast<std::uint32_t>(time.tv_nsec));
    put32(pcap, static_cast<std::uint32_t>(got));
    put32(pcap, static_cast<std::uint32_t>(got));
    std::fwrite(frame, 1, static_cast<std::size_t>(got), pcap);
  }
}

int run(int socket, std::FILE* pcap) {
  std::map<unsigned, Count> counts;
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    pollfd wait[] = {{socket, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0) continue;
    receive(socket, counts, pcap);
    if (wait[1].revents == 0) continue;
    char letter = 0;
    if (read(STDIN_FILENO, &letter, 1) != 1) return 0;
    print(counts, pcap);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: vm-sniff DEVICE PCAP\n", stderr);
    return 2;
  }
  std::FILE* pcap = std::fopen(argv[2], "wb");
  const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll own{};
  own.sll_family = AF_PACKET;
  own.sll_protocol = htons(ETH_P_ALL);
  own.sll_ifindex = static_cast<int>(if_nametoindex(argv[1]));
  const int octets = 32 << 20;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
  if (pcap == nullptr || own.sll_ifindex == 0 || bind(socket, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    std::perror(argv[1]);
    return 1;
  }
  const std::uint16_t version[] = {2, 4};
  put32(pcap, 0xa1b23c4d);  // nanoseconds
  std::fwrite(version, sizeof version, 1, pcap);
  for (const std::uint32_t value : {0U, 0U, 65535U, 1U}) put32(pcap, value);
  const int status = run(socket, pcap);
  std::fclose(pcap);
  return status;
}
