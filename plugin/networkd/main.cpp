// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/service.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::networkd {
namespace {

enum class ExitCode : int { success = 0, failure = 1, usage = 2, bad_file = 3 };

constexpr std::string_view help =
    "Usage: macsec-networkd [OPTION...]\n\n"
    "Keeps the MACsec links of systemd-networkd secured, as [X-MKA] of their .netdev files says.\n\n"
    "Options:\n"
    "  --help               show this help\n"
    "  --version            show the version\n"
    "  --check              read the files, say what is wrong, and exit\n"
    "  --network-dir DIR    read files from here instead of systemd-networkd's directories; may come again\n"
    "\nSignals: SIGHUP reads files and keys again; changed files are seen without it.\n"
    "\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error.\n"
    "\nSee macsecd.netdev(5).\n";

/// Credentials are there for macsecd only, and key files for it and root.
ProfileContext context_of(const Netdev& netdev) {
  ProfileContext context = ProfileContext::from_environment();
  context.without_keys = ::geteuid() != 0;
  for (const Section& section : netdev.sections)
    for (const Setting& setting : section.settings)
      if (setting.key == "CakCredential" && context.credentials_directory.empty()) context.without_keys = true;
  return context;
}

ExitCode check(const std::vector<std::string>& directories) {
  const Configuration configuration = load_configuration(directories);
  bool good = true;
  const auto tell = [&good](const std::vector<Diagnostic>& diagnostics) {
    for (const Diagnostic& one : diagnostics) fmt::print("{}: {}\n", to_string(one.severity), to_string(one));
    good = good && !has_error(diagnostics);
  };
  tell(configuration.diagnostics);
  for (const auto& [path, diagnostics] : configuration.broken) tell(diagnostics);
  for (const Netdev& netdev : configuration.netdevs) {
    tell(netdev.diagnostics);
    if (netdev.usable()) tell(foresee(netdev, {}, context_of(netdev)));
    const auto parent = configuration.parents.find(netdev.interface);
    const bool known = parent != configuration.parents.end();
    if (netdev.usable())
      fmt::print("{}: {}{}\n", netdev.path, netdev.interface,
                 !known                   ? ", no .network file says MACsec= of it"
                 : parent->second.empty() ? ""
                                          : " on " + parent->second);
  }
  return good ? ExitCode::success : ExitCode::bad_file;
}

ExitCode complain(ExitCode code, const std::string& text) {
  fmt::print(stderr, "macsec-networkd: {}\n", text);
  return code;
}

ExitCode run(const std::vector<std::string>& arguments) {
  ServiceOptions options;
  std::vector<std::string> directories;
  bool only_check = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& one = arguments[i];
    if (one == "--help") {
      fmt::print("{}", help);
      return ExitCode::success;
    }
    if (one == "--version") {
      fmt::print("macsec-networkd {}\n", MACSECD_VERSION);
      return ExitCode::success;
    }
    if (one == "--check")
      only_check = true;
    else if (one.starts_with("--network-dir="))
      directories.push_back(one.substr(one.find('=') + 1));
    else if (one == "--network-dir" && i + 1 < arguments.size())
      directories.push_back(arguments[++i]);
    else
      return complain(ExitCode::usage, one + ": unknown argument, or nothing behind it\nTry --help.");
  }
  if (!directories.empty()) options.directories = std::move(directories);
  if (only_check) return check(options.directories);
  const auto service = Service::open(std::move(options));
  if (!service) return complain(ExitCode::failure, service.error().message);
  if (const auto done = (*service)->run(); !done) return complain(ExitCode::failure, done.error().message);
  return ExitCode::success;
}

}  // namespace
}  // namespace macsec::networkd

int main(int argc, char** argv) {
  return static_cast<int>(macsec::networkd::run(std::vector<std::string>(argv + 1, argv + argc)));
}
