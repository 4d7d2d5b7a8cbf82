// SPDX-License-Identifier: LGPL-2.1-or-later
// macsec-eap: holds TLS and credentials for 802.1X, apart from the daemon that holds the links.
#include "engine/base/command_line.hpp"
#include "engine/eap/worker/check.hpp"
#include "engine/eap/worker/server.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

namespace macsec::eap {
namespace {

enum class ExitCode : int { success = 0, failure = 1, usage = 2, bad_profile = 3 };

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

int run(int count, char** words) {
  bool only_check = false;
  const CommandLine line{
      "macsec-eap",
      "Authenticates by EAP for macsecd, on the socket that systemd hands over.",
      {{"--check", "", "read one profile from standard input, as macsecd sends it, say what it is worth, and exit",
        sets(only_check, true)}},
      "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error.\n\nSee macsec-eap(8).\n"};
  if (const auto status = line.answer(count, words)) return *status;
  return static_cast<int>(only_check ? check() : serve());
}

}  // namespace
}  // namespace macsec::eap

int main(int count, char** arguments) {
  const int code = macsec::eap::run(count, arguments);
  std::fflush(nullptr);
  // A thread that hangs in a token's driver still uses what a return would destroy.
  std::_Exit(code);
}
