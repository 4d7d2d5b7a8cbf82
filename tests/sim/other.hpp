// SPDX-License-Identifier: LGPL-2.1-or-later
/// A member that a test plays by hand.
#pragma once

#include "tests/sim/lab.hpp"

namespace macsec::sim {

/// A member of other make, played by hand: no SecY behind it, and it says what a test wants.
struct Other {
  Forger forger{psk("abcd", 0x11)};
  MacAddress mac{{2, 0, 0, 0, 9, 9}};
  MkpduContent content;
  std::vector<PeerEntry> live;
  MessageNumber ahead = 0;  ///< it lists an MN that the host has not sent yet
  std::array<std::uint8_t, 24> wrapped{};
  Lab& lab;

  explicit Other(Lab& into, std::uint8_t priority) : lab{into} {
    content.basic.priority = priority;
    content.basic.macsec_desired = true;
    content.basic.capability = MacsecCapability::confidentiality;
    content.basic.sci = Sci::of(mac, 1);
    content.basic.mi = MemberId{{9, 9, 9}};
    content.basic.ckn = forger.ckn();
    content.basic.key_server = priority == 0;
  }
  /// To `host`, listing it and whoever stands in `live`.
  void say(Host& host) {
    const core::PortStatus status = host.status();
    const core::ParticipantStatus us =
        *std::ranges::find(status.participants, content.basic.ckn, &core::ParticipantStatus::ckn);
    ++content.basic.mn;
    std::vector<PeerEntry> all = live;
    all.push_back({.mi = us.mi, .mn = us.mn + ahead});
    content.live = all;
    lab.lan.inject(host.index(), forger.frame(mac, content));
    lab.lan.run_for(20 * millisecond);
  }
  void use(const KeyId& key, An an) {
    content.sak_use = SakUseSet{};
    content.sak_use->latest = {.an = an, .transmitting = true, .receiving = true, .key = key};
  }
  /// From the next word on, as key server: a SAK of GCM-AES-128.
  void offer(KeyNumber number, std::uint8_t confidentiality_offset) {
    Secret<32> sak;
    std::ranges::fill(sak.allocate(16), static_cast<std::uint8_t>(0x70 + number));
    EXPECT_TRUE(crypto::wrap_sak(forger.kek(), sak, wrapped));
    content.distributed_sak = DistributedSakSet{};
    content.distributed_sak->an = An{number & 3U};
    content.distributed_sak->confidentiality_offset = confidentiality_offset;
    content.distributed_sak->number = number;
    content.distributed_sak->cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128);
    content.distributed_sak->wrapped = wrapped;
  }
};

}  // namespace macsec::sim
