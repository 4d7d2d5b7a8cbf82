// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where state machines leave their steps.
#pragma once

#include "engine/base/time.hpp"

#include <string_view>

namespace macsec {

/// One transition or remarkable moment. Views live only during the call. Never holds a secret.
struct TraceRecord {
  Time at;
  std::string_view machine;  ///< "CP", "KaY", "Participant", "SecY"
  std::string_view from;     ///< state before; empty for a moment that is no transition
  std::string_view to;       ///< state after, or what happened
  std::string_view detail;   ///< free of secrets
};

class Trace {
 public:
  Trace() = default;
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  virtual ~Trace() = default;
  virtual void record(const TraceRecord& record) = 0;
};

}  // namespace macsec
