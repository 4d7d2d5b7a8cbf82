// SPDX-License-Identifier: LGPL-2.1-or-later
// A host on a cable with the real macsec-eap: authenticates ROUNDS times and prints a line of JSON for each conversation.
//
// eap-host INTERFACE MAC ROUNDS KEY=VALUE...   KEY: method identity anonymous inner password ca name cert key pin min max fragment
//                                              binding resumption
#include "engine/adapters/eap_worker.hpp"
#include "engine/wire/eapol.hpp"
#include "tests/eap/host/host_words.hpp"
#include "tests/eap/worker_process.hpp"
#include "tests/temporary_directory.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fmt/format.h>
#include <iostream>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "engine/base/text.hpp"

namespace macsec::test {
namespace {

using namespace std::chrono_literals;
using Kind = core::EapReport::Kind;
using Buffer = std::vector<std::uint8_t>;

constexpr MacAddress group{{0x01, 0x80, 0xc2, 0x00, 0x00, 0x03}};
constexpr Duration longest = 20s;

/// A packet socket on one interface, whose frames carry an address of their own.
class Cable {
 public:
  Cable(const char* interface, const MacAddress& mac) : mac_{mac} {
    socket_ = FileDescriptor{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(eapol_ethertype))};
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(eapol_ethertype);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    packet_mreq everything{
        .mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC, .mr_alen = 0, .mr_address = {}};
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        ::setsockopt(socket_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof everything) < 0)
      throw std::runtime_error{std::string{"cannot listen on "} + interface};
  }
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

  void send(EapolType type, Bytes body) const {
    Buffer frame(ethernet_header_size + eapol_header_size + body.size());
    Writer writer{frame};
    write_eapol_header(writer, group, mac_, eapol_ethertype, type, static_cast<std::uint16_t>(body.size()));
    writer.put(body);
    static_cast<void>(::send(socket_.get(), frame.data(), frame.size(), 0) == 0);
  }
  /// The next EAP packet of the other end; empty: another frame.
  [[nodiscard]] Buffer receive() const {
    Buffer frame(2048);
    const ssize_t size = ::recv(socket_.get(), frame.data(), frame.size(), 0);
    if (size <= 0) return {};
    frame.resize(static_cast<std::size_t>(size));
    const std::optional<EapolFrame> eapol = read_eapol(frame);
    if (!eapol || eapol->type != static_cast<std::uint8_t>(EapolType::eap) || eapol->source == mac_) return {};
    return {eapol->body.begin(), eapol->body.end()};
  }

 private:
  MacAddress mac_;
  FileDescriptor socket_;
};

class Host {
 public:
  Host(const char* interface, const MacAddress& mac, unsigned rounds) : cable_{interface, mac}, rounds_{rounds} {}

  int run(const EapProfile& profile) {
    process_.start();
    worker_ =
        std::move(*os::EapWorker::open(loop_,
                                       {.report = [this](core::EapReport&& report) { take(report); },
                                        .loaded = [this](std::uint32_t, const EapVerdict& verdict) { loaded(verdict); },
                                        .lost = [this] { finish("lost"); }},
                                       path_));
    const os::EventSource frames = std::move(*loop_.on_readable(cable_.fd(), [this] { receive(); }));
    os::EventSource limit = std::move(*loop_.timer([this] { expire(); }));
    again_ = std::move(*loop_.timer([this] { start(); }));
    limit.arm(os::boot_time() + longest);
    worker_->set_profile(1, profile);
    return loop_.run().value_or(1);
  }

 private:
  void loaded(const EapVerdict& verdict) {
    if (verdict.problem == EapProblem::none)
      start();
    else
      print("unusable", verdict, nullptr);
  }
  /// EAPOL-Start once more where nobody answers: the authenticator may be starting.
  void start() {
    cable_.send(EapolType::start, {});
    again_.arm(os::boot_time() + 1s);
  }
  void receive() {
    const Buffer packet = cable_.receive();
    const std::optional<EapPacket> eap = read_eap(packet);
    if (!eap || eap->code == EapCode::response) return;
    again_.disarm();
    if (!open_ && eap->code == EapCode::request) {
      open_ = true;
      worker_->begin(1, ++conversation_, 1496);
    }
    if (open_) worker_->request(conversation_, packet);
  }
  void take(const core::EapReport& report) {
    if (report.conversation != conversation_) return;
    if (report.kind == Kind::response) {
      if (!report.packet.empty()) cable_.send(EapolType::eap, report.packet);
      return;
    }
    open_ = false;
    const bool success = report.kind == Kind::success;
    print(success ? "success" : "failure", report.verdict, success ? &*report.keys : nullptr);
    if (rounds_ > 0) start();
  }
  void print(const char* outcome, const EapVerdict& verdict, const MethodKeys* keys) {
    std::cout << fmt::format(
        "{{\"outcome\": \"{}\", \"msk\": \"{}\", \"session_id\": \"{}\", \"stage\": \"{}\", \"problem\": \"{}\", "
        "\"hold\": {}, "
        "\"words\": {}, \"method\": {}, \"inner\": {}, \"tls\": {}, \"resumed\": {}, \"verified\": {}, \"key\": {}}}\n",
        outcome, keys != nullptr ? hex(keys->msk.expose()) : "", keys != nullptr ? hex(keys->session_id) : "",
        to_string(verdict.stage), to_string(verdict.problem), verdict.hold, json_text(verdict.words),
        static_cast<int>(verdict.method), json_text(verdict.inner), json_text(verdict.tls.version), verdict.tls.resumed,
        verdict.server.verified, json_text(verdict.client_key));
    if (--rounds_ == 0) loop_.exit(0);
  }
  void finish(const char* outcome) {
    std::cout << fmt::format("{{\"outcome\": \"{}\"}}\n", outcome);
    loop_.exit(0);
  }
  void expire() {
    if (!open_)
      finish("silence");
    else
      worker_->end(conversation_);
  }

  TemporaryDirectory directory_;
  std::string path_ = (directory_.path() / "eap").string();
  WorkerProcess process_{path_};
  os::EventLoop loop_ = std::move(*os::EventLoop::open());
  Cable cable_;
  std::unique_ptr<os::EapWorker> worker_;
  os::EventSource again_;
  core::EapConversation conversation_ = 0;
  bool open_ = false;
  unsigned rounds_;
};

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) return 2;
  MacAddress mac{};
  if (from_hex(arguments[1], mac.octets) != mac.octets.size()) return 2;
  Host host{arguments[0].c_str(), mac, static_cast<unsigned>(std::stoi(arguments[2]))};
  return host.run(profile_of(words_of({arguments.begin() + 3, arguments.end()})));
}

}  // namespace
}  // namespace macsec::test

int main(int count, char** arguments) { return macsec::test::run({arguments + 1, arguments + count}); }
