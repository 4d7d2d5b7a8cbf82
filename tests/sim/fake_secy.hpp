// SPDX-License-Identifier: LGPL-2.1-or-later
/// A SecY in memory that behaves as the Linux driver does and judges what is asked of it.
#pragma once

#include "engine/ports/secy.hpp"
#include "tests/sim/world.hpp"

#include <climits>

namespace macsec::sim {

/// A simulated user frame.
struct DataFrame {
  Sci sci;  ///< of the transmitter, also where the frame is clear
  bool clear = false;
  KeyIndex key = no_key;
  An an;
  Pn pn = 0;  ///< the wire carries the low 32 bits only
};

enum class Delivery : std::uint8_t {
  delivered,      ///< accepted
  unknown_key,    ///< no SA, another key in the SA, or the SA inactive
  late,           ///< below the lowest acceptable PN
  refused_clear,  ///< clear text where frames must be protected
};

/// Calls of Secy, for failure injection.
enum class SecyCall : std::uint8_t {
  any,
  select_cipher_suite,
  configure,
  set_controlled_port,
  create_receive_sc,
  delete_receive_sc,
  install_receive_sa,
  delete_receive_sa,
  raise_lowest_pn,
  install_transmit_sa,
  transmit_with,
  delete_transmit_sa,
  read
};

class FakeSecy final : public Secy {
 public:
  FakeSecy(World& world, std::uint32_t member, const Sci& sci) : world_{world}, member_{member}, sci_{sci} {}

  // What the member under test is held to.
  void set_must_secure(bool must) noexcept { must_secure_ = must; }
  /// A device somebody else made: its suite cannot be changed.
  void adopt(CipherSuite suite) noexcept { suite_ = suite, adopted_ = true; }
  /// Hardware encrypts, and never tells how far it counted.
  void offload() { offload({.transmit_pn_readable = false}); }
  void offload(SecyTraits traits) {
    offload_ = OffloadMode::mac;
    traits_ = std::move(traits);
  }

  SecyTraits traits() const override { return traits_; }
  Result<void> select_cipher_suite(CipherSuite suite) override;
  Result<void> configure(const SecyParameters& parameters) override;
  Result<void> set_controlled_port(ControlledPort state) override;
  Result<void> create_receive_sc(const Sci& sci) override;
  Result<void> delete_receive_sc(const Sci& sci) override;
  Result<void> install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn, Ssci ssci) override;
  Result<void> delete_receive_sa(const Sci& sci, An an) override;
  Result<void> raise_lowest_pn(const Sci& sci, An an, Pn lowest_pn) override;
  Result<void> install_transmit_sa(An an, const SaKey& key, Ssci ssci) override;
  Result<void> transmit_with(An an) override;
  Result<void> delete_transmit_sa(An an) override;
  Result<SecyState> read() override;

  /// Fails `count` calls of kind `call` with `error` after letting `after` pass.
  void fail_calls(SecyCall call, int error, unsigned count = 1, unsigned after = 0) noexcept;
  /// Fails every call of kind `call` until forgive().
  void fail_always(SecyCall call, int error) noexcept { fail_calls(call, error, UINT_MAX); }
  void forgive() noexcept { failures_.clear(); }
  /// Where transmit_with() fails it has deleted all other keys by then, as hardware that forgets them is served.
  void fail_half_way() noexcept { half_way_ = true; }
  /// Each call takes so long from now on.
  void set_cost(Instant each) noexcept { cost_ = each; }
  /// Time spent in calls since the last question.
  Instant take_cost() noexcept { return std::exchange(spent_, 0); }
  /// Power cycle: everything is gone.
  void reboot();

  /// The parent's carrier is back: hardware whose traits say so counts anew.
  void carrier_returned() noexcept;
  /// Set down it sends and receives nothing, and its keys stay.
  void set_up(bool up) noexcept;

