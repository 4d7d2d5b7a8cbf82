// SPDX-License-Identifier: LGPL-2.1-or-later
/// One macsec device of the kernel as a SecY.
#pragma once

#include "engine/adapters/netlink/kept_keys.hpp"
#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/link_stack.hpp"
#include "engine/adapters/netlink/macsec_kernel.hpp"
#include "engine/adapters/netlink/macsec_link.hpp"
#include "engine/adapters/netlink/offload_drivers.hpp"
#include "engine/ports/secy.hpp"
#include "engine/wire/eapol.hpp"

#include <array>
#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace macsec::os {

/// The device a profile asks for.
struct SecyDevice {
  std::string parent;                                   ///< interface name
  std::string interface;                                ///< name of the macsec device
  std::uint16_t port = 1;                               ///< SCI port
  bool create = true;                                   ///< make it where it is missing; else only adopt
  CipherSuite cipher_suite = CipherSuite::gcm_aes_128;  ///< of a device made here; see select_cipher_suite()
  std::vector<CipherSuite> other_suites{};              ///< instead of it where hardware has not the one, best first
  SecyParameters parameters{};                          ///< in force from the first moment
  OffloadChoice offload = OffloadChoice::off;
  std::uint16_t ethertype = eapol_ethertype;  ///< of MKPDUs, which hardware is to let pass
};
/// From the profile: the suites of its list, by the keys or by `speed` of the parent (bit/s, 0: unknown) where there is
/// none; must-secure: protect and its validate mode; should-secure: no protect, check.
[[nodiscard]] SecyDevice secy_device(const Profile& profile, std::uint64_t speed = 0);

/// Where frames are encrypted, and why there.
struct OffloadReport {
  OffloadMode mode = OffloadMode::off;
  /// The driver, and why no other mode: "atlantic"; where hardware was wanted, why it is software: "eth0 has no ...".
  std::string text;
  bool counted = true;  ///< the kernel knows the counters
  ClearFrames clear_frames = ClearFrames::kernel;
};

/// Life: constructed for a profile; attach() when parent (and, without create, the device) exist; used as a Secy;
/// detach() when the device went away, attach() again when it is back; remove() or release() at the end. The destructor
/// leaves the kernel as it is. Without a device every call fails with ENODEV.
class NetlinkSecy final : public Secy {
 public:
  /// `kernel` outlives this.
  NetlinkSecy(MacsecKernel& kernel, SecyDevice device);
  ~NetlinkSecy() override = default;

  /// Finds the device by name, else creates it. With the same parent and port it is known under any name: ours, renamed,
  /// and without `create` anybody's.
  /// A new device starts dormant, IFF_UP, with the parameters in its creation message. An adopted one gets the
  /// parameters at once, before anything else; what it holds stays (see read()). Sets offload.
  /// Errors: ENODEV parent missing, or device missing where it is not ours to make; EEXIST the name belongs to something
  /// else; EBUSY parent is a bridge port or bond slave, or another program's device has the SCI; EOPNOTSUPP, or as the driver
  /// says, offload refused: the words say what was refused and what to write.
  [[nodiscard]] Result<void> attach();
  /// Forgets the device without touching it.
  void detach() noexcept;
  /// A device made here (also by an earlier run) is deleted, unless another program is to make it; an adopted one loses
  /// its keys and becomes dormant.
  [[nodiscard]] Result<void> remove();
  /// Deletes all SCs and SAs.
  [[nodiscard]] Result<void> clear();
  /// Restores what another program changed: parameters, the encoding AN, dormant or up; whether there was anything. Where the
  /// driver lost its keys by that change, the device is re-created and holds none: read() tells.
  /// `seen` is the device as the link monitor reports it; to be called at every change of the device. IFF_UP is left to
  /// the program that cleared it, except in a bond (see set_bonded()).
  [[nodiscard]] Result<bool> reassert(const Link& seen);

