// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/eap/radius_answer.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <stdexcept>

namespace macsec::test {
namespace {

using Octets = std::vector<std::uint8_t>;
using Digest = std::array<std::uint8_t, 16>;

constexpr std::size_t authenticator_at = 4;
constexpr std::size_t authenticator_size = 16;
constexpr std::uint32_t microsoft = 311;

Bytes authenticator_in(Bytes packet) { return packet.subspan(authenticator_at, authenticator_size); }

Digest md5(std::initializer_list<Bytes> pieces) {
  Octets all;
  for (const Bytes piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  Digest out{};
  unsigned size = 0;
  if (EVP_Digest(all.data(), all.size(), out.data(), &size, EVP_md5(), nullptr) != 1) throw std::runtime_error{"MD5"};
  return out;
}

Digest hmac_md5(std::string_view key, Bytes data) {
  Digest out{};
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, "MD5", nullptr, key.data(), key.size(), data.data(), data.size(), out.data(),
                out.size(), &size) == nullptr)
    throw std::runtime_error{"HMAC-MD5"};
  return out;
}

void append(Octets& to, RadiusAttributeType type, Bytes value) {
  to.push_back(static_cast<std::uint8_t>(type));
  to.push_back(static_cast<std::uint8_t>(value.size() + 2));
  to.insert(to.end(), value.begin(), value.end());
}

}  // namespace

std::array<std::uint8_t, 16> message_authenticator_of(Bytes request, std::string_view secret) {
  Octets copy(request.begin(), request.end());
  const auto packet = read_radius(copy).value();
  const Bytes found = packet.find(RadiusAttributeType::message_authenticator).value();
  std::fill_n(copy.begin() + (found.data() - copy.data()), found.size(), std::uint8_t{0});
  return hmac_md5(secret, copy);
}

RadiusAnswer& RadiusAnswer::add(RadiusAttributeType type, Bytes value) {
  append(attributes_, type, value);
  return *this;
}

RadiusAnswer& RadiusAnswer::add(RadiusAttributeType type, std::uint32_t number) {
  std::array<std::uint8_t, 4> octets{};
  Writer{octets}.u32(number);
  return add(type, Bytes{octets});
}

RadiusAnswer& RadiusAnswer::add_vendor(std::uint32_t vendor, std::uint8_t type, Bytes value) {
  Octets inner(4);
  Writer{inner}.u32(vendor);
  append(inner, RadiusAttributeType{type}, value);
  return add(RadiusAttributeType::vendor_specific, inner);
}

RadiusAnswer& RadiusAnswer::add_eap(Bytes packet) {
  for (; !packet.empty(); packet = packet.subspan(std::min(packet.size(), max_radius_value)))
    add(RadiusAttributeType::eap_message, packet.first(std::min(packet.size(), max_radius_value)));
  return *this;
}

RadiusAnswer& RadiusAnswer::add_keys(Bytes msk) {
  add_vendor(microsoft, static_cast<std::uint8_t>(MppeKeyType::receive), encrypted(msk.first(32), 0x81));
  return add_vendor(microsoft, static_cast<std::uint8_t>(MppeKeyType::send), encrypted(msk.subspan(32, 32), 0x82));
}

Octets RadiusAnswer::encrypted(Bytes key, std::uint8_t salt) const {
  Octets plain{static_cast<std::uint8_t>(key.size())};
  plain.insert(plain.end(), key.begin(), key.end());
  plain.resize((plain.size() + 15) / 16 * 16);
  Octets out{salt, 7};
  for (std::size_t at = 0; at < plain.size(); at += 16) {
    const Digest mask = at == 0 ? md5({bytes_of(secret_), authenticator_in(request_), Bytes{out}.first(2)})
                                : md5({bytes_of(secret_), Bytes{out}.last(16)});
    for (std::size_t i = 0; i < 16; ++i) out.push_back(static_cast<std::uint8_t>(plain[at + i] ^ mask[i]));
  }
  return out;
}

Octets RadiusAnswer::octets() const {
  Octets out{static_cast<std::uint8_t>(code_), request_[1], 0, 0};
  const Bytes asked = authenticator_in(request_);
  out.insert(out.end(), asked.begin(), asked.end());
  out.insert(out.end(), attributes_.begin(), attributes_.end());
  const std::size_t signature = out.size() + 2;
  if (signed_) append(out, RadiusAttributeType::message_authenticator, Digest{});
  Writer{MutableBytes{out}.subspan(2)}.u16(static_cast<std::uint16_t>(out.size()));
  if (signed_) std::ranges::copy(hmac_md5(secret_, out), out.begin() + static_cast<std::ptrdiff_t>(signature));
  const Digest sum = md5({out, bytes_of(secret_)});
  std::ranges::copy(sum, out.begin() + authenticator_at);
  return out;
}

}  // namespace macsec::test