  /// Another program, or hardware at its last packet number, switches SAs off.
  void switch_off_transmit() noexcept;
  void switch_off_receive() noexcept;

  // The data path.
  /// The next user frame, or nothing: the port is dormant or the encoding SA is missing, inactive or exhausted.
  std::optional<DataFrame> send();
  Delivery receive(const DataFrame& frame);
  /// As if frames up to `pn` had been sent with `key`.
  void advance_transmit(KeyIndex key, Pn pn);
  void advance_receive(const Sci& sci, KeyIndex key, Pn pn);

  [[nodiscard]] ControlledPort controlled_port() const noexcept { return port_; }
  [[nodiscard]] const SecyParameters& parameters() const noexcept { return parameters_; }
  [[nodiscard]] CipherSuite suite() const noexcept { return suite_; }
  [[nodiscard]] const Sci& sci() const noexcept { return sci_; }
  /// The key frames are sent with now; no_key where none would leave.
  [[nodiscard]] KeyIndex encoding_key() const noexcept;
  [[nodiscard]] bool receives(const Sci& sci, KeyIndex key) const noexcept;
  [[nodiscard]] Pn lowest_pn(const Sci& sci, KeyIndex key) const noexcept;
  [[nodiscard]] std::size_t receive_sc_count() const noexcept { return receive_.size(); }
  [[nodiscard]] std::size_t association_count() const noexcept;
  [[nodiscard]] std::uint64_t call_count() const noexcept { return calls_; }
  /// transmit_with() moved to another key since the last question: the data path wants a frame on either side of it.
  bool take_switched() noexcept { return std::exchange(switched_, false); }
  /// Frame sent with the key that was left, made just before the step.
  std::optional<DataFrame> take_last_before() noexcept { return std::exchange(last_before_, std::nullopt); }
  /// Judges what must hold between calls of the engine.
  void judge_settled();
  /// Judges that it holds no other keys than these, those of whoever owns it.
  void judge_held(std::span<const KeyId> known);

 private:
  struct Sa {
    bool present = false;
    bool active = false;
    KeyId id;
    KeyIndex key = no_key;
    Salt salt{};
    Ssci ssci = 0;
    Pn next_pn = 0;
  };
  struct ReceiveSc {
    Sci sci;
    std::array<Sa, 4> sa;
  };
  [[nodiscard]] std::optional<Error> refuse(SecyCall call, std::string_view name);
  [[nodiscard]] ReceiveSc* find(const Sci& sci) noexcept;
  [[nodiscard]] const ReceiveSc* find(const Sci& sci) const noexcept;
  void forget(ReceiveSc& sc, Sa& sa);
  void rewind() noexcept;
  void keep_only(An an);
  [[nodiscard]] Pn lowest(const Sa& sa) const noexcept;
  [[nodiscard]] Sa make(const SaKey& key, Ssci ssci, Pn next_pn);
  [[nodiscard]] SaState state(std::size_t an, const Sa& sa) const;

  World& world_;
  std::uint32_t member_;
  bool must_secure_ = true;
  bool adopted_ = false;
  OffloadMode offload_ = OffloadMode::off;
  SecyTraits traits_;
  bool up_ = true;
  bool half_way_ = false;

  // What the kernel holds.
  Sci sci_;
  CipherSuite suite_ = CipherSuite::gcm_aes_128;
  SecyParameters parameters_;
  An encoding_;
  std::array<Sa, 4> transmit_;
  std::vector<ReceiveSc> receive_;
  ControlledPort port_ = ControlledPort::dormant;

  struct Failure {
    SecyCall call;
    int error;
    unsigned count;
    unsigned after;
  };
  std::vector<Failure> failures_;
  std::uint64_t calls_ = 0;
  Instant excused_until_ = 0;
  Instant cost_ = 0;
  Instant spent_ = 0;
  bool switched_ = false;
  std::optional<DataFrame> last_before_;
};

}  // namespace macsec::sim
