// SPDX-License-Identifier: LGPL-2.1-or-later
/// JSON of a key server: what is taken keeps its bounds, every text of it is UTF-8, and both protocols get a key or say why not.
#include <cstdlib>

#include "engine/base/text.hpp"
#include "plugin/keys/etsi014.hpp"
#include "plugin/keys/json.hpp"
#include "plugin/keys/skip.hpp"

namespace {

using namespace macsec::keys;

void require(bool holds) {
  if (!holds) std::abort();
}

void walk(const Json& value, unsigned depth) {
  require(depth <= JsonDocument::max_depth && value.size() <= JsonDocument::max_values);
  if (const auto text = value.text()) require(macsec::is_utf8(text->view()));
  if (value.kind() != Json::Kind::list) return;
  // Each look is from the front: enough of them to see every kind.
  for (std::size_t i = 0; i < std::min<std::size_t>(value.size(), 64); ++i) walk(value.at(i), depth + 1);
}

void judge(const Answer<ServedKey>& key, unsigned bits) {
  if (key)
    require(key->cak.size() == bits / 8 && key->ckn.size() >= 1);
  else
    require(!key.error().words.empty() && macsec::is_utf8(key.error().words));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto document = JsonDocument::parse(text)) {
    walk(document->root(), 0);
    walk(document->root()["keys"], 1);
  }
  for (const unsigned bits : {128U, 256U}) {
    judge(etsi014::read_key(200, text, bits, nullptr), bits);
    judge(skip::read_key(200, text, bits, nullptr), bits);
  }
  require(!refusal_of(400, text).words.empty());
  static_cast<void>(etsi014::read_status(200, text));
  static_cast<void>(skip::read_capabilities(200, text));
  return 0;
}
