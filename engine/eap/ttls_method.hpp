// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAP-TTLS version 0 (RFC 5281) with PAP, CHAP, MSCHAP, MSCHAPv2, EAP-MSCHAPv2 or EAP-GTC inside.
#pragma once

#include "engine/eap/inner.hpp"
#include "engine/eap/tls_method.hpp"
#include "engine/wire/ttls_avp.hpp"

namespace macsec::eap {

class TtlsRun {
 public:
  TtlsRun(const MethodSetup& setup, TlsTunnel tunnel);

  [[nodiscard]] MethodStep process(Bytes data);
  [[nodiscard]] Decision decision() const noexcept;
  [[nodiscard]] MethodReport report() const;
  [[nodiscard]] Result<MethodKeys> keys() const { return tunnel_keys(tunnel_, EapType::ttls); }
  [[nodiscard]] TlsTunnel& tunnel() noexcept { return tunnel_; }
  [[nodiscard]] const TlsTunnel& tunnel() const noexcept { return tunnel_; }
  [[nodiscard]] std::string inner() const { return std::string{to_string(loaded_->profile.inner)}; }

 private:
  [[nodiscard]] MethodStep begin();
  [[nodiscard]] MethodStep answer(Bytes text);
  [[nodiscard]] MethodStep answer_eap(Bytes packet);
  [[nodiscard]] MethodStep send(const WipedBuffer& text);
  [[nodiscard]] MethodStep give_up(EapProblem problem, std::string words);
  void add_name(WipedBuffer& out) const;
  [[nodiscard]] Result<void> add_pap(WipedBuffer& out) const;
  [[nodiscard]] Result<void> add_chap(WipedBuffer& out) const;
  [[nodiscard]] Result<void> add_mschap(WipedBuffer& out) const;
  [[nodiscard]] Result<void> add_mschapv2(WipedBuffer& out);

  LoadedProfile* loaded_;
  Random* random_;
  TlsTunnel tunnel_;
  InnerPeer inner_;
  std::optional<Mschapv2Authenticator> expected_;  ///< MSCHAPv2: what the server has to prove itself with
  std::uint8_t identifier_ = 0;                    ///< MSCHAPv2: of the challenge
  bool begun_ = false;
  bool confirmed_ = false;  ///< the server proved itself inside, or gave the protected success of a resumed session
  std::optional<MethodReport> failure_;
};

}  // namespace macsec::eap
