// SPDX-License-Identifier: LGPL-2.1-or-later
// networkd's .netdev files, in and out.
#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"

namespace macsec::cli::detail {
namespace {

class NetdevImport {
 public:
  explicit NetdevImport(const std::string& path) : import_{path} {}

  Imported read(const std::string& path, WipedText text) {
    const IniDocument document = IniDocument::parse(path, std::move(text));
    import_.out.diagnostics = document.diagnostics();
    auto each = document.assignments().begin();
    for (std::size_t i = 0; i < document.sections().size(); ++i) {
      enter(document.sections()[i].name);
      for (; each != document.assignments().end() && each->section == i; ++each)
        assign(document.sections()[i].name, *each);
    }
    if (kind_ != "macsec") import_.complain(Severity::error, 0, "this is no .netdev of Kind=macsec");
    if (statics_ != 0) finish_static();
    return std::move(import_.out);
  }

 private:
  void finish_static() {
    import_.set("MACsec", "ReplayWindow", "off");  // networkd leaves it off
    // macsecd sends with the first.
    if (encoding_) {
      auto& settings = import_.out.settings;
      const auto first = std::ranges::find(settings, "StaticKeys", &bus::SettingsSection::name);
      const auto used = first + static_cast<std::ptrdiff_t>(*encoding_);
      std::rotate(first, used, used + 1);
    }
    if (!own_address_.empty())
      import_.complain(Severity::warning, 0,
                       fmt::format("the link had {}, macsecd's has that of its parent: the other end has to "
                                   "receive from there",
                                   own_address_));
    // No key is used twice with the same number; nobody knows which were used.
    import_.set("Link", "Enable", "no");
    import_.complain(Severity::warning, 0,
                     "packet numbers used with these keys before would be used again, which tells what was sent: make "
                     "new keys for both ends, then say Enable=yes");
  }

  void enter(std::string_view section) {
    if (section == "MACsecTransmitAssociation" || section == "MACsecReceiveAssociation") {
      const bool transmit = section == "MACsecTransmitAssociation";
      import_.set("StaticKeys", "Direction", transmit ? "transmit" : "receive", statics_++);
      // A receive channel is known only once its address was read.
      if (transmit) number(transmit_++);
    } else if (section == "X-MKA-Key") {
      section_of(import_.out.settings, "Key", keys_++);
    }
  }

  void number(unsigned an) {
    import_.set("StaticKeys", "An", std::to_string(std::min(an, 3U)), statics_ - 1);
    if (an > 3) import_.complain(Severity::error, 0, "more than 4 associations of one channel");
  }

  void assign(std::string_view section, const IniAssignment& each) {
    const std::string value{each.key == "Key" ? std::string_view{} : each.value};
    if (section == "NetDev") {
      if (each.key == "Name") import_.set("Link", "Interface", import_.out.name = value);
      if (each.key == "Kind") kind_ = value;
      if (each.key == "MACAddress") own_address_ = value == "none" ? "" : "the address " + value;
      if ((each.key == "MACAddress" && value != "none") || each.key == "MTUBytes")
        import_.leave_out(each.line, fmt::format("{}=", each.key));
    } else if (section == "MACsec") {
      if (each.key == "Port") import_.set("Link", "Port", value);
      if (each.key == "Encrypt") import_.set_flag("MACsec", "Encrypt", parse_boolean(value).value_or(false));
    } else if (section.starts_with("MACsec") && section.ends_with("Association")) {
      association(each, value);
    } else if (section == "X-MKA" || section == "X-MKA-Key") {
      mka(section, each, value);
    }
  }

  void association(const IniAssignment& each, const std::string& value) {
    const std::size_t at = statics_ - 1;
    const auto set = [&](std::string_view key, std::string text) {
      import_.set("StaticKeys", key, std::move(text), at);
    };
    if (each.key == "PacketNumber" || each.key == "KeyId") return set(each.key, value);
    if (each.key == "KeyFile") return set("KeyFile", value);
    if (each.key == "Key") return import_.set_secret("StaticKeys", "Key", each.value, each.line, "Key=", at);
    if (each.key == "Port") return set("Port", value);
    if (each.key == "MACAddress") {
      set("Peer", value);
      return number(receive_[value]++);
    }
    if (each.key == "UseForEncoding" && parse_boolean(value) == true) encoding_ = at;
    if (each.key == "Activate" && parse_boolean(value) == false)
      import_.leave_out(each.line, "Activate=no", "keys that are not used yet are not kept, remove the section");
  }

  void mka(std::string_view section, const IniAssignment& each, const std::string& value) {
    std::string_view in = "Key";
    if (section == "X-MKA")
      for (const std::string_view other : {"Link", "MACsec", "MKA"})
        if (find_profile_key(other, each.key) != nullptr) in = other;
    if (in == "Key" && keys_ == 0) ++keys_;  // the first key may stand in [X-MKA]
    const ProfileKey* const key = find_profile_key(in, each.key);
    if (key == nullptr || key->secret) return import_.leave_out(each.line, fmt::format("{}=", each.key));
    import_.set(in, each.key, value, in == "Key" ? (section == "X-MKA" ? 0 : keys_ - 1) : 0);
  }

