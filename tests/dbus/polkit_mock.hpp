// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.freedesktop.PolicyKit1 as far as macsecd asks it, with answers a test chooses.
#pragma once

#include "dbus/bus/message.hpp"

#include <systemd/sd-event.h>

namespace macsec::test {

class PolkitMock {
 public:
  enum class Answer : std::uint8_t {
    allow,
    refuse,
    challenge,  ///< would ask for a password: refused where the caller allowed to ask, as after a wrong one
    none,       ///< keeps the question until answer_all()
    error,
  };

  /// Owns the name when it returns.
  PolkitMock(sd_event* event, const std::string& address);
  PolkitMock(const PolkitMock&) = delete;
  PolkitMock& operator=(const PolkitMock&) = delete;

  Answer answer = Answer::allow;
  struct Question {
    std::string client;  ///< unique name
    std::string action;
    bool interactive;
    std::map<std::string, std::string> details;
    std::string cancellation;
  };
  std::vector<Question> questions;
  std::vector<std::string> cancelled;  ///< handles of questions nobody waits for any more

  /// Answers what was kept.
  void answer_all(bool allow);

 private:
  int on_check(sd_bus_message* message);
  int on_cancel(sd_bus_message* message);
  static void reply(sd_bus_message* message, bool allow, bool challenge);

  bus::BusPointer bus_;
  std::vector<bus::MessagePointer> kept_;
  bus::SlotPointer slot_;
};

}  // namespace macsec::test
