// SPDX-License-Identifier: LGPL-2.1-or-later
/// A profile: everything an operator can say about one MACsec link. Validated once when read, immutable afterwards.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/time.hpp"
#include "engine/config/eap_profile.hpp"
#include "engine/config/radius_server.hpp"
#include "engine/wire/types.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace macsec {

/// What may pass while no peer is live.
enum class Policy : std::uint8_t {
  must_secure,    ///< nothing
  should_secure,  ///< clear text, and the status says so
};

/// How received frames are validated (802.1AE 10.7.8).
enum class Validate : std::uint8_t { disabled, check, strict };

/// Where the operator wants frames to be encrypted.
enum class OffloadChoice : std::uint8_t { off, mac, phy, automatic };

/// When the device is made here.
enum class CreateChoice : std::uint8_t {
  no,      ///< never: another program makes it
  yes,     ///< when the profile is enabled
  always,  ///< in advance, too: for a program that uses what it finds
};

/// What becomes of the addresses and routes that somebody takes off the device.
enum class KeepConfiguration : std::uint8_t {
  no,        ///< nothing; and what was put back is taken off again
  remember,  ///< nothing, but what is on the device is known to a later `yes`
  yes,       ///< they are put back
};

enum class KeyRole : std::uint8_t {
  primary,
  fallback,  ///< only while no other key reaches a live peer
  session,   ///< from an authentication by 802.1X; in no profile
};

/// What a profile must hold to.
enum class Strength : std::uint8_t {
  any,
  cnsa2,  ///< keys and ciphers of CNSA 2.0: 256 bit, confidentiality, nothing in clear
};

/// What becomes of the last keys whose time is over.
enum class KeyExpiry : std::uint8_t {
  keep,  ///< they stay in use until a better one reaches their peers
  cut,   ///< they end
};

/// Which end of a link asks its key server for the next key.
enum class KeyInitiator : std::uint8_t {
  automatic,  ///< the end whose id comes first
  yes,
  no,
};

/// Which end of an authentication this one is.
enum class PaeRole : std::uint8_t { supplicant, authenticator };

/// Of the CAK that an authentication gives.
enum class CakLength : std::uint8_t {
  bits_128,
  bits_256,
  automatic,  ///< speaks with 128 bits, listens for both
};

/// When a supplicant authenticates.
enum class UseEap : std::uint8_t {
  immediate,  ///< as soon as there is carrier
  mka_fail,   ///< once neither a cached nor a pre-shared key reaches a live peer
  never,      ///< only cached and pre-shared keys are used
};

/// Who said this profile.
enum class ProfileSource : std::uint8_t { file, runtime, networkmanager, networkd };

/// Where key octets were read from; no file and no credential: they stood in the profile itself.
struct KeyOrigin {
  std::string file{};        ///< CakFile=, KeyFile=
  std::string credential{};  ///< CakCredential=, KeyCredential=
  std::string place{};       ///< "FILE:LINE" of the section; empty: a program said it
  bool memory = false;       ///< kept in memory, in no file
  std::string key_source{};  ///< name of the key source that brought it; empty: none did

  /// Always: a port runs with the octets, wherever they lay.
  friend bool operator==(const KeyOrigin&, const KeyOrigin&) noexcept { return true; }
};

/// One pre-shared key, a `[Key]` section.
struct PreSharedKey {
  Ckn ckn;         ///< as sent: already padded where CknPadding=yes
  Secret<32> cak;  ///< 16 or 32 octets
  KeyRole role = KeyRole::primary;
  /// Seconds since 1970-01-01 UTC; nothing: unbounded on that side.
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> not_after;
  KeyOrigin origin{};

  friend bool operator==(const PreSharedKey&, const PreSharedKey&) noexcept = default;
};

/// A key that was taken out of use, a `[Key]` section with Retired=. It hides a key of the same name.
struct RetiredKey {
  Ckn ckn;
  std::int64_t at = 0;       ///< seconds since 1970
  std::string file{};        ///< that says so
  std::string still_said{};  ///< "FILE:LINE" where its secret still stands; empty: nowhere
  bool memory = false;       ///< no file says so
};

