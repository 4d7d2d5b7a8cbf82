// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/nm_eap.hpp"

#include "cli/foreign/wpa_eap.hpp"

namespace macsec::cli::detail {
namespace {

/// How NetworkManager says a property to wpa_supplicant.
struct NmEapKey {
  std::string_view property;
  std::string_view wpa;
};

constexpr std::array nm_keys{NmEapKey{"identity", "identity"},
                             NmEapKey{"anonymous-identity", "anonymous_identity"},
                             NmEapKey{"password", "password"},
                             NmEapKey{"ca-cert", "ca_cert"},
                             NmEapKey{"ca-path", "ca_path"},
                             NmEapKey{"client-cert", "client_cert"},
                             NmEapKey{"private-key", "private_key"},
                             NmEapKey{"private-key-password", "private_key_passwd"},
                             NmEapKey{"subject-match", "subject_match"},
                             NmEapKey{"domain-match", "domain_match"},
                             NmEapKey{"domain-suffix-match", "domain_suffix_match"},
                             NmEapKey{"altsubject-matches", "altsubject_match"},
                             NmEapKey{"openssl-ciphers", "openssl_ciphers"},
                             NmEapKey{"pac-file", "pac_file"},
                             NmEapKey{"pin", "pin"},
                             NmEapKey{"phase2-ca-cert", "ca_cert2"},
                             NmEapKey{"phase2-ca-path", "ca_path2"},
                             NmEapKey{"phase2-client-cert", "client_cert2"},
                             NmEapKey{"phase2-private-key", "private_key2"},
                             NmEapKey{"phase2-private-key-password", "private_key2_passwd"},
                             NmEapKey{"phase2-subject-match", "subject_match2"},
                             NmEapKey{"phase2-domain-match", "domain_match2"},
                             NmEapKey{"phase2-domain-suffix-match", "domain_suffix_match2"},
                             NmEapKey{"phase2-altsubject-matches", "altsubject_match2"}};

/// Words of phase1 and phase2, with what stands before the value.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> nm_words{
    {{"phase1-peapver", "peapver="},
     {"phase1-peaplabel", "peaplabel="},
     {"phase1-fast-provisioning", "fast_provisioning="},
     {"phase2-auth", "auth="},
     {"phase2-autheap", "autheap="}}};

/// Bits of phase1-auth-flags (NMSetting8021xAuthFlags).
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 9> nm_flags{{{0x1, "tls_disable_tlsv1_0=1"},
                                                                              {0x2, "tls_disable_tlsv1_1=1"},
                                                                              {0x4, "tls_disable_tlsv1_2=1"},
                                                                              {0x8, "tls_disable_time_checks=1"},
                                                                              {0x10, "tls_disable_tlsv1_3=1"},
                                                                              {0x20, "tls_disable_tlsv1_0=0"},
                                                                              {0x40, "tls_disable_tlsv1_1=0"},
                                                                              {0x80, "tls_disable_tlsv1_2=0"},
                                                                              {0x100, "tls_disable_tlsv1_3=0"}}};

/// \s, \n, \t, \r and \\ of a value.
WipedText unescape_secret(std::string_view text) {
  constexpr std::string_view letters = "sntr\\";
  constexpr std::string_view meant = " \n\t\r\\";
  WipedBuffer out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t which =
        text[i] == '\\' && i + 1 < text.size() ? letters.find(text[i + 1]) : std::string_view::npos;
    out.add(which == std::string_view::npos ? text.substr(i, 1) : meant.substr(which, 1));
    if (which != std::string_view::npos) ++i;
  }
  return out.take();
}

class NmEapImport {
 public:
  explicit NmEapImport(Import& import) : import_{import} {}

  void read(const std::vector<NmEapEntry>& entries) {
    for (const NmEapEntry& each : entries) {
      const bool replaced = std::ranges::any_of(
          entries, [&each](const NmEapEntry& later) { return later.line > each.line && later.key == each.key; });
      if (!replaced) take(each);
    }
    add_words("phase1", outer_, outer_line_);
    add_words("phase2", inner_, inner_line_);
    import_wpa_eap(import_, wpa_);
  }

