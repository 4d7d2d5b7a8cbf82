// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/authority.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

constexpr std::array all_guards{
    Guard{interface::manager, "AddProfile", action::manage,
          "Authentication is required to add the MACsec profile $(name)."},
    Guard{interface::manager, "CheckProfile", action::manage,
          "Authentication is required to check the MACsec profile $(name)."},
    Guard{interface::manager, "Reload", action::manage,
          "Authentication is required to read the MACsec profiles again."},
    Guard{interface::profile, "Update", action::manage,
          "Authentication is required to change the MACsec profile $(name)."},
    Guard{interface::profile, "Remove", action::manage,
          "Authentication is required to remove the MACsec profile $(name)."},
    Guard{interface::profile, "Enable", action::manage,
          "Authentication is required to enable the MACsec profile $(name)."},
    Guard{interface::profile, "Disable", action::manage,
          "Authentication is required to disable the MACsec profile $(name)."},
    Guard{interface::profile, "SetProblems", action::manage,
          "Authentication is required to report problems of the MACsec profile $(name)."},
    Guard{interface::profile, "AddKey", action::keys,
          "Authentication is required to add a key to the MACsec profile $(name)."},
    Guard{interface::profile, "RetireKey", action::keys,
          "Authentication is required to retire a key of the MACsec profile $(name)."},
    Guard{interface::profile, "ReplaceKey", action::keys,
          "Authentication is required to replace a key of the MACsec profile $(name)."},
    Guard{interface::profile, "CancelRetire", action::keys,
          "Authentication is required to keep a key of the MACsec profile $(name)."},
    Guard{interface::session, "Rekey", action::control,
          "Authentication is required to renew the key of the MACsec link $(name)."},
    Guard{interface::session, "Suspend", action::control,
          "Authentication is required to suspend key agreement on the MACsec link $(name)."},
    Guard{interface::session, "Up", action::control, "Authentication is required to take the MACsec link $(name) up."},
    Guard{interface::session, "Down", action::control,
          "Authentication is required to take the MACsec link $(name) down."},
    Guard{interface::supplicant, "Reauthenticate", action::control,
          "Authentication is required to authenticate the MACsec link $(name) by 802.1X again."},
    Guard{interface::supplicant, "Logoff", action::control,
          "Authentication is required to end the 802.1X session of the MACsec link $(name)."},
    Guard{interface::authenticator, "Reauthenticate", action::control,
          "Authentication is required to have the host at the MACsec link $(name) authenticate again."},
    Guard{interface::authenticator, "Terminate", action::control,
          "Authentication is required to end the session of the host at the MACsec link $(name)."},
};

}  // namespace

std::span<const Guard> guards() noexcept { return all_guards; }

const Guard& guard_of_named_key() noexcept {
  static constexpr Guard guard{
      interface::profile, "AddKey", action::manage,
      "Authentication is required to add a key from a file or credential to the MACsec profile "
      "$(name)."};
  return guard;
}

const Guard* guard_of(std::string_view interface, std::string_view member) noexcept {
  const auto found = std::ranges::find_if(
      all_guards, [&](const Guard& guard) { return guard.interface == interface && guard.member == member; });
  return found == all_guards.end() ? nullptr : &*found;
}

Authority::Authority(AuthorityOptions options, Departed departed, Report report)
    : options_{std::move(options)}, departed_{std::move(departed)}, report_{std::move(report)} {}

Authority::~Authority() = default;

void Authority::use(sd_bus* bus) {
  clients_.clear();
  octets_ = 0;
  departures_.reset();
  bus_ = bus;
  if (bus == nullptr || sd_bus_is_bus_client(bus) <= 0) return;
  // One rule for all clients: buses limit the rules of a connection, and sd-bus ends a connection that is refused one
  // unless a callback takes the refusal.
  const std::string rule = fmt::format(
      "type='signal',sender='{0}',path='{1}',interface='{0}',member='NameOwnerChanged',arg2=''", bus_service, bus_path);
  sd_bus_slot* slot = nullptr;
  if (sd_bus_add_match_async(bus_, &slot, rule.c_str(), callback<&Authority::on_owner_changed>,
                             callback<&Authority::on_match>, this) < 0)
    report_("cannot follow the clients of the bus");
  departures_.reset(slot);
}

void Authority::on_match(sd_bus_message* message) {
  if (const sd_bus_error* error = sd_bus_message_get_error(message); error != nullptr)
    report_(fmt::format("cannot follow the clients of the bus: {}", error->message == nullptr ? "" : error->message));
}

void Authority::ask(sd_bus_message* call, const Guard& guard, const std::string& name, std::size_t octets,
                    Answer answer) {
  const char* sender = sd_bus_message_get_sender(call);
  if (sender == nullptr && options_.trust_direct_peer) return answer(Permission::granted);
  // Without a bus between us nobody vouches for the sender.
  Client* client = sender == nullptr ? nullptr : follow(sender);
  if (client == nullptr) return answer(Permission::refused);
  const std::size_t most = client->uid ? options_.waiting_per_client : options_.unknown_per_client;
  if (client->questions.size() >= most || octets_ + octets > options_.octets_in_all ||
      (client->uid && waiting_of(*client->uid) >= options_.waiting_per_user))
    return answer(Permission::too_many);
  octets_ += octets;
  client->questions.push_back(std::make_unique<Question>(this, client->name, &guard, name,
                                                         sd_bus_message_get_allow_interactive_authorization(call) > 0,
                                                         octets, std::move(answer), "", nullptr));
  if (client->uid) ask_next(client->name);
}

