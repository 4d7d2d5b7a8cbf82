// SPDX-License-Identifier: LGPL-2.1-or-later
// Stands before OpenSSL (LD_PRELOAD): while the pipe SLOW_SIGNATURE is there, a signature waits until somebody has opened it for writing and
// closed it, as one of a smart card waits for its reader.
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

extern "C" __attribute__((visibility("default"))) int EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature,
                                                                     std::size_t* size, const unsigned char* text,
                                                                     std::size_t text_size) {
  using Sign = int(EVP_MD_CTX*, unsigned char*, std::size_t*, const unsigned char*, std::size_t);
  static Sign* const sign = reinterpret_cast<Sign*>(::dlsym(RTLD_NEXT, "EVP_DigestSign"));
  if (const char* const path = std::getenv("SLOW_SIGNATURE"); path != nullptr && signature != nullptr) {
    if (const int pipe = ::open(path, O_RDONLY | O_CLOEXEC); pipe >= 0) {
      char octet = 0;
      while (::read(pipe, &octet, sizeof octet) > 0) continue;
      ::close(pipe);
    }
  }
  return sign(context, signature, size, text, text_size);
}
