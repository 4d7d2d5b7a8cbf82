// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/tls_framing.hpp"

#include <algorithm>
#include <utility>

namespace macsec::eap {

std::expected<std::optional<Octets>, std::string_view> TlsReassembler::add(const TlsFragment& fragment) {
  const auto refuse = [this](std::string_view why) {
    message_.clear();
    total_.reset();
    return std::unexpected{why};
  };
  if (fragment.total && *fragment.total > max_tls_message) return refuse("announces a TLS message of more than 64 kB");
  if (fragment.total && total_ && *fragment.total != *total_) return refuse("announces two sizes for one TLS message");
  if (fragment.total) total_ = fragment.total;
  if (fragment.more && fragment.data.empty()) return refuse("sends a fragment without data");
  const std::size_t size = message_.size() + fragment.data.size();
  if (size > total_.value_or(max_tls_message)) return refuse("sends more of a TLS message than it announced");
  message_.insert(message_.end(), fragment.data.begin(), fragment.data.end());
  if (fragment.more) return std::nullopt;
  if (total_ && size != *total_) return refuse("sends less of a TLS message than it announced");
  total_.reset();
  return std::exchange(message_, {});
}

void TlsFragmenter::load(Octets message, bool always_total) {
  message_ = std::move(message);
  at_ = 0;
  always_total_ = always_total;
}

Octets TlsFragmenter::next(std::size_t most, std::uint8_t version) {
  const std::size_t size = std::min(most, message_.size() - at_);
  TlsFragment fragment{.version = version, .total = {}, .data = Bytes{message_}.subspan(at_, size)};
  fragment.more = at_ + size < message_.size();
  if (at_ == 0 && size > 0 && (fragment.more || always_total_))
    fragment.total = static_cast<std::uint32_t>(message_.size());
  Octets out(tls_fragment_overhead(fragment.total.has_value()) + size);
  Writer writer{out};
  write_tls_fragment(writer, fragment);
  at_ += size;
  if (!pending()) {
    message_.clear();
    at_ = 0;
  }
  return out;
}

}  // namespace macsec::eap
