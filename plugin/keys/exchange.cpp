// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/exchange.hpp"

#include "engine/base/text.hpp"
#include "plugin/keys/json.hpp"

namespace macsec::keys {
namespace {

Bytes octets_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string_view to_string(Refusal::Kind kind) noexcept {
  switch (kind) {
    case Refusal::Kind::unreachable:
      return "unreachable";
    case Refusal::Kind::untrusted:
      return "untrusted";
    case Refusal::Kind::busy:
      return "busy";
    case Refusal::Kind::refused:
      return "refused";
    case Refusal::Kind::malformed:
      return "malformed";
  }
  return {};
}

Refusal refusal_of(unsigned status, std::string_view body) {
  constexpr unsigned too_many_requests = 429;
  Refusal out;
  const bool later = status >= 500 || status == too_many_requests;
  out.kind = later ? Refusal::Kind::busy : Refusal::Kind::refused;
  out.words = "status " + std::to_string(status);
  if (const auto document = JsonDocument::parse(body))
    if (const auto said = document->root()["message"].text(); said && said->size() != 0)
      out.words += ": " + printable_text(octets_of(said->view()), most_words);
  return out;
}

}  // namespace macsec::keys
