// SPDX-License-Identifier: LGPL-2.1-or-later
// An authenticator's Port as an operation sequence: one octet names an operation, the next ones are its arguments. Our own
// supplicant and a scripted RADIUS server are true, until the fuzzer speaks in their place. The fake SecY's judges look on.
#include "tests/sim/forge.hpp"
#include "tests/sim/radius_script.hpp"

#include <cstdio>
#include <cstdlib>

namespace macsec::sim {
namespace {

constexpr std::size_t most_operations = 300;
/// Of session keys: those of two authentications, of which each may have two lengths, and one that is left.
constexpr std::ptrdiff_t most_sessions = 6;

class Play {
 public:
  explicit Play(Bytes input) : input_{input} {
    lan_.pcap.set_enabled(false);
    port_ = &lan_.attach(
        [&](Index index) { return std::make_unique<Host>(lan_, index, HostOptions{.profile = profile(input_.u8())}); });
    host_ = &lan_.attach([&](Index index) {
      return std::make_unique<Host>(lan_, index, HostOptions{.profile = supplicant(), .seed = 2});
    });
    worker_.emplace(lan_, *host_);
    radius_.serve(*port_);
    port_->on_radius_command = [this, inner = port_->on_radius_command](core::RadiusCommand command) {
      judge(command);
      inner(std::move(command));
    };
    lan_.tap = [this](Index from, Bytes octets) {
      const auto frame = read_eapol(octets);
      if (from == port_->index() && frame->type == static_cast<std::uint8_t>(EapolType::eap))
        identifier_ = frame->body[1];
    };
    host_->start();
    port_->start();
    lan_.plug(port_->index(), true);
    lan_.plug(host_->index(), true);
    lan_.set_traffic(50 * millisecond);
  }

  void run() {
    for (std::size_t i = 0; i < most_operations && input_.remaining() > 0 && lan_.world.good(); ++i) {
      operate();
      judge();
    }
    lan_.run_for(10 * second);
    judge();
    if (lan_.world.good()) return;
    std::fprintf(stderr, "%s%s", lan_.world.trace.tail(60).c_str(), lan_.world.report().c_str());
    std::abort();
  }

 private:
  static ProfilePointer profile(std::uint8_t variant) {
    return make_profile([variant](Profile& p) {
      if ((variant & 0x40U) != 0) return;  // a pre-shared key, and no authentication
      p.keys.clear();
      if ((variant & 1U) != 0) p.keys.push_back(psk("fa", 0x22, 16, KeyRole::fallback));
      if ((variant & 2U) != 0) p.macsec.policy = Policy::should_secure;
      Profile::Pae& pae = p.pae.emplace(Profile::Pae{});
      if ((variant & 0x80U) == 0) pae.role = PaeRole::authenticator;
      pae.servers.emplace_back();
      pae.cak_length = static_cast<CakLength>((variant >> 2U & 3U) % 3U);
      if ((variant & 0x10U) != 0) pae.reauthenticate = std::chrono::seconds{10};
      if ((variant & 0x20U) != 0) pae.quiet = pae.server_dead = Duration{0};
    });
  }
  static ProfilePointer supplicant() {
    return make_profile([](Profile& p) {
      p.keys.clear();
      p.pae.emplace(Profile::Pae{});
    });
  }

  void judge(const core::RadiusCommand& command) {
    const bool ends = command.kind == core::RadiusCommand::Kind::end;
    if (command.conversation < conversation_ || (ends && command.conversation != conversation_))
      lan_.world.violate(port_->index(), "a command of another conversation than the last that was begun");
    if (!ends && command.packet.empty()) lan_.world.violate(port_->index(), "a request without a packet");
    conversation_ = command.conversation;
  }
  void judge() {
    if (!port_->running()) return;
    const core::PortStatus status = port_->status();
    const auto sessions = std::ranges::count(status.participants, KeyRole::session, &core::ParticipantStatus::role);
    const auto violate = [&](bool wrong, const char* what) {
      if (wrong) lan_.world.violate(port_->index(), what);
    };
    violate(sessions > most_sessions, "session keys pile up");
    violate(sessions > 0 && radius_.accepts() == 0 && !given_, "a session key without an Accept");
    if (!status.authenticator) return;
    const bool authenticated = status.authenticator->host.has_value();
    const bool open = port_->secy().controlled_port() == ControlledPort::up && !port_->secy().parameters().protect;
    violate(open && !authenticated, "clear text passes, and nobody is authenticated");
  }

