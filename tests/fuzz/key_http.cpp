// SPDX-License-Identifier: LGPL-2.1-or-later
/// An answer of a key server, read at once and octet by octet: both end the same, and what is taken keeps its bounds.
#include <cstdlib>

#include "plugin/keys/http.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace macsec::keys;
  const macsec::Bytes answer{data, size};
  HttpReader whole;
  whole.feed(answer);
  whole.end(true);
  HttpReader pieces;
  for (std::size_t i = 0; i < size; ++i) pieces.feed(answer.subspan(i, 1));
  pieces.end(true);
  require(whole.state() == pieces.state() && whole.problem() == pieces.problem());
  require(whole.status() == pieces.status() && whole.body() == pieces.body());
  require(whole.state() != HttpReader::State::reading);
  require((whole.state() == HttpReader::State::failed) == !whole.problem().empty());
  require(whole.body().size() <= HttpReader::max_answer);
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto url = parse_url(text)) {
    const auto again = parse_url("https://" + url->authority() + url->path);
    require(again && again->host == url->host && again->port == url->port && again->path == url->path);
  }
  return 0;
}
