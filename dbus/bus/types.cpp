// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/types.hpp"

#include <array>

namespace macsec::bus {
namespace {
constexpr std::array all_lifetimes{Lifetime::client, Lifetime::parked, Lifetime::memory, Lifetime::file};
}  // namespace

std::string_view to_string(Lifetime lifetime) noexcept {
  switch (lifetime) {
    case Lifetime::client:
      return "client";
    case Lifetime::parked:
      return "parked";
    case Lifetime::memory:
      return "memory";
    case Lifetime::file:
      return "file";
  }
  return "";
}

std::optional<Lifetime> lifetime_from_string(std::string_view word) noexcept {
  for (const Lifetime lifetime : all_lifetimes)
    if (to_string(lifetime) == word) return lifetime;
  return std::nullopt;
}

std::string errors_in(std::span<const Problem> problems) {
  std::string text;
  for (const Problem& problem : problems)
    if (problem.error) text += (text.empty() ? "" : "; ") + problem.text;
  return text;
}

}  // namespace macsec::bus
