// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAP-GTC (type 6), inside a verified tunnel only: the password as it is. No keys.
#pragma once

#include "engine/eap/mschapv2_method.hpp"

namespace macsec::eap {

class GtcRun {
 public:
  explicit GtcRun(const MethodSetup& setup) noexcept : loaded_{&setup.loaded} {}

  /// The request's text is for a person; the answer does not depend on it.
  [[nodiscard]] InnerStep process(Bytes /*text*/) {
    answered_ = true;
    InnerStep step;
    step.reply.add(loaded_->secret());
    return step;
  }
  [[nodiscard]] Decision decision() const noexcept { return answered_ ? Decision::conditional : Decision::fail; }
  [[nodiscard]] MethodReport report() const { return refused_password(loaded_->profile.identity, 0); }

 private:
  LoadedProfile* loaded_;
  bool answered_ = false;
};

}  // namespace macsec::eap
