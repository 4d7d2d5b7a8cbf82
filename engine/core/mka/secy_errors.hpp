// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the SecY refused last, told once and shown until it is made good.
#pragma once

#include "engine/core/context.hpp"

namespace macsec::core {

class SecyErrors {
 public:
  explicit SecyErrors(Context& context) : context_{context} {}

  /// False, counted as `cause` and told, where the SecY refused what the port needs.
  bool check(const Result<void>& result, Counter cause, Time now);
  void clear() noexcept;

  /// Empty: nothing is refused.
  [[nodiscard]] const std::string& last() const noexcept { return last_; }
  /// Time of the last refusal that was not followed by a success.
  [[nodiscard]] std::optional<Time> at() const noexcept { return at_; }

 private:
  Context& context_;
  std::string last_;
  std::optional<Time> at_;
};

}  // namespace macsec::core
