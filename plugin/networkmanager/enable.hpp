// SPDX-License-Identifier: LGPL-2.1-or-later
/// Makes the host use macsec-nm, and undoes it.
#pragma once

#include "plugin/networkmanager/options.hpp"

namespace macsec::nm {

/// Both may be repeated. Errors name the file or the command that failed.
[[nodiscard]] Result<void> enable(const Options& options);
[[nodiscard]] Result<void> disable(const Options& options);

}  // namespace macsec::nm
