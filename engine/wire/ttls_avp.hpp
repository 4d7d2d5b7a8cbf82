// SPDX-License-Identifier: LGPL-2.1-or-later
/// Attribute-value pairs inside a TTLS tunnel (RFC 5281 section 10).
#pragma once

#include "engine/base/bytes.hpp"

#include <optional>

namespace macsec {

/// The codes this project uses: RADIUS attributes, and Microsoft's under their vendor (RFC 2548).
enum class AvpCode : std::uint32_t {
  user_name = 1,
  user_password = 2,
  chap_password = 3,
  chap_challenge = 60,
  eap_message = 79
};
enum class MicrosoftAvp : std::uint32_t {
  chap_response = 1,
  chap_error = 2,
  chap_challenge = 11,
  chap2_response = 25,
  chap2_success = 26
};
inline constexpr std::uint32_t microsoft_vendor = 311;

struct Avp {
  std::uint32_t code = 0;
  std::uint32_t vendor = 0;  ///< 0 where there is none
  bool mandatory = true;
  Bytes data;

  [[nodiscard]] constexpr bool is(AvpCode which) const noexcept {
    return vendor == 0 && code == static_cast<std::uint32_t>(which);
  }
  [[nodiscard]] constexpr bool is(MicrosoftAvp which) const noexcept {
    return vendor == microsoft_vendor && code == static_cast<std::uint32_t>(which);
  }
};

/// Reads one pair after the other.
class AvpReader {
 public:
  explicit AvpReader(Bytes octets) noexcept : reader_{octets} {}
  /// The next pair; nothing at the end and after an error. The padding of the last pair may be missing.
  [[nodiscard]] std::optional<Avp> next() noexcept;
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  Reader reader_;
  bool ok_ = true;
};

/// Writes a pair with its padding; the Writer fails when the data exceed what a length of 24 bits can say.
void write_avp(Writer& writer, const Avp& avp) noexcept;
/// Octets write_avp() takes.
[[nodiscard]] std::size_t avp_size(const Avp& avp) noexcept;

}  // namespace macsec
