// SPDX-License-Identifier: LGPL-2.1-or-later
/// The 802.1X side of a link in words, as `status` shows it.
#pragma once

#include "cli/context.hpp"

namespace macsec::cli {

void print_supplicant(Context& context, const bus::SupplicantInfo& info);

}  // namespace macsec::cli
