// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/service.hpp"

#include <csignal>
#include <cstdio>
#include <fmt/format.h>

namespace macsec::keys {
namespace {

enum class ExitCode : int { success = 0, failure = 1, usage = 2, bad_file = 3 };

constexpr std::string_view help =
    "Usage: macsec-keys [OPTION...]\n"
    "       macsec-keys --check [FILE...]\n\n"
    "Brings links keys from key servers (ETSI GS QKD 014, SKIP), as [KeySource] of their profiles says.\n\n"
    "Options:\n"
    "  --help            show this help\n"
    "  --version         show the version\n"
    "  --check           read the files, or those given, and what they name, say what is wrong, and exit\n"
    "  --source-dir DIR  read files NAME.source from here instead of /etc/macsecd/sources\n"
    "\nSignals: SIGHUP reads the files again.\n"
    "\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error.\n"
    "\nSee macsec-keys(8) and macsec.source(5).\n";

ExitCode complain(ExitCode code, const std::string& text) {
  fmt::print(stderr, "macsec-keys: {}\n", text);
  return code;
}

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

ExitCode run(const std::vector<std::string>& arguments) {
  ServiceOptions options;
  std::vector<std::string> files;
  bool only_check = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& one = arguments[i];
    if (one == "--help") {
      fmt::print("{}", help);
      return ExitCode::success;
    }
    if (one == "--version") {
      fmt::print("macsec-keys {}\n", MACSECD_VERSION);
      return ExitCode::success;
    }
    if (one == "--check")
      only_check = true;
    else if (one.starts_with("--source-dir="))
      options.directory = one.substr(one.find('=') + 1);
    else if (one == "--source-dir" && i + 1 < arguments.size())
      options.directory = arguments[++i];
    else if (only_check && !one.starts_with('-'))
      files.push_back(one);
    else
      return complain(ExitCode::usage, one + ": unknown argument, or nothing behind it\nTry --help.");
  }
  if (only_check) return check(options.directory, files);
  const auto service = Service::open(std::move(options));
  if (!service) return complain(ExitCode::failure, service.error().message);
  if (const auto done = (*service)->run(); !done) return complain(ExitCode::failure, done.error().message);
  return ExitCode::success;
}

}  // namespace
}  // namespace macsec::keys

int main(int argc, char** argv) {
  // A key server that closes its end while something is written to it fails that call, not the process. systemd has
  // its services ignore the signal; this process runs by hand, too.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // NOLINT(cert-err33-c)
  return static_cast<int>(macsec::keys::run(std::vector<std::string>(argv + 1, argv + argc)));
}
