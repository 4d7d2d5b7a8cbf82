// SPDX-License-Identifier: LGPL-2.1-or-later
/// A model of a version-1 peer as they are in the field: it ticks every two seconds, never answers early, accepts only its last
/// two MNs, knows one cipher suite alone, ignores a new MI beside a live old one, and reports a key at rest in the old slot.
#pragma once

#include "tests/sim/forge.hpp"
#include "tests/sim/virtual_lan.hpp"

namespace macsec::sim {

class V1Peer final : public Station {
 public:
  V1Peer(VirtualLan& lan, Index index, const PreSharedKey& key, std::uint8_t priority, std::uint64_t seed);

  void on_frame(Bytes frame) override;
  void on_carrier(bool up) override;
  [[nodiscard]] Instant wake() const override { return carrier_ ? next_tick_ : never; }
  void on_wake() override;
  [[nodiscard]] bool claims_secured() const override { return usable_ && (latest_.transmitting || old_.transmitting); }

  [[nodiscard]] bool is_key_server() const noexcept { return key_server_ == sci(); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] std::uint64_t peers_expired() const noexcept { return peers_expired_; }
  void want_rekey() noexcept { new_sak_ = true; }
  enum class Others : std::uint8_t {
    ignored,    ///< a SAK of another suite is not taken
    confirmed,  ///< it is not installed, and confirmed all the same
  };
  /// Its device is of `suite`, which it announces to nobody.
  void make_device(CipherSuite suite, Others others = Others::ignored);

 private:
  struct Peer {
    MemberId mi;
    MessageNumber mn = 0;
    Sci sci;
    std::uint8_t priority = 255;
    bool live = false;
    Instant expires = 0;
    bool uses_latest = false;  ///< reports that it receives with our latest key
  };
  enum class Cp : std::uint8_t { idle, receiving, transmitting, retire };

  void tick();
  void expire();
  void elect();
  void generate();
  void send();
  void take_sak(const Mkpdu& mkpdu);
  void take_sak_use(Peer& peer, const Mkpdu& mkpdu);
  void install(const KeyId& id, An an, crypto::Sak sak, bool usable = true);
  void start_transmitting();
  [[nodiscard]] bool lists_me(const std::optional<PeerListView>& list) const;
  [[nodiscard]] Peer* find(const MemberId& mi);
  void expect(const Result<void>& result, const char* what);
  [[nodiscard]] SaKey latest_key() const;

  VirtualLan& lan_;
  Forger forger_;
  SimRandom random_;
  std::uint8_t priority_;
  CipherSuite suite_ = CipherSuite::gcm_aes_128;
  Others others_ = Others::ignored;
  bool usable_ = true;  ///< the latest SAK
  MemberId mi_;
  MessageNumber mn_ = 0;
  Instant next_tick_ = never;
  std::vector<Peer> peers_;
  Sci key_server_;

  bool new_sak_ = false;
  KeyNumber kn_ = 0;
  An next_an_;
  Secret<32> sak_;
  std::array<std::uint8_t, 24> wrapped_{};
  bool distribute_ = false;
  Cp cp_ = Cp::idle;
  SakUseKey latest_;
  SakUseKey old_;
  Instant retire_at_ = never;
  std::uint64_t dropped_ = 0;
  std::uint64_t peers_expired_ = 0;
};

}  // namespace macsec::sim
