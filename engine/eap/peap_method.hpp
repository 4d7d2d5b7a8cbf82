// SPDX-License-Identifier: LGPL-2.1-or-later
/// PEAP version 0 with EAP-MSCHAPv2 or EAP-GTC inside (MS-PEAP).
#pragma once

#include "engine/eap/inner.hpp"
#include "engine/eap/tls_method.hpp"
#include "engine/wire/peap_tlv.hpp"

namespace macsec::eap {

class PeapRun {
 public:
  PeapRun(const MethodSetup& setup, TlsTunnel tunnel);

  [[nodiscard]] MethodStep process(Bytes data);
  /// What was refused stays refused, whatever the server says after it.
  [[nodiscard]] Decision decision() const noexcept {
    return agreed_ && !failure_ && !tunnel_.failed() ? Decision::unconditional : Decision::fail;
  }
  [[nodiscard]] MethodReport report() const;
  [[nodiscard]] Result<MethodKeys> keys() const;
  [[nodiscard]] TlsTunnel& tunnel() noexcept { return tunnel_; }
  [[nodiscard]] const TlsTunnel& tunnel() const noexcept { return tunnel_; }
  [[nodiscard]] std::string inner() const;

 private:
  [[nodiscard]] MethodStep answer(Bytes text);
  [[nodiscard]] MethodStep answer_tlvs(std::uint8_t identifier, Bytes data);
  [[nodiscard]] MethodStep send(const WipedBuffer& text);
  [[nodiscard]] bool inner_done() const noexcept;
  /// Whether what the server ends with is to be agreed to; says why not in failure_.
  [[nodiscard]] bool judge(const PeapTlvs& tlvs);
  /// Checks the server's binding and makes ours.
  [[nodiscard]] std::optional<PeapBinding> bind(const PeapBinding& binding);

  LoadedProfile* loaded_;
  Random* random_;
  TlsTunnel tunnel_;
  InnerPeer inner_;
  bool agreed_ = false;                  ///< success was declared, and everything before it was right
  std::optional<Secret<64>> bound_msk_;  ///< with crypto-binding
  std::optional<MethodReport> failure_;
};

}  // namespace macsec::eap
