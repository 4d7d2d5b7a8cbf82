// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests of 802.1X share: a host on an access port, with its macsec-eap.
#pragma once

#include "tests/sim/access_switch.hpp"
#include "tests/sim/lab.hpp"

namespace macsec::sim {

using Change = std::function<void(Profile&)>;

inline ProfilePointer eap_profile(const Change& change = {}) {
  return make_profile([&](Profile& profile) {
    profile.keys.clear();
    profile.pae.emplace();
    if (change) change(profile);
  });
}

inline void with_fallback(Profile& profile) { profile.keys.push_back(psk("fa", 0x22, 16, KeyRole::fallback)); }

/// A host and the switch port it hangs on, not yet plugged.
struct Site : Lab {
  explicit Site(const Change& change = {}, const Change& of_switch = {})
      : host{attach(eap_profile(change))},
        port{lan.attach([&](Index index) {
          return std::make_unique<AccessSwitch>(lan, index, make_profile([&](Profile& profile) {
                                                  profile.keys.clear();
                                                  if (of_switch) of_switch(profile);
                                                }));
        })},
        worker{lan, host} {
    host.start();
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
  [[nodiscard]] core::SupplicantStatus supplicant() const { return host.status().supplicant.value(); }
  [[nodiscard]] std::uint64_t count(std::uint64_t core::SupplicantCounters::* counter) const {
    return supplicant().counters.*counter;
  }
  void forge(EapCode code, std::uint8_t identifier, EapType type = EapType::none) {
    lan.inject(host.index(), eap_frame(pae_group_address, port.mac(), code, identifier, type, {}));
  }
  [[nodiscard]] Ckn ckn() const { return host.status().principal.value(); }

  Host& host;
  AccessSwitch& port;
  FakeWorker worker;
};

}  // namespace macsec::sim
