// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/dbus/private_bus.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace macsec::test {

PrivateBus::PrivateBus() : address_{"unix:path=" + (directory_.path() / "bus").string()} {}

void PrivateBus::start(std::string_view policy) {
  const std::filesystem::path config = directory_.path() / "bus.conf";
  std::ofstream{config}
      << "<busconfig><type>custom</type><listen>" << address_
      << "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
         "<allow eavesdrop=\"true\"/><allow own=\"*\"/><allow user=\"*\"/>"
      << policy
      << "</policy>"
         "<limit name=\"max_replies_per_connection\">100000</limit>"
         "<limit name=\"max_match_rules_per_connection\">64</limit></busconfig>\n";
  int ready[2];
  if (::pipe(ready) != 0) throw std::runtime_error{"pipe"};
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"fork"};
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ready[0]);
    const std::string config_option = "--config-file=" + config.string();
    const std::string address_option = "--print-address=" + std::to_string(ready[1]);
    ::execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", config_option.c_str(),
             address_option.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ready[1]);
  char letter = 0;  // it prints its address once it listens
  const bool listens = ::read(ready[0], &letter, 1) == 1;
  ::close(ready[0]);
  if (!listens) throw std::runtime_error{"dbus-daemon does not start"};
}

void PrivateBus::stop() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
  std::error_code ignored;
  std::filesystem::remove(directory_.path() / "bus", ignored);
}

}  // namespace macsec::test