 private:
  void take(const NmEapEntry& each) {
    const std::string_view value = each.value.view();
    const std::string name = "802-1x." + each.key;
    if (each.key == "eap") return add(each, "eap", replace(value, ' '));
    if (each.key == "system-ca-certs") {
      if (parse_boolean(value) == true) add(each, "ca_path", WipedText{std::string_view{"/etc/ssl/certs"}});
      return;
    }
    if (each.key == "phase1-auth-flags") return take_flags(each);
    if (each.key == "password-raw") return take_raw(each);
    if (each.key.ends_with("-flags")) return take_secret_flags(each, name);
    if (const auto* const word = std::ranges::find(nm_words, each.key, &decltype(nm_words)::value_type::first);
        word != nm_words.end())
      return take_word(each, word->second);
    if (each.key == "auth-timeout" || each.key == "optional")
      return import_.leave_out(each.line, name, "macsecd tries again until it succeeds");
    const auto* const key = std::ranges::find(nm_keys, each.key, &NmEapKey::property);
    if (key == nm_keys.end())
      return import_.complain(Severity::error, each.line,
                              fmt::format("{} is no setting of NetworkManager", printable(name)));
    WipedText text = unescape_secret(value);
    const bool is_file = key->wpa.ends_with("_cert") || key->wpa == "private_key";
    // NetworkManager writes what is no path as octets: "102;105;108;".
    if (is_file && !text.view().starts_with('/') && !text.view().starts_with("file://") &&
        !text.view().starts_with("pkcs11:"))
      return import_.refuse(each.line, name, "the path of a file");
    if (each.key == "altsubject-matches" || text.view().ends_with(';')) text = replace(text.view(), ';');
    add(each, key->wpa, std::move(text));
  }

  /// A list whose items end with ';', as one text with `separator` between them.
  static WipedText replace(std::string_view list, char separator) {
    while (list.ends_with(';') || list.ends_with(' ')) list.remove_suffix(1);
    WipedText out{list};
    std::replace(out.data(), out.data() + out.size(), ';', separator);
    return out;
  }

  void add(const NmEapEntry& each, std::string_view wpa, WipedText value) {
    wpa_.push_back({each.line, std::string{wpa}, std::move(value), "802-1x." + each.key});
  }

  void take_word(const NmEapEntry& each, std::string_view before) {
    const bool inner = each.key.starts_with("phase2");
    std::string& to = inner ? inner_ : outer_;
    (inner ? inner_line_ : outer_line_) = each.line;
    to.append(to.empty() ? "" : " ").append(before).append(trim(replace(each.value.view(), ' ').view()));
  }

  void take_flags(const NmEapEntry& each) {
    const auto number = parse_unsigned(each.value.view(), 0x1ff);
    if (!number)
      return import_.refuse(each.line, fmt::format("802-1x.{}={}", each.key, printable(each.value.view())),
                            "a number from 0 to 511");
    outer_line_ = each.line;
    for (const auto& [bit, word] : nm_flags)
      if ((*number & bit) != 0) outer_.append(outer_.empty() ? "" : " ").append(word);
  }

  /// Octets as "102;105;".
  void take_raw(const NmEapEntry& each) {
    WipedBuffer octets;
    for (std::string_view rest = each.value.view(); !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const auto number = parse_unsigned(trim(rest.substr(0, end)), 255);
      if (!number) return import_.refuse(each.line, "802-1x.password-raw", "octets as numbers with ';' between them");
      const char octet = static_cast<char>(*number);
      octets.add(std::string_view{&octet, 1});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    add(each, "password", octets.take());
  }

  void take_secret_flags(const NmEapEntry& each, const std::string& name) {
    if (!parse_unsigned(each.value.view(), 7))
      return import_.refuse(each.line, fmt::format("{}={}", printable(name), printable(each.value.view())),
                            "a number from 0 to 7");
    if (each.value.view() != "0")
      import_.leave_out(each.line, fmt::format("{}={}", printable(name), each.value.view()),
                        "the secret is not in the file; name a file with PasswordFile= or PrivateKeyPasswordFile=");
  }

  void add_words(std::string_view wpa, const std::string& text, unsigned line) {
    if (!text.empty())
      wpa_.push_back({line, std::string{wpa}, WipedText{std::string_view{text}}, "802-1x." + std::string{wpa}});
  }

  Import& import_;
  std::vector<WpaEapEntry> wpa_;
  std::string outer_;
  std::string inner_;
  unsigned outer_line_ = 0;
  unsigned inner_line_ = 0;
};

}  // namespace

void import_nm_eap(Import& import, const std::vector<NmEapEntry>& entries) { NmEapImport{import}.read(entries); }

}  // namespace macsec::cli::detail
