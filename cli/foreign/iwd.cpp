// SPDX-License-Identifier: LGPL-2.1-or-later
// iwd's .8021x files, which its Ethernet daemon reads, too.
#include "cli/foreign/wpa_eap.hpp"
#include "engine/base/base64.hpp"

#include <set>

namespace macsec::cli::detail {
namespace {

struct IwdLine {
  unsigned number;
  std::string_view key;
  std::string_view value;
};

/// A list of masks "a.example.org;*.example.org": the names, and the domains below which any name is right.
struct IwdMasks {
  std::string names;
  std::string suffixes;
};
IwdMasks read_masks(std::string_view text) {
  IwdMasks out;
  for (; !text.empty(); text.remove_prefix(std::min(text.find(';') + 1, text.size()))) {
    std::string_view mask = trim(text.substr(0, text.find(';')));
    const bool below = mask.starts_with("*.");
    if (below) mask.remove_prefix(2);
    std::string& to = below ? out.suffixes : out.names;
    if (!mask.empty()) to.append(to.empty() ? "" : ";").append(mask);
    if (!text.contains(';')) break;
  }
  return out;
}

class IwdImport {
 public:
  explicit IwdImport(const std::string& path) : import_{path} {}

  Imported read(const std::string& path, std::string_view text) {
    collect(text);
    for (const IwdLine& each : lines_)
      if (each.key == "EAP-Method") method(each);
    for (const IwdLine& each : lines_)
      if (each.key != "EAP-Method") setting(each);
    if (method_.empty()) import_.complain(Severity::error, 0, "there is no EAP-Method= in [Security]");
    import_wpa_eap(import_, wpa_);
    for (Embedded& each : embedded_) embed(each);
    const std::string_view file = std::string_view{path}.substr(path.rfind('/') + 1);
    if (file.ends_with(".8021x")) import_.out.name = file.substr(0, file.size() - 6);
    return std::move(import_.out);
  }

 private:
  struct Embedded {
    unsigned line;
    std::string_view key;  ///< of [8021X]
    std::string_view name;
  };

  /// Settings of [Security], and the text below each [@pem@NAME].
  void collect(std::string_view text) {
    std::string_view group;
    for (unsigned number = 1; !text.empty(); ++number) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view whole = text.substr(0, end);
      const std::string_view line = trim(whole);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.starts_with('[') && line.ends_with(']')) {
        group = line.substr(1, line.size() - 2);
      } else if (group.starts_with("@pem@")) {
        pem_[group.substr(5)].add(whole).add("\n");
      } else if (!line.empty() && !line.starts_with('#')) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos)
          import_.refuse(number, "this line", "[Group], and below it KEY=VALUE");
        else if (group == "Security")
          lines_.push_back({number, trim(line.substr(0, equals)), trim(line.substr(equals + 1))});
        else if (groups_.insert(group).second)
          import_.leave_out(number, fmt::format("[{}]", printable(group)), "it is about iwd itself");
      }
    }
  }

  void method(const IwdLine& each) {
    method_ = each.value;
    add(each, "eap", each.value);
  }

  void setting(const IwdLine& each) {
    if (each.key == "EAP-Identity") return add(each, method_ == "TLS" ? "identity" : "anonymous_identity", each.value);
    const std::string before = fmt::format("EAP-{}-", method_);
    if (!each.key.starts_with(before)) {
      const bool other =
          each.key.starts_with("EAP-TLS-") || each.key.starts_with("EAP-PEAP-") || each.key.starts_with("EAP-TTLS-");
      return other ? import_.leave_out(each.number, printable(each.key),
                                       fmt::format("EAP-Method={} does not use it", printable(method_)))
                   : import_.unknown(each.number, each.key, "iwd", known);
    }
    const std::string_view key = each.key.substr(before.size());
    if (key == "CACert") return file(each, "ca_cert", "CaCertificate");
    if (key == "ClientCert") return file(each, "client_cert", "ClientCertificate");
    if (key == "ClientKey" || key == "ClientKeyBundle") return file(each, "private_key", "PrivateKey");
    if (key == "ClientKeyPassphrase") return add(each, "private_key_passwd", each.value);
    if (key == "ServerDomainMask") return masks(each);
    if (key == "Phase2-Identity") return add(each, "identity", each.value);
    if (key == "Phase2-Password") return add(each, "password", each.value);
    if (key == "Phase2-Method") return inner(each);
    if (key == "FastReauthentication")
      return add(each, "fast_reauth", parse_boolean(each.value).value_or(true) ? "1" : "0");
    import_.unknown(each.number, each.key, "iwd", known);
  }

  void file(const IwdLine& each, std::string_view wpa, std::string_view key) {
    constexpr std::string_view embed = "embed:";
    if (each.value.starts_with(embed))
      embedded_.push_back({each.number, key, each.value.substr(embed.size())});
    else
      add(each, wpa, each.value);
  }

  void masks(const IwdLine& each) {
    const IwdMasks read = read_masks(each.value);
    if (!read.names.empty()) add(each, "domain_match", read.names);
    if (read.suffixes.empty()) return;
    add(each, "domain_suffix_match", read.suffixes);
    if (!read.names.empty())
      import_.refuse(each.number, each.key, "names, or masks with *., not both: a server has to fit both here");
    else
      import_.note(each.number, fmt::format("{}: with ServerNameSuffix= the domain itself is accepted, too", each.key));
  }

  void inner(const IwdLine& each) {
    constexpr std::string_view tunnelled = "Tunneled-";
    const bool plain = each.value.starts_with(tunnelled);
    const std::string_view name = plain ? each.value.substr(tunnelled.size()) : each.value;
    add(each, "phase2", fmt::format("{}={}", plain || method_ == "PEAP" ? "auth" : "autheap", name));
  }

  void add(const IwdLine& each, std::string_view wpa, std::string_view value) {
    wpa_.push_back({each.number, std::string{wpa}, WipedText{value}, std::string{each.key}});
  }

  void embed(const Embedded& each) {
    const auto found = pem_.find(each.name);
    if (found == pem_.end())
      return import_.refuse(each.line, fmt::format("embed:{}", printable(each.name)),
                            "the name of a group [@pem@NAME] of this file");
    if (each.key != "CaCertificate")
      section_of(import_.out.settings, "8021X").secrets.emplace_back(each.key, bus::to_secret(found->second.octets()));
    else
      import_.set("8021X", each.key, fmt::format("data:;base64,{}", to_base64(found->second.octets()).view()));
  }

  static constexpr std::array<std::string_view, 10> known{"EAP-Method",
                                                          "EAP-Identity",
                                                          "EAP-TLS-CACert",
                                                          "EAP-TLS-ClientCert",
                                                          "EAP-TLS-ClientKey",
                                                          "EAP-TLS-ClientKeyPassphrase",
                                                          "EAP-TLS-ServerDomainMask",
                                                          "EAP-PEAP-Phase2-Method",
                                                          "EAP-TTLS-Phase2-Method",
                                                          "EAP-PEAP-Phase2-Password"};

  Import import_;
  std::string method_;
  std::vector<IwdLine> lines_;
  std::vector<WpaEapEntry> wpa_;
  std::vector<Embedded> embedded_;
  std::map<std::string_view, WipedBuffer> pem_;
  std::set<std::string_view> groups_;
};

}  // namespace

Imported import_iwd(const std::string& path, WipedText text) { return IwdImport{path}.read(path, text.view()); }

}  // namespace macsec::cli::detail
