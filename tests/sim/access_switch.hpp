// SPDX-License-Identifier: LGPL-2.1-or-later
/// The other end of 802.1X as a script: an access port that authenticates a host with an EAP method of two messages, and speaks
/// MKA with our engine; and a macsec-eap that knows the same method. Credentials are not modelled, only who says what when.
#pragma once

#include "engine/core/mka/kay.hpp"
#include "engine/core/pae/eap_exchange.hpp"
#include "tests/sim/host.hpp"

namespace macsec::sim {

/// The MSK and Session-Id of the authentication `number`: both ends have them without a handshake.
[[nodiscard]] MethodKeys method_keys(std::uint8_t number);

[[nodiscard]] std::vector<std::uint8_t> eap_packet(EapCode code, std::uint8_t identifier, EapType type, Bytes data);
/// Requests of the method: each holds flags, the number of the authentication and its place among them; an answer
/// holds flags and that place.
inline constexpr std::uint8_t method_rounds = 2;

/// An EAPOL frame from `source` with an EAP packet in it.
[[nodiscard]] std::vector<std::uint8_t> eap_frame(const MacAddress& destination, const MacAddress& source, EapCode code,
                                                  std::uint8_t identifier, EapType type = EapType::none,
                                                  Bytes data = {});

class AccessSwitch final : public Station {
 public:
  AccessSwitch(VirtualLan& lan, Index index, ProfilePointer profile);

  // Station
  void on_frame(Bytes frame) override;
  void on_carrier(bool up) override;
  [[nodiscard]] Instant wake() const override { return wake_; }
  void on_wake() override;
  [[nodiscard]] bool claims_secured() const override { return kay_.cp().secured(); }

  // What it does.
  bool answers = true;        ///< to EAPOL-Start and EAP
  bool accepts = true;        ///< the method's end is a Success
  bool speaks_mka = true;     ///< makes a CA of the keys
  std::size_t cak_size = 16;  ///< octets of the CAK it derives
  /// Asks for the identity: an authentication, or only whether somebody is there.
  void ask_identity();
  void ask_whether_there();
  /// Leaves the CAs of all sessions.
  void end_session();

  [[nodiscard]] unsigned starts() const noexcept { return static_cast<unsigned>(start_times_.size()); }
  [[nodiscard]] const std::vector<Instant>& start_times() const noexcept { return start_times_; }
  void forget_starts() { start_times_.clear(); }
  [[nodiscard]] unsigned logoffs() const noexcept { return logoffs_; }
  [[nodiscard]] unsigned identities() const noexcept { return identities_; }
  [[nodiscard]] unsigned successes() const noexcept { return successes_; }
  [[nodiscard]] bool is_key_server() const noexcept { return kay_.is_key_server(); }

 private:
  void on_eap(Bytes packet, const MacAddress& host);
  void on_mkpdu(const EapolFrame& frame);
  void send_eap(EapCode code, EapType type, Bytes data);
  void settle();
  [[nodiscard]] Time now() const noexcept { return Time{Duration{world_.now + 77'000'000'000}}; }

  VirtualLan& lan_;
  SimRandom random_;
  SimTrace trace_;
  core::Context context_;
  core::Kay kay_;
  Instant wake_ = never;
  std::uint8_t identifier_ = 0;
  std::uint8_t number_ = 0;  ///< of the authentication that runs, or ran last
  bool only_asks_ = false;
  std::vector<Instant> start_times_;
  unsigned logoffs_ = 0;
  unsigned identities_ = 0;
  unsigned successes_ = 0;
};

/// macsec-eap of one host. Answers a moment later, as a process does.
class FakeWorker {
 public:
  FakeWorker(VirtualLan& lan, Host& host);
  FakeWorker(const FakeWorker&) = delete;
  FakeWorker& operator=(const FakeWorker&) = delete;

  bool answers = true;
  EapVerdict refusal;  ///< what a Failure means: the method in the tunnel failed
  bool validated = true;
  bool spoils = false;   ///< its keys are not those of the server
  bool spoilt = false;   ///< it gave such
  bool keyless = false;  ///< its success comes without keys
  /// Dies at the command with this number (counted from 1, from now on), once.
  void die_at(unsigned command) noexcept { countdown_ = command; }
  [[nodiscard]] unsigned commands() const noexcept { return commands_; }
  [[nodiscard]] unsigned conversations() const noexcept { return conversations_; }

 private:
  void take(core::EapCommand command);
  [[nodiscard]] core::EapReport judge(const core::EapCommand& command);

  VirtualLan& lan_;
  Host& host_;
  std::optional<core::EapConversation> conversation_;
  std::optional<std::uint8_t> number_;  ///< of the method that has come to its end
  std::vector<std::uint8_t> said_;      ///< the last answer of this conversation, Notifications aside
  unsigned countdown_ = 0;
  unsigned commands_ = 0;
  unsigned conversations_ = 0;
};

}  // namespace macsec::sim
