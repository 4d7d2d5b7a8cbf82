// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAP-MSCHAPv2 (type 26), inside a tunnel only.
#pragma once

#include "engine/crypto/mschapv2.hpp"
#include "engine/eap/method.hpp"

namespace macsec::eap {

/// "user "alice" or the password was refused (691)", or what the account's state is.
[[nodiscard]] MethodReport refused_password(const std::string& user, unsigned error);

class Mschapv2Run {
 public:
  explicit Mschapv2Run(const MethodSetup& setup) noexcept : loaded_{&setup.loaded}, random_{&setup.random} {}

  [[nodiscard]] InnerStep process(Bytes data);
  [[nodiscard]] Decision decision() const noexcept { return succeeded_ ? Decision::unconditional : Decision::fail; }
  [[nodiscard]] MethodReport report() const { return report_; }
  /// 32 octets, once it has succeeded.
  [[nodiscard]] const Secret<32>& msk() const noexcept { return msk_; }

 private:
  [[nodiscard]] InnerStep respond(const Mschapv2Packet& packet);
  [[nodiscard]] InnerStep confirm(const Mschapv2Packet& packet);
  [[nodiscard]] InnerStep give_up(EapProblem problem, std::string words);

  LoadedProfile* loaded_;
  Random* random_;
  crypto::NtHash hash_;
  Mschapv2NtResponse response_{};
  std::optional<Mschapv2Authenticator> expected_;  ///< what the server has to prove itself with
  Secret<32> msk_;
  bool succeeded_ = false;
  MethodReport report_{EapStage::inner, EapProblem::inner_method, "the server ended MSCHAPv2 without a reason"};
};

}  // namespace macsec::eap
