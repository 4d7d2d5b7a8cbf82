// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/profiles/authentication.hpp"

#include "engine/base/file.hpp"
#include "engine/config/ini.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

namespace macsec::nm {
namespace {

constexpr std::size_t most_octets = 256U * 1024U;
constexpr std::array<std::string_view, 3> materials_keys{"CaCertificate", "ClientCertificate", "PrivateKey"};

class AuthenticationMaker {
 public:
  AuthenticationMaker(const Network& network, const Materials& materials, bool is_private, UserData& extras)
      : network_{network}, materials_{materials}, is_private_{is_private}, extras_{extras} {}

  bus::SettingsSection make() {
    WpaEap eap = read_network_eap(network_);
    for (const WpaEapRemark& each : eap.refused) complain(true, each.from, told(each));
    for (const WpaEapRemark& each : eap.left_out)
      if (each.from != "ca_path2") complain(false, each.from, told(each));  // which comes with ca_path
    for (WpaEapSecret& each : eap.secrets) out_.secrets.emplace_back(each.key, std::move(each.octets));
    for (WpaEapText& each : eap.texts) take(each);
    for (const WpaEapBlob& each : eap.blobs) take(each);
    for (const auto& [where, value] : extras_.settings)
      if (where.first == "8021X") out_.texts.emplace_back(where.second, value);
    check_trust();
    return std::move(out_);
  }

 private:
  static std::string told(const WpaEapRemark& remark) {
    return property_of(remark.from) + remark.text.substr(std::min(remark.from.size(), remark.text.size()));
  }

  void complain(bool error, std::string_view word, std::string text) {
    extras_.problems.push_back({error, {}, 0, property_of(word), std::move(text)});
  }

  [[nodiscard]] bool has_secret(std::string_view key) const {
    return std::ranges::any_of(out_.secrets, [key](const auto& each) { return each.first == key; });
  }
  [[nodiscard]] bool has_text(std::string_view key) const {
    return std::ranges::any_of(out_.texts, [key](const auto& each) { return each.first == key; });
  }

  void take(WpaEapText& text) {
    if (is_private_ && text.value.starts_with("pkcs11:"))
      return complain(true, text.from,
                      fmt::format("{}: the connection has connection.permissions or is not known, and a token of this "
                                  "host is not used for its user",
                                  property_of(text.from)));
    if (std::ranges::find(materials_keys, text.key) == materials_keys.end() || text.value.starts_with("pkcs11:")) {
      out_.texts.emplace_back(std::move(text.key), std::move(text.value));
    } else if (text.key != "CaCertificate") {
      take_path(text, text.value);
    } else {
      for (const std::string_view item : split_words(text.value).value_or(std::vector<std::string_view>{}))
        item == "system" ? add_item(text.key, "system") : take_path(text, std::string{item});
    }
  }

  /// A file is read here: users have theirs where macsec-eap may not look. A folder of CAs is macsec-eap's to read.
  void take_path(const WpaEapText& text, const std::string& path) {
    if (is_private_)
      return complain(
          true, text.from,
          fmt::format("{}={}: the connection has connection.permissions or is not known, and what its user names "
                      "is not read with the rights of root",
                      property_of(text.from), path));
    Result<std::optional<WipedText>> content = materials_.read(path);
    if (!content)
      return complain(true, text.from, fmt::format("{}: {}", property_of(text.from), content.error().message));
    if (!*content) return add_item(text.key, path.contains(' ') ? fmt::format("\"{}\"", path) : path);
    if ((*content)->size() == 0)
      return complain(true, text.from, fmt::format("{}={}: the file is empty", property_of(text.from), path));
    out_.secrets.emplace_back(text.key, std::move(**content));
  }

  void add_item(const std::string& key, const std::string& item) {
    const auto before = std::ranges::find(out_.texts, key, [](const auto& each) { return each.first; });
    if (before == out_.texts.end())
      out_.texts.emplace_back(key, item);
    else
      before->second += " " + item;
  }

  void take(const WpaEapBlob& blob) {
    const auto found = materials_.blobs.find(blob.name);
    if (found == materials_.blobs.end() || found->second.size() == 0)
      return complain(true, blob.from,
                      fmt::format("{}: NetworkManager hands over no content for it", property_of(blob.from)));
    if (blob.key == "PrivateKey" && found->second.view().contains("ENCRYPTED") && !has_secret("PrivateKeyPassword"))
      return complain(
          true, blob.from,
          "802-1x.private-key is encrypted, and NetworkManager does not hand over its password; use a file, "
          "PKCS#12 or an unencrypted key");
    out_.secrets.emplace_back(blob.key, bus::to_secret(bus::octets_of(found->second)));
  }

  void check_trust() {
    const auto insecure = extras_.settings.find({"8021X", "ValidateServer"});
    const bool unchecked = insecure != extras_.settings.end() && insecure->second == "insecure-no";
    if (unchecked || has_text("CaCertificate") || has_secret("CaCertificate") || has_text("ServerFingerprint")) return;
    if (!extras_.usable()) return;  // the CA may be what could not be read
    complain(
        true, "ca_cert",
        "802-1x.ca-cert is not set, nor ca-path or system-ca-certs: anybody could be the server and is not told the "
        "password; set one of them (user.data org.macsecd.validate-server=insecure-no accepts every server)");
  }

  const Network& network_;
  const Materials& materials_;
  bool is_private_;
  UserData& extras_;
  bus::SettingsSection out_{"8021X", {}};
};

}  // namespace

Result<std::optional<WipedText>> read_material(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return std::nullopt;
  Result<FileText> file = read_file(path, most_octets);
  if (!file) return std::unexpected{std::move(file.error())};
  return std::move(file->text);
}

bus::SettingsSection make_authentication(const Network& network, const Materials& materials, bool is_private,
                                         UserData& extras) {
  return AuthenticationMaker{network, materials, is_private, extras}.make();
}

std::string property_of(std::string_view word) {
  if (word == "private_key_passwd") return "802-1x.private-key-password";
  if (word == "altsubject_match") return "802-1x.altsubject-matches";
  if (word == "private_key2_passwd") return "802-1x.phase2-private-key-password";
  std::string out = "802-1x.";
  const bool inner = word.ends_with('2') && word != "phase2";
  if (inner) {
    out += "phase2-";
    word.remove_suffix(1);
  }
  out += word;
  std::ranges::replace(out, '_', '-');
  return out;
}

}  // namespace macsec::nm
