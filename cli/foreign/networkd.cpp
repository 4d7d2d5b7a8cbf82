// SPDX-License-Identifier: LGPL-2.1-or-later
// networkd's .netdev files, in and out.
#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"

#include <set>

namespace macsec::cli::detail {
namespace {

/// A MAC address as networkd takes it: six fields with ':' or '-', or three with '.'.
std::optional<std::string> netdev_address(std::string_view text) {
  const std::size_t first = text.find_first_of(":-.");
  if (first == std::string_view::npos) return std::nullopt;
  const char separator = text[first];
  const std::size_t digits = separator == '.' ? 4 : 2;
  std::string all;
  for (std::string_view rest = text;;) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    if (end == 0 || end > digits) return std::nullopt;
    all.append(digits - end, '0').append(rest.substr(0, end));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  std::array<std::uint8_t, 6> octets{};
  if (all.size() != 12 || !from_hex(all, octets)) return std::nullopt;
  std::string out;
  for (const std::uint8_t octet : octets) out += fmt::format("{}{:02x}", out.empty() ? "" : ":", octet);
  return out;
}

/// A [MACsecTransmitAssociation] or [MACsecReceiveAssociation] on its way to a [StaticKeys].
struct Association {
  bool transmit;
  unsigned line;
  std::string address{};
  std::string port{};
  std::optional<bool> active{};
  bool encoding = false;
  bool has_key = false;
  std::vector<std::pair<std::string_view, std::string>> texts{};
  const IniAssignment* key = nullptr;  ///< Key=, which is a secret
};

class NetdevImport {
 public:
  explicit NetdevImport(const std::string& path) : import_{path} {}

  Imported read(const std::string& path, WipedText text, std::vector<ForeignText> drop_ins) {
    read_document(IniDocument::parse(path, std::move(text)));
    for (ForeignText& each : drop_ins) {
      import_.read_from(each.path);
      read_document(IniDocument::parse(each.path, std::move(each.text)));
    }
    import_.read_from(path);
    if (kind_ != "macsec") import_.complain(Severity::error, 0, "this is no .netdev of Kind=macsec");
    for (const auto& [channel, line] : channels_)
      if (!received_.contains(channel))
        import_.leave_out(line, "[MACsecReceiveChannel]", "a channel without a [MACsecReceiveAssociation] has no key");
    if (statics_ != 0) finish_static();
    return std::move(import_.out);
  }

 private:
  using Channel = std::pair<std::string, std::string>;  ///< address and port

  void read_document(const IniDocument& document) {
    for (const Diagnostic& each : document.diagnostics()) import_.out.diagnostics.push_back(each);
    auto each = document.assignments().begin();
    for (std::size_t i = 0; i < document.sections().size(); ++i) {
      const auto begin = each;
      while (each != document.assignments().end() && each->section == i) ++each;
      section(document.sections()[i], {begin, each});
    }
  }

  void section(const IniSection& section, std::span<const IniAssignment> assignments) {
    const std::string_view name = section.name;
    if (name == "MACsecTransmitAssociation" || name == "MACsecReceiveAssociation")
      return association(section, assignments);
    if (name == "MACsecReceiveChannel") return channel(section, assignments);
    if (name == "X-MKA-Key") section_of(import_.out.settings, "Key", keys_++);
    for (const IniAssignment& each : assignments) {
      if (name == "NetDev")
        netdev(each);
      else if (name == "MACsec")
        macsec(each);
      else if (name == "X-MKA" || name == "X-MKA-Key")
        mka(name, each);
    }
    if (name != "NetDev" && name != "MACsec" && name != "X-MKA" && name != "X-MKA-Key") other(section);
  }

  void other(const IniSection& section) {
    constexpr std::array<std::string_view, 4> meant{"X-MKA", "X-MKA-Key", "MKA", "MKA-Key"};
    if (similar_name(section.name, meant).empty())
      return import_.leave_out(section.line, fmt::format("[{}]", printable(section.name)),
                               "it does not describe the link");
    import_.complain(
        Severity::error, section.line,
        fmt::format("[{}] is no section of a .netdev, are [X-MKA] and [X-MKA-Key] meant?", printable(section.name)));
  }

