// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/command_line.hpp"
#include "plugin/networkd/service.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::networkd {
namespace {

enum class ExitCode : int { success = 0, failure = 1, bad_file = 3 };

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

ExitCode complain(const Error& error) {
  fmt::print(stderr, "macsec-networkd: {}\n", error.message);
  return ExitCode::failure;
}

ExitCode serve(ServiceOptions options) {
  const auto service = Service::open(std::move(options));
  if (!service) return complain(service.error());
  if (const auto done = (*service)->run(); !done) return complain(done.error());
  return ExitCode::success;
}

struct Asked {
  std::vector<std::string> directories{};
  bool check = false;
};

CommandLine command_line(Asked& asked) {
  const auto append = [&asked](std::string_view value) -> std::string_view {
    asked.directories.emplace_back(value);
    return {};
  };
  return {"macsec-networkd",
          "Keeps the MACsec links of systemd-networkd secured, as [X-MKA] of their .netdev files says.",
          {{"--check", "", "read the files, say what is wrong, and exit", sets(asked.check, true)},
           {"--network-dir", "DIR", "read files from here instead of systemd-networkd's directories; may come again",
            append}},
          "Signals: SIGHUP reads files and keys again; changed files are seen without it.\n"
          "\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error.\n"
          "\nSee macsecd.netdev(5).\n"};
}

}  // namespace
}  // namespace macsec::networkd

int main(int argc, char** argv) {
  using namespace macsec::networkd;
  Asked asked;
  if (const auto status = command_line(asked).answer(argc, argv)) return *status;
  ServiceOptions options;
  if (!asked.directories.empty()) options.directories = std::move(asked.directories);
  return static_cast<int>(asked.check ? check(options.directories) : serve(std::move(options)));
}
