// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/os_random.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

namespace macsec::os {

void OsRandom::fill(MutableBytes out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // keys without randomness are worse than no service
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace macsec::os
