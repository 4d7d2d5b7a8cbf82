// SPDX-License-Identifier: LGPL-2.1-or-later
// The whole Port as an operation sequence: one octet names an operation, the next ones are its arguments. A second host
// is a true peer; the fuzzer holds the CAK and speaks as anybody. The fake SecY's judges look on.
#include "tests/sim/forge.hpp"
#include "tests/sim/host.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace macsec::sim {
namespace {

constexpr std::size_t most_operations = 300;

class Play {
 public:
  explicit Play(Bytes input) : input_{input} {
    lan_.pcap.set_enabled(false);
    const std::uint8_t kind = input_.u8();
    xpn_ = (kind & 1U) != 0;
    delay_protect_ = (kind & 2U) != 0;
    should_ = (kind & 4U) != 0;
    for (int i = 0; i < 2; ++i)
      hosts_.push_back(&lan_.attach([&](Index index) {
        return std::make_unique<Host>(lan_, index, HostOptions{.profile = profile(static_cast<std::uint8_t>(i))});
      }));
    lan_.tap = [this](Index, Bytes frame) { heard_[next_heard_++ % heard_.size()].assign(frame.begin(), frame.end()); };
    for (Host* host : hosts_) {
      lan_.plug(host->index(), true);
      host->start();
    }
    lan_.set_traffic(50 * millisecond);
  }

  void run() {
    for (std::size_t i = 0; i < most_operations && input_.remaining() > 0 && lan_.world.good(); ++i) operate();
    lan_.run_for(10 * second);
    if (lan_.world.good()) return;
    std::fprintf(stderr, "%s%s", lan_.world.trace.tail(60).c_str(), lan_.world.report().c_str());
    std::abort();
  }

 private:
  ProfilePointer profile(std::uint8_t variant) const {
    return make_profile([&](Profile& p) {
      p.macsec.cipher_suites = {xpn_ ? CipherSuite::gcm_aes_xpn_128 : CipherSuite::gcm_aes_128};
      if ((variant & 2U) != 0) p.macsec.cipher_suites.push_back(CipherSuite::gcm_aes_256);
      p.mka.delay_protect = delay_protect_;
      p.mka.priority = static_cast<std::uint8_t>(10 + (variant & 1U) * 100);
      if ((variant & 4U) != 0) p.keys.push_back(psk("ffee", 0x22, 32, KeyRole::fallback));
      if ((variant & 8U) != 0) p.mka.rekey = std::chrono::seconds{30};
      if (should_) {
        p.macsec.policy = Policy::should_secure;
        p.macsec.validate = Validate::check;
      }
    });
  }

  void operate() {
    const std::uint8_t operation = input_.u8();
    Host& host = *hosts_[operation >> 7U];
    switch (operation % 16U) {
      case 0:
        return lan_.run_for(input_.u8() * millisecond);
      case 1:
        return lan_.run_for(input_.u8() * 50 * millisecond);
      case 2:
        return replay(host.index());
      case 3:
        return mutate(host.index());
      case 4:
        return forge(host.index());
      case 5:
        return raw(host.index());
      case 6:
        return lan_.plug(host.index(), !host.carrier());
      case 7:
        return command(host);
      case 8:
        return process(host);
      case 9:
        return host.secy().fail_calls(static_cast<SecyCall>(input_.u8() % 13U), EBUSY, 1U + input_.u8() % 3U,
                                      input_.u8() % 8U);
      case 10:
        return cut();
      case 11:
        return warp(host);
      case 12:
        if (host.running()) host.reconfigure(profile(input_.u8()));
        return;
      case 13:
        return host.set_wall_clock(static_cast<std::int64_t>(input_.u32()));
      case 14:
        return host.secy().set_cost(input_.u8() * 100);
      default:
        return lan_.set_reflection((input_.u8() & 1U) != 0);
    }
  }

