// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is asked of a key server, and what comes of it, whichever protocol it speaks.
#pragma once

#include "engine/base/secret.hpp"
#include "engine/wire/types.hpp"
#include "plugin/keys/http.hpp"

#include <expected>

namespace macsec::keys {

/// A key and its name, which is the CKN on the wire: the other end asks its own key server for the key by it.
struct ServedKey {
  Ckn ckn;
  Secret<32> cak;
};

/// Why a question brought no key.
struct Refusal {
  enum class Kind : std::uint8_t {
    unreachable,  ///< no connection, or no answer in time
    untrusted,    ///< the server's certificate or ours, or the shared key
    busy,         ///< status 5xx or 429
    refused,      ///< any other status
    malformed,    ///< an answer, but none of the protocol
  };
  Kind kind = Kind::unreachable;
  std::string words;  ///< a sentence part for people, printable, without secrets
};
[[nodiscard]] std::string_view to_string(Refusal::Kind kind) noexcept;  ///< "unreachable", "untrusted", ...

template <typename T>
using Answer = std::expected<T, Refusal>;

/// The most that is kept of what a server says in words.
inline constexpr std::size_t most_words = 200;

/// The refusal that a status other than 200 is; "message" of a JSON body is the server's words.
[[nodiscard]] Refusal refusal_of(unsigned status, std::string_view body);

[[nodiscard]] inline std::unexpected<Refusal> malformed(std::string words) {
  return std::unexpected<Refusal>{{Refusal::Kind::malformed, std::move(words)}};
}

/// What a server says of itself.
struct ServerStatus {
  std::string words;  ///< for people, printable: "9 keys stored"; empty: nothing
};

}  // namespace macsec::keys
