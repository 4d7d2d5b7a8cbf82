// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the key agreement needs from what moves the frames (802.1AE clause 10; 802.1X 10.7 LMI).
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/config/profile.hpp"
#include "engine/wire/types.hpp"

#include <optional>
#include <vector>

namespace macsec {

/// Settings of a SecY besides its keys.
struct SecyParameters {
  bool protect = true;
  bool encrypt = true;
  Validate validate = Validate::strict;
  bool replay_protect = true;
  std::uint32_t replay_window = 0;
  bool include_sci = true;
  bool end_station = false;
  bool single_copy_broadcast = false;
  friend bool operator==(const SecyParameters&, const SecyParameters&) = default;
};

/// What `profile` asks of its SecY from the first moment, before any key is there.
[[nodiscard]] SecyParameters secy_parameters(const Profile& profile) noexcept;

/// Key material of one SA. `id` is stored beside the key and read back, so that a restarted daemon knows the key it finds.
struct SaKey {
  KeyId id;
  Secret<32> key;
  std::array<std::uint8_t, 12> salt{};  ///< XPN only
};

/// One SA as the SecY holds it. The key itself is never read back.
struct SaState {
  An an;
  bool active = false;
  KeyId key;
  Pn next_pn = 0;  ///< transmit: the next to be sent, 0 when exhausted; receive: lowest acceptable plus the window
  Ssci ssci = 0;
};

struct ReceiveScState {
  Sci sci;
  std::vector<SaState> associations;
};

/// Where frames are encrypted now.
enum class OffloadMode : std::uint8_t { off, phy, mac };
[[nodiscard]] std::string_view to_string(OffloadMode mode) noexcept;  ///< "off", "phy", "mac"

/// Everything a SecY holds.
struct SecyState {
  Sci sci;
  CipherSuite cipher_suite = CipherSuite::gcm_aes_128;
  SecyParameters parameters;
  OffloadMode offload = OffloadMode::off;
  An encoding;  ///< the AN frames are sent with
  std::vector<SaState> transmit;
  std::vector<ReceiveScState> receive;
};

/// Whether it holds any SA.
[[nodiscard]] bool has_keys(const SecyState& state) noexcept;

/// What a device can do, and how it counts. The defaults are those of the kernel's own software.
struct SecyTraits {
  CipherSuiteSet cipher_suites = CipherSuiteSet::all();  ///< not known to lack
  std::optional<unsigned> receive_channels{};            ///< most at a time; nothing: more than a link has peers
  bool transmit_pn_readable = true;                      ///< the next PN of a transmit SA is what it says
  bool lowest_pn_raisable = true;                        ///< raise_lowest_pn() works
  bool pn_rewinds_with_carrier = false;  ///< a key may be sent with from an old PN on once the parent's carrier is back
  bool pn_rewinds_with_device = false;   ///< so it may once the device was down
  bool hitless = true;                   ///< configure() and transmit_with() lose no frame
  friend bool operator==(const SecyTraits&, const SecyTraits&) = default;
};

/// State of the controlled port as the rest of the host sees it.
enum class ControlledPort : std::uint8_t {
  dormant,  ///< not usable: link mode dormant, operational state dormant; addresses stay
  up,       ///< secured, or clear text allowed by policy
};

/// One SecY. Calls return when the SecY has done it; an error leaves things as they were.
class Secy {
 public:
  Secy() = default;
  Secy(const Secy&) = delete;
  Secy& operator=(const Secy&) = delete;
  virtual ~Secy() = default;

  /// Of the device in use now.
  [[nodiscard]] virtual SecyTraits traits() const { return {}; }

  /// Readies the SecY for `suite`. A device made here is re-created where the kernel cannot change it (only without SAs);
  /// another program's device with another suite is EOPNOTSUPP, and the error names both.
  [[nodiscard]] virtual Result<void> select_cipher_suite(CipherSuite suite) = 0;
  [[nodiscard]] virtual Result<void> configure(const SecyParameters& parameters) = 0;
  [[nodiscard]] virtual Result<void> set_controlled_port(ControlledPort state) = 0;

  /// Fine when the SC exists already.
  [[nodiscard]] virtual Result<void> create_receive_sc(const Sci& sci) = 0;
  /// With all its SAs; fine when there is none.
  [[nodiscard]] virtual Result<void> delete_receive_sc(const Sci& sci) = 0;
  /// Installs and enables. The AN is empty (else EBUSY).
  [[nodiscard]] virtual Result<void> install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn,
                                                        Ssci ssci) = 0;
  [[nodiscard]] virtual Result<void> delete_receive_sa(const Sci& sci, An an) = 0;
  /// Raises the lowest acceptable PN (delay protection). Never lowers it: a smaller value is no error and does nothing.
  [[nodiscard]] virtual Result<void> raise_lowest_pn(const Sci& sci, An an, Pn lowest_pn) = 0;

  /// Installs, active, but does not send with it. The AN is empty (else EBUSY). PN starts at 1: a key is installed
  /// for transmission once in its life.
  [[nodiscard]] virtual Result<void> install_transmit_sa(An an, const SaKey& key, Ssci ssci) = 0;
  /// The same for a static key, which outlives its installations: PN starts at `first_pn`, below which the caller knows
  /// every PN to be used up.
  [[nodiscard]] virtual Result<void> install_static_transmit_sa(An /*an*/, const SaKey& /*key*/, Ssci /*ssci*/,
                                                                Pn /*first_pn*/) {
    return fail("static keys are not supported here");
  }
  /// Frames are sent with `an` from here on.
  [[nodiscard]] virtual Result<void> transmit_with(An an) = 0;
  [[nodiscard]] virtual Result<void> delete_transmit_sa(An an) = 0;

  /// What the SecY holds now: to reconcile with at start and to confirm what was done.
  [[nodiscard]] virtual Result<SecyState> read() = 0;
};

}  // namespace macsec
