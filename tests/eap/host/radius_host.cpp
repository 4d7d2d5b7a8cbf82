// SPDX-License-Identifier: LGPL-2.1-or-later
// A switch port and its host in one process: the real RADIUS client over UDP or, with the real macsec-eap, over TLS, and the real EAP peer. Each line on standard input
// is an authentication, which answers with a line of JSON: what the server said, and the keys that each end has.
//
// radius-host SECRET TIMEOUT ADDRESS[,ADDRESS...] KEY=VALUE...   KEY as in eap-host, or radsec-ca, radsec-name, radsec-cert,
// radsec-key of the addresses that begin with "tls:"
#include "engine/adapters/eap_ports.hpp"
#include "engine/adapters/radius_link.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "engine/core/pae/session_ledger.hpp"
#include "engine/eap/peer.hpp"
#include "tests/eap/host/host_words.hpp"
#include "tests/eap/worker_process.hpp"
#include "tests/temporary_directory.hpp"

#include <fmt/format.h>
#include <iostream>
#include <sstream>

namespace macsec::test {
namespace {

using Kind = core::RadiusReport::Kind;

EapSource file(const std::string& path) { return {EapSource::Kind::file, path, {}}; }

/// Over TLS, as the words say.
void secure(RadiusServer& server, const Words& radsec) {
  server.transport = RadiusTransport::tls;
  server.port = 2083;
  server.secret = {EapSource::Kind::none, {}, WipedText{"radsec"}};
  server.ca_certificates.push_back(file(radsec.at("radsec-ca")));
  server.server_names = {radsec.at("radsec-name")};
  server.client_certificate = file(radsec.at("radsec-cert"));
  server.private_key = file(radsec.at("radsec-key"));
}

ProfilePointer port_profile(const std::string& secret, const std::string& timeout, const std::string& addresses,
                            const Words& radsec) {
  auto made = std::make_shared<Profile>();
  std::istringstream list{addresses};
  Profile::Pae& pae = made->pae.emplace();
  for (std::string address; std::getline(list, address, ',');) {
    RadiusServer& server = pae.servers.emplace_back();
    server.address = address;
    server.secret = {EapSource::Kind::octets, {}, WipedText{secret}};
    server.timeout = std::chrono::seconds{std::stoi(timeout)};
    if (!address.starts_with("tls:")) continue;
    server.address = address.substr(4);
    secure(server, radsec);
  }
  return made;
}

std::string_view name_of(Kind kind) {
  return kind == Kind::accept ? "accept" : kind == Kind::reject ? "reject" : "failed";
}

class Port {
 public:
  Port(const ProfilePointer& profile, std::shared_ptr<eap::LoadedProfile> host)
      : loaded_{std::move(host)},
        link_{std::move(
            *os::RadiusLink::open(loop_, eap_.streams(),
                                  {.report = [this](core::RadiusOwner, core::RadiusReport&& report) { take(report); },
                                   .event = [](const core::RadiusEvent& event) { std::cerr << event.text << '\n'; }},
                                  profile, "switch.example.org", random_))} {
    worker_.start();
  }

  int run() {
    const os::EventSource lines = std::move(*loop_.on_readable(STDIN_FILENO, [this] {
      std::array<char, 1> octet{};
      if (::read(STDIN_FILENO, octet.data(), 1) != 1) return loop_.exit(0);
      if (octet[0] == '\n') start();
    }));
    return loop_.run().value_or(1);
  }

