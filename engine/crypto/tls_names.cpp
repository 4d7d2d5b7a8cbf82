// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/tls_names.hpp"

#include <algorithm>

namespace macsec::crypto {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view one, std::string_view other) noexcept {
  return std::ranges::equal(one, other, {}, lower, lower);
}

/// Whether `name` is `domain` or below it: label by label, so that "badexample.org" is not below "example.org".
bool is_below(std::string_view name, std::string_view domain) noexcept {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || name.size() < domain.size() || !same(name.substr(name.size() - domain.size()), domain))
    return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : " or ") + item;
  return out;
}

}  // namespace

std::optional<std::string> refuse_name(const X509* certificate, const TlsNameRules& rules) {
  const std::vector<CertificateName> names = certificate_names(certificate);
  std::vector<std::string> hosts;
  for (const CertificateName& name : names)
    if (name.kind == "DNS") hosts.push_back(name.value);
  if (hosts.empty() && rules.common_name)
    if (std::string name = common_name(X509_get_subject_name(certificate)); !name.empty())
      hosts.push_back(std::move(name));

  const auto refusal = [certificate](const std::string& asked) {
    return "the server is " + display_name(certificate) + "; the profile asks for " + asked;
  };
  const auto any_host = [&hosts](const std::vector<std::string>& wanted, auto fits) {
    return std::ranges::any_of(wanted, [&](const std::string& item) {
      return std::ranges::any_of(hosts, [&](const std::string& host) { return fits(host, item); });
    });
  };
  if (!rules.exact.empty() && !any_host(rules.exact, same)) return refusal(joined(rules.exact));
  if (!rules.suffixes.empty() && !any_host(rules.suffixes, is_below))
    return refusal("a name in " + joined(rules.suffixes));
  const auto has = [&names](const std::string& wanted) {
    return std::ranges::any_of(
        names, [&](const CertificateName& name) { return same(std::string{name.kind} + ':' + name.value, wanted); });
  };
  if (!rules.alternatives.empty() && std::ranges::none_of(rules.alternatives, has))
    return refusal(joined(rules.alternatives));
  if (!rules.subject.empty() && !subject_of(certificate).contains(rules.subject))
    return "the server's subject is " + subject_of(certificate) + "; the profile asks for " + rules.subject + " in it";
  return std::nullopt;
}

}  // namespace macsec::crypto