  [[nodiscard]] bool attached() const noexcept { return ifindex_ != 0; }
  [[nodiscard]] unsigned ifindex() const noexcept { return ifindex_; }  ///< of the macsec device; 0: none
  [[nodiscard]] unsigned parent_ifindex() const noexcept { return parent_ifindex_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }  ///< of the device in use
  [[nodiscard]] const Sci& sci() const noexcept { return sci_; }
  [[nodiscard]] bool made_here() const noexcept { return made_here_; }  ///< by this or an earlier run of ours
  [[nodiscard]] const OffloadReport& offload() const noexcept { return offload_; }
  /// Told once each time the device was re-created for another cipher suite.
  struct Recreated {
    std::string text;      ///< for which suite, what was restored, what is lost
    bool noticed = false;  ///< there was something on the device
  };
  [[nodiscard]] std::optional<Recreated> take_recreated() noexcept { return std::exchange(recreated_, {}); }
  /// Whether the device belongs to a bond or team, which takes its carrier for all there is to know: as long as the port
  /// is closed the device is then set down, unless it is another program's or offloaded. To be told before reassert().
  void set_bonded(bool bonded) noexcept { bonded_ = bonded; }
  /// A changed profile, the same parent, name and port. Suite and parameters count for the next device (see
  /// select_cipher_suite() and configure() for this one); offload takes effect at once where attached: EBUSY while there
  /// are SAs.
  [[nodiscard]] Result<void> change(const SecyDevice& device);