/// One SA of a link without MKA, a `[StaticKeys]` section.
struct StaticKey {
  bool transmit = false;
  Sci peer;  ///< receive only: the sender's SCI
  An an;
  Secret<32> key;  ///< 16 or 32 octets, by the cipher suite
  std::array<std::uint8_t, 16> key_id{};
  Pn packet_number = 1;  ///< first PN to send or lowest to accept; a transmit PN is never reused across restarts
  Ssci ssci = 0;         ///< XPN only
  Secret<12> salt;       ///< XPN only
  KeyOrigin origin{};

  friend bool operator==(const StaticKey&, const StaticKey&) noexcept = default;
};

struct Profile {
  /// [Link]
  struct Link {
    bool enabled = true;                      ///< Enable=
    std::string parent;                       ///< Parent=: interface name, or a pattern of names with one '*'; required
    std::string interface;                    ///< Interface=: the macsec device; "macsec0" where not said
    std::uint16_t port = 1;                   ///< Port=: 1 to 65534; the SCI's port where the device is created here
    CreateChoice create = CreateChoice::yes;  ///< Create=
    KeepConfiguration keep_configuration = KeepConfiguration::no;

    friend bool operator==(const Link&, const Link&) noexcept = default;
  };

  /// [MACsec]
  struct Macsec {
    bool encrypt = true;                     ///< Encrypt=: no: integrity only
    std::vector<CipherSuite> cipher_suites;  ///< CipherSuites=, in order of preference; empty: by link speed
    OffloadChoice offload = OffloadChoice::off;
    Validate validate = Validate::strict;
    bool replay_protect = true;          ///< ReplayWindow=off clears it
    std::uint32_t replay_window = 64;    ///< frames, 0 to 2^30 - 1
    bool include_sci = true;             ///< IncludeSci=
    bool end_station = false;            ///< EndStation= (ES bit)
    bool single_copy_broadcast = false;  ///< SingleCopyBroadcast= (SCB bit)
    Policy policy = Policy::must_secure;

    friend bool operator==(const Macsec&, const Macsec&) noexcept = default;
  };

  /// [MKA]
  struct Mka {
    std::uint8_t priority = 128;                       ///< Priority=: 0 (best) to 255 (never key server)
    std::uint8_t version = 3;                          ///< Version=: 1 to 3, sent
    Strength strength = Strength::any;                 ///< Strength=
    Duration key_tolerance = std::chrono::minutes{1};  ///< KeyTolerance=: 0 to 100 d
    KeyExpiry key_expiry = KeyExpiry::keep;            ///< KeyExpiry=
    Duration rekey{0};                                 ///< RekeySec=: 0: not by time; at least 1 s otherwise
    std::uint8_t rekey_pn_percent = 75;                ///< RekeyPn=: share of the PN space, 1 to 95
    bool rekey_on_peer_loss = false;                   ///< RekeyOnPeerLoss=
    Duration hello = std::chrono::seconds{2};          ///< Hello=: 500 ms to 2 s
    bool delay_protect = false;                        ///< DelayProtect=
    bool icv_indicator = false;                        ///< IcvIndicator=
    MacAddress destination = pae_group_address;
    std::uint16_t ethertype = 0x888e;

    friend bool operator==(const Mka&, const Mka&) noexcept = default;
  };

  /// [KeySource]: a program brings keys from a key server and retires them. The daemon only shows it to that program.
  struct KeySource {
    std::string source;                                ///< Source=: name of the key server's settings
    std::string remote_id;                             ///< RemoteId=: what the other end is called at its key server
    KeyInitiator initiator = KeyInitiator::automatic;  ///< Initiator=
    Duration every = std::chrono::hours{1};            ///< Every=: 10 s to 365 d
    std::uint16_t bits = 256;                          ///< Bits=: 128 or 256

    friend bool operator==(const KeySource&, const KeySource&) noexcept = default;
  };

  /// [8021X]: the key comes from an authentication.
  struct Pae {
    PaeRole role = PaeRole::supplicant;                 ///< Role=
    CakLength cak_length = CakLength::bits_128;         ///< CakLength=
    UseEap use_eap = UseEap::immediate;                 ///< UseEap=
    Duration cache = std::chrono::hours{1};             ///< CacheSec=: 0 to 24 h
    Duration held = std::chrono::minutes{1};            ///< HeldSec=: 1 s to 1 h
    Duration reauthenticate = std::chrono::seconds{0};  ///< ReauthenticateSec=: 0: the other end says when
    std::string nid;                                    ///< Nid=: up to 100 octets
    EapProfile eap;                                     ///< for macsec-eap, which alone reads it
    // Of an authenticator.
    std::string nas_identifier;                     ///< NasIdentifier=; empty: the host's name
    Duration quiet = std::chrono::minutes{1};       ///< QuietSec=: after a reject
    Duration server_dead = std::chrono::hours{24};  ///< ServerDeadSec=: how long a session outlives its servers
    std::vector<RadiusServer> servers;              ///< [RadiusServer], in order

