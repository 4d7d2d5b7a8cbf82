// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSL's provider of tokens, as one whose reader never answers.
#include <openssl/core.h>
#include <unistd.h>

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE* /*handle*/,
                                                                         const OSSL_DISPATCH* /*in*/,
                                                                         const OSSL_DISPATCH** /*out*/,
                                                                         void** /*context*/) {
  for (;;) ::pause();
}
