// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/enable.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/service.hpp"

namespace macsec::nm {
namespace {

ExitCode run(const Options& options) {
  if (options.action == Options::Action::serve) return serve(options);
  const auto done = options.action == Options::Action::enable ? enable(options) : disable(options);
  if (done) return ExitCode::success;
  log_line(SD_ERR, "macsec-nm: {}", done.error().message);
  return ExitCode::failure;
}

}  // namespace
}  // namespace macsec::nm

int main(int argc, char** argv) {
  using namespace macsec::nm;
  Options options;
  if (const auto status = command_line(options).answer(argc, argv)) return *status;
  return static_cast<int>(run(options));
}
