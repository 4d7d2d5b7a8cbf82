// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/tls_trust.hpp"

#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace macsec::crypto {
namespace {

using Memory = std::unique_ptr<BIO, Releases<BIO_free_all>>;
using Crl = std::unique_ptr<X509_CRL, Releases<X509_CRL_free>>;
using OcspResponse = std::unique_ptr<OCSP_RESPONSE, Releases<OCSP_RESPONSE_free>>;
using OcspBasic = std::unique_ptr<OCSP_BASICRESP, Releases<OCSP_BASICRESP_free>>;
using OcspId = std::unique_ptr<OCSP_CERTID, Releases<OCSP_CERTID_free>>;

/// What of an OCSP answer's times may be ahead of or behind ours, in seconds.
constexpr long ocsp_tolerance = 300;
/// How old an OCSP answer may be that does not say when the next one comes, in seconds.
constexpr long ocsp_age = 7L * 86400;

std::string quoted_certificate(const X509* certificate, int depth) {
  return (depth == 0 ? "server certificate of \"" : "certificate of the CA \"") + display_name(certificate) + '"';
}

EapProblem problem_of(int error) noexcept {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_UNTRUSTED:
      return EapProblem::certificate_issuer;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return EapProblem::certificate_time;
    case X509_V_ERR_INVALID_PURPOSE:
      return EapProblem::certificate_use;
    case X509_V_ERR_CERT_REVOKED:
      return EapProblem::certificate_revoked;
    default:
      return EapProblem::certificate;
  }
}

std::string words_of(int error, const X509* certificate, int depth) {
  const std::string which = quoted_certificate(certificate, depth);
  const CertificateReport report = certificate_report(certificate);
  if (problem_of(error) == EapProblem::certificate_issuer)
    return which + " is signed by \"" + display_issuer(certificate) + "\", which CaCertificate= does not hold";
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return which + " is not valid before " + date_of(report.not_before);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return which + " expired on " + date_of(report.not_after);
    case X509_V_ERR_INVALID_PURPOSE:
      return which + (depth == 0 ? " is not for servers (no serverAuth)" : " may not sign certificates of servers");
    case X509_V_ERR_CERT_REVOKED:
      return which + " was revoked, says RevocationList=";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return which + " cannot be checked: RevocationList= holds no list of \"" + display_issuer(certificate) + '"';
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return which + " cannot be checked: the list of \"" + display_issuer(certificate) +
             "\" in RevocationList= is out of date";
    default:
      return which + ": " + X509_verify_cert_error_string(error);
  }
}

/// Whether the certificate demands a stapled answer (RFC 7633: feature 5, status_request).
bool must_staple(const X509* certificate) {
  using Features = std::unique_ptr<TLS_FEATURE, Releases<TLS_FEATURE_free>>;
  const Features features{static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr))};
  const int count = features ? sk_ASN1_INTEGER_num(features.get()) : 0;
  for (int i = 0; i < count; ++i)
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == TLSEXT_TYPE_status_request) return true;
  return false;
}

/// Lets certificates of any time through; how old a revocation list may be is another matter.
int pass_times(int good, X509_STORE_CTX* context) noexcept {
  const int error = X509_STORE_CTX_get_error(context);
  if (good == 1 || (error != X509_V_ERR_CERT_NOT_YET_VALID && error != X509_V_ERR_CERT_HAS_EXPIRED)) return good;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

enum class Staple : std::uint8_t { good, revoked, bad };

/// The answer's verdict on the first certificate of `chain`; `revoked_at` is seconds since 1970.
Staple read_staple(Bytes octets, STACK_OF(X509) * chain, X509_STORE* store) {
  const unsigned char* at = octets.data();
  const OcspResponse response{d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(octets.size()))};
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return Staple::bad;
  const OcspBasic basic{OCSP_response_get1_basic(response.get())};
  if (!basic || sk_X509_num(chain) < 2 || OCSP_basic_verify(basic.get(), chain, store, 0) <= 0) return Staple::bad;
  // The answer names the certificate by a digest of its own choice: each is tried.
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256()}) {
    const OcspId id{OCSP_cert_to_id(digest, sk_X509_value(chain, 0), sk_X509_value(chain, 1))};
    int status = 0;
    ASN1_GENERALIZEDTIME* this_update = nullptr;
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    if (!id || OCSP_resp_find_status(basic.get(), id.get(), &status, nullptr, nullptr, &this_update, &next_update) != 1)
      continue;
    const long age = next_update != nullptr ? -1 : ocsp_age;
    if (OCSP_check_validity(this_update, next_update, ocsp_tolerance, age) != 1) return Staple::bad;
    if (status == V_OCSP_CERTSTATUS_GOOD) return Staple::good;
    return status == V_OCSP_CERTSTATUS_REVOKED ? Staple::revoked : Staple::bad;
  }
  return Staple::bad;
}

}  // namespace

