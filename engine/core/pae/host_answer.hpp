// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a host answered last, and whether a server's reject may be of what another station said in its place.
#pragma once

#include "engine/wire/eap.hpp"

#include <algorithm>
#include <vector>

namespace macsec::core {

class HostAnswer {
 public:
  /// A conversation begins: nobody has disputed anything.
  void begin() noexcept { disputed_ = false; }
  /// The host's answer to the request that waits for one; `packet` was read.
  void take(Bytes packet) { last_.assign(packet.begin(), packet.end()); }
  /// The conversation is over; a doubt stays.
  void drop() noexcept { last_.clear(); }
  [[nodiscard]] const std::vector<std::uint8_t>& packet() const noexcept { return last_; }

  /// An answer in the host's name that nothing waits for. Another one to the same request says that one of the two is not
  /// the host's; `running`: a conversation is.
  void note_other(Bytes packet, bool running) noexcept {
    disputed_ = disputed_ || (running && contradicts(last_, packet));
    if (contradicts(doubted_, packet)) doubted_.clear();
  }
  [[nodiscard]] bool disputed() const noexcept { return disputed_; }
  /// Whether a reject is the host's own, and ends its session: it is the second in a row, and nothing contradicts it.
  [[nodiscard]] bool is_believed() const noexcept { return !disputed_ && !doubted_.empty(); }
  /// The answer was rejected: whose it is will show.
  void doubt() { doubted_ = last_; }
  /// No doubt is left: the host was accepted, or has no session to lose.
  void trust() noexcept { doubted_.clear(); }

 private:
  [[nodiscard]] static bool contradicts(const std::vector<std::uint8_t>& answer, Bytes packet) noexcept {
    return !answer.empty() && answer[1] == packet[1] && !std::ranges::equal(answer, packet);
  }

  std::vector<std::uint8_t> last_;  ///< sent to a server
  std::vector<std::uint8_t> doubted_;
  bool disputed_ = false;
};

}  // namespace macsec::core
