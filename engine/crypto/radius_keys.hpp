// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the secret shared with a RADIUS server protects: authenticators and MS-MPPE keys (RFC 2865 section 3, RFC 3579
/// section 3.2, RFC 2548 section 2.4).
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/wire/radius.hpp"

namespace macsec::crypto {

/// Fills in Message-Authenticator of a request that RadiusWriter finished; an error where none was reserved.
[[nodiscard]] Result<void> sign_radius_request(const RadiusWriter::Finished& request, Bytes secret);

/// Fills in the Request Authenticator of an Accounting-Request whose authenticator is zeros (RFC 2866 section 3).
[[nodiscard]] Result<void> sign_radius_accounting(MutableBytes packet, Bytes secret);
/// Whether an answer has the Response Authenticator that is due to the request with this authenticator. Enough for
/// Accounting-Response, which carries nothing else.
[[nodiscard]] Result<bool> is_radius_answer(const RadiusPacket& answer, const RadiusAuthenticator& request,
                                            Bytes secret);

enum class RadiusCheck : std::uint8_t { good, bad_authenticator, no_message_authenticator, bad_message_authenticator };
/// Whether an answer is one to the request with this authenticator, of a server that knows the secret. Message-Authenticator
/// is demanded of each: without it anybody on the path can turn a reject into an accept. An error only where the library
/// has no MD5.
[[nodiscard]] Result<RadiusCheck> check_radius_answer(const RadiusPacket& answer, const RadiusAuthenticator& request,
                                                      Bytes secret);

/// The MSK of an Access-Accept: MS-MPPE-Recv-Key, then MS-MPPE-Send-Key. An error when one is missing or is no key under
/// this secret.
[[nodiscard]] Result<Secret<64>> radius_msk(const RadiusPacket& accept, const RadiusAuthenticator& request,
                                            Bytes secret);

}  // namespace macsec::crypto
