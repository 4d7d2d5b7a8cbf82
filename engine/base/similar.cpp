// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/similar.hpp"

#include <algorithm>
#include <array>

namespace macsec {
namespace {

char folded(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::size_t name_distance(std::string_view left, std::string_view right) noexcept {
  std::array<std::array<std::size_t, longest_similar_name + 1>, longest_similar_name + 1> cost{};
  const auto same = [left, right](std::size_t i, std::size_t j) { return folded(left[i - 1]) == folded(right[j - 1]); };
  for (std::size_t i = 0; i <= left.size(); ++i) {
    for (std::size_t j = 0; j <= right.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = 2 * (i + j);
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 2, cost[i][j - 1] + 2, cost[i - 1][j - 1] + (same(i, j) ? 0 : 2)});
      if (i > 1 && j > 1 && same(i - 1, j) && same(i, j - 1)) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[left.size()][right.size()];
}

std::size_t typing_tolerance(std::string_view name) noexcept { return name.size() <= 3 ? 2 : name.size() <= 6 ? 4 : 6; }

std::string_view similar_name(std::string_view name, std::span<const std::string_view> names) noexcept {
  if (name.empty() || name.size() > longest_similar_name) return {};
  std::string_view best;
  std::size_t best_distance = typing_tolerance(name) + 1;
  for (const std::string_view each : names) {
    if (each.size() > longest_similar_name) continue;
    const std::size_t away = name_distance(name, each);
    if (away >= best_distance) continue;
    best = each;
    best_distance = away;
  }
  return best;
}

}  // namespace macsec
