// SPDX-License-Identifier: LGPL-2.1-or-later
/// Why the key server's last SAK, or our own attempt at one, was of no use.
#pragma once

#include "engine/core/status.hpp"

namespace macsec::core {

struct Refusal {
  Reason reason = Reason::none;
  std::string text;  ///< a sentence for people

  void set(Reason why, std::string words) {
    reason = why;
    text = std::move(words);
  }
  void clear() { set(Reason::none, {}); }
};

}  // namespace macsec::core
