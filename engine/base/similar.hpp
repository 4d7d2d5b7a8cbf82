// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names that were most likely meant, for "did you mean ...?".
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace macsec {

/// Names that are longer are near to nothing.
inline constexpr std::size_t longest_similar_name = 32;

/// Edit distance without regard to case, in half edits: two neighbours in the wrong order are half an edit, because
/// that is the likeliest slip. Both at most longest_similar_name octets.
[[nodiscard]] std::size_t name_distance(std::string_view left, std::string_view right) noexcept;

/// How far off a typing error in `name` may be, in half edits.
[[nodiscard]] std::size_t typing_tolerance(std::string_view name) noexcept;

/// The one of `names` that somebody who wrote `name` most likely meant; empty where none is near.
[[nodiscard]] std::string_view similar_name(std::string_view name, std::span<const std::string_view> names) noexcept;

}  // namespace macsec
