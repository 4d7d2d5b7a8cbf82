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

}  // namespace
}  // namespace macsec::daemon

int main(int argc, char** argv) {
  using namespace macsec::daemon;
  Options options;
  if (const auto status = command_line(options).answer(argc, argv)) return *status;
  return static_cast<int>(options.check.empty() ? serve(options) : check_profiles(options.check));
}
