// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/service.hpp"

#include <cerrno>
#include <cstdio>
#include <fmt/format.h>

namespace macsec::daemon {
namespace {

ExitCode complain(ExitCode code, const std::string& text) {
  fmt::print(stderr, "macsecd: {}\n", text);
  return code;
}

ExitCode serve(const Options& options) {
  const auto service = Service::open(options);
  if (!service)
    return complain(service.error().code == ENOENT ? ExitCode::no_macsec : ExitCode::failure, service.error().message);
  if (const auto done = (*service)->run(); !done) {
    const int code = done.error().code;
    const bool nameless = code == EADDRINUSE || code == EADDRNOTAVAIL;
    return complain(nameless ? ExitCode::no_name : ExitCode::failure, done.error().message);
  }
  return ExitCode::success;
}

ExitCode run(std::span<const std::string_view> arguments) {
  const auto options = parse_options(arguments);
  if (!options) return complain(ExitCode::usage, options.error().message + "\nTry --help.");
  switch (options->action) {
    case Options::Action::help:
      fmt::print("{}", help_text());
      return ExitCode::success;
    case Options::Action::version:
      fmt::print("macsecd {}\n", MACSECD_VERSION);
      return ExitCode::success;
    case Options::Action::check:
      return check_profiles(options->check);
    case Options::Action::serve:
      return serve(*options);
  }
  return ExitCode::usage;
}

}  // namespace
}  // namespace macsec::daemon

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments{argv + 1, argv + argc};
  return static_cast<int>(macsec::daemon::run(arguments));
}
