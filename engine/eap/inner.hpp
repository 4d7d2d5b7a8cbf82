// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAP inside a tunnel: identity, one method, Nak for every other. PEAP and TTLS differ in how they wrap it.
#pragma once

#include "engine/eap/gtc_method.hpp"

#include <variant>

namespace macsec::eap {

class InnerPeer {
 public:
  /// `wanted` is mschapv2 or gtc.
  InnerPeer(const MethodSetup& setup, EapType wanted);

  /// A request's type and data in, a response's out.
  struct Response {
    EapType type = EapType::none;
    InnerStep step;
  };
  [[nodiscard]] Response process(EapType type, Bytes data);

  [[nodiscard]] Decision decision() const noexcept;
  [[nodiscard]] MethodReport report() const;
  /// 32 octets where the method exports keys, else empty.
  [[nodiscard]] Bytes msk() const noexcept;

 private:
  LoadedProfile* loaded_;
  EapType wanted_;
  EapType refused_ = EapType::none;  ///< what the server proposed instead
  bool begun_ = false;
  std::variant<Mschapv2Run, GtcRun> run_;
};

/// "MSCHAPv2", "GTC", or "type 99".
[[nodiscard]] std::string method_words(EapType type);

}  // namespace macsec::eap
