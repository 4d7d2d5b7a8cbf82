// SPDX-License-Identifier: LGPL-2.1-or-later
/// X.509 certificates as they are told to people. What they say was written by others: it is cut to a bounded length and
/// freed of control characters.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/wire/eap_outcome.hpp"

#include <openssl/x509.h>
#include <string>
#include <vector>

namespace macsec::crypto {

using Certificate = std::unique_ptr<X509, Releases<X509_free>>;

/// One name of a certificate: kind is "DNS", "EMAIL", "URI" or "UPN". Names with an octet 0 in them are left out: nothing may
/// match them.
struct CertificateName {
  std::string_view kind;
  std::string value;
};
[[nodiscard]] std::vector<CertificateName> certificate_names(const X509* certificate);

/// The common name; empty where there is none.
[[nodiscard]] std::string common_name(const X509_NAME* name);
/// What a person calls it: the first DNS name, the common name, or the whole subject.
[[nodiscard]] std::string display_name(const X509* certificate);
/// The issuer's common name, or the whole name.
[[nodiscard]] std::string display_issuer(const X509* certificate);
/// RFC 2253, in UTF-8.
[[nodiscard]] std::string subject_of(const X509* certificate);

/// Everything but the verdict.
[[nodiscard]] CertificateReport certificate_report(const X509* certificate);

/// "2026-10-01", UTC.
[[nodiscard]] std::string date_of(std::int64_t seconds);

}  // namespace macsec::crypto
