// SPDX-License-Identifier: LGPL-2.1-or-later
/// Text forms of numbers, octets and durations, shared by profiles, CLI and bus.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace macsec {

/// Lower-case hexadecimal digits, two an octet, no separators.
[[nodiscard]] std::string to_hex(Bytes octets);

/// Decodes an even number of hexadecimal digits into `out`; the octets written, or nothing when a character is not a
/// digit, the count is odd, or `out` is too small. Nothing is kept of the input, so it may decode secrets.
[[nodiscard]] std::optional<std::size_t> from_hex(std::string_view digits, MutableBytes out) noexcept;

/// A decimal or 0x-prefixed unsigned number in full; nothing when there is anything else or it exceeds `max`.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max) noexcept;

/// systemd.time(7) spans: "90", "90s", "1h 30min", "1.5s", "500ms"; "infinity" is not accepted. A number that stands
/// alone is in seconds.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text) noexcept;

/// The two largest units that are not zero, the rest cut off: "1h 30min", "250ms", "0".
[[nodiscard]] std::string format_duration(Duration span);

/// systemd booleans: 1/yes/y/true/t/on and 0/no/n/false/f/off, any case.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text) noexcept;

/// "192.0.2.1:1812", "[2001:db8::1]:1812"
[[nodiscard]] std::string to_endpoint(std::string_view address, std::uint16_t port);

/// Whether `text` is well-formed UTF-8 without surrogates and noncharacters.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// What a stranger says, at most `most` octets of it, as it may be shown: UTF-8 stays, other octets and control characters
/// are written as "\x1b".
[[nodiscard]] std::string printable_text(Bytes text, std::size_t most = 256);

/// Without leading and trailing blanks (space, tab, CR).
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

}  // namespace macsec
