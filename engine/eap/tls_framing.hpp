// SPDX-License-Identifier: LGPL-2.1-or-later
/// TLS messages in EAP packets, alike for TLS, PEAP and TTLS (RFC 5216 2.1.5, RFC 5281 9.2.2): the one place that puts
/// fragments together and the one that cuts.
#pragma once

#include "engine/wire/eap_tls.hpp"

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

namespace macsec::eap {

using Octets = std::vector<std::uint8_t>;

/// What a server may send in one message.
inline constexpr std::size_t max_tls_message = 65536;

class TlsReassembler {
 public:
  /// The whole message once the last fragment is in, nothing before. A server may announce the total anywhere, and as 0 with
  /// nothing behind it. The error says what of the sizes does not fit; the message so far is dropped then.
  [[nodiscard]] std::expected<std::optional<Octets>, std::string_view> add(const TlsFragment& fragment);

 private:
  Octets message_;
  std::optional<std::uint32_t> total_;
};

class TlsFragmenter {
 public:
  /// A message to send; `always_total` announces the total of a single fragment, too.
  void load(Octets message, bool always_total);
  /// The next fragment, as the data after the EAP type. With nothing loaded: an acknowledgement.
  [[nodiscard]] Octets next(std::size_t most, std::uint8_t version);
  /// Whether more follows, which the server has to ask for.
  [[nodiscard]] bool pending() const noexcept { return at_ < message_.size(); }

 private:
  Octets message_;
  std::size_t at_ = 0;
  bool always_total_ = false;
};

}  // namespace macsec::eap
