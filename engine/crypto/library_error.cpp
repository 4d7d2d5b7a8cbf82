// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/library_error.hpp"

#include <openssl/err.h>
#include <system_error>

namespace macsec::crypto {

std::unexpected<Error> library_failure(std::string what) {
  const unsigned long code = ERR_peek_error();
  int number = 0;
  if (ERR_SYSTEM_ERROR(code)) {
    number = ERR_GET_REASON(code);
    what += ": " + std::generic_category().message(number);
  } else if (const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code); reason != nullptr) {
    what += ": ";
    what += reason;
  }
  ERR_clear_error();
  return fail(number, std::move(what));
}

}  // namespace macsec::crypto
