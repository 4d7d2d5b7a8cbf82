// SPDX-License-Identifier: LGPL-2.1-or-later
/// MACsec Key Agreement PDUs (802.1X-2020 clause 11.11): a pure codec.
///
/// Reading allocates nothing: the result holds values and views into the frame. Lists are views that decode on access.
#pragma once

#include "engine/wire/types.hpp"

#include <expected>

namespace macsec {

inline constexpr std::size_t icv_size = 16;
inline constexpr std::uint32_t default_algorithm_agility = 0x0080c201;
/// Longest MKPDU we send or read: an Ethernet frame's payload less the EAPOL header.
inline constexpr std::size_t max_mkpdu_size = 1496;

struct PeerEntry {
  MemberId mi{};
  MessageNumber mn = 0;
  friend constexpr bool operator==(const PeerEntry&, const PeerEntry&) = default;
};

/// A peer list as it stands in the frame: n times MI and MN.
class PeerListView {
 public:
  static constexpr std::size_t entry_size = 16;
  constexpr PeerListView() noexcept = default;
  /// `octets.size()` is a multiple of 16.
  constexpr explicit PeerListView(Bytes octets) noexcept : octets_{octets} {}
  [[nodiscard]] constexpr std::size_t size() const noexcept { return octets_.size() / entry_size; }
  [[nodiscard]] constexpr bool empty() const noexcept { return octets_.empty(); }
  [[nodiscard]] PeerEntry operator[](std::size_t index) const noexcept;
  /// The MN listed for `mi`, or nothing when it is not listed.
  [[nodiscard]] std::optional<MessageNumber> find(const MemberId& mi) const noexcept;

 private:
  Bytes octets_;
};

/// Basic parameter set (11.11.1, figure 11-8).
struct BasicSet {
  std::uint8_t version = 3;
  std::uint8_t priority = 255;
  bool key_server = false;
  bool macsec_desired = false;
  MacsecCapability capability = MacsecCapability::none;
  Sci sci{};
  MemberId mi{};
  MessageNumber mn = 0;
  std::uint32_t agility = default_algorithm_agility;
  Ckn ckn{};
};

/// One key's half of the MACsec SAK Use set.
struct SakUseKey {
  An an{};
  bool transmitting = false;
  bool receiving = false;
  KeyId key{};       ///< all zero where the slot is unused
  Pn lowest_pn = 1;  ///< lowest acceptable PN, lower 32 bits only; the upper ones travel in XpnSet
  [[nodiscard]] bool used() const noexcept { return key != KeyId{}; }
};

/// MACsec SAK Use (11.11.3, figure 11-10).
struct SakUseSet {
  bool macsec = true;  ///< false: length 0, the sender does not use MACsec
  SakUseKey latest{};
  SakUseKey old{};
  bool plain_tx = false;
  bool plain_rx = false;
  bool delay_protect = false;
};

/// Distributed SAK (11.11.4, figures 11-11 and 11-12).
struct DistributedSakSet {
  bool macsec = true;  ///< false: length 0, "use no MACsec"
  An an{};
  std::uint8_t confidentiality_offset = 0;  ///< 0 none (integrity only), 1 offset 0, 2 offset 30, 3 offset 50
  KeyNumber number = 0;
  std::uint64_t cipher_suite_id = 0;  ///< raw, so that an unknown suite can be named in an error
  /// RFC 3394 wrapped SAK: as long as the cipher suite needs, 24 or 40 octets; all there is for an unknown one.
  Bytes wrapped{};
};

/// XPN (11.11.8, figure 11-16).
struct XpnSet {
  std::uint8_t suspension_time = 0;  ///< seconds, 0 to 120
  std::uint32_t latest_upper = 0;
  std::uint32_t old_upper = 0;
};

/// The cipher suites of an Announcement set (11.11.6, TLV 112).
struct AnnouncementSet {
  Bytes cipher_suites;  ///< n times 2 octets capability and 8 octets identifier
  [[nodiscard]] std::size_t size() const noexcept { return cipher_suites.size() / 10; }
  [[nodiscard]] std::uint64_t cipher_suite_id(std::size_t index) const noexcept;
};

/// One decoded MKPDU. Views point into the octets it was read from.
struct Mkpdu {
  BasicSet basic;
  std::optional<PeerListView> live;
  std::uint8_t live_ssci = 0;  ///< low octet of the key server's SSCI in the live list header (version 3)
  std::optional<PeerListView> potential;
  std::optional<SakUseSet> sak_use;
  std::optional<DistributedSakSet> distributed_sak;
  bool distributed_cak = false;  ///< present; skipped
  std::optional<AnnouncementSet> announcement;
  std::optional<XpnSet> xpn;
  Bytes kmd;  ///< name of the sender's Key Management Domain (11.11.6); empty: none
  Bytes icv;  ///< 16 octets, the last of the body (or of the ICV Indicator set)
};

/// Why a frame is not an acceptable MKPDU, in the order of the checks of 11.11.2.
enum class MkpduError : std::uint8_t {
  too_short,  ///< fewer than 32 octets
  not_multiple_of_four,
  bad_ckn_length,     ///< the CKN is empty, longer than 32 octets, or does not fit
  unknown_agility,    ///< algorithm agility is not 00-80-C2-01
  bad_parameter_set,  ///< a set runs past the end, stands twice, or is shorter than its type needs
};
[[nodiscard]] std::string_view to_string(MkpduError error) noexcept;

/// Reads the Basic set only: enough to find the CA by CKN and verify the ICV before looking at anything else.
/// `body` is the EAPOL body. The ICV is verified by the caller over EapolFrame::authenticated less its last 16 octets.
[[nodiscard]] std::expected<BasicSet, MkpduError> read_basic_set(Bytes body) noexcept;

/// Reads everything. Unknown parameter sets are skipped by length; a repeated set is an error.
[[nodiscard]] std::expected<Mkpdu, MkpduError> read_mkpdu(Bytes body) noexcept;
/// The same where read_basic_set() has read `basic` from `body` already.
[[nodiscard]] std::expected<Mkpdu, MkpduError> read_mkpdu(Bytes body, const BasicSet& basic) noexcept;

/// What to encode; lists are owned by the caller. Sets are written in the standard's order.
struct MkpduContent {
  BasicSet basic{};
  std::span<const PeerEntry> live{};
  std::span<const PeerEntry> potential{};
  std::uint8_t live_ssci = 0;
  std::optional<SakUseSet> sak_use{};
  std::optional<DistributedSakSet> distributed_sak{};  ///< GCM-AES-128 is written in the 28-octet short form
  std::span<const CipherSuite> announced{};            ///< empty: no Announcement set
  std::optional<XpnSet> xpn{};
  bool icv_indicator = false;
};

/// Writes the MKPDU without its ICV. Sets writer.ok() to false when it does not fit.
/// The caller computes the ICV over the whole frame so far and appends its 16 octets.
void write_mkpdu(Writer& writer, const MkpduContent& content) noexcept;

/// Octets write_mkpdu() produces, plus the ICV: the EAPOL body length.
[[nodiscard]] std::size_t mkpdu_size(const MkpduContent& content) noexcept;

}  // namespace macsec
