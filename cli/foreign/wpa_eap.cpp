// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/wpa_eap.hpp"

#include "engine/config/wpa_eap.hpp"

namespace macsec::cli::detail {

void import_wpa_eap(Import& import, const std::vector<WpaEapEntry>& entries) {
  std::vector<WpaEapSetting> settings;
  for (const WpaEapEntry& each : entries) settings.push_back({each.key, each.value.view()});
  WpaEap eap = read_wpa_eap(settings);
  const auto place = [&entries](std::string_view key) -> const WpaEapEntry& {
    return *std::ranges::find_if(entries, [key](const WpaEapEntry& each) { return each.key == key; });
  };
  const auto told = [](const WpaEapEntry& entry, const WpaEapRemark& remark) {
    std::string text = remark.text;
    if (!entry.name.empty()) text.replace(0, remark.from.size(), entry.name);
    return text;
  };
  for (const WpaEapRemark& each : eap.refused)
    import.complain(Severity::error, place(each.from).line, told(place(each.from), each));
  for (const WpaEapRemark& each : eap.left_out) import.note(place(each.from).line, told(place(each.from), each));
  for (const WpaEapBlob& each : eap.blobs)
    import.refuse(place(each.from).line, fmt::format("{}=blob://{}", each.from, printable(each.name)),
                  "the path of a file");
  bus::SettingsSection& to = section_of(import.out.settings, "8021X");
  for (WpaEapText& each : eap.texts) set_text(to, each.key, std::move(each.value));
  for (WpaEapSecret& each : eap.secrets) to.secrets.emplace_back(each.key, std::move(each.octets));
}

std::optional<WipedText> read_wpa_string(std::string_view text) {
  text = trim(text);
  if (text.starts_with('"')) {
    const std::size_t end = text.rfind('"');
    if (end == 0) return std::nullopt;
    return WipedText{text.substr(1, end - 1)};
  }
  WipedText out{text.size() / 2};
  if (!from_hex(text, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()})) return std::nullopt;
  return out;
}

namespace {

/// Writes one line after the other.
class WpaEapWriter {
 public:
  WpaEapWriter(Exported& out, Remaining& remaining, Keys keys) : out_{out}, remaining_{remaining}, keys_{keys} {}

  void write() {
    if (take("Role") == "authenticator") {
      out_.refused = "Role=authenticator cannot be said to wpa_supplicant, which is the host at the other end";
      return;
    }
    const std::string methods = take("Method");
    std::string upper = methods;
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    line("eap", upper);
    text("identity", take("Identity"));
    text("anonymous_identity", take("AnonymousIdentity"));
    if (methods != "tls") write_password(methods.contains("ttls"));
    write_trust();
    write_own();
    write_outer();
    text("openssl_ciphers", take("TlsCiphers"));
    line("fragment_size", remaining_.take_or("8021X", "FragmentSize", "1266"));
    if (remaining_.take("8021X", "SessionResumption") == "no")
      out_.warnings.emplace_back("SessionResumption=no is fast_reauth=0 before the network, for all networks");
  }

