// SPDX-License-Identifier: LGPL-2.1-or-later
/// From the facts about a link to what is wrong with it and what to type. Pure.
#pragma once

#include "engine/doctor/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace macsec::doctor {

enum class Gravity : std::uint8_t {
  fault,    ///< the link does not do what its profile asks, for this reason
  warning,  ///< it works, and something is wrong or will be
  remark,   ///< good to know
};
[[nodiscard]] std::string_view to_string(Gravity gravity) noexcept;  ///< the enumerator's name

struct Finding {
  std::string_view id;  ///< stable, with dashes: "ckn-mismatch"; macsecctl(1) lists them
  Gravity gravity = Gravity::fault;
  std::string text;    ///< what is wrong: one sentence part for people
  std::string remedy;  ///< what to type or to change; empty: nothing
};

/// A port's sentence may end with what to do, ": write Offload=off"; a finding whose text it is says that once, as its remedy.
void say_advice_once(Finding& finding, const Facts& facts);

/// Findings, the cause before its consequences and faults before the rest; empty: nothing is wrong.
[[nodiscard]] std::vector<Finding> examine(const Facts& facts);

}  // namespace macsec::doctor