  void replay(Index to) {
    if (const auto& frame = heard_[input_.u8() % heard_.size()]; !frame.empty()) lan_.inject(to, frame);
  }
  void mutate(Index to) {
    auto frame = heard_[input_.u8() % heard_.size()];
    if (frame.size() <= ethernet_header_size) return;
    lan_.world.insider = true;
    for (unsigned count = input_.u8() % 4U + 1U; count > 0; --count) {
      const std::size_t at = 6 + input_.u8() % (frame.size() - 6);
      frame[at] = input_.u8();
    }
    static_cast<void>(forger_.sign(frame));
    lan_.inject(to, frame);
  }
  void forge(Index to) {
    lan_.world.insider = true;
    MkpduContent content;
    const std::uint8_t who = input_.u8();
    const std::uint8_t flags = input_.u8();
    content.basic = {.version = static_cast<std::uint8_t>(1 + who % 3U),
                     .priority = input_.u8(),
                     .key_server = (flags & 1U) != 0,
                     .macsec_desired = true,
                     .capability = MacsecCapability::confidentiality,
                     .sci = Sci::of({{2, 0, 0, 0, 7, static_cast<std::uint8_t>(who & 3U)}}, 1),
                     .mi = MemberId{{9, static_cast<std::uint8_t>(who & 7U)}},
                     .mn = ++mn_,
                     .agility = default_algorithm_agility,
                     .ckn = forger_.ckn()};
    std::vector<PeerEntry> listed;
    if (hosts_[to]->running())
      for (const core::ParticipantStatus& each : hosts_[to]->status().participants)
        listed.push_back({.mi = each.mi, .mn = each.mn});
    ((flags & 2U) != 0 ? content.live : content.potential) = listed;
    std::array<std::uint8_t, 24> wrapped{};
    if ((flags & 4U) != 0) {
      Secret<32> sak;
      std::ranges::fill(sak.allocate(16), static_cast<std::uint8_t>(mn_));
      static_cast<void>(crypto::wrap_sak(forger_.kek(), sak, wrapped));
      content.distributed_sak = DistributedSakSet{
          .macsec = (flags & 8U) == 0,
          .an = An{static_cast<unsigned>(flags) >> 6U},
          .confidentiality_offset = static_cast<std::uint8_t>(flags >> 4U & 3U),
          .number = input_.u8(),
          .cipher_suite_id = cipher_suite_id(xpn_ ? CipherSuite::gcm_aes_xpn_128 : CipherSuite::gcm_aes_128),
          .wrapped = wrapped};
    }
    lan_.inject(to, forger_.frame({{2, 0, 0, 0, 7, 7}}, content));
  }
  void raw(Index to) {
    lan_.world.insider = true;
    const Bytes body = input_.take(std::min<std::size_t>(input_.u8(), input_.remaining()));
    std::vector<std::uint8_t> frame(ethernet_header_size + eapol_header_size + body.size() + icv_size);
    Writer writer{frame};
    write_eapol_header(writer, pae_group_address, {{2, 0, 0, 0, 7, 7}}, eapol_ethertype, EapolType::mka,
                       static_cast<std::uint16_t>(body.size() + icv_size));
    writer.put(body);
    static_cast<void>(forger_.sign(frame));
    lan_.inject(to, frame);
  }
  void command(Host& host) {
    const std::uint8_t what = input_.u8();
    if (!host.running()) return;
    if (what % 3U == 0) static_cast<void>(host.rekey());
    if (what % 3U == 1) static_cast<void>(host.suspend(std::chrono::seconds{input_.u8()}));
    if (what % 3U == 2) host.set_enabled((what & 4U) != 0);
  }
  void process(Host& host) {
    const std::uint8_t what = input_.u8();
    const auto memory = (what & 1U) != 0 ? Host::Memory::kept : Host::Memory::lost;
    if (!host.running()) return host.start(memory);
    if ((what & 2U) != 0) return host.crash_before_saving();
    if ((what & 4U) != 0) return host.reboot();
    host.crash();
    if ((what & 8U) != 0) host.start(memory);
  }
  void cut() {
    const std::uint8_t what = input_.u8();
    lan_.path(what & 1U, 1U - (what & 1U)).cut = (what & 2U) != 0;
  }
  void warp(Host& host) { lan_.warp_pn(host.index(), Pn{input_.u8()} << (xpn_ ? 56U : 24U)); }

  Reader input_;
  VirtualLan lan_{7};
  Forger forger_{psk("abcd", 0x11)};
  std::vector<Host*> hosts_;
  std::array<std::vector<std::uint8_t>, 16> heard_;
  std::size_t next_heard_ = 0;
  MessageNumber mn_ = 0;
  bool xpn_ = false;
  bool delay_protect_ = false;
  bool should_ = false;
};

}  // namespace
}  // namespace macsec::sim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  macsec::sim::Play{{data, size}}.run();
  return 0;
}