  void operate() {
    const std::uint8_t operation = input_.u8();
    switch (operation % 11U) {
      case 0:
        return lan_.run_for(input_.u8() * millisecond);
      case 1:
        return lan_.run_for(input_.u8() * 50 * millisecond);
      case 2:
        return forge();
      case 3:
        return raw();
      case 4:
        return lan_.plug(port_->index(), !port_->carrier());
      case 5:
        return change_server();
      case 6:
        return change_host();
      case 7:
        return report();
      case 8:
        return command();
      case 9:
        if (port_->running()) port_->reconfigure(profile(input_.u8()));
        return;
      default:
        return process();
    }
  }

  [[nodiscard]] MacAddress source(std::uint8_t how) const {
    if ((how & 1U) != 0) return host_->mac();
    return (how & 2U) != 0 ? port_->mac() : MacAddress{{2, 0, 0, 0, 7, 7}};
  }
  void forge() {
    const std::uint8_t how = input_.u8();
    const Bytes data = input_.take(std::min<std::size_t>(input_.u8() % 16U, input_.remaining()));
    constexpr std::array types{EapType::identity, EapType::notification, EapType::tls, EapType::nak};
    const std::uint8_t identifier = (how & 0x40U) != 0 ? identifier_ : input_.u8();
    lan_.inject(port_->index(), eap_frame(pae_group_address, source(how), static_cast<EapCode>(1 + (how >> 2U & 3U)),
                                          identifier, types[how >> 4U & 3U], data));
  }
  void raw() {
    const std::uint8_t type = input_.u8();
    const Bytes body = input_.take(std::min<std::size_t>(input_.u8(), input_.remaining()));
    std::vector<std::uint8_t> frame(ethernet_header_size + eapol_header_size + body.size());
    Writer writer{frame};
    write_eapol_header(writer, pae_group_address, source(type >> 4U), eapol_ethertype,
                       static_cast<EapolType>(type % 7U), static_cast<std::uint16_t>(body.size()));
    writer.put(body);
    lan_.inject(port_->index(), frame);
  }
  void change_server() {
    const std::uint8_t what = input_.u8();
    radius_.answers = (what & 1U) != 0;
    radius_.mute = (what & 2U) != 0;
    radius_.verdict = static_cast<RadiusScript::Verdict>((what >> 2U & 3U) % 3U);
    radius_.linksec = static_cast<core::LinksecPolicy>(what >> 4U & 3U);
    radius_.reauthenticate = (what & 0x40U) != 0;
    radius_.session_timeout.reset();
    if ((what & 0x80U) != 0) radius_.session_timeout = std::chrono::seconds{input_.u8()};
  }
  void change_host() {
    const std::uint8_t what = input_.u8();
    worker_->answers = (what & 1U) != 0;
    worker_->spoils = (what & 2U) != 0;
    if (!host_->running()) return host_->start((what & 4U) != 0 ? Host::Memory::kept : Host::Memory::lost);
    if ((what & 8U) != 0) return host_->crash();
    if ((what & 16U) != 0) static_cast<void>(host_->reauthenticate());
    if ((what & 32U) != 0) static_cast<void>(host_->log_off());
  }
  /// Of a server that was taken over: whatever it likes, of whichever conversation.
  void report() {
    const std::uint8_t what = input_.u8();
    core::RadiusReport report;
    report.kind = static_cast<core::RadiusReport::Kind>(what & 3U);
    report.conversation = conversation_ - (what >> 2U & 1U);
    const Bytes packet = input_.take(std::min<std::size_t>(input_.u8() % 16U, input_.remaining()));
    report.packet.assign(packet.begin(), packet.end());
    if ((what & 8U) != 0) report.session_timeout = std::chrono::seconds{input_.u8()};
    report.problem = static_cast<core::RadiusProblem>((what >> 4U & 7U));
    if (report.kind == core::RadiusReport::Kind::accept && (what & 0x80U) != 0) {
      report.keys = method_keys(input_.u8());
      given_ = true;
    }
    port_->report(std::move(report));
  }
  void command() {
    const std::uint8_t what = input_.u8();
    if (!port_->running()) return;
    if (what % 4U == 0) static_cast<void>(port_->reauthenticate());
    if (what % 4U == 1) static_cast<void>(port_->terminate());
    if (what % 4U > 1) port_->set_enabled(what % 4U == 2);
  }
  void process() {
    if (port_->running()) return port_->crash();
    conversation_ = 0;
    port_->start((input_.u8() & 1U) != 0 ? Host::Memory::kept : Host::Memory::lost);
  }

  Reader input_;
  VirtualLan lan_{7};
  RadiusScript radius_{lan_};
  Host* port_ = nullptr;
  Host* host_ = nullptr;
  std::optional<FakeWorker> worker_;
  core::RadiusConversation conversation_ = 0;  ///< begun last
  std::uint8_t identifier_ = 0;                ///< of the port's last EAP packet
  bool given_ = false;                         ///< a report that was made up held keys
};

}  // namespace
}  // namespace macsec::sim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  macsec::sim::Play{{data, size}}.run();
  return 0;
}
