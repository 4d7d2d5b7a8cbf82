// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace macsec::keys {

/// To the journal, or to standard error where that is none. `kind`: of an event that the journal's catalogue explains; empty: none.
void log(int priority, std::string_view kind, const std::string& text);

}  // namespace macsec::keys
