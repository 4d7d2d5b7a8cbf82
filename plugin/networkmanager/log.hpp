// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lines for the journal, with the priority prefix of sd-daemon(3).
#pragma once

#include <cstdio>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace macsec::nm {

template <typename... T>
void log_line(const char* level, fmt::format_string<T...> format, T&&... values) {
  fmt::print(stderr, "{}{}\n", level, fmt::format(format, std::forward<T>(values)...));
}

}  // namespace macsec::nm
