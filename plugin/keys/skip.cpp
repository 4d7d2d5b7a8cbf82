// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/skip.hpp"

#include "engine/base/text.hpp"
#include "plugin/keys/json.hpp"

namespace macsec::keys::skip {

HttpRequest ask_capabilities() { return {.method = "GET", .target = "/capabilities", .body = {}}; }

HttpRequest ask_key(std::string_view remote_id, unsigned bits) {
  return {.method = "GET",
          .target = "/key?remoteSystemID=" + percent_encode(remote_id) + "&size=" + std::to_string(bits),
          .body = {}};
}

HttpRequest ask_key_by_id(std::string_view remote_id, const Ckn& ckn) {
  return {
      .method = "GET", .target = "/key/" + to_string(ckn) + "?remoteSystemID=" + percent_encode(remote_id), .body = {}};
}

Answer<ServerStatus> read_capabilities(unsigned status, std::string_view body) {
  if (status != 200) return std::unexpected{refusal_of(status, body)};
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed("the capabilities are " + document.error().message);
  const Json root = document->root();
  if (root.kind() != Json::Kind::object) return malformed("the capabilities are no JSON object");
  if (root["key"].boolean() == false) return malformed("the key provider gives no keys (\"key\" is false)");
  return ServerStatus{};
}

Answer<ServedKey> read_key(unsigned status, std::string_view body, unsigned bits, const Ckn* wanted) {
  if (status != 200) return std::unexpected{refusal_of(status, body)};
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed("the answer is " + document.error().message);
  const auto id = document->root()["keyId"].text();
  const auto ckn = id ? Ckn::from_hex(id->view()) : std::nullopt;
  if (!ckn) return malformed("keyId is not 1 to 32 octets in hexadecimal, so it cannot be a CKN");
  if (wanted != nullptr && *ckn != *wanted) return malformed("the key has another keyId than was asked for");
  const auto digits = document->root()["key"].text();
  ServedKey out{*ckn, {}};
  const auto size =
      digits && digits->size() == bits / 4 ? from_hex(digits->view(), out.cak.allocate(bits / 8)) : std::nullopt;
  if (!size) return malformed("key is not " + std::to_string(bits) + " bits in hexadecimal");
  return out;
}

}  // namespace macsec::keys::skip
