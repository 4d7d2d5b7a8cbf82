// SPDX-License-Identifier: LGPL-2.1-or-later
// macsec-eap: holds TLS and credentials for 802.1X, apart from the daemon that holds the links.
#include "engine/eap/worker/check.hpp"
#include "engine/eap/worker/server.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

namespace macsec::eap {
namespace {

enum class ExitCode : int { success = 0, failure = 1, usage = 2, bad_profile = 3 };

constexpr const char* help =
    "Usage: macsec-eap [OPTION]\n\n"
    "Authenticates by EAP for macsecd, on the socket that systemd hands over.\n\n"
    "Options:\n"
    "  --help               show this help\n"
    "  --version            show the version\n"
    "  --check              read one profile as macsecd sends it, say what it is worth, and exit\n"
    "\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error.\n"
    "\nSee macsec-eap(8).\n";

ExitCode complain(ExitCode code, const std::string& text) {
  std::fprintf(stderr, "macsec-eap: %s\n", text.c_str());
  return code;
}

ExitCode serve() {
  if (::sd_listen_fds(1) != 1 || ::sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, nullptr, 0) <= 0)
    return complain(ExitCode::usage,
                    "needs one listening socket (SOCK_SEQPACKET): macsec-eap.socket starts it with one");
  const auto server = Server::open(FileDescriptor{SD_LISTEN_FDS_START});
  if (!server) return complain(ExitCode::failure, server.error().message);
  if (const Result<void> done = (*server)->run(); !done) return complain(ExitCode::failure, done.error().message);
  return ExitCode::success;
}

ExitCode check() {
  const auto checked = check_profile(stdin);
  if (!checked) return complain(ExitCode::failure, checked.error().message);
  std::fputs(checked->words.c_str(), stdout);
  return checked->usable ? ExitCode::success : ExitCode::bad_profile;
}

ExitCode run(int count, char** arguments) {
  if (count < 2) return serve();
  const std::string_view word{arguments[1]};
  if (count == 2 && word == "--check") return check();
  if (word == "--help") {
    std::fputs(help, stdout);
    return ExitCode::success;
  }
  if (word == "--version") {
    std::puts("macsec-eap " MACSECD_VERSION);
    return ExitCode::success;
  }
  return complain(ExitCode::usage, std::string{arguments[count - 1]} + ": unknown argument\nTry --help.");
}

}  // namespace
}  // namespace macsec::eap

int main(int count, char** arguments) {
  const auto code = static_cast<int>(macsec::eap::run(count, arguments));
  std::fflush(nullptr);
  // A thread that hangs in a token's driver still uses what a return would destroy.
  std::_Exit(code);
}
