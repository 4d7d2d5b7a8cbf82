// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/enable.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/service.hpp"

namespace macsec::nm {
namespace {

ExitCode run(std::span<const std::string_view> arguments) {
  const auto options = parse_options(arguments);
  if (!options) {
    fmt::print(stderr, "macsec-nm: {}\nTry --help.\n", options.error().message);
    return ExitCode::usage;
  }
  switch (options->action) {
    case Options::Action::help:
      fmt::print("{}", help_text());
      return ExitCode::success;
    case Options::Action::version:
      fmt::print("macsec-nm {}\n", MACSECD_VERSION);
      return ExitCode::success;
    case Options::Action::enable:
    case Options::Action::disable: {
      const auto done = options->action == Options::Action::enable ? enable(*options) : disable(*options);
      if (done) return ExitCode::success;
      log_line(SD_ERR, "macsec-nm: {}", done.error().message);
      return ExitCode::failure;
    }
    case Options::Action::serve:
      return serve(*options);
  }
  return ExitCode::usage;
}

}  // namespace
}  // namespace macsec::nm

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments{argv + 1, argv + argc};
  return static_cast<int>(macsec::nm::run(arguments));
}
