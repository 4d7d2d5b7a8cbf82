// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/etsi014.hpp"

#include "engine/base/base64.hpp"
#include "engine/base/text.hpp"
#include "plugin/keys/json.hpp"

#include <array>

namespace macsec::keys::etsi014 {
namespace {

constexpr std::size_t id_octets = 16;
constexpr std::array<std::size_t, 4> hyphens{8, 13, 18, 23};  ///< places in the text of a UUID
constexpr std::size_t uuid_size = 36;

HttpRequest request(std::string_view method, std::string_view remote_id, std::string_view what, std::string body = {}) {
  return {.method = std::string{method},
          .target = "/api/v1/keys/" + percent_encode(remote_id) + '/' + std::string{what},
          .body = std::move(body)};
}

std::string to_uuid(const Ckn& ckn) {
  std::string out = to_string(ckn);
  for (const std::size_t at : hyphens) out.insert(at, 1, '-');
  return out;
}

/// The octets in the order of the text, whatever the case of its digits.
std::optional<Ckn> from_uuid(std::string_view text) {
  if (text.size() != uuid_size) return std::nullopt;
  std::string digits{text};
  for (std::size_t i = hyphens.size(); i-- > 0;) {
    if (digits[hyphens[i]] != '-') return std::nullopt;
    digits.erase(hyphens[i], 1);
  }
  return Ckn::from_hex(digits);
}

}  // namespace

HttpRequest ask_status(std::string_view remote_id) { return request("GET", remote_id, "status"); }

HttpRequest ask_key(std::string_view remote_id, unsigned bits) {
  return request("POST", remote_id, "enc_keys", R"({"number":1,"size":)" + std::to_string(bits) + '}');
}

std::optional<HttpRequest> ask_key_by_id(std::string_view remote_id, const Ckn& ckn) {
  if (ckn.size() != id_octets) return std::nullopt;
  return request("POST", remote_id, "dec_keys", R"({"key_IDs":[{"key_ID":")" + to_uuid(ckn) + R"("}]})");
}

Answer<ServerStatus> read_status(unsigned status, std::string_view body) {
  if (status != 200) return std::unexpected{refusal_of(status, body)};
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed("the status is " + document.error().message);
  const Json root = document->root();
  if (root.kind() != Json::Kind::object) return malformed("the status is no JSON object");
  const auto stored = root["stored_key_count"].integer();
  return ServerStatus{stored ? std::to_string(*stored) + (*stored == 1 ? " key stored" : " keys stored")
                             : std::string{}};
}

Answer<ServedKey> read_key(unsigned status, std::string_view body, unsigned bits, const Ckn* wanted) {
  if (status != 200) return std::unexpected{refusal_of(status, body)};
  const auto document = JsonDocument::parse(body);
  if (!document) return malformed("the key container is " + document.error().message);
  const Json keys = document->root()["keys"];
  if (keys.size() != 1 || keys.kind() != Json::Kind::list)
    return malformed("the key container holds " + std::to_string(keys.size()) + " keys in place of 1");
  const auto id = keys.at(0)["key_ID"].text();
  const auto ckn = id ? from_uuid(id->view()) : std::nullopt;
  if (!ckn) return malformed("key_ID is no UUID");
  if (wanted != nullptr && *ckn != *wanted) return malformed("the key has another key_ID than was asked for");
  const auto digits = keys.at(0)["key"].text();
  const auto octets = digits ? from_base64(digits->view()) : std::nullopt;
  if (!octets) return malformed("key is not in base64");
  if (octets->size() != bits / 8)
    return malformed("the key has " + std::to_string(8 * octets->size()) + " bits, " + std::to_string(bits) +
                     " were asked for");
  return ServedKey{*ckn, Secret<32>{{reinterpret_cast<const std::uint8_t*>(octets->view().data()), octets->size()}}};
}

}  // namespace macsec::keys::etsi014