 private:
  void start() {
    const Duration wall = os::boot_time() - os::wall_clock_epoch();
    peer_.emplace(loaded_, random_, eap::tls_clock(std::chrono::duration_cast<std::chrono::seconds>(wall).count()),
                  std::uint16_t{1496});
    keys_.reset();
    ++conversation_;
    identity_.clear();
    give(std::vector<std::uint8_t>{1, 1, 0, 5, 1});
  }
  /// A packet of the authenticator to the host, and what the host says to it.
  void give(Bytes packet) {
    eap::PeerReply reply = peer_->on_packet(packet);
    if (auto* success = std::get_if<eap::PeerSuccess>(&reply)) keys_ = std::move(success->keys);
    const auto* response = std::get_if<eap::Octets>(&reply);
    if (response == nullptr) return;
    if (identity_.empty()) identity_.assign(response->begin() + 5, response->end());
    const core::RadiusCommand request{.conversation = conversation_,
                                      .packet = *response,
                                      .user_name = identity_,
                                      .host = {{2, 0, 0, 0, 1, 1}},
                                      .port = {{2, 0, 0, 0, 2, 2}},
                                      .port_id = "port1",
                                      .mtu = 1496};
    ledger_.note_request(request);
    link_->command(1, request);
  }
  void take(const core::RadiusReport& report) {
    if (!report.packet.empty()) give(report.packet);
    if (report.kind == Kind::challenge) return;
    const auto server = link_->status().at(0);
    if (report.kind == Kind::accept) account(report);
    std::cout << fmt::format(
                     "{{\"outcome\": \"{}\", \"server\": {}, \"problem\": \"{}\", \"words\": {}, \"msk\": \"{}\", "
                     "\"session_id\": \"{}\", \"peer_msk\": \"{}\", \"peer_session_id\": \"{}\", "
                     "\"state\": \"{}\", \"reply\": {}, \"class\": \"{}\", \"timeout\": {}, \"accounted\": {}, "
                     "\"tls\": \"{}\", \"server_words\": {}}}",
                     name_of(report.kind), json_text(report.server), to_string(report.problem), json_text(report.words),
                     report.keys ? hex(report.keys->msk.expose()) : "", report.keys ? hex(report.keys->session_id) : "",
                     keys_ ? hex(keys_->msk.expose()) : "", keys_ ? hex(keys_->session_id) : "",
                     core::to_string(server.state), json_text(report.reply_message), hex(report.class_),
                     report.session_timeout ? report.session_timeout->count() / 1'000'000 : -1,
                     server.counters.accounting_responses, server.tls_version, json_text(server.words))
              << std::endl;
  }

  /// The host is there for a moment.
  void account(const core::RadiusReport& accept) {
    ledger_.note_accept(accept);
    for (const bool has_host : {true, false})
      for (core::RadiusAccounting& record : ledger_.step(
               {.has_host = has_host, .traffic = core::PortTraffic{}, .now = os::boot_time(), .wall = 1'793'500'000}))
        link_->account(std::move(record));
  }

  TemporaryDirectory directory_;
  WorkerProcess worker_{(directory_.path() / "eap").string()};
  os::EventLoop loop_ = std::move(*os::EventLoop::open());
  os::Journal journal_{os::LogLevel::error};
  os::EapPorts eap_{loop_,
                    journal_,
                    {.report = [](const std::string&, core::EapReport&&) {},
                     .loaded = [](const std::string&, const EapVerdict&, bool) {},
                     .hear = [](bool) { return Result<void>{}; }},
                    (directory_.path() / "eap").string()};
  os::OsRandom random_;
  std::shared_ptr<eap::LoadedProfile> loaded_;
  std::unique_ptr<os::RadiusLink> link_;
  core::SessionLedger ledger_{random_};
  std::optional<eap::Peer> peer_;
  std::optional<MethodKeys> keys_;
  core::RadiusConversation conversation_ = 0;
  std::string identity_;
};

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) return 2;
  Words radsec;
  std::vector<std::string> words;
  for (auto word = arguments.begin() + 3; word != arguments.end(); ++word) {
    if (word->starts_with("radsec-"))
      radsec.emplace(word->substr(0, word->find('=')), word->substr(word->find('=') + 1));
    else
      words.push_back(*word);
  }
  auto host = eap::load_profile(profile_of(words_of(words)), {});
  if (!host) {
    std::cerr << host.error().words << '\n';
    return 1;
  }
  return Port{port_profile(arguments[0], arguments[1], arguments[2], radsec), *host}.run();
}

}  // namespace
}  // namespace macsec::test

int main(int count, char** arguments) { return macsec::test::run({arguments + 1, arguments + count}); }