  Import import_;
  std::string kind_;
  std::string own_address_ = "an address of its own";  ///< in words; empty: that of its parent
  std::size_t statics_ = 0;
  std::optional<std::size_t> encoding_;  ///< the association that is sent with
  std::size_t keys_ = 0;
  unsigned transmit_ = 0;
  std::map<std::string, unsigned> receive_;
};

}  // namespace

Imported import_networkd(const std::string& path, WipedText text) {
  return NetdevImport{path}.read(path, std::move(text));
}

namespace {

void write_association(Exported& out, Remaining& remaining, Keys keys, std::size_t at, bool encoding) {
  const auto line = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out.text.add(key).add("=").add(value).add("\n");
  };
  const auto take = [&](std::string_view key) { return remaining.take("StaticKeys", key, at); };
  const bool transmit = take("Direction") == "transmit";
  out.text.add(transmit ? "\n[MACsecTransmitAssociation]\n" : "\n[MACsecReceiveAssociation]\n");
  line("MACAddress", take("Peer"));
  if (!transmit) {
    const std::string port = take("Port");
    line("Port", port.empty() ? "1" : port);
  }
  const std::string number = take("PacketNumber");
  line("PacketNumber", number.empty() ? "1" : number);
  line("KeyId", take("KeyId"));
  const std::string file = take("KeyFile");
  const Bytes key = remaining.secret("StaticKeys", "Key", at);
  line("KeyFile", file);
  if (file.empty() && !key.empty() && keys == Keys::include) {
    out.text.add("Key=").add_hex(key).add("\n");
  } else if (file.empty()) {
    out.text.add("#Key=\n");
    out.warnings.emplace_back("a key is left out: keys are written to files only, see --output=");
  }
  out.text.add("Activate=yes\n");
  if (encoding) out.text.add("UseForEncoding=yes\n");
}

/// networkd numbers the associations of a channel in the order it finds them.
void write_associations(Exported& out, Remaining& remaining, Keys keys) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;  // by number
  std::optional<std::size_t> encoding;
  for (std::size_t i = 0; i < remaining.count("StaticKeys"); ++i) {
    order.emplace_back(parse_unsigned(remaining.take_or("StaticKeys", "An", "0", i), 3).value_or(0), i);
    if (remaining.take("StaticKeys", "Direction", i) != "transmit") continue;
    if (!encoding)
      encoding = i;
    else
      out.warnings.emplace_back(
          "networkd sends with one key only, and goes on to no other when its numbers are used up");
  }
  std::ranges::stable_sort(order);
  std::map<std::string, std::uint64_t> next;
  for (const auto& [an, i] : order) {
    const std::string channel =
        remaining.take("StaticKeys", "Peer", i) + " " + remaining.take_or("StaticKeys", "Port", "1", i);
    if (an != next[channel]++)
      out.warnings.push_back(
          fmt::format("[StaticKeys] An={} cannot be said to networkd, which counts from 0: the other "
                      "end will not understand",
                      an));
    write_association(out, remaining, keys, i, i == encoding);
  }
}

void write_keys(Exported& out, Remaining& remaining, const std::string& name) {
  for (std::size_t i = 0; i < remaining.count("Key"); ++i) {
    out.text.add("\n[X-MKA-Key]\n");
    bool reference = false;
    for (const std::string_view key :
         {"Ckn", "CknPadding", "CakFile", "CakCredential", "Role", "NotBefore", "NotAfter"}) {
      const std::string value = remaining.take("Key", key, i);
      if (value.empty()) continue;
      reference = reference || key == "CakFile" || key == "CakCredential";
      out.text.add(key).add("=").add(value).add("\n");
    }
    if (reference) continue;
    const std::string file =
        i == 0 ? fmt::format("/etc/macsecd/{}.cak", name) : fmt::format("/etc/macsecd/{}-{}.cak", name, i + 1);
    out.text.add("CakFile=").add(file).add("\n");
    out.warnings.push_back(fmt::format("a .netdev holds no CAK: write it to {} (root:macsecd, 0640)", file));
  }
}

}  // namespace

Exported export_networkd(const std::string& name, const bus::Settings& settings, Keys keys) {
  Exported out;
  Remaining remaining{settings};
  const std::string parent = remaining.take("Link", "Parent");
  const std::string interface = remaining.take_or("Link", "Interface", "macsec0");
  remaining.take("Link", "Create");
  remaining.take("Link", "KeepConfiguration");
  out.warnings.push_back(
      fmt::format("the parent is said elsewhere: the .network of {} needs MACsec={} in [Network]", parent, interface));
  const bool mka = remaining.count("StaticKeys") == 0;
  // With an address of its own, which networkd would make up, it would be another link to the other end.
  out.text.add("[NetDev]\nName=").add(interface).add("\nKind=macsec\nMACAddress=none\n\n[MACsec]\nPort=");
  out.text.add(remaining.take_or("Link", "Port", "1")).add("\nEncrypt=");
  out.text.add(remaining.take_or("MACsec", "Encrypt", "yes")).add("\n");
  const std::string suites = remaining.take("MACsec", "CipherSuites");
  if (!suites.empty() && suites != "GCM-AES-128")
    out.warnings.push_back(
        fmt::format("[MACsec] CipherSuites={} cannot be said: networkd makes its links with GCM-AES-128", suites));
  if (!mka) {
    if (remaining.take_or("MACsec", "ReplayWindow", "64") != "off")
      out.warnings.emplace_back("replay protection cannot be said to networkd and is off");
    out.warnings.emplace_back(
        "packet numbers that macsecd used with these keys would be used again, which tells what was sent: make new "
        "keys "
        "for both ends where this profile was up");
    write_associations(out, remaining, keys);
  } else {
    out.text.add("\n[X-MKA]\n");
    for (const std::string_view section : {"Link", "MACsec", "MKA"})
      for (const auto& [key, value] : remaining.rest(section)) {
        out.text.add(key).add("=").add(value).add("\n");
        remaining.take(section, key);
      }
    write_keys(out, remaining, name);
  }
  remaining.complain(Format::networkd, out.warnings);
  return out;
}

}  // namespace macsec::cli::detail