    friend bool operator==(const Pae&, const Pae&) noexcept = default;
  };

  std::string name;    ///< file name without ".macsec"; see is_profile_name()
  std::string origin;  ///< path, or what the source calls it (a NetworkManager UUID, for one)
  ProfileSource source = ProfileSource::file;
  std::string pattern;  ///< of a port of a profile with a pattern: the name of that one, see port_pattern.hpp
  Link link;
  Macsec macsec;
  Mka mka;
  std::vector<PreSharedKey> keys;       ///< [Key]
  std::vector<RetiredKey> retired;      ///< [Key] with Retired=; no setting of a running link
  std::optional<KeySource> key_source;  ///< [KeySource]; with it, keys may come later
  std::vector<StaticKey> static_keys;   ///< [StaticKeys]; not together with [Key]
  std::optional<Pae> pae;               ///< [8021X]; beside it a [Key] may only be a fallback
};

/// What a name of a profile is, for people.
inline constexpr std::string_view profile_name_rule =
    "1 to 64 letters, digits, '.', '_', '-', '@', ':' or '+', not beginning with '.'";
/// Whether `name` may name a profile.
[[nodiscard]] bool is_profile_name(std::string_view name) noexcept;

using ProfilePointer = std::shared_ptr<const Profile>;

/// Words of Validate= and Offload= by the numbers that the kernel, wpa_supplicant and NetworkManager have for them.
inline constexpr std::array<std::string_view, 3> numbered_validations{"disabled", "check", "strict"};
inline constexpr std::array<std::string_view, 3> numbered_offloads{"off", "phy", "mac"};

[[nodiscard]] std::string_view to_string(Policy policy) noexcept;           ///< "must-secure", "should-secure"
[[nodiscard]] std::string_view to_string(Validate validate) noexcept;       ///< "disabled", "check", "strict"
[[nodiscard]] std::string_view to_string(OffloadChoice offload) noexcept;   ///< "off", "mac", "phy", "auto"
[[nodiscard]] std::string_view to_string(CreateChoice create) noexcept;     ///< "no", "yes", "always"
[[nodiscard]] std::string_view to_string(KeyRole role) noexcept;            ///< "primary", "fallback", "session"
[[nodiscard]] std::string_view to_string(KeyExpiry expiry) noexcept;        ///< "keep", "cut"
[[nodiscard]] std::string_view to_string(KeyInitiator initiator) noexcept;  ///< "auto", "yes", "no"
[[nodiscard]] std::string_view to_string(Strength strength) noexcept;       ///< "any", "cnsa2"
[[nodiscard]] std::string_view to_string(PaeRole role) noexcept;            ///< "supplicant", "authenticator"
[[nodiscard]] std::string_view to_string(CakLength length) noexcept;        ///< "128", "256", "auto"
[[nodiscard]] std::string_view to_string(UseEap use) noexcept;              ///< "immediate", "mka-fail", "never"
[[nodiscard]] std::string_view to_string(KeepConfiguration keep) noexcept;  ///< "no", "remember", "yes"
[[nodiscard]] std::string_view to_string(
    ProfileSource source) noexcept;  ///< "file", "runtime", "networkmanager", "networkd"

/// A copy of a key, its secret too.
[[nodiscard]] PreSharedKey duplicate(const PreSharedKey& key);

/// A copy of a profile without [StaticKeys]; secrets are not copied by accident. E2BIG where [8021X] holds more than
/// macsec-eap takes.
[[nodiscard]] Result<Profile> duplicate(const Profile& profile);

/// Whether a running port with `before` need not do anything for `after`: all sections are equal (secrets are compared in
/// constant time), and both are ports of the same pattern or of none; name, origin and source are not compared.
[[nodiscard]] bool same_settings(const Profile& before, const Profile& after) noexcept;

}  // namespace macsec
