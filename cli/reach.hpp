// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether the daemon answers, and where to look when it does not.
#pragma once

#include "dbus/client/client.hpp"

namespace macsec::cli {

/// How long an answer may take before a person is told where to look.
inline constexpr std::chrono::seconds answer_time{3};

/// Asks the daemon for a sign of life, which starts it where it is not running. `starting` is called once where the
/// service manager still starts it; it then has the 25 s that activation may take. Kind::unreachable with a text that
/// says what the service manager knows of the unit, and what to look at.
[[nodiscard]] bus::Outcome<bus::Nothing> reach(sd_bus* bus, const std::function<void()>& starting);

}  // namespace macsec::cli