/// The client, known or asked about at the bus.
Authority::Client* Authority::follow(const std::string& name) {
  if (const auto known = clients_.find(name); known != clients_.end()) return &known->second;
  Client& client =
      clients_.try_emplace(name, this, name, std::nullopt, std::deque<std::unique_ptr<Question>>{}, nullptr)
          .first->second;
  sd_bus_slot* slot = nullptr;
  const int r = sd_bus_call_method_async(bus_, &slot, bus_service, bus_path, bus_service, "GetConnectionUnixUser",
                                         callback<&Client::on_uid>, &client, "s", name.c_str());
  client.lookup.reset(slot);
  if (r >= 0) return &client;
  clients_.erase(name);
  return nullptr;
}

std::size_t Authority::waiting_of(uid_t uid) const {
  std::size_t waiting = 0;
  for (const auto& [name, client] : clients_)
    if (client.uid == uid) waiting += client.questions.size();
  return waiting;
}

/// Judges what has waited for the client's user: refuses what is too much, asks polkit about the rest.
void Authority::judge_all(const std::string& name) {
  const Client& client = clients_.at(name);
  if (!options_.trusted.contains(*client.uid)) {
    const std::size_t others = waiting_of(*client.uid) - client.questions.size();
    const std::size_t left = options_.waiting_per_user > others ? options_.waiting_per_user - others : 0;
    const std::size_t room = std::min<std::size_t>(options_.waiting_per_client, left);
    // A refusal is only sent: it changes nothing here but the question it ends.
    while (client.questions.size() > room) finish(*client.questions.back(), Permission::too_many);
  }
  ask_next(name);
}

/// Asks polkit about the client's first call that waits, unless it is asked already: one prompt at a time.
void Authority::ask_next(const std::string& name) {
  for (;;) {
    const auto client = clients_.find(name);
    if (client == clients_.end()) return;
    if (client->second.questions.empty()) {
      clients_.erase(client);
      return;
    }
    Question& question = *client->second.questions.front();
    if (options_.trusted.contains(*client->second.uid)) {
      finish(question, Permission::granted);
    } else {
      if (question.slot != nullptr || ask_polkit(question) >= 0) return;
      finish(question, Permission::no_authority);
    }
  }
}

int Authority::ask_polkit(Question& question) {
  question.cancellation = fmt::format("macsecd-{}", ++asked_);
  sd_bus_message* raw = nullptr;
  int r =
      sd_bus_message_new_method_call(bus_, &raw, polkit_service, polkit_path, polkit_interface, "CheckAuthorization");
  const MessagePointer message{raw};
  constexpr std::uint32_t allow_user_interaction = 1;
  if (r >= 0)
    r = sd_bus_message_append(raw, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", question.client.c_str(),
                              question.guard->action, 2, "polkit.message", question.guard->prompt, "name",
                              question.name.c_str(), question.interactive ? allow_user_interaction : 0U,
                              question.cancellation.c_str());
  sd_bus_slot* slot = nullptr;
  if (r >= 0)
    r = sd_bus_call_async(bus_, &slot, raw, callback<&Question::on_polkit>, &question,
                          static_cast<std::uint64_t>(options_.patience.count()));
  question.slot.reset(slot);
  return r;
}

/// Takes the prompt from the screen: nobody waits for its answer any more.
void Authority::cancel(const Question& question) {
  if (question.slot == nullptr) return;
  sd_bus_call_method_async(bus_, nullptr, polkit_service, polkit_path, polkit_interface, "CancelCheckAuthorization",
                           nullptr, nullptr, "s", question.cancellation.c_str());
}

/// Ends the question's life, then answers: the answer may do anything.
void Authority::finish(Question& question, Permission permission) {
  const Answer answer = std::move(question.answer);
  octets_ -= question.octets;
  if (const auto client = clients_.find(question.client); client != clients_.end())
    std::erase_if(client->second.questions, [&](const auto& each) { return each.get() == &question; });
  answer(permission);
}

void Authority::forget(const std::string& name) {
  const auto client = clients_.find(name);
  if (client == clients_.end()) return;
  for (const auto& question : client->second.questions) {
    octets_ -= question->octets;
    cancel(*question);
  }
  clients_.erase(client);
}

void Authority::on_owner_changed(sd_bus_message* message) {
  const char *name = nullptr, *before = nullptr, *after = nullptr;
  if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0 || *after != '\0' || *name != ':') return;
  const std::string client{name};
  forget(client);
  departed_(client);
}

/// The client may be gone when this returns.
void Authority::Client::on_uid(sd_bus_message* message) {
  Authority& asked = *authority;
  const std::string who = name;
  std::uint32_t answer = 0;
  if (sd_bus_message_is_method_error(message, nullptr) != 0 || get(message, answer) < 0)
    return asked.forget(who);  // it left before it was answered
  uid = answer;
  asked.judge_all(who);
}

/// The question is gone when this returns.
void Authority::Question::on_polkit(sd_bus_message* message) {
  Authority& asked = *authority;
  const std::string who = client;
  int authorized = 0, challenge = 0;
  Permission permission = Permission::no_authority;
  if (sd_bus_message_is_method_error(message, nullptr) == 0) {
    if (sd_bus_message_enter_container(message, 'r', "bba{ss}") > 0 &&
        sd_bus_message_read(message, "bb", &authorized, &challenge) > 0)
      permission = authorized != 0                  ? Permission::granted
                   : challenge != 0 && !interactive ? Permission::challenge
                                                    : Permission::refused;
  } else if (sd_bus_message_is_method_error(message, SD_BUS_ERROR_NO_REPLY) != 0) {
    asked.cancel(*this);  // our patience ended, the prompt did not
  }
  asked.finish(*this, permission);
  asked.ask_next(who);
}

}  // namespace macsec::bus