  [[nodiscard]] SecyTraits traits() const override;
  /// A re-created device has another ifindex. Where it cannot be had, the device is re-created as it was. Receive SCs, the state of the controlled port and what LinkStack keeps stay.
  [[nodiscard]] Result<void> select_cipher_suite(CipherSuite suite) override;
  [[nodiscard]] Result<void> configure(const SecyParameters& parameters) override;
  [[nodiscard]] Result<void> set_controlled_port(ControlledPort state) override;
  [[nodiscard]] Result<void> create_receive_sc(const Sci& sci) override;
  [[nodiscard]] Result<void> delete_receive_sc(const Sci& sci) override;
  [[nodiscard]] Result<void> install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn,
                                                Ssci ssci) override;
  [[nodiscard]] Result<void> delete_receive_sa(const Sci& sci, An an) override;
  [[nodiscard]] Result<void> raise_lowest_pn(const Sci& sci, An an, Pn lowest_pn) override;
  [[nodiscard]] Result<void> install_transmit_sa(An an, const SaKey& key, Ssci ssci) override;
  [[nodiscard]] Result<void> install_static_transmit_sa(An an, const SaKey& key, Ssci ssci, Pn first_pn) override;
  [[nodiscard]] Result<void> transmit_with(An an) override;
  [[nodiscard]] Result<void> delete_transmit_sa(An an) override;
  [[nodiscard]] Result<SecyState> read() override;

 private:
  enum class TransmitSa : std::uint8_t { absent, inactive, active };

  /// An error with ENODEV unless attached.
  [[nodiscard]] Result<void> ready(std::string_view doing) const;
  [[nodiscard]] Result<void> adopt(const Link& link);
  [[nodiscard]] Result<void> make(const MacsecLinkRequest& request);
  [[nodiscard]] Result<void> make_or_find(const Link& parent);
  [[nodiscard]] std::string why_busy(const Link& parent) const;
  [[nodiscard]] bool set_down_while_closed() const noexcept;
  /// Of a device that had `before`.
  void tell_recreated(const LinkStack::Outcome& outcome, CipherSuite before);
  /// The device is removed and created again, without keys and with these receive SCs; as it was where `suite` cannot be had.
  [[nodiscard]] Result<void> replace(const Link& old, const std::vector<Sci>& channels, CipherSuite suite);
  /// Whether it may hold an SA, by what was done with it.
  [[nodiscard]] bool may_have_keys() const noexcept;
  [[nodiscard]] Result<void> recreate(const Link& old, CipherSuite suite);
  /// Of an adopted device: as the profile wants it.
  [[nodiscard]] Result<void> select_offload();
  [[nodiscard]] Result<void> set_offload(OffloadMode mode);
  /// Takes the first mode that `attempt` has, and software at the end where the profile allows it.
  template <typename Attempt>
  [[nodiscard]] Result<void> try_modes(Attempt attempt);
  /// With the first mode and suite that the hardware takes, else, where the profile allows it, in software.
  [[nodiscard]] Result<void> make_offloaded(const Link& parent, const MacsecLinkRequest& request);
  [[nodiscard]] Result<void> make_in(OffloadMode mode, const Link& parent, MacsecLinkRequest request);
  /// The suites of the profile that `mode` has on the parent: found out by making a device where that is not known yet.
  [[nodiscard]] Result<std::vector<CipherSuite>> possible_suites(OffloadMode mode, const Link& parent,
                                                                 const MacsecLinkRequest& request);
  [[nodiscard]] Result<void> try_suite(const MacsecLinkRequest& request);
  /// Why it is no use to try; empty: it is to be tried.
  [[nodiscard]] Result<std::string> obstacle_to(OffloadMode mode, const Link& parent);
  [[nodiscard]] std::unexpected<Error> refuse(OffloadMode mode, int code, std::string_view why) const;
  /// The device is offloaded to `mode`.
  void settle_in(OffloadMode mode, std::string text = {});
  /// Readies the encoding AN for a transmit SA at `an`. Software: the SA is not used at once. Hardware, which may lose
  /// frames or keys with every change of settings: the first SA comes where the encoding AN is, any other stays beside it.
  [[nodiscard]] Result<void> prepare_encoding(An an);
  [[nodiscard]] Result<void> encode_with(An an);
  /// The driver forgets every key with a change of settings.
  [[nodiscard]] bool forgets_keys() const noexcept {
    return driver_ != nullptr && driver_->settings_change == SettingsChange::keys;
  }
  [[nodiscard]] Result<void> add_transmit_sa(An an, const SaKey& key, Ssci ssci, Pn first_pn);
  [[nodiscard]] Result<void> add_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn, Ssci ssci);
  /// Where the driver forgets keys: all keys are deleted while it knows them still, then comes the change, then those at `an`.
  [[nodiscard]] Result<void> start_over_with(An an);
  [[nodiscard]] Result<void> start_over(An an, const SecyState& held, std::span<const KeptKeys::Key> keys);
  [[nodiscard]] Result<SecyDump> read_fresh();
  void remember(const SecyState& state);
  [[nodiscard]] std::string act(std::string_view what) const;  ///< "install ... on macsec0"

  MacsecKernel& kernel_;
  SecyDevice device_;
  std::string name_;
  unsigned ifindex_ = 0;
  unsigned parent_ifindex_ = 0;
  Sci sci_;
  bool made_here_ = false;
  CipherSuite cipher_suite_ = CipherSuite::gcm_aes_128;
  SecyParameters parameters_;
  ControlledPort controlled_port_ = ControlledPort::dormant;
  OffloadReport offload_;
  const OffloadDriver* driver_ = nullptr;  ///< null: software
  CipherSuiteSet offload_suites_;          ///< those the hardware was found to have
  struct RefusedSuite {
    CipherSuite suite;
    Error error;
    std::chrono::steady_clock::time_point until;
  };
  std::optional<RefusedSuite> refused_suite_;  ///< the last one that cost the device and could not be had
  std::optional<Recreated> recreated_;
  bool bonded_ = false;
  An encoding_;
  std::array<TransmitSa, 4> transmit_{};
  std::vector<Sci> channels_;  ///< receive SCs
  KeptKeys kept_;
  std::map<std::pair<Sci, An>, Pn> lowest_;  ///< receive next PNs known to be reached: they only grow
};

}  // namespace macsec::os
