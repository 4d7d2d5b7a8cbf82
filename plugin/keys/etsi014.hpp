// SPDX-License-Identifier: LGPL-2.1-or-later
/// ETSI GS QKD 014 V1.1.1: questions to a key management entity, and its answers. The path names the other end's SAE each time; our
/// own is known from our certificate.
#pragma once

#include "plugin/keys/exchange.hpp"

namespace macsec::keys::etsi014 {

[[nodiscard]] HttpRequest ask_status(std::string_view remote_id);
/// One key of `bits` (128 or 256) to be shared with `remote_id`.
[[nodiscard]] HttpRequest ask_key(std::string_view remote_id, unsigned bits);
/// The key that the other end was given. Nothing for a CKN that is no key_ID: those have 16 octets.
[[nodiscard]] std::optional<HttpRequest> ask_key_by_id(std::string_view remote_id, const Ckn& ckn);

[[nodiscard]] Answer<ServerStatus> read_status(unsigned status, std::string_view body);
/// The one key of a container. `wanted`: the name that was asked for; null: a new key.
[[nodiscard]] Answer<ServedKey> read_key(unsigned status, std::string_view body, unsigned bits, const Ckn* wanted);

}  // namespace macsec::keys::etsi014
