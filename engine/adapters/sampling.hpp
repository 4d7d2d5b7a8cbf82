// SPDX-License-Identifier: LGPL-2.1-or-later
/// When the kernel is asked for packet numbers: once for all links, as often as the one wants it that wants it most often.
#pragma once

#include "engine/adapters/session.hpp"

namespace macsec::os {

class Sampling {
 public:
  /// How often the session wants it from now on; nothing: not at all.
  void set(Session& session, std::optional<Duration> interval);
  [[nodiscard]] std::optional<Time> next() const;
  /// Whether it is time; the next one is an interval from now.
  [[nodiscard]] bool take_due(Time now);

 private:
  std::multiset<Duration> intervals_;
  Time last_;
};

}  // namespace macsec::os
