// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_attribute_text.hpp"

#include "engine/base/text.hpp"

#include <algorithm>
#include <array>

namespace macsec::core {
namespace {

/// How a value reads (RFC 2865 section 5, RFC 2868 section 3).
enum class Form : std::uint8_t { text, tagged_text, number, tagged_number, address, octets, hidden };

struct Known {
  std::uint8_t type;
  std::string_view name;
  Form form;
};

constexpr std::array known_attributes{
    Known{1, "User-Name", Form::text},
    Known{2, "User-Password", Form::hidden},
    Known{3, "CHAP-Password", Form::hidden},
    Known{6, "Service-Type", Form::number},
    Known{7, "Framed-Protocol", Form::number},
    Known{8, "Framed-IP-Address", Form::address},
    Known{9, "Framed-IP-Netmask", Form::address},
    Known{10, "Framed-Routing", Form::number},
    Known{11, "Filter-Id", Form::text},
    Known{12, "Framed-MTU", Form::number},
    Known{13, "Framed-Compression", Form::number},
    Known{15, "Login-Service", Form::number},
    Known{18, "Reply-Message", Form::text},
    Known{22, "Framed-Route", Form::text},
    Known{24, "State", Form::octets},
    Known{25, "Class", Form::octets},
    Known{26, "Vendor-Specific", Form::octets},
    Known{27, "Session-Timeout", Form::number},
    Known{28, "Idle-Timeout", Form::number},
    Known{29, "Termination-Action", Form::number},
    Known{33, "Proxy-State", Form::octets},
    Known{56, "Egress-VLANID", Form::number},
    Known{57, "Ingress-Filters", Form::number},
    Known{58, "Egress-VLAN-Name", Form::text},
    Known{59, "User-Priority-Table", Form::octets},
    Known{62, "Port-Limit", Form::number},
    Known{64, "Tunnel-Type", Form::tagged_number},
    Known{65, "Tunnel-Medium-Type", Form::tagged_number},
    Known{66, "Tunnel-Client-Endpoint", Form::tagged_text},
    Known{67, "Tunnel-Server-Endpoint", Form::tagged_text},
    Known{69, "Tunnel-Password", Form::hidden},
    Known{81, "Tunnel-Private-Group-Id", Form::tagged_text},
    Known{82, "Tunnel-Assignment-Id", Form::tagged_text},
    Known{83, "Tunnel-Preference", Form::tagged_number},
    Known{85, "Acct-Interim-Interval", Form::number},
    Known{88, "Framed-Pool", Form::text},
    Known{89, "Chargeable-User-Identity", Form::octets},
    Known{90, "Tunnel-Client-Auth-Id", Form::tagged_text},
    Known{91, "Tunnel-Server-Auth-Id", Form::tagged_text},
    Known{92, "NAS-Filter-Rule", Form::text},
    Known{100, "Framed-IPv6-Pool", Form::text},
    Known{126, "Operator-Name", Form::text},
};

constexpr std::uint8_t last_tag = 0x1f;

std::string number_of(Bytes value) {
  Reader reader{value};
  return std::to_string(reader.u32());
}

std::string address_of(Bytes value) {
  std::string out;
  for (const std::uint8_t octet : value) out += (out.empty() ? "" : ".") + std::to_string(octet);
  return out;
}

/// Of a well-known layout; octets in hexadecimal where the value has another.
std::string value_of(Form form, Bytes value) {
  if (form == Form::hidden) return "(not shown)";
  if (form == Form::tagged_text && !value.empty() && value[0] <= last_tag) value = value.subspan(1);
  if (form == Form::text || form == Form::tagged_text) return printable_text(value);
  if (value.size() == 4) {
    if (form == Form::number) return number_of(value);
    if (form == Form::address) return address_of(value);
    if (form == Form::tagged_number) return std::to_string(value[1] << 16U | value[2] << 8U | value[3]);
  }
  return "0x" + to_hex(value);
}

}  // namespace

std::vector<RadiusVendorValue> vendor_values(const RadiusAttribute& attribute) {
  if (attribute.type != RadiusAttributeType::vendor_specific) return {};
  Reader reader{attribute.value};
  const std::uint32_t vendor = reader.u32();
  std::vector<RadiusVendorValue> out;
  RadiusAttributes inner{reader.take(reader.remaining())};
  while (const auto one = inner.next()) out.push_back({vendor, static_cast<std::uint8_t>(one->type), one->value});
  if (!inner.ok()) out.clear();
  return out;
}

std::pair<std::string, std::string> describe(const RadiusAttribute& attribute) {
  const auto type = static_cast<std::uint8_t>(attribute.type);
  const auto* const known = std::ranges::find(known_attributes, type, &Known::type);
  if (known == known_attributes.end())
    return {"Attribute " + std::to_string(type), value_of(Form::octets, attribute.value)};
  return {std::string{known->name}, value_of(known->form, attribute.value)};
}

std::pair<std::string, std::string> describe(const RadiusVendorValue& value) {
  if (value.vendor == vendor_of_cisco && value.type == cisco_av_pair)
    return {"cisco-av-pair", value_of(Form::text, value.value)};
  return {"Vendor " + std::to_string(value.vendor) + " Attribute " + std::to_string(value.type),
          value_of(value.vendor == vendor_of_microsoft ? Form::hidden : Form::octets, value.value)};
}

}  // namespace macsec::core
