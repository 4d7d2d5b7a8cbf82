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
  explicit AccessPort(const Change& of_port = {}, const Change& of_host = {})
      : host{attach(eap_profile(of_host))}, port{attach(port_profile(of_port))}, worker{lan, host}, radius{lan} {
    radius.serve(port);
    host.start();
    port.start();
  }

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

  Host& host;
  Host& port;
  FakeWorker worker;
  RadiusScript radius;
};

}  // namespace macsec::sim