Result<void> TlsTrust::add_authorities(const TlsMaterial& material, bool& any_root) {
  const Result<std::vector<Certificate>> certificates = read_certificates(material);
  if (!certificates) return std::unexpected{certificates.error()};
  for (const Certificate& certificate : *certificates) {
    if (X509_STORE_add_cert(store_.get(), certificate.get()) != 1)
      return library_failure(material.label + " cannot be used");
    any_root = any_root || (X509_get_extension_flags(certificate.get()) & EXFLAG_SS) != 0;
  }
  return {};
}

Result<void> TlsTrust::add_lists(const TlsMaterial& material) {
  const std::string_view text = material.content.view();
  const Memory memory{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  const bool pem = text.contains("-----BEGIN ");
  std::size_t count = 0;
  ERR_clear_error();
  for (;; ++count) {
    const Crl list{pem || count > 0 ? PEM_read_bio_X509_CRL(memory.get(), nullptr, nullptr, nullptr)
                                    : d2i_X509_CRL_bio(memory.get(), nullptr)};
    if (!list) break;
    if (X509_STORE_add_crl(store_.get(), list.get()) != 1) return library_failure(material.label + " cannot be used");
  }
  ERR_clear_error();
  if (count == 0) return fail(material.label + " holds no revocation list (PEM or DER)");
  return {};
}

Result<TlsTrust> TlsTrust::load(TlsTrustSettings&& settings) {
  TlsTrust out;
  out.settings_ = std::move(settings);
  const TlsTrustSettings& said = out.settings_;
  if (said.verify && said.authorities.empty() && !said.system_authorities && said.pins.empty())
    return fail("no CaCertificate= and no ServerFingerprint=: there is nothing to tell the server from another by");
  out.store_.reset(X509_STORE_new());
  if (!out.store_) return library_failure("cannot hold certificates");
  bool any_root = said.system_authorities;
  for (const TlsMaterial& material : said.authorities)
    if (Result<void> added = out.add_authorities(material, any_root); !added) return std::unexpected{added.error()};
  if (said.system_authorities && X509_STORE_set_default_paths(out.store_.get()) != 1)
    return library_failure("CaCertificate=system: cannot use the system's certificates");
  const bool lists = said.revocation == Revocation::crl || said.revocation == Revocation::crl_leaf;
  for (const TlsMaterial& material : said.revocation_lists)
    if (Result<void> added = out.add_lists(material); !added) return std::unexpected{added.error()};
  unsigned long flags = X509_V_FLAG_TRUSTED_FIRST;
  // Only CAs below others were given: they are what is believed.
  if (!any_root) flags |= X509_V_FLAG_PARTIAL_CHAIN;
  if (lists) flags |= X509_V_FLAG_CRL_CHECK;
  if (said.revocation == Revocation::crl) flags |= X509_V_FLAG_CRL_CHECK_ALL;
  if (!said.check_time) flags |= X509_V_FLAG_NO_CHECK_TIME;  // of who signs OCSP answers
  X509_STORE_set_flags(out.store_.get(), flags);
  ERR_clear_error();
  return out;
}

bool TlsTrust::wants_staple() const noexcept { return settings_.verify && settings_.pins.empty(); }

bool TlsTrust::is_pinned(const CertificateReport& report) const noexcept {
  return std::ranges::find(settings_.pins, report.sha256) != settings_.pins.end();
}

void TlsTrust::judge_pin(X509_STORE_CTX* context, const TlsClock& clock, TlsJudgement& judgement) const {
  const X509* const leaf = X509_STORE_CTX_get0_cert(context);
  int error = X509_V_OK;
  if (!is_pinned(judgement.report)) {
    error = X509_V_ERR_CERT_UNTRUSTED;
    judgement.problem = EapProblem::certificate_issuer;
    judgement.words = quoted_certificate(leaf, 0) + " is none that ServerFingerprint= names";
  } else if (settings_.check_time &&
             (clock.now < judgement.report.not_before || clock.now > judgement.report.not_after)) {
    error = clock.now < judgement.report.not_before ? X509_V_ERR_CERT_NOT_YET_VALID : X509_V_ERR_CERT_HAS_EXPIRED;
    judgement.problem = EapProblem::certificate_time;
    judgement.words = words_of(error, leaf, 0);
  }
  X509_STORE_CTX_set_error(context, error);
}

void TlsTrust::judge_chain(X509_STORE_CTX* context, const TlsClock& clock, TlsJudgement& judgement) const {
  // With a time the library no longer minds X509_V_FLAG_NO_CHECK_TIME, and without one lists would have no age either.
  X509_STORE_CTX_set_time(context, 0, clock.now);
  if (!settings_.check_time) X509_STORE_CTX_set_verify_cb(context, pass_times);
  if (X509_verify_cert(context) <= 0) {
    const int error = X509_STORE_CTX_get_error(context);
    const int depth = X509_STORE_CTX_get_error_depth(context);
    const X509* failed = X509_STORE_CTX_get_current_cert(context);
    if (failed == nullptr) failed = X509_STORE_CTX_get0_cert(context);
    judgement.problem = problem_of(error);
    judgement.words = words_of(error, failed, depth);
    judgement.report.depth = static_cast<std::uint8_t>(std::clamp(depth, 0, 255));
    return;
  }
  if (std::optional<std::string> refused = refuse_name(X509_STORE_CTX_get0_cert(context), settings_.names)) {
    X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
    judgement.problem = EapProblem::server_name;
    judgement.words = std::move(*refused);
  }
}

TlsJudgement TlsTrust::judge(X509_STORE_CTX* context, const TlsClock& clock) const {
  TlsJudgement out;
  out.report = certificate_report(X509_STORE_CTX_get0_cert(context));
  out.report.clock_unset = clock.unset;
  if (!settings_.verify) {
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return out;
  }
  if (settings_.pins.empty())
    judge_chain(context, clock, out);
  else
    judge_pin(context, clock, out);
  if (out.problem == EapProblem::certificate_time && clock.unset)
    out.words += "; the clock of this host is not set, and certificates were checked against " + date_of(clock.now);
  out.report.verified = out.problem == EapProblem::none;
  return out;
}

void TlsTrust::judge_staple(SSL* ssl, const TlsClock& clock, TlsJudgement& judgement) const {
  const unsigned char* octets = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &octets);
  const X509* const leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) return;
  const bool required = settings_.revocation == Revocation::ocsp_required || must_staple(leaf);
  if (size <= 0 && !required) return;
  if (settings_.revocation == Revocation::none && !required) return;
  STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
  const Staple verdict = size <= 0 || clock.unset ? Staple::bad
                                                  : read_staple({octets, static_cast<std::size_t>(size)}, chain,
                                                                SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)));
  ERR_clear_error();
  if (verdict == Staple::good) return;
  judgement.report.verified = false;
  judgement.problem = EapProblem::certificate_revoked;
  judgement.words = quoted_certificate(leaf, 0);
  if (verdict == Staple::revoked)
    judgement.words += " was revoked, says its stapled OCSP answer";
  else if (size <= 0)
    judgement.words += " came without an OCSP answer, which Revocation= or the certificate demands";
  else
    judgement.words += " came with an OCSP answer that cannot be believed: not signed by its CA, or out of date";
}

}  // namespace macsec::crypto