 private:
  std::string take(std::string_view key) { return remaining_.take("8021X", key); }
  void line(std::string_view key, std::string_view value) {
    if (!value.empty()) out_.text.add("    ").add(key).add("=").add(value).add("\n");
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) out_.text.add("    ").add(key).add("=\"").add(value).add("\"\n");
  }
  /// Quoted where wpa_supplicant reads the same, else in hexadecimal digits.
  void secret(std::string_view key, std::string_view setting) {
    const Bytes octets = remaining_.secret("8021X", setting);
    const std::string_view view{reinterpret_cast<const char*>(octets.data()), octets.size()};
    if (keys_ == Keys::include && !octets.empty()) {
      const bool plain = std::ranges::all_of(view, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '#'; });
      out_.text.add("    ").add(key).add("=");
      plain ? out_.text.add("\"").add(view).add("\"\n") : out_.text.add_hex(octets).add("\n");
      return;
    }
    out_.text.add("#    ").add(key).add("=\n");
    out_.warnings.push_back(
        octets.empty() ? fmt::format("{}= is not known here and has to be filled in", key)
                       : fmt::format("{}= is left out: secrets are written to files only, see --output=", key));
  }

  void write_password(bool ttls) {
    const std::string inner = remaining_.take_or("8021X", "InnerMethod", "mschapv2");
    take("PasswordFile");
    take("PasswordCredential");
    const bool eap = inner.starts_with("eap-");
    std::string word = eap ? inner.substr(4) : inner;
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    text("phase2", (ttls && eap ? "autheap=" : "auth=") + word);
    secret("password", "Password");
  }

  void write_trust() {
    const std::string pin = take("ServerFingerprint");
    if (pin.contains(' ')) out_.warnings.emplace_back("wpa_supplicant takes one fingerprint: the first is written");
    const auto paths = split_words(ca_certificates_ = take("CaCertificate")).value_or(std::vector<std::string_view>{});
    if (!pin.empty()) text("ca_cert", "hash://server/sha256/" + pin.substr(0, pin.find(' ')));
    bool one = !pin.empty();
    bool believed = one;  // there is something that the server has to prove itself by
    for (const std::string_view path : paths) {
      const bool folder = path == "system" || path.ends_with('/');
      const bool file = !folder && path.starts_with('/') && !std::exchange(one, true);
      if (folder) text("ca_path", path == "system" ? "/etc/ssl/certs" : path);
      if (file) text("ca_cert", path);
      believed = believed || folder || file;
      if (!folder && !file)
        out_.warnings.push_back(
            fmt::format("wpa_supplicant takes one file of CAs: {} is left out", printable(path.substr(0, 64))));
    }
    const bool insecure = take("ValidateServer") == "insecure-no";
    if (!insecure && !believed)
      out_.refused =
          "the CA stands in the profile itself, and wpa_supplicant without the file of one believes every server: name "
          "a "
          "file in CaCertificate=";
    if (insecure) out_.warnings.emplace_back("ValidateServer=insecure-no: wpa_supplicant believes every server, too");
    text("domain_match", joined(take("ServerName"), true));
    text("domain_suffix_match", joined(take("ServerNameSuffix"), true));
    text("altsubject_match", joined(take("ServerAlternativeName"), false));
    text("subject_match", take("ServerSubject"));
    const std::string revocation = remaining_.take_or("8021X", "Revocation", "none");
    if (revocation == "ocsp-stapled") line("ocsp", "1");
    if (revocation == "ocsp-required") line("ocsp", "2");
    if (revocation.starts_with("crl"))
      out_.warnings.push_back(
          fmt::format("Revocation={} cannot be said to wpa_supplicant and is left out", revocation));
  }

  void write_own() {
    const std::string certificate = take("ClientCertificate");
    const std::string key = take("PrivateKey");
    const std::string credential = take("PrivateKeyCredential");
    text("client_cert", certificate);
    text("private_key", !key.empty() ? key : certificate);
    if (!credential.empty() || !remaining_.secret("8021X", "PrivateKey").empty() ||
        !remaining_.secret("8021X", "ClientCertificate").empty())
      out_.warnings.emplace_back("private_key= has to be filled in: wpa_supplicant takes the path of a file");
    const bool encrypted = !take("PrivateKeyPasswordFile").empty() || !take("PrivateKeyPasswordCredential").empty() ||
                           !remaining_.secret("8021X", "PrivateKeyPassword").empty();
    if (encrypted) secret("private_key_passwd", "PrivateKeyPassword");
  }

  void write_outer() {
    constexpr std::array<std::string_view, 4> versions{"1.0", "1.1", "1.2", "1.3"};
    const auto least = position(remaining_.take_or("8021X", "MinimumTls", "1.2"), versions).value_or(2);
    const auto most = position(remaining_.take_or("8021X", "MaximumTls", "1.3"), versions).value_or(3);
    std::string words;
    for (std::size_t i = 0; i < versions.size(); ++i)
      words += fmt::format("{}tls_disable_tlsv1_{}={}", i == 0 ? "" : " ", i, i < least || i > most ? 1 : 0);
    if (take("CheckCertificateTime") == "no") words += " tls_disable_time_checks=1";
    if (take("LegacyRenegotiation") == "yes") words += " allow_unsafe_renegotiation=1";
    const std::string binding = take("CryptoBinding");
    if (binding == "no") words += " crypto_binding=0";
    if (binding == "required") words += " crypto_binding=2";
    text("phase1", words);
  }

  /// A list of the profile as wpa_supplicant has it.
  static std::string joined(const std::string& list, bool commas) {
    std::string out;
    for (const std::string_view word : split_words(list, commas).value_or(std::vector<std::string_view>{}))
      out.append(out.empty() ? "" : ";").append(word);
    return out;
  }

  Exported& out_;
  Remaining& remaining_;
  Keys keys_;
  std::string ca_certificates_;
};

}  // namespace

void export_wpa_eap(Exported& out, Remaining& remaining, Keys keys) { WpaEapWriter{out, remaining, keys}.write(); }

}  // namespace macsec::cli::detail
