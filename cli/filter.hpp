// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs that make one text of another.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"

#include <string>
#include <vector>

namespace macsec::cli {

/// What the program prints on standard output, given `input` (at most 64 KiB, so that a pipe holds it) on standard input. Its words on standard
/// error go to ours. It is looked for in PATH; nothing secret may be among `words`. An error where it cannot be started, or
/// fails: the message names it.
[[nodiscard]] Result<WipedText> filter(std::vector<std::string> words, std::string_view input);

}  // namespace macsec::cli
