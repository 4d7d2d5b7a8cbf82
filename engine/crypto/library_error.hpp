// SPDX-License-Identifier: LGPL-2.1-or-later
/// OpenSSL's errors as values.
#pragma once

#include "engine/base/result.hpp"

namespace macsec::crypto {

/// An Error with the library's own reason, of the first error in its queue, which is emptied. The reasons are fixed texts:
/// no key is in them.
[[nodiscard]] std::unexpected<Error> library_failure(std::string what);

}  // namespace macsec::crypto
