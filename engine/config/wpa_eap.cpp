// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/wpa_eap.hpp"

#include "engine/base/text.hpp"
#include "engine/config/ini.hpp"
#include "engine/config/profile_keys.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace macsec {
namespace {

/// Words of the outer and inner parameters: "tls_disable_tlsv1_0=1 peaplabel=0".
struct Word {
  std::string_view name;
  std::string_view value;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> out;
  for (const std::string_view word : split_words(text).value_or(std::vector<std::string_view>{})) {
    const std::size_t equals = std::min(word.find('='), word.size());
    out.push_back({word.substr(0, equals), word.substr(std::min(equals + 1, word.size()))});
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

/// "TLS, PEAP, TTLS"
std::string known_methods() {
  std::string out;
  for (const EapMethodNeeds& method : eap_methods()) out.append(out.empty() ? "" : ", ").append(upper(method.name));
  return out;
}

/// What stands before several items of a profile's list.
void add_item(std::string& list, std::string_view item) {
  if (!list.empty()) list += ' ';
  const bool quoted = item.contains(' ');
  const char quote = item.contains('"') ? '\'' : '"';
  if (quoted) list += quote;
  list += item;
  if (quoted) list += quote;
}

class EapReading {
 public:
  WpaEap read(std::span<const WpaEapSetting> settings) {
    for (const WpaEapSetting& each : settings) take(each);
    if (inner_) take_inner(*inner_);
    take_versions();
    return std::move(out_);
  }

  using Take = void (EapReading::*)(const WpaEapSetting&);
  struct Row {
    std::string_view key;
    Take take;
    std::string_view target;  ///< the key of [8021X], or why it is refused or left out
  };
  static const Row* find(std::string_view key) noexcept;

 private:
  void take(const WpaEapSetting& each) {
    row_ = find(each.key);
    if (row_ == nullptr)
      out_.refused.push_back({each.key, std::string{each.key} + " is not known"});
    else if (!each.value.empty())
      (this->*row_->take)(each);
  }

  void refuse(const WpaEapSetting& each, std::string_view shown, std::string_view why) {
    out_.refused.push_back({each.key, std::string{each.key} + (shown.empty() ? "" : "=") + printable(shown) +
                                          " is not accepted: " + std::string{why}});
  }
  void leave_out(const WpaEapSetting& each, std::string_view shown, std::string_view why) {
    out_.left_out.push_back({each.key, std::string{each.key} + (shown.empty() ? "" : "=") + printable(shown) +
                                           " is left out: " + std::string{why}});
  }
  static std::string printable(std::string_view text) {
    std::string out{is_utf8(text) ? text.substr(0, text.size() > 64 ? 0 : text.size()) : std::string_view{}};
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return out.empty() && !text.empty() ? "..." : out;
  }

  /// A setting that the profile's own table accepts; several of a list are joined.
  void say(const WpaEapSetting& each, std::string_view key, std::string value) {
    const ProfileKey* const known = find_profile_key("8021X", key);
    if (known == nullptr || !is_utf8(value) || !check_profile_value(*known, value))
      return refuse(each, std::string_view{value}.substr(0, value.find("pin-")),
                    known == nullptr ? "" : known->accepts);
    const auto before = std::ranges::find(out_.texts, key, &WpaEapText::key);
    if (before == out_.texts.end())
      out_.texts.push_back({std::string{key}, std::move(value), each.key});
    else
      before->value += " " + value;
  }

  void take_text(const WpaEapSetting& each) { say(each, row_->target, std::string{each.value}); }

  void take_secret(const WpaEapSetting& each) {
    if (each.value.size() > 256) return refuse(each, {}, "1 to 256 octets");
    out_.secrets.push_back({row_->target, WipedText{each.value}});
  }

  void take_refused(const WpaEapSetting& each) { refuse(each, {}, row_->target); }
  void take_nothing(const WpaEapSetting& each) { leave_out(each, {}, row_->target); }

  void take_methods(const WpaEapSetting& each) {
    std::string methods;
    for (const std::string_view word : split_words(each.value, true).value_or(std::vector<std::string_view>{})) {
      std::string name{word};
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      if (eap_method_from_name(name))
        add_item(methods, name);
      else
        leave_out(each, upper(word), "macsecd has " + known_methods() + " only");
    }
    if (methods.empty()) return refuse(each, each.value, "one of " + known_methods() + ", which give keys for MACsec");
    tunnelled_by_peap_ = !methods.contains("ttls");
    say(each, "Method", std::move(methods));
  }

  /// A certificate or key: a path, or a blob by its name.
  void take_file(const WpaEapSetting& each) {
    constexpr std::string_view blob = "blob://";
    constexpr std::string_view pin = "hash://server/sha256/";
    constexpr std::string_view file = "file://";
    std::string_view value = each.value;
    if (value.starts_with(blob))
      return out_.blobs.push_back({row_->target, std::string{value.substr(blob.size())}, each.key});
    if (value.starts_with("pkcs11:")) return take_token(each, value);
    if (row_->target == "CaCertificate" && value.starts_with(pin))
      return say(each, "ServerFingerprint", std::string{value.substr(pin.size())});
    if (value.starts_with(file)) value.remove_prefix(file.size());
    if (row_->target != "CaCertificate") return say(each, row_->target, std::string{value});
    // What distributions call all public CAs.
    constexpr std::array<std::string_view, 6> system{"/etc/ssl/certs",
                                                     "/etc/ssl/certs/ca-certificates.crt",
                                                     "/etc/ssl/ca-bundle.pem",
                                                     "/etc/pki/tls/certs",
                                                     "/etc/pki/tls/certs/ca-bundle.crt",
                                                     "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"};
    std::string_view plain = value;
    while (plain.size() > 1 && plain.ends_with('/')) plain.remove_suffix(1);
    if (std::ranges::find(system, plain) != system.end()) return say(each, "CaCertificate", "system");
    std::string item;
    add_item(item, plain);
    say(each, "CaCertificate", std::move(item));
  }

  /// The PIN, which NetworkManager puts behind the URI, is a secret of its own.
  void take_token(const WpaEapSetting& each, std::string_view uri) {
    constexpr std::string_view pin = "pin-value=";
    const std::size_t query = std::min(uri.find('?'), uri.size());
    const std::string_view name = uri.substr(0, query);
    if (row_->target == "CaCertificate") return refuse(each, name.substr(0, name.find("pin-")), "the path of a file");
    say(each, row_->target, std::string{name});
    const std::size_t at = uri.find(pin, query);
    if (at == std::string_view::npos || row_->target != "PrivateKey") return;
    std::string_view digits = uri.substr(at + pin.size());
    digits = digits.substr(0, digits.find('&'));
    WipedBuffer out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      std::array<std::uint8_t, 1> octet{};
      if (digits[i] == '%' && i + 2 < digits.size() && from_hex(digits.substr(i + 1, 2), octet)) {
        out.add(Bytes{octet});
        i += 2;
      } else {
        out.add(digits.substr(i, 1));
      }
    }
    if (!digits.empty()) out_.secrets.push_back({"PrivateKeyPassword", out.take()});
  }

  /// "a.example.org;b.example.org"
  void take_list(const WpaEapSetting& each) {
    std::string list;
    for (std::string_view rest = each.value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      if (const std::string_view item = trim(rest.substr(0, end)); !item.empty()) add_item(list, item);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    say(each, row_->target, std::move(list));
  }

  /// OpenSSL's one line there, RFC 2253 here: one attribute looks alike.
  void take_subject(const WpaEapSetting& each) {
    std::string_view value = each.value;
    if (value.starts_with('/')) value.remove_prefix(1);
    if (value.contains('/'))
      return refuse(each, each.value, "one attribute as CN=NAME; better, domain_match or domain_suffix_match");
    say(each, row_->target, std::string{value});
  }

  void take_fragment_size(const WpaEapSetting& each) {
    const auto size = parse_unsigned(trim(each.value), 65535);
    if (!size) return refuse(each, each.value, "a number from 100 to 1490");
    if (*size > 1490) leave_out(each, each.value, "1490 is taken, the most there is");
    say(each, row_->target, std::to_string(std::min<std::uint64_t>(*size, 1490)));
  }

  void take_ocsp(const WpaEapSetting& each) {
    constexpr std::array<std::string_view, 4> meant{"none", "ocsp-stapled", "ocsp-required", "ocsp-required"};
    const auto number = parse_unsigned(trim(each.value), meant.size() - 1);
    if (!number) return refuse(each, each.value, "a number from 0 to 3");
    say(each, row_->target, std::string{meant.at(*number)});
  }

  void take_flag(const WpaEapSetting& each) {
    const auto number = parse_unsigned(trim(each.value), 1);
    if (!number) return refuse(each, each.value, "0 or 1");
    say(each, row_->target, *number == 1 ? "yes" : "no");
  }

  void take_outer(const WpaEapSetting& each) {
    for (const Word& word : words_of(each.value)) {
      const std::string shown = std::string{word.name} + "=" + std::string{word.value};
      constexpr std::string_view version = "tls_disable_tlsv1_";
      if (word.name.starts_with(version) && word.name.size() == version.size() + 1 && word.name.back() >= '0' &&
          word.name.back() <= '3')
        versions_.at(static_cast<std::size_t>(word.name.back() - '0')) = word.value != "1";
      else if (word.name == "tls_disable_time_checks")
        say(each, "CheckCertificateTime", word.value == "1" ? "no" : "yes");
      else if (word.name == "allow_unsafe_renegotiation")
        say(each, "LegacyRenegotiation", word.value == "1" ? "yes" : "no");
      else if (word.name == "tls_disable_session_ticket")
        say(each, "SessionResumption", word.value == "1" ? "no" : "yes");
      else if (word.name == "crypto_binding")
        take_binding(each, word);
      else if (word.name == "peapver" || word.name == "peaplabel" || word.name == "fast_provisioning")
        take_zero(each, word);
      else
        leave_out(each, shown, "macsecd has no such thing");
    }
    if (std::ranges::any_of(versions_, [](const auto& said) { return said.has_value(); })) versions_from_ = each.key;
  }

  void take_binding(const WpaEapSetting& each, const Word& word) {
    constexpr std::array<std::string_view, 3> meant{"no", "optional", "required"};
    const auto number = parse_unsigned(word.value, meant.size() - 1);
    if (!number) return refuse(each, "crypto_binding=" + std::string{word.value}, "a number from 0 to 2");
    say(each, "CryptoBinding", std::string{meant.at(*number)});
  }

  void take_zero(const WpaEapSetting& each, const Word& word) {
    if (word.value == "0") return;
    refuse(each, std::string{word.name} + "=" + std::string{word.value},
           word.name == "fast_provisioning" ? "EAP-FAST is not supported" : "only 0, which every server knows");
  }

  void take_inner_later(const WpaEapSetting& each) { inner_ = each; }

  void take_inner(const WpaEapSetting& each) {
    for (const Word& word : words_of(each.value)) {
      const bool eap = word.name == "autheap";
      const std::string shown = std::string{word.name} + "=" + std::string{word.value};
      if (!eap && word.name != "auth") {
        leave_out(each, shown, "macsecd has no such thing");
        continue;
      }
      const std::string name = upper(word.value);
      const bool inside_eap = eap || tunnelled_by_peap_;
      if (name == "GTC")
        say(each, "InnerMethod", "eap-gtc");
      else if (name == "MSCHAPV2")
        say(each, "InnerMethod", inside_eap ? "eap-mschapv2" : "mschapv2");
      else if (!inside_eap && (name == "PAP" || name == "CHAP" || name == "MSCHAP"))
        say(each, "InnerMethod", name == "PAP" ? "pap" : name == "CHAP" ? "chap" : "mschap");
      else
        refuse(each, shown,
               inside_eap ? "MSCHAPV2 or GTC" : "auth= PAP, CHAP, MSCHAP, MSCHAPV2 or GTC, autheap= MSCHAPV2 or GTC");
    }
  }

  /// 1.2 and 1.3 unless they are switched off, older ones where they are switched on.
  void take_versions() {
    if (versions_from_.empty()) return;
    constexpr std::array<std::string_view, 4> names{"1.0", "1.1", "1.2", "1.3"};
    std::array<bool, 4> on{};
    for (std::size_t i = 0; i < on.size(); ++i) on.at(i) = versions_.at(i).value_or(i >= 2);
    const auto* const first = std::ranges::find(on, true);
    if (first == on.end())
      return refuse({versions_from_, {}}, {}, "one of TLS 1.0 to 1.3 has to be left by tls_disable_tlsv1_0 to _3");
    const std::size_t least = static_cast<std::size_t>(first - on.begin());
    std::size_t most = least;
    for (std::size_t i = least; i < on.size(); ++i)
      if (on.at(i)) most = i;
    if (least != 2) say({versions_from_, {}}, "MinimumTls", std::string{names.at(least)});
    if (most != 3) say({versions_from_, {}}, "MaximumTls", std::string{names.at(most)});
  }

  static constexpr std::string_view no_inner_tls_ = "TLS inside the tunnel is not supported by this version";
  static constexpr std::string_view no_token_ = "a key in a token is private_key=\"pkcs11:...\"";
  static const std::array<Row, 41> rows_;

  WpaEap out_;
  const Row* row_ = nullptr;
  bool tunnelled_by_peap_ = false;
  std::optional<WpaEapSetting> inner_;  ///< what it means depends on the method
  std::array<std::optional<bool>, 4> versions_{};
  std::string_view versions_from_;
};

constexpr std::string_view nothing_to_do = "there is nothing to say about it";

// clang-format off
const std::array<EapReading::Row, 41> EapReading::rows_{{
    {"eap", &EapReading::take_methods, "Method"},
    {"identity", &EapReading::take_text, "Identity"},
    {"anonymous_identity", &EapReading::take_text, "AnonymousIdentity"},
    {"password", &EapReading::take_secret, "Password"},
    {"ca_cert", &EapReading::take_file, "CaCertificate"},
    {"ca_path", &EapReading::take_file, "CaCertificate"},
    {"client_cert", &EapReading::take_file, "ClientCertificate"},
    {"private_key", &EapReading::take_file, "PrivateKey"},
    {"private_key_passwd", &EapReading::take_secret, "PrivateKeyPassword"},
    {"subject_match", &EapReading::take_subject, "ServerSubject"},
    {"altsubject_match", &EapReading::take_list, "ServerAlternativeName"},
    {"domain_match", &EapReading::take_list, "ServerName"},
    {"domain_suffix_match", &EapReading::take_list, "ServerNameSuffix"},
    {"phase1", &EapReading::take_outer, {}},
    {"phase2", &EapReading::take_inner_later, "InnerMethod"},
    {"fragment_size", &EapReading::take_fragment_size, "FragmentSize"},
    {"openssl_ciphers", &EapReading::take_text, "TlsCiphers"},
    {"ocsp", &EapReading::take_ocsp, "Revocation"},
    {"fast_reauth", &EapReading::take_flag, "SessionResumption"},
    {"eap_workaround", &EapReading::take_nothing, nothing_to_do},
    {"proactive_key_caching", &EapReading::take_nothing, nothing_to_do},
    {"eapol_flags", &EapReading::take_nothing, nothing_to_do},
    {"ca_path2", &EapReading::take_nothing, "TLS inside the tunnel is not used"},
    {"ca_cert2", &EapReading::take_refused, no_inner_tls_},
    {"client_cert2", &EapReading::take_refused, no_inner_tls_},
    {"private_key2", &EapReading::take_refused, no_inner_tls_},
    {"private_key2_passwd", &EapReading::take_refused, no_inner_tls_},
    {"subject_match2", &EapReading::take_refused, no_inner_tls_},
    {"altsubject_match2", &EapReading::take_refused, no_inner_tls_},
    {"domain_match2", &EapReading::take_refused, no_inner_tls_},
    {"domain_suffix_match2", &EapReading::take_refused, no_inner_tls_},
    {"dh_file", &EapReading::take_nothing, "OpenSSL has groups of its own"},
    {"pac_file", &EapReading::take_refused, "EAP-FAST is not supported"},
    {"pin", &EapReading::take_refused, no_token_},
    {"engine", &EapReading::take_refused, no_token_},
    {"engine_id", &EapReading::take_refused, no_token_},
    {"key_id", &EapReading::take_refused, no_token_},
    {"cert_id", &EapReading::take_refused, no_token_},
    {"ca_cert_id", &EapReading::take_refused, no_token_},
    {"pcsc", &EapReading::take_refused, no_token_},
    {"check_crl", &EapReading::take_refused, "give the lists with [8021X] Revocation= and RevocationList="},
}};
// clang-format on

const EapReading::Row* EapReading::find(std::string_view key) noexcept {
  const auto* const found = std::ranges::find(rows_, key, &Row::key);
  return found == rows_.end() ? nullptr : &*found;
}

}  // namespace

bool is_wpa_eap_key(std::string_view key) noexcept { return EapReading::find(key) != nullptr; }

WpaEap read_wpa_eap(std::span<const WpaEapSetting> settings) { return EapReading{}.read(settings); }

}  // namespace macsec
