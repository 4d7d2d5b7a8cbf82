// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/eap/pki.hpp"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace macsec::test {
namespace {

using Memory = std::unique_ptr<BIO, Releases<BIO_free_all>>;

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error{what};
}

std::string content(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void set_time(ASN1_TIME* time, std::int64_t seconds) { ASN1_TIME_set(time, static_cast<time_t>(seconds)); }

}  // namespace

Issued issue(const CertificateWish& wish, const Issued* issuer) {
  Issued out;
  out.key.reset(EVP_EC_gen("P-256"));
  out.certificate.reset(X509_new());
  X509* const x = out.certificate.get();
  X509_set_version(x, X509_VERSION_3);
  std::array<std::uint8_t, 8> serial{};
  RAND_bytes(serial.data(), static_cast<int>(serial.size()));
  serial[0] &= 0x7fU;
  BIGNUM* const number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
  BN_free(number);
  set_time(X509_getm_notBefore(x), wish.not_before);
  set_time(X509_getm_notAfter(x), wish.not_after);
  X509_NAME* const name = X509_get_subject_name(x);
  const auto add = [name](const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                               -1, 0);
  };
  add("O", "Lab");
  for (const std::string& unit : wish.units) add("OU", unit);
  if (!wish.common_name.empty()) add("CN", wish.common_name);
  X509* const signer = issuer != nullptr ? issuer->certificate.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  X509_set_pubkey(x, out.key.get());
  extend(x, signer, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (wish.authority) extend(x, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!wish.alternative_names.empty()) extend(x, signer, NID_subject_alt_name, wish.alternative_names);
  if (!wish.use.empty()) extend(x, signer, NID_ext_key_usage, wish.use);
  if (wish.must_staple) extend(x, signer, NID_tlsfeature, "status_request");
  require(X509_sign(x, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256()) > 0, "sign");
  return out;
}

std::string Issued::certificate_pem() const {
  const Memory memory{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_X509(memory.get(), certificate.get()) == 1, "write certificate");
  return content(memory.get());
}

std::string Issued::key_pem(const std::string& password) const {
  const Memory memory{BIO_new(BIO_s_mem())};
  const EVP_CIPHER* const cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), cipher, password.data(),
                                        static_cast<int>(password.size()), nullptr, nullptr) == 1,
          "write key");
  return content(memory.get());
}

std::string Issued::pkcs12(const std::string& password, const X509* authority) const {
  STACK_OF(X509)* const others = sk_X509_new_null();
  if (authority != nullptr) sk_X509_push(others, const_cast<X509*>(authority));
  PKCS12* const store = PKCS12_create(password.c_str(), "host", key.get(), certificate.get(), others, 0, 0, 0, 0, 0);
  const Memory memory{BIO_new(BIO_s_mem())};
  require(store != nullptr && i2d_PKCS12_bio(memory.get(), store) == 1, "write PKCS#12");
  PKCS12_free(store);
  sk_X509_free(others);
  return content(memory.get());
}

std::string Issued::revocation_list_pem(const std::vector<const X509*>& revoked, std::int64_t next_update) const {
  const std::unique_ptr<X509_CRL, Releases<X509_CRL_free>> list{X509_CRL_new()};
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate.get()));
  const std::unique_ptr<ASN1_TIME, Releases<ASN1_TIME_free>> then{
      ASN1_TIME_set(nullptr, static_cast<time_t>(test_now - 2 * day))};
  const std::unique_ptr<ASN1_TIME, Releases<ASN1_TIME_free>> next{
      ASN1_TIME_set(nullptr, static_cast<time_t>(next_update))};
  X509_CRL_set1_lastUpdate(list.get(), then.get());
  X509_CRL_set1_nextUpdate(list.get(), next.get());
  for (const X509* one : revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(one)));
    X509_REVOKED_set_revocationDate(entry, then.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  require(X509_CRL_sign(list.get(), key.get(), EVP_sha256()) > 0, "sign list");
  const Memory memory{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509_CRL(memory.get(), list.get());
  return content(memory.get());
}

std::vector<std::uint8_t> Issued::ocsp_answer(const X509* of, std::int64_t this_update,
                                              std::optional<std::int64_t> next_update) const {
  using Instant = std::unique_ptr<ASN1_TIME, Releases<ASN1_TIME_free>>;
  const auto instant = [](std::int64_t seconds) {
    return Instant{ASN1_GENERALIZEDTIME_set(nullptr, static_cast<time_t>(seconds))};
  };
  const std::unique_ptr<OCSP_BASICRESP, Releases<OCSP_BASICRESP_free>> basic{OCSP_BASICRESP_new()};
  const std::unique_ptr<OCSP_CERTID, Releases<OCSP_CERTID_free>> id{
      OCSP_cert_to_id(EVP_sha256(), of, certificate.get())};
  const Instant from = instant(this_update);
  const Instant to = next_update ? instant(*next_update) : Instant{};
  require(OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from.get(), to.get()) !=
                  nullptr &&
              OCSP_basic_sign(basic.get(), certificate.get(), key.get(), EVP_sha256(), nullptr, 0) == 1,
          "sign answer");
  const std::unique_ptr<OCSP_RESPONSE, Releases<OCSP_RESPONSE_free>> response{
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get())};
  std::vector<std::uint8_t> out(static_cast<std::size_t>(i2d_OCSP_RESPONSE(response.get(), nullptr)));
  unsigned char* at = out.data();
  i2d_OCSP_RESPONSE(response.get(), &at);
  return out;
}

crypto::TlsMaterial material(std::string label, std::string_view content) {
  return {std::move(label), WipedText{content}};
}

const Lab& lab() {
  static const Lab one;
  return one;
}

}  // namespace macsec::test