  void netdev(const IniAssignment& each) {
    const std::string value{each.value};
    if (each.key == "Name") {
      import_.set("Link", "Interface", import_.out.name = value);
    } else if (each.key == "Kind") {
      kind_ = value;
    } else if (each.key == "MACAddress") {
      own_address_ = value == "none" ? "" : "the address " + value;
      if (value != "none") import_.leave_out(each.line, "MACAddress=");
    } else {
      import_.leave_out(each.line, fmt::format("{}=", printable(each.key)));
    }
  }

  void macsec(const IniAssignment& each) {
    if (each.key == "Port") return import_.set("Link", "Port", std::string{each.value});
    if (each.key != "Encrypt") return import_.leave_out(each.line, fmt::format("[MACsec] {}=", printable(each.key)));
    const auto truth = parse_boolean(each.value);
    if (!truth && !each.value.empty())
      return import_.refuse(each.line, fmt::format("[MACsec] Encrypt={}", printable(each.value)), "yes or no");
    if (truth) import_.set_flag("MACsec", "Encrypt", *truth);
    says_encrypt_ = truth.has_value();
  }

  /// Port= and MACAddress= of a channel or an association; whether it was one of them.
  bool peer(const IniAssignment& each, std::string& address, std::string& port) {
    if (each.key == "Port") {
      const auto number = parse_unsigned(each.value, UINT16_MAX);
      if (!number || *number == 0)
        import_.refuse(each.line, fmt::format("Port={}", printable(each.value)), "a number from 1 to 65535");
      else
        port = std::to_string(*number);
      return true;
    }
    if (each.key != "MACAddress") return false;
    if (auto read = netdev_address(each.value))
      address = std::move(*read);
    else
      import_.refuse(each.line, fmt::format("MACAddress={}", printable(each.value)), "a MAC address");
    return true;
  }

  void channel(const IniSection& section, std::span<const IniAssignment> assignments) {
    Channel said;
    for (const IniAssignment& each : assignments)
      if (!peer(each, said.first, said.second))
        import_.leave_out(each.line, fmt::format("[MACsecReceiveChannel] {}=", printable(each.key)));
    channels_.try_emplace(said, section.line);
  }

  void association(const IniSection& section, std::span<const IniAssignment> assignments) {
    Association out{section.name == "MACsecTransmitAssociation", section.line};
    for (const IniAssignment& each : assignments) association_key(out, each);
    if (!out.has_key) return ignored(out, "it has no Key= and no KeyFile=");
    if (!out.transmit && out.address.empty()) return ignored(out, "it has no MACAddress=");
    if (!out.transmit && out.port.empty()) return ignored(out, "it has no Port=");
    const Channel channel = out.transmit ? Channel{} : Channel{out.address, out.port};
    if (!out.transmit) received_.insert(channel);
    const unsigned an = next_[channel]++;
    if (an > 3) return import_.complain(Severity::error, out.line, "more than 4 associations of one channel");
    // networkd counts those it does not use.
    if (out.active == false && !out.encoding)
      return import_.leave_out(out.line, "this association", "with Activate=no its key is not used");
    if (!out.active && !out.encoding)
      import_.note(out.line,
                   "without Activate=yes networkd does not use this key, macsecd does: remove it where it is not "
                   "to be used");
    add(out, an);
  }

  void association_key(Association& out, const IniAssignment& each) {
    if (each.key == "Key") {
      out.key = each.value.empty() ? nullptr : &each;
      out.has_key = out.has_key || out.key != nullptr;
    } else if (each.key == "KeyFile") {
      out.has_key = out.has_key || !each.value.empty();
      out.texts.emplace_back("KeyFile", each.value);
    } else if (each.key == "PacketNumber") {
      out.texts.emplace_back("PacketNumber", each.value);
    } else if (each.key == "KeyId") {
      key_id(out, each);
    } else if (each.key == "Activate") {
      out.active = parse_boolean(each.value);
    } else if (each.key == "UseForEncoding" && out.transmit) {
      out.encoding = parse_boolean(each.value) == true;
    } else if (out.transmit || !peer(each, out.address, out.port)) {
      import_.leave_out(each.line, fmt::format("{}=", printable(each.key)));
    }
  }

