// SPDX-License-Identifier: LGPL-2.1-or-later
// A supplicant's Port as an operation sequence: one octet names an operation, the next ones are its arguments. An access
// switch and a macsec-eap of the simulator are true, until the fuzzer speaks in their place. The fake SecY's judges look on.
#include "tests/sim/access_switch.hpp"
#include "tests/sim/forge.hpp"

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
    host_ = &lan_.attach(
        [&](Index index) { return std::make_unique<Host>(lan_, index, HostOptions{.profile = profile(input_.u8())}); });
    switch_ = &lan_.attach([&](Index index) { return std::make_unique<AccessSwitch>(lan_, index, profile(0x80)); });
    worker_.emplace(lan_, *host_);
    host_->on_eap_command = [this, inner = host_->on_eap_command](core::EapCommand command) {
      judge(command);
      inner(std::move(command));
    };
    host_->start();
    lan_.plug(switch_->index(), true);
    lan_.plug(host_->index(), true);
    lan_.set_traffic(50 * millisecond);
  }

  void run() {
    for (std::size_t i = 0; i < most_operations && input_.remaining() > 0 && lan_.world.good(); ++i) {
      operate();
      judge();
    }
    lan_.run_for(10 * second);
    if (lan_.world.good()) return;
    std::fprintf(stderr, "%s%s", lan_.world.trace.tail(60).c_str(), lan_.world.report().c_str());
    std::abort();
  }

 private:
  static ProfilePointer profile(std::uint8_t variant) {
    return make_profile([variant](Profile& p) {
      const bool of_switch = (variant & 0x80U) != 0;
      if (!of_switch && (variant & 0x40U) != 0) return;  // a pre-shared key, and no authentication
      p.keys.clear();
      if (of_switch || (variant & 1U) != 0) p.keys.push_back(psk("fa", 0x22, 16, KeyRole::fallback));
      if (of_switch) return;
      Profile::Pae& pae = p.pae.emplace(Profile::Pae{});
      pae.use_eap = static_cast<UseEap>((variant >> 1U & 3U) % 3U);
      pae.cak_length = static_cast<CakLength>((variant >> 3U & 3U) % 3U);
      if ((variant & 0x20U) != 0) {
        pae.cache = Duration{0};
        pae.held = std::chrono::seconds{1};
        pae.reauthenticate = std::chrono::seconds{20};
        pae.nid = "lab";
      }
    });
  }

  void judge(const core::EapCommand& command) {
    const bool begins = command.kind == core::EapCommand::Kind::begin;
    if (begins ? command.conversation <= conversation_ : command.conversation != conversation_)
      lan_.world.violate(host_->index(), "a command of another conversation than the last that was begun");
    conversation_ = command.conversation;
  }
  void judge() {
    if (!host_->running()) return;
    const core::PortStatus status = host_->status();
    const auto sessions = std::ranges::count(status.participants, KeyRole::session, &core::ParticipantStatus::role);
    if (sessions > most_sessions) lan_.world.violate(host_->index(), "session keys pile up");
    if (sessions > 0 && !given_) lan_.world.violate(host_->index(), "a session key without a success");
  }

  void operate() {
    const std::uint8_t operation = input_.u8();
    switch (operation % 11U) {
      case 0:
        return run_for(input_.u8() * millisecond);
      case 1:
        return run_for(input_.u8() * 50 * millisecond);
      case 2:
        return forge();
      case 3:
        return raw();
      case 4:
        return lan_.plug(host_->index(), !host_->carrier());
      case 5:
        return ask();
      case 6:
        return change_worker();
      case 7:
        return report();
      case 8:
        return command();
      case 9:
        if (host_->running()) host_->reconfigure(profile(input_.u8() & 0x7fU));
        return;
      default:
        return process();
    }
  }

  void run_for(Instant span) {
    lan_.run_for(span);
    given_ = given_ || switch_->successes() > 0;
  }
  void forge() {
    const std::uint8_t how = input_.u8();
    const Bytes data = input_.take(std::min<std::size_t>(input_.u8() % 16U, input_.remaining()));
    const MacAddress source = (how & 1U) != 0 ? switch_->mac() : MacAddress{{2, 0, 0, 0, 7, 7}};
    const MacAddress to = (how & 2U) != 0 ? host_->mac() : pae_group_address;
    constexpr std::array types{EapType::identity, EapType::notification, EapType::tls, EapType::nak};
    lan_.inject(host_->index(), eap_frame(to, source, static_cast<EapCode>(1 + (how >> 2U & 3U)), input_.u8(),
                                          types[how >> 4U & 3U], data));
  }
  void raw() {
    const std::uint8_t type = input_.u8();
    const Bytes body = input_.take(std::min<std::size_t>(input_.u8(), input_.remaining()));
    std::vector<std::uint8_t> frame(ethernet_header_size + eapol_header_size + body.size());
    Writer writer{frame};
    write_eapol_header(writer, pae_group_address, {{2, 0, 0, 0, 7, 7}}, eapol_ethertype,
                       static_cast<EapolType>(type % 7U), static_cast<std::uint16_t>(body.size()));
    writer.put(body);
    lan_.inject(host_->index(), frame);
  }
  void ask() {
    const std::uint8_t what = input_.u8();
    if (what % 4U == 0) return switch_->ask_identity();
    if (what % 4U == 1) return switch_->ask_whether_there();
    if (what % 4U == 2) return switch_->end_session();
    switch_->answers = (what & 4U) != 0;
    switch_->accepts = (what & 8U) != 0;
    switch_->speaks_mka = (what & 16U) != 0;
    switch_->cak_size = (what & 32U) != 0 ? 32 : 16;
  }
  void change_worker() {
    const std::uint8_t what = input_.u8();
    worker_->answers = (what & 1U) != 0;
    worker_->refusal.hold = (what & 2U) != 0;
    worker_->refusal.problem = (what & 4U) != 0 ? EapProblem::profile : EapProblem::inner_method;
    if ((what & 8U) != 0) worker_->die_at(1 + (what >> 4U));
  }
  /// Of a macsec-eap that was taken over: whatever it likes, of whichever conversation.
  void report() {
    const std::uint8_t what = input_.u8();
    core::EapReport report;
    report.kind = static_cast<core::EapReport::Kind>(what & 3U);
    report.conversation = conversation_ - (what >> 2U & 1U);
    if ((what & 8U) != 0) report.packet = {2, 1, 0, 5, 1};
    if ((what & 16U) != 0) {
      report.keys = method_keys(input_.u8());
      given_ = true;
    }
    host_->report(std::move(report));
  }
  void command() {
    const std::uint8_t what = input_.u8();
    if (!host_->running()) return;
    if (what % 4U == 0) static_cast<void>(host_->reauthenticate());
    if (what % 4U == 1) static_cast<void>(host_->log_off());
    if (what % 4U > 1) host_->set_enabled(what % 4U == 2);
  }
  void process() {
    if (host_->running()) return host_->crash();
    conversation_ = 0;
    host_->start((input_.u8() & 1U) != 0 ? Host::Memory::kept : Host::Memory::lost);
  }

  Reader input_;
  VirtualLan lan_{7};
  Host* host_ = nullptr;
  AccessSwitch* switch_ = nullptr;
  std::optional<FakeWorker> worker_;
  core::EapConversation conversation_ = 0;  ///< begun last
  bool given_ = false;                      ///< somebody declared a success
};

}  // namespace
}  // namespace macsec::sim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  macsec::sim::Play{{data, size}}.run();
  return 0;
}
