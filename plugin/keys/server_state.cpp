// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/server_state.hpp"

#include <algorithm>

namespace macsec::keys {
namespace {

using Kind = Refusal::Kind;
constexpr std::array refusals{Kind::unreachable, Kind::untrusted, Kind::busy, Kind::refused, Kind::malformed};

constexpr std::size_t place_of(Kind kind) noexcept { return 1 + static_cast<std::size_t>(kind); }

}  // namespace

Duration back_off(unsigned failures, std::minstd_rand& random) {
  constexpr unsigned most_doublings = 9;  // 512 s
  const Duration wait =
      std::min(ServerState::shortest_wait * (1U << std::min(failures - 1, most_doublings)), ServerState::longest_wait);
  const auto quarter = wait.count() / 4;
  const Duration spread{std::uniform_int_distribution<std::int64_t>{-quarter, quarter}(random)};
  return std::clamp(wait + spread, ServerState::shortest_wait, ServerState::longest_wait);
}

void ServerState::succeeded(Question question, Time now, std::string words) {
  ++counts_[0];
  failures_ = 0;
  up_ = true;
  last_success_ = now;
  last_error_.clear();
  ready_at_ = now;
  if (question == Question::status) words_ = std::move(words);
  if (question == Question::status || status_at_ < now) status_at_ = now + status_interval;
}

void ServerState::failed(Question question, const Refusal& refusal, Time now) {
  ++counts_[place_of(refusal.kind)];
  const bool answered = refusal.kind != Kind::unreachable && refusal.kind != Kind::untrusted;
  if (question == Question::known_key && answered) return;
  ++failures_;
  up_ = false;
  last_error_ = refusal.words;
  // Asked again soon, neither a certificate nor a name gets better.
  const bool lasting = refusal.kind == Kind::untrusted || refusal.kind == Kind::refused;
  ready_at_ = now + (lasting ? longest_wait : back_off(failures_, random_));
  status_at_ = ready_at_;
}

std::array<std::pair<std::string_view, std::uint64_t>, ServerState::results> ServerState::counts() const noexcept {
  std::array<std::pair<std::string_view, std::uint64_t>, results> out{};
  out[0] = {"ok", counts_[0]};
  for (const Kind kind : refusals) out[place_of(kind)] = {to_string(kind), counts_[place_of(kind)]};
  return out;
}

}  // namespace macsec::keys