  /// Octets in hexadecimal digits, blanks between them left out, and a digit where there is one only.
  void key_id(Association& out, const IniAssignment& each) {
    std::string digits;
    std::ranges::remove_copy_if(each.value, std::back_inserter(digits), Import::is_blank);
    if (digits.size() % 2 != 0) digits.insert(0, 1, '0');
    std::array<std::uint8_t, 16> octets{};
    if (digits.empty() || !from_hex(digits, octets))
      return import_.refuse(each.line, "KeyId=", "1 to 32 hexadecimal digits");
    out.texts.emplace_back("KeyId", std::move(digits));
  }

  void ignored(const Association& what, std::string_view why) {
    import_.leave_out(what.line, what.transmit ? "[MACsecTransmitAssociation]" : "[MACsecReceiveAssociation]",
                      fmt::format("{}, and networkd passes over such a section", why));
  }

  void add(const Association& from, unsigned an) {
    const std::size_t at = statics_++;
    const auto set = [&](std::string_view key, std::string text) {
      import_.set("StaticKeys", key, std::move(text), at);
    };
    set("Direction", from.transmit ? "transmit" : "receive");
    set("An", std::to_string(an));
    if (!from.transmit) {
      set("Peer", from.address);
      set("Port", from.port);
    }
    for (const auto& [key, value] : from.texts) set(key, value);
    if (from.key != nullptr) import_.set_secret("StaticKeys", "Key", from.key->value, from.key->line, "Key=", at);
    if (!from.transmit) return;
    if (!from.encoding) return;
    if (encoding_)
      import_.leave_out(from.line, "UseForEncoding=", "an earlier association is sent with");
    else
      encoding_ = at;
  }

  void finish_static() {
    import_.set("MACsec", "ReplayWindow", "off");  // networkd leaves it off
    if (!says_encrypt_) {
      import_.set_flag("MACsec", "Encrypt", false);
      import_.note(0, "[MACsec] Encrypt= is not said, and such a link only authenticates: imported with Encrypt=no");
    }
    // macsecd sends with the first.
    if (encoding_) {
      auto& settings = import_.out.settings;
      const auto first = std::ranges::find(settings, "StaticKeys", &bus::SettingsSection::name);
      const auto used = first + static_cast<std::ptrdiff_t>(*encoding_);
      std::rotate(first, used, used + 1);
    }
    if (!own_address_.empty())
      import_.note(
          0, fmt::format("the link had {}, macsecd's has that of its parent: the other end has to receive from there",
                         own_address_));
    // No key is used twice with the same number; nobody knows which were used.
    import_.set("Link", "Enable", "no");
    import_.note(0,
                 "packet numbers used with these keys before would be used again, which tells what was sent: make new "
                 "keys for both ends, then say Enable=yes");
  }

  void mka(std::string_view section, const IniAssignment& each) {
    std::string_view in = "Key";
    if (section == "X-MKA")
      for (const std::string_view other : {"Link", "MACsec", "MKA"})
        if (find_profile_key(other, each.key) != nullptr) in = other;
    if (in == "Key" && keys_ == 0) ++keys_;  // the first key may stand in [X-MKA]
    const ProfileKey* const key = find_profile_key(in, each.key);
    if (key == nullptr || key->secret)
      return import_.leave_out(each.line, fmt::format("{}=", printable(each.key)),
                               key == nullptr ? "macsecd has no such thing" : "a .netdev holds no keys, use CakFile=");
    import_.set(in, each.key, std::string{each.value}, in == "Key" ? (section == "X-MKA" ? 0 : keys_ - 1) : 0);
  }

  Import import_;
  std::string kind_;
  std::string own_address_ = "an address of its own";  ///< in words; empty: that of its parent
  bool says_encrypt_ = false;
  std::size_t statics_ = 0;
  std::optional<std::size_t> encoding_;  ///< the association that is sent with
  std::size_t keys_ = 0;
  std::map<Channel, unsigned> next_;  ///< number of a channel's next association; our own has no address
  std::map<Channel, unsigned> channels_;
  std::set<Channel> received_;
};

}  // namespace

Imported import_networkd(const std::string& path, WipedText text, std::vector<ForeignText> drop_ins) {
  return NetdevImport{path}.read(path, std::move(text), std::move(drop_ins));
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
  // Without it the file would make a link by another key, or by none.
  if (remaining.count("8021X") != 0) {
    out.refused = "[8021X] is not written to this format; to wpa_supplicant it is";
    return out;
  }
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
