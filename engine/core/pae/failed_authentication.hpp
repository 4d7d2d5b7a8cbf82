// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a supplicant makes of an authentication that failed.
#pragma once

#include "engine/core/counters.hpp"
#include "engine/wire/eap_outcome.hpp"

namespace macsec::core {

/// The profile cannot be used at all, whatever is at the other end.
[[nodiscard]] bool is_own_problem(EapProblem problem) noexcept;
/// Our credentials were seen by a server that the profile trusts: each time more may lock the account.
[[nodiscard]] bool is_refusal(const EapVerdict& verdict) noexcept;
/// A conversation in which nothing came for 30 s, from macsec-eap or from the other end.
[[nodiscard]] EapVerdict no_answer(bool of_worker);
/// A conversation of more than 100 requests of the method.
[[nodiscard]] EapVerdict too_long();
void count_failure(SupplicantCounters& counters, EapStage stage) noexcept;

}  // namespace macsec::core
