// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/command_line.hpp"
#include "plugin/keys/service.hpp"

#include <csignal>
#include <cstdio>
#include <fmt/format.h>

namespace macsec::keys {
namespace {

enum class ExitCode : int { success = 0, failure = 1, bad_file = 3 };

ExitCode check(const std::string& directory, const std::vector<std::string>& files) {
  SourceListing listing;
  if (files.empty()) listing = read_sources(directory);
  for (const std::string& file : files) {
    SourceReading read = read_source_file(file);
    std::ranges::move(read.diagnostics, std::back_inserter(listing.diagnostics));
    if (read.source) listing.sources.push_back(std::move(*read.source));
  }
  bool good = !has_error(listing.diagnostics);
  for (const Diagnostic& one : listing.diagnostics) fmt::print("{}: {}\n", to_string(one.severity), to_string(one));
  for (const Source& source : listing.sources) {
    const auto tls = TlsClient::load(source);
    good = good && tls;
    if (tls)
      fmt::print("{}: {} at {}\n", source.path, to_string(source.type), source.url.authority());
    else
      fmt::print("error: {}: {}\n", source.path, tls.error().message);
  }
  return good ? ExitCode::success : ExitCode::bad_file;
}

ExitCode complain(const Error& error) {
  fmt::print(stderr, "macsec-keys: {}\n", error.message);
  return ExitCode::failure;
}

ExitCode serve(ServiceOptions options) {
  const auto service = Service::open(std::move(options));
  if (!service) return complain(service.error());
  if (const auto done = (*service)->run(); !done) return complain(done.error());
  return ExitCode::success;
}

struct Asked {
  ServiceOptions options{};
  std::vector<std::string> files{};
  bool check = false;
};

CommandLine command_line(Asked& asked) {
  const auto to_check = [&asked](std::string_view file) -> std::string_view {
    asked.check = true;
    if (!file.empty()) asked.files.emplace_back(file);
    return {};
  };
  const auto to_directory = [&asked](std::string_view value) -> std::string_view {
    asked.options.directory = value;
    return {};
  };
  return {"macsec-keys",
          "Brings links keys from key servers (ETSI GS QKD 014, SKIP), as [KeySource] of their profiles says.",
          {{"--check", "[FILE...]", "read the files, or those given, and what they name, say what is wrong, and exit",
            to_check},
           {"--source-dir", "DIR", "read files NAME.source from here instead of /etc/macsecd/sources", to_directory}},
          "Signals: SIGHUP reads the files again.\n"
          "\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error.\n"
          "\nSee macsec-keys(8) and macsec.source(5).\n"};
}

}  // namespace
}  // namespace macsec::keys

int main(int argc, char** argv) {
  // A key server that closes its end while something is written to it fails that call, not the process. systemd has
  // its services ignore the signal; this process runs by hand, too.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // NOLINT(cert-err33-c)
  using namespace macsec::keys;
  Asked asked;
  if (const auto status = command_line(asked).answer(argc, argv)) return *status;
  return static_cast<int>(asked.check ? check(asked.options.directory, asked.files) : serve(std::move(asked.options)));
}
