// SPDX-License-Identifier: LGPL-2.1-or-later
/// SKIP, the Secure Key Integration Protocol (draft-cisco-skip): questions to a key provider, and its answers.
#pragma once

#include "plugin/keys/exchange.hpp"

namespace macsec::keys::skip {

[[nodiscard]] HttpRequest ask_capabilities();
/// A new key of `bits` (128 or 256) to be shared with the system `remote_id`.
[[nodiscard]] HttpRequest ask_key(std::string_view remote_id, unsigned bits);
/// The key that the other end was given.
[[nodiscard]] HttpRequest ask_key_by_id(std::string_view remote_id, const Ckn& ckn);

[[nodiscard]] Answer<ServerStatus> read_capabilities(unsigned status, std::string_view body);
/// A keyId is 1 to 32 octets in hexadecimal, as a CKN is; any other is refused. `wanted`: the name that was asked for; null: a
/// new key.
[[nodiscard]] Answer<ServedKey> read_key(unsigned status, std::string_view body, unsigned bits, const Ckn* wanted);

}  // namespace macsec::keys::skip
