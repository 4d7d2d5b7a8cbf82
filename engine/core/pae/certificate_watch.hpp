// SPDX-License-Identifier: LGPL-2.1-or-later
/// The end of our own certificate: told in time to renew it.
#pragma once

#include "engine/base/time.hpp"
#include "engine/wire/eap_outcome.hpp"

#include <optional>
#include <string>

namespace macsec::core {

class CertificateWatch {
 public:
  /// The certificate that the next authentication uses; another one than before is told of again.
  void set(CertificateReport own);
  [[nodiscard]] const CertificateReport& own() const noexcept { return own_; }

  /// What is to be told now, once for each of 30, 14, 3 and 1 day before the end. `epoch`: boot time of 1970-01-01, as far as
  /// the wall clock is to be believed.
  [[nodiscard]] std::optional<std::string> take_due(Time now, std::optional<Time> epoch);
  /// When take_due() may have something to tell.
  [[nodiscard]] std::optional<Time> next(Time now, std::optional<Time> epoch) const;

 private:
  [[nodiscard]] std::optional<Time> end(std::optional<Time> epoch) const;

  CertificateReport own_;
  int told_ = 0;  ///< days before the end that were told last; 0: none
};

}  // namespace macsec::core
