// SPDX-License-Identifier: LGPL-2.1-or-later
// The labels and contexts that keys are exported with: from the TLS secrets of logged runs, by the functions of RFC 5246 and
// RFC 8446 and not by a connection, to the keys both ends logged.
#include <gtest/gtest.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string>
#include <vector>

#include "engine/base/handle.hpp"
#include "engine/base/text.hpp"
#include "engine/crypto/tls_channel.hpp"
#include "tests/vectors/eap_vectors.hpp"

namespace macsec::crypto {
namespace {

using vectors::Buffer;
using vectors::unhex;

Buffer derive(const char* function, std::string digest, std::vector<OSSL_PARAM> parameters, std::size_t size) {
  const std::unique_ptr<EVP_KDF, Releases<EVP_KDF_free>> kdf{EVP_KDF_fetch(nullptr, function, nullptr)};
  const std::unique_ptr<EVP_KDF_CTX, Releases<EVP_KDF_CTX_free>> context{EVP_KDF_CTX_new(kdf.get())};
  parameters.push_back(OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0));
  parameters.push_back(OSSL_PARAM_construct_end());
  Buffer out(size);
  EXPECT_EQ(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()), 1);
  return out;
}

Buffer prf(const std::string& digest, Buffer secret, std::string_view label, const Buffer& randoms, std::size_t size) {
  Buffer seed(label.begin(), label.end());
  seed.insert(seed.end(), randoms.begin(), randoms.end());
  return derive("TLS1-PRF", digest,
                {OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret.data(), secret.size()),
                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(), seed.size())},
                size);
}

Buffer expand_label(const std::string& digest, Buffer secret, std::string_view label, const Buffer& context,
                    std::size_t size) {
  const std::string full = "tls13 " + std::string{label};
  Buffer info{static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size & 0xffU),
              static_cast<std::uint8_t>(full.size())};
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(static_cast<std::uint8_t>(context.size()));
  info.insert(info.end(), context.begin(), context.end());
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  return derive("HKDF", digest,
                {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size())},
                size);
}

Buffer hash(const std::string& digest, const Buffer& data) {
  Buffer out(static_cast<std::size_t>(EVP_MD_get_size(EVP_get_digestbyname(digest.c_str()))));
  EXPECT_EQ(EVP_Digest(data.data(), data.size(), out.data(), nullptr, EVP_get_digestbyname(digest.c_str()), nullptr),
            1);
  return out;
}

Buffer exporter(const std::string& digest, const Buffer& secret, const TlsExport& what, EapType method,
                std::size_t size) {
  const Buffer context = what.type_is_context ? Buffer{static_cast<std::uint8_t>(method)} : Buffer{};
  const Buffer none = hash(digest, {});
  return expand_label(digest, expand_label(digest, secret, what.label, none, none.size()), "exporter",
                      hash(digest, context), size);
}

TEST(EapTlsVectors, KeysAndSessionIdOfEachMethodAndVersion) {
  for (const vectors::MethodVector& v : vectors::methods) {
    const EapType method = v.method == "tls" ? EapType::tls : v.method == "peap" ? EapType::peap : EapType::ttls;
    const bool tls_1_3 = v.tls == "1.3";
    const TlsExport what = tls_key_export(method, tls_1_3);
    const std::string digest{v.hash};
    Buffer keys;
    Buffer id{static_cast<std::uint8_t>(method)};
    if (tls_1_3) {
      keys = exporter(digest, unhex(v.exporter_secret), what, method, 128);
      const Buffer rest = exporter(digest, unhex(v.exporter_secret), tls_method_id_export, method, 64);
      id.insert(id.end(), rest.begin(), rest.end());
    } else {
      Buffer randoms = unhex(v.client_random);
      const Buffer server = unhex(v.server_random);
      randoms.insert(randoms.end(), server.begin(), server.end());
      EXPECT_FALSE(what.type_is_context);
      keys = prf(digest, unhex(v.master_secret), what.label, randoms, 128);
      id.insert(id.end(), randoms.begin(), randoms.end());
    }
    EXPECT_EQ(to_hex(keys), std::string{v.msk} + std::string{v.emsk}) << v.name;
    EXPECT_EQ(to_hex(id), v.session_id) << v.name;
  }
}

}  // namespace
}  // namespace macsec::crypto
