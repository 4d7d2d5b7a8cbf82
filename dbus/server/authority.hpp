// SPDX-License-Identifier: LGPL-2.1-or-later
/// Who may do what: clients that wait for an answer, and polkit asked without waiting.
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
  const char* prompt;  ///< what the person who is asked for a password reads; $(name): profile or link
};
[[nodiscard]] std::span<const Guard> guards() noexcept;
/// For AddKey and ReplaceKey with a key that is not given but named: what only the service can read.
[[nodiscard]] const Guard& guard_of_named_key() noexcept;
/// Null for a method that is free.
[[nodiscard]] const Guard* guard_of(std::string_view interface, std::string_view member) noexcept;

enum class Permission : std::uint8_t {
  granted,
  refused,
  challenge,     ///< a password would do, and the caller did not allow to ask for it
  no_authority,  ///< polkit does not answer
  too_many,      ///< too many calls wait for an answer: of the client, of its user, or in all
};

struct AuthorityOptions {
  std::set<uid_t> trusted;                             ///< users that need no polkit
  bool trust_direct_peer = false;                      ///< so does who is connected without a bus between; for tests
  unsigned waiting_per_client = 16;                    ///< calls, the one that polkit is asked about included
  unsigned waiting_per_user = 64;                      ///< the same, of all clients of a user
  unsigned unknown_per_client = 4096;                  ///< calls until the bus has said who the client is
  std::size_t octets_in_all = std::size_t{32} << 20U;  ///< of all calls that wait
  std::chrono::microseconds patience = std::chrono::minutes{5};  ///< a person may be typing a password
};

class Authority {
 public:
  using Answer = std::function<void(Permission)>;
  using Departed = std::function<void(const std::string& client)>;
  using Report = std::function<void(const std::string& text)>;

  /// `departed` hears of every client that leaves the bus, `report` of a bus that does not tell of them.
  Authority(AuthorityOptions options, Departed departed, Report report);
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  ~Authority();

  /// Whose connection the questions go over; null: the bus went, and every client with it, without a word to `departed`.
  void use(sd_bus* bus);
  /// Answers once, now or later; never when the client leaves or the bus goes. `call` is from a client on the bus and has
  /// `octets`; `name` is the profile or link it is about.
  void ask(sd_bus_message* call, const Guard& guard, const std::string& name, std::size_t octets, Answer answer);

 private:
  struct Question {
    Authority* authority;
    std::string client;
    const Guard* guard;
    std::string name;
    bool interactive;
    std::size_t octets;
    Answer answer;
    std::string cancellation;  ///< polkit's handle
    SlotPointer slot;          ///< null: polkit was not asked yet
    void on_polkit(sd_bus_message* message);
  };
  struct Client {
    Authority* authority;
    std::string name;
    std::optional<uid_t> uid;
    std::deque<std::unique_ptr<Question>> questions;  ///< polkit is asked one after the other
    SlotPointer lookup;
    void on_uid(sd_bus_message* message);
  };

  void on_owner_changed(sd_bus_message* message);
  void on_match(sd_bus_message* message);

  Client* follow(const std::string& name);
  [[nodiscard]] std::size_t waiting_of(uid_t uid) const;
  void judge_all(const std::string& client);
  void ask_next(const std::string& client);
  [[nodiscard]] int ask_polkit(Question& question);
  void cancel(const Question& question);
  void finish(Question& question, Permission permission);
  void forget(const std::string& name);

  AuthorityOptions options_;
  Departed departed_;
  Report report_;
  sd_bus* bus_ = nullptr;
  std::size_t octets_ = 0;
  std::uint64_t asked_ = 0;
  std::map<std::string, Client> clients_;  ///< those that wait
  SlotPointer departures_;
};

}  // namespace macsec::bus
