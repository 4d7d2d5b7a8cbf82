// SPDX-License-Identifier: LGPL-2.1-or-later
/// Values both ends of the bus speak of.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace macsec::bus {

/// How long a profile lives that was added over the bus.
enum class Lifetime : std::uint8_t {
  client,  ///< until its owner leaves the bus
  parked,  ///< a while longer, to be claimed again
  memory,  ///< until it is removed or the daemon ends
  file,    ///< it is a file
};
[[nodiscard]] std::string_view to_string(Lifetime lifetime) noexcept;
[[nodiscard]] std::optional<Lifetime> lifetime_from_string(std::string_view word) noexcept;

inline constexpr std::chrono::microseconds default_grace = std::chrono::seconds{60};
inline constexpr std::chrono::microseconds longest_grace = std::chrono::hours{1};

/// How long a key is drained before it stays after all.
inline constexpr std::chrono::microseconds default_retirement = std::chrono::seconds{30};
inline constexpr std::chrono::microseconds longest_retirement = std::chrono::hours{1};

/// Something wrong with a profile, for the person who wrote it.
struct Problem {
  bool error = true;       ///< else a warning
  std::string file;        ///< empty: none
  std::uint32_t line = 0;  ///< 1 and up; 0: none
  std::string setting;     ///< "Section.Key"; empty: none in particular
  std::string text;        ///< one sentence part, without secrets
  friend bool operator==(const Problem&, const Problem&) = default;
};
/// The errors among them, in one line; empty: there are none.
[[nodiscard]] std::string errors_in(std::span<const Problem> problems);

}  // namespace macsec::bus
