// SPDX-License-Identifier: LGPL-2.1-or-later
/// An access port in words: for `status`, and in one line for `clients`.
#pragma once

#include "cli/context.hpp"

namespace macsec::cli {

void print_authenticator(Context& context, const bus::AuthenticatorInfo& info);
[[nodiscard]] Style style_of_authenticator(const bus::AuthenticatorInfo& info);
/// What comes next, and when: "reauth in 50min"; empty: nothing is planned.
[[nodiscard]] std::string next_step(const bus::AuthenticatorInfo& info);

}  // namespace macsec::cli
