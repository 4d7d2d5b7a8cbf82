// SPDX-License-Identifier: LGPL-2.1-or-later
/// RADIUS packets out of a stream, where each is as long as it says (RFC 6613 2.6).
#pragma once

#include "engine/base/wiped.hpp"
#include "engine/wire/radius.hpp"

namespace macsec {

/// Over TLS everybody knows the shared secret, so keys in packets are as good as in clear: what is kept is overwritten.
class RadiusStream {
 public:
  /// Octets as they come. Callers take all packets with next() before they add more.
  void add(Bytes octets);
  /// The next whole packet, valid until add(); nothing where more octets have to come, or the stream is broken.
  [[nodiscard]] std::optional<Bytes> next() noexcept;
  /// A length below 20 or above 4096: where the next packet begins is not known any more.
  [[nodiscard]] bool is_broken() const noexcept { return broken_; }

 private:
  WipedBuffer buffer_;
  std::size_t at_ = 0;  ///< octets of `buffer_` that next() has given out
  bool broken_ = false;
};

}  // namespace macsec
