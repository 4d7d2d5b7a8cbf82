// SPDX-License-Identifier: LGPL-2.1-or-later
/// MSCHAPv2 and its older relatives, and the keys of it (RFC 2759 section 8, RFC 3079 section 3, RFC 2433, RFC 1994).
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/wire/mschapv2.hpp"

#include <string_view>

namespace macsec::crypto {

using NtHash = Secret<16>;

/// An error that says what to install where OpenSSL cannot load its legacy provider, which has MD4.
[[nodiscard]] Result<void> check_legacy_provider();

/// NtPasswordHash (RFC 2759 section 8.3). An error when the password is not UTF-8, has more than 256 characters, or there is
/// no MD4.
[[nodiscard]] Result<NtHash> nt_password_hash(Bytes password);

/// What both ends of one exchange know. The name is hashed without a "DOMAIN\" before it.
struct Mschapv2Exchange {
  Mschapv2Challenge authenticator{};
  Mschapv2Challenge peer{};
  std::string_view name;
};
/// ChallengeHash, section 8.2.
[[nodiscard]] Result<std::array<std::uint8_t, 8>> mschapv2_challenge_hash(const Mschapv2Exchange& exchange);
/// GenerateNTResponse, section 8.1.
[[nodiscard]] Result<Mschapv2NtResponse> mschapv2_nt_response(const NtHash& hash, const Mschapv2Exchange& exchange);
/// GenerateAuthenticatorResponse, section 8.7: what the server's "S=" must say.
[[nodiscard]] Result<Mschapv2Authenticator> mschapv2_authenticator_response(const NtHash& hash,
                                                                            const Mschapv2Exchange& exchange,
                                                                            const Mschapv2NtResponse& response);
/// The MSK: the key the client sends with, then the one it receives with, 16 octets each (RFC 3079 section 3.3).
[[nodiscard]] Result<Secret<32>> mschapv2_keys(const NtHash& hash, const Mschapv2NtResponse& response);

/// The NT response of MSCHAP version 1 to a challenge of 8 octets (RFC 2433).
[[nodiscard]] Result<Mschapv2NtResponse> mschap_nt_response(const NtHash& hash,
                                                            std::span<const std::uint8_t, 8> challenge);
/// The response of CHAP: MD5 over identifier, password and challenge (RFC 1994).
[[nodiscard]] Result<std::array<std::uint8_t, 16>> chap_response(std::uint8_t identifier, Bytes password,
                                                                 Bytes challenge);

}  // namespace macsec::crypto
