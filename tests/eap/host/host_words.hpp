// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the programs of this folder are told on their command line, and what they print.
#pragma once

#include "engine/config/eap_profile.hpp"

#include <map>
#include <string>

namespace macsec::test {

using Words = std::map<std::string, std::string>;

/// KEY=VALUE each.
[[nodiscard]] Words words_of(const std::vector<std::string>& arguments);
/// Throws where a key or a value is not known.
[[nodiscard]] EapProfile profile_of(const Words& words);
[[nodiscard]] std::string hex(Bytes octets);
/// With its quotation marks.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace macsec::test
