// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests of the authenticator share: a host with its macsec-eap on an access port with its RADIUS servers.
#pragma once

#include "tests/sim/radius_script.hpp"
#include "tests/sim/site.hpp"

namespace macsec::sim {

inline ProfilePointer port_profile(const Change& change = {}) {
  return make_profile([&](Profile& profile) {
    profile.keys.clear();
    profile.pae.emplace();
    profile.pae->role = PaeRole::authenticator;
    profile.pae->servers.emplace_back();
    if (change) change(profile);
  });
}

/// A host and the access port it hangs on, not yet plugged.
struct AccessPort : Lab {
  explicit AccessPort(const Change& of_port = {}, const Change& of_host = {}, std::uint64_t seed = 1)
      : Lab{seed},
        host{attach(eap_profile(of_host))},
        port{attach(port_profile(of_port))},
        worker{lan, host},
        radius{lan} {
    radius.serve(port);
    lan.tap = [this](Index from, Bytes octets) {
      const auto frame = read_eapol(octets);
      if (from != port.index() || frame->type != static_cast<std::uint8_t>(EapolType::eap)) return;
      sent.push_back({lan.world.now, {frame->body.begin(), frame->body.end()}});
      if (on_eap) on_eap(*read_eap(sent.back().packet));
    };
    host.start();
    port.start();
  }
  /// Hears what the port says.
  std::function<void(const EapPacket&)> on_eap;

  void plug(bool up = true) {
    lan.plug(port.index(), up);
    lan.plug(host.index(), up);
  }
  /// Plugged and secured by an authentication, with the first key at rest.
  void secure() {
    plug();
    EXPECT_TRUE(secures_within(second)) << lan.why_unsecured();
    lan.run_for(10 * second);
  }
  [[nodiscard]] core::AuthenticatorStatus authenticator() const { return port.status().authenticator.value(); }
  [[nodiscard]] std::uint64_t count(std::uint64_t core::AuthenticatorCounters::* counter) const {
    return authenticator().counters.*counter;
  }
  /// An EAP packet to the port in the name of `source`.
  void forge(const MacAddress& source, EapCode code, std::uint8_t identifier, EapType type = EapType::none,
             Bytes data = {}) {
    lan.inject(port.index(), eap_frame(pae_group_address, source, code, identifier, type, data));
  }
  /// A Start or Logoff.
  void forge(const MacAddress& source, EapolType type) {
    std::vector<std::uint8_t> frame(ethernet_header_size + eapol_header_size);
    Writer writer{frame};
    write_eapol_header(writer, pae_group_address, source, eapol_ethertype, type, 0);
    lan.inject(port.index(), frame);
  }
  [[nodiscard]] Ckn ckn() const { return port.status().principal.value(); }
  [[nodiscard]] std::uint64_t lost_sessions() const { return port.events(core::Event::Kind::authentication_lost); }

  /// EAP packets of the port, and when they left.
  struct Sent {
    Instant at;
    std::vector<std::uint8_t> packet;
  };
  std::vector<Sent> sent;
  [[nodiscard]] std::size_t sent_of(EapCode code) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        sent, [code](const Sent& each) { return each.packet[0] == static_cast<std::uint8_t>(code); }));
  }

  Host& host;
  Host& port;
  FakeWorker worker;
  RadiusScript radius;
};

/// A host that knows the method and no MKA, in the place of the other one, which stays unplugged.
struct Stranger {
  explicit Stranger(AccessPort& at) : site{at} {
    site.on_eap = [this](const EapPacket& packet) {
      if (packet.code != EapCode::request || !answers) return;
      const std::uint8_t round = packet.type == EapType::tls ? packet.data[2] : std::uint8_t{0};
      site.lan.after(millisecond, [this, type = packet.type, identifier = packet.identifier, round] {
        const std::array<std::uint8_t, 2> data{0, round};
        if (type == EapType::identity)
          site.forge(mac, EapCode::response, identifier, type, identity);
        else
          site.forge(mac, EapCode::response, identifier, type, data);
      });
    };
  }
  void plug() { site.lan.plug(site.port.index(), true); }

  AccessPort& site;
  MacAddress mac{{2, 0, 0, 0, 9, 9}};
  std::vector<std::uint8_t> identity{'a', 'l', 'i', 'c', 'e', 0};
  bool answers = true;
};

}  // namespace macsec::sim
