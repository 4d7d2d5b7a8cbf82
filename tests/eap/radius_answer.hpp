// SPDX-License-Identifier: LGPL-2.1-or-later
/// Answers of a RADIUS server that knows the secret, for tests of the client.
#pragma once

#include "engine/wire/radius.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace macsec::test {

[[nodiscard]] inline Bytes bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// HMAC-MD5 over a request with zeros in its Message-Authenticator.
[[nodiscard]] std::array<std::uint8_t, 16> message_authenticator_of(Bytes request, std::string_view secret);

class RadiusAnswer {
 public:
  RadiusAnswer(RadiusCode code, Bytes request, std::string_view secret) : code_{code}, secret_{secret} {
    request_.assign(request.begin(), request.end());
  }

  RadiusAnswer& add(RadiusAttributeType type, Bytes value);
  RadiusAnswer& add(RadiusAttributeType type, std::string_view text) { return add(type, bytes_of(text)); }
  RadiusAnswer& add(RadiusAttributeType type, std::uint32_t number);
  RadiusAnswer& add_vendor(std::uint32_t vendor, std::uint8_t type, Bytes value);
  RadiusAnswer& add_eap(Bytes packet);
  /// MS-MPPE-Recv-Key and MS-MPPE-Send-Key of these 64 octets.
  RadiusAnswer& add_keys(Bytes msk);
  RadiusAnswer& without_message_authenticator() {
    signed_ = false;
    return *this;
  }
  [[nodiscard]] std::vector<std::uint8_t> octets() const;

 private:
  [[nodiscard]] std::vector<std::uint8_t> encrypted(Bytes key, std::uint8_t salt) const;

  RadiusCode code_;
  std::vector<std::uint8_t> request_;
  std::string secret_;
  std::vector<std::uint8_t> attributes_;
  bool signed_ = true;
};

}  // namespace macsec::test
