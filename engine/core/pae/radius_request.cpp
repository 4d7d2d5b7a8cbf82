// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_request.hpp"

#include <algorithm>
#include <utility>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_span = 16s;
constexpr Duration least_gap = 100ms;  // whatever a profile says, time passes between two of them

/// Up to a tenth of `span`, more or less.
Duration jitter(Duration span, Random& random) {
  std::array<std::uint8_t, 2> octets{};
  random.fill(octets);
  const auto share = (octets[0] << 8U | octets[1]) % 201 - 100;  // thousandths
  return span * share / 1000;
}

}  // namespace

std::optional<RadiusSlot> RadiusIdentifiers::take() {
  const std::size_t most = std::size_t{1} + share_.last - share_.first;
  auto socket = std::ranges::find_if(sockets_, [most](const Socket& one) { return one.used.count() < most; });
  if (socket == sockets_.end()) {
    if (sockets_.size() >= share_.most_sockets) return std::nullopt;
    socket = sockets_.emplace(socket, Socket{.next = share_.first});
  }
  while (socket->used.test(socket->next)) socket->next = after(socket->next);
  const std::uint8_t identifier = std::exchange(socket->next, after(socket->next));
  socket->used.set(identifier);
  return RadiusSlot{
      .server = server_, .socket = static_cast<std::size_t>(socket - sockets_.begin()), .identifier = identifier};
}

void RadiusIdentifiers::release(const RadiusSlot& slot) noexcept {
  if (slot.socket < sockets_.size()) sockets_[slot.socket].used.reset(slot.identifier);
}

RadiusRequest::RadiusRequest(std::vector<std::uint8_t> octets, const RadiusAuthenticator& authenticator, Duration retry,
                             Duration timeout, Time now, Random& random)
    : octets_{std::move(octets)},
      authenticator_{authenticator},
      span_{std::max(retry + jitter(retry, random), least_gap)},
      most_{std::max(retry, longest_span)},
      again_{now + span_},
      deadline_{now + timeout} {}

bool RadiusRequest::take_again(Time now, Random& random) {
  if (!again_ || now < *again_ || is_expired(now)) return false;
  span_ = 2 * span_ > most_ ? most_ + jitter(most_, random) : 2 * span_ + jitter(span_, random);
  again_ = now + span_;
  return true;
}

}  // namespace macsec::core
