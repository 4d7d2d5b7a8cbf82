// SPDX-License-Identifier: LGPL-2.1-or-later
/// Private keys that stay in a token, a smart card or the like, by PKCS#11 (URIs of RFC 7512). Opening one, and each signature, may
/// take seconds, and for ever where a reader hangs.
#pragma once

#include "engine/base/result.hpp"
#include "engine/crypto/certificate.hpp"

#include <openssl/evp.h>

namespace macsec::crypto {

using PrivateKey = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;

/// The URI without what may be a PIN in it, for people.
[[nodiscard]] std::string shown_uri(std::string_view uri);
/// Whether a text is a key file of a TPM ("BEGIN TSS2 PRIVATE KEY"), which is of no use here: a TPM's keys come by PKCS#11.
[[nodiscard]] bool is_tpm_key(std::string_view text) noexcept;

/// By OpenSSL's provider or engine of PKCS#11. Errors begin with `label`: which package is missing, or why the token gives no key.
/// Without a PIN the URI has it or none is needed. A PIN that the token refused is not tried on that URI again by this process: the
/// token might lock itself.
[[nodiscard]] Result<PrivateKey> open_token_key(const std::string& label, const std::string& uri, std::string_view pin);
/// A certificate that lies beside its key.
[[nodiscard]] Result<Certificate> open_token_certificate(const std::string& label, const std::string& uri);

}  // namespace macsec::crypto
