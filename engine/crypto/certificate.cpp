// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/certificate.hpp"

#include "engine/base/text.hpp"

#include <chrono>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <ranges>

namespace macsec::crypto {
namespace {

constexpr std::size_t max_text = 512;
constexpr std::size_t max_names = 32;  ///< of a report

using Memory = std::unique_ptr<BIO, Releases<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Releases<GENERAL_NAMES_free>>;

/// What a certificate says, fit for a terminal, a log and the bus, and cut between two characters.
std::string cleaned(std::string_view text) {
  if (text.size() > max_text) {
    std::size_t size = max_text;
    while (size > max_text - 4 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
    text = text.substr(0, size);
  }
  return printable_text({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, max_text);
}

std::string text_of(const ASN1_STRING* from) {
  unsigned char* octets = nullptr;
  const int size = ASN1_STRING_to_UTF8(&octets, from);
  if (size < 0) return {};
  std::string out{reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size)};
  OPENSSL_free(octets);
  return out;
}

std::string text_of(const X509_NAME* name) {
  const Memory memory{BIO_new(BIO_s_mem())};
  constexpr unsigned long flags = (XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, flags) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return cleaned({data, size > 0 ? static_cast<std::size_t>(size) : 0});
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  using namespace std::chrono;
  const sys_days day = year{parts.tm_year + 1900} / month{static_cast<unsigned>(parts.tm_mon) + 1} /
                       std::chrono::day{static_cast<unsigned>(parts.tm_mday)};
  return duration_cast<seconds>(day.time_since_epoch()).count() + parts.tm_hour * 3600 + parts.tm_min * 60 +
         parts.tm_sec;
}

/// A user principal name (an otherName of Microsoft's); empty for any other.
std::string principal_name(const OTHERNAME& name) {
  const ASN1_TYPE* value = name.value;
  if (OBJ_obj2nid(name.type_id) != NID_ms_upn || value == nullptr || value->type != V_ASN1_UTF8STRING) return {};
  return text_of(value->value.utf8string);
}

CertificateName name_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return {"DNS", text_of(name.d.dNSName)};
    case GEN_EMAIL:
      return {"EMAIL", text_of(name.d.rfc822Name)};
    case GEN_URI:
      return {"URI", text_of(name.d.uniformResourceIdentifier)};
    case GEN_OTHERNAME:
      return {"UPN", principal_name(*name.d.otherName)};
    default:
      return {};
  }
}

}  // namespace

std::vector<CertificateName> certificate_names(const X509* certificate) {
  std::vector<CertificateName> out;
  const Names names{static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    CertificateName name = name_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.value.empty() && !name.value.contains('\0')) out.push_back(std::move(name));
  }
  return out;
}

std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  std::string text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  return text.contains('\0') ? std::string{} : cleaned(text);
}

std::string display_name(const X509* certificate) {
  for (const CertificateName& name : certificate_names(certificate))
    if (name.kind == "DNS") return cleaned(name.value);
  std::string name = common_name(X509_get_subject_name(certificate));
  return name.empty() ? subject_of(certificate) : name;
}

std::string display_issuer(const X509* certificate) {
  std::string name = common_name(X509_get_issuer_name(certificate));
  return name.empty() ? text_of(X509_get_issuer_name(certificate)) : name;
}

std::string subject_of(const X509* certificate) { return text_of(X509_get_subject_name(certificate)); }

CertificateReport certificate_report(const X509* certificate) {
  CertificateReport out;
  out.subject = subject_of(certificate);
  out.issuer = text_of(X509_get_issuer_name(certificate));
  for (const CertificateName& name : certificate_names(certificate) | std::views::take(max_names))
    out.names.push_back(std::string{name.kind} + ':' + cleaned(name.value));
  out.not_before = seconds_of(X509_get0_notBefore(certificate));
  out.not_after = seconds_of(X509_get0_notAfter(certificate));
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), out.sha256.data(), &size) != 1) out.sha256.fill(0);
  return out;
}

std::string date_of(std::int64_t seconds) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_seconds{std::chrono::seconds{seconds}})};
  const auto two = [](unsigned value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return std::to_string(static_cast<int>(date.year())) + '-' + two(static_cast<unsigned>(date.month())) + '-' +
         two(static_cast<unsigned>(date.day()));
}

}  // namespace macsec::crypto
