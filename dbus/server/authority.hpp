// SPDX-License-Identifier: LGPL-2.1-or-later
/// Who may do what: clients that change something, followed until they leave the bus, and polkit asked without waiting.
#pragma once

#include "dbus/bus/message.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>

namespace macsec::bus {

/// A method that changes something, and the polkit action that allows it. Methods that are not here are free.
struct Guard {
  std::string_view interface;
  std::string_view member;
  const char* action;
};
[[nodiscard]] std::span<const Guard> guards() noexcept;
/// Null for a method that is free.
[[nodiscard]] const char* action_of(std::string_view interface, std::string_view member) noexcept;

enum class Permission : std::uint8_t {
  granted,
  refused,
  challenge,     ///< a password would do, and the caller did not allow to ask for it
  no_authority,  ///< polkit does not answer
  too_many,      ///< the client has too many questions open
};

struct AuthorityOptions {
  std::set<uid_t> trusted;             ///< users that need no polkit
  bool trust_direct_peer = false;      ///< so does who is connected without a bus between; for tests
  unsigned pending_per_client = 16;    ///< questions to polkit
  unsigned pending_in_all = 512;       ///< the same, of all clients
  unsigned waiting_per_client = 4096;  ///< calls until the bus has said who the client is
  std::chrono::microseconds patience = std::chrono::minutes{5};  ///< a person may be typing a password
};

class Authority {
 public:
  using Answer = std::function<void(Permission)>;
  using Departed = std::function<void(const std::string& client)>;

  /// `departed` hears of every client that asked once and then left.
  Authority(AuthorityOptions options, Departed departed);
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  /// Whose connection the questions go over; null: the bus went, and every client with it, without a word to `departed`.
  void use(sd_bus* bus);
  /// Answers once, now or later; never when the client leaves or the bus goes. `call` is from a client on the bus.
  void ask(sd_bus_message* call, const char* action, Answer answer);

 private:
  struct Question {
    Authority* authority;
    std::string client;
    const char* action;
    bool interactive;
    Answer answer;
    SlotPointer slot;
  };
  struct Client {
    Authority* authority;
    std::string name;
    std::optional<uid_t> uid;
    std::deque<std::unique_ptr<Question>> questions;
    SlotPointer lookup;
    SlotPointer watch;
  };

  static int on_owner_changed(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  static int on_uid(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  static int on_polkit(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;

  Client* follow(const std::string& name);
  void decide(Client& client, Question& question);
  void finish(Question& question, Permission permission);
  void forget(std::string name);

  AuthorityOptions options_;
  Departed departed_;
  sd_bus* bus_ = nullptr;
  unsigned pending_ = 0;
  std::map<std::string, Client> clients_;
};

}  // namespace macsec::bus
