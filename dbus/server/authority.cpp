// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/authority.hpp"

#include "dbus/bus/names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

constexpr std::array all_guards{
    Guard{interface::manager, "AddProfile", action::manage}, Guard{interface::manager, "CheckProfile", action::manage},
    Guard{interface::manager, "Reload", action::manage},     Guard{interface::profile, "Update", action::manage},
    Guard{interface::profile, "Remove", action::manage},     Guard{interface::profile, "Enable", action::manage},
    Guard{interface::profile, "Disable", action::manage},    Guard{interface::profile, "SetProblems", action::manage},
    Guard{interface::session, "Rekey", action::control},     Guard{interface::session, "Suspend", action::control},
    Guard{interface::session, "Up", action::control},        Guard{interface::session, "Down", action::control},
};

}  // namespace

std::span<const Guard> guards() noexcept { return all_guards; }

const char* action_of(std::string_view interface, std::string_view member) noexcept {
  const auto found = std::ranges::find_if(
      all_guards, [&](const Guard& guard) { return guard.interface == interface && guard.member == member; });
  return found == all_guards.end() ? nullptr : found->action;
}

Authority::Authority(AuthorityOptions options, Departed departed)
    : options_{std::move(options)}, departed_{std::move(departed)} {}

void Authority::use(sd_bus* bus) {
  clients_.clear();
  pending_ = 0;
  bus_ = bus;
}

void Authority::ask(sd_bus_message* call, const char* action, Answer answer) {
  const char* sender = sd_bus_message_get_sender(call);
  if (sender == nullptr && options_.trust_direct_peer) return answer(Permission::granted);
  // Without a bus between us nobody vouches for the sender.
  Client* client = sender == nullptr ? nullptr : follow(sender);
  if (client == nullptr) return answer(Permission::refused);
  if (client->uid && options_.trusted.contains(*client->uid)) return answer(Permission::granted);
  if (client->questions.size() >= options_.waiting_per_client) return answer(Permission::too_many);
  client->questions.push_back(std::make_unique<Question>(this, client->name, action,
                                                         sd_bus_message_get_allow_interactive_authorization(call) > 0,
                                                         std::move(answer), nullptr));
  if (client->uid) decide(*client, *client->questions.back());
}

/// Watches the name before asking whose it is, so that no departure is missed in between.
Authority::Client* Authority::follow(const std::string& name) {
  if (const auto known = clients_.find(name); known != clients_.end()) return &known->second;
  Client& client =
      clients_.try_emplace(name, this, name, std::nullopt, std::deque<std::unique_ptr<Question>>{}, nullptr, nullptr)
          .first->second;
  const std::string rule =
      fmt::format("type='signal',sender='{0}',path='{1}',interface='{0}',member='NameOwnerChanged',arg0='{2}'",
                  bus_service, bus_path, name);
  sd_bus_slot* slot = nullptr;
  int r = sd_bus_add_match_async(bus_, &slot, rule.c_str(), on_owner_changed, nullptr, &client);
  client.watch.reset(slot);
  slot = nullptr;
  if (r >= 0)
    r = sd_bus_call_method_async(bus_, &slot, bus_service, bus_path, bus_service, "GetConnectionUnixUser", on_uid,
                                 &client, "s", name.c_str());
  client.lookup.reset(slot);
  if (r >= 0) return &client;
  clients_.erase(name);
  return nullptr;
}

void Authority::decide(Client& client, Question& question) {
  if (options_.trusted.contains(*client.uid)) return finish(question, Permission::granted);
  const auto open = [](const auto& each) { return each->slot != nullptr; };
  if (std::ranges::count_if(client.questions, open) >= options_.pending_per_client ||
      pending_ >= options_.pending_in_all)
    return finish(question, Permission::too_many);
  sd_bus_message* raw = nullptr;
  int r =
      sd_bus_message_new_method_call(bus_, &raw, polkit_service, polkit_path, polkit_interface, "CheckAuthorization");
  const MessagePointer message{raw};
  constexpr std::uint32_t allow_user_interaction = 1;
  if (r >= 0)
    r = sd_bus_message_append(raw, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", client.name.c_str(),
                              question.action, 0, question.interactive ? allow_user_interaction : 0U, "");
  sd_bus_slot* slot = nullptr;
  if (r >= 0)
    r = sd_bus_call_async(bus_, &slot, raw, on_polkit, &question,
                          static_cast<std::uint64_t>(options_.patience.count()));
  question.slot.reset(slot);
  if (r < 0) return finish(question, Permission::no_authority);
  ++pending_;
}

/// Ends the question's life, then answers: the answer may do anything.
void Authority::finish(Question& question, Permission permission) {
  const Answer answer = std::move(question.answer);
  if (question.slot != nullptr) --pending_;
  if (const auto client = clients_.find(question.client); client != clients_.end())
    std::erase_if(client->second.questions, [&](const auto& each) { return each.get() == &question; });
  answer(permission);
}

void Authority::forget(std::string name) {
  const auto client = clients_.find(name);
  if (client == clients_.end()) return;
  for (const auto& question : client->second.questions)
    if (question->slot != nullptr) --pending_;
  clients_.erase(client);
  departed_(name);
}

int Authority::on_owner_changed(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
  const Client& client = *static_cast<Client*>(userdata);
  const char *name = nullptr, *before = nullptr, *after = nullptr;
  if (sd_bus_message_read(message, "sss", &name, &before, &after) >= 0 && *after == '\0')
    client.authority->forget(client.name);
  return 0;
}

int Authority::on_uid(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
  Client& client = *static_cast<Client*>(userdata);
  Authority& authority = *client.authority;
  std::uint32_t uid = 0;
  if (sd_bus_message_is_method_error(message, nullptr) != 0 || get(message, uid) < 0) {
    authority.forget(client.name);  // it left before it was answered
    return 0;
  }
  client.uid = uid;
  // Each decision may end the client or change its questions: take them by name, one at a time.
  const std::string name = client.name;
  std::vector<Question*> waiting;
  for (const auto& question : client.questions) waiting.push_back(question.get());
  for (Question* question : waiting) {
    const auto still = authority.clients_.find(name);
    if (still == authority.clients_.end()) break;
    if (std::ranges::any_of(still->second.questions, [&](const auto& each) { return each.get() == question; }))
      authority.decide(still->second, *question);
  }
  return 0;
}

int Authority::on_polkit(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
  Question& question = *static_cast<Question*>(userdata);
  int authorized = 0, challenge = 0;
  Permission permission = Permission::no_authority;
  if (sd_bus_message_is_method_error(message, nullptr) == 0 &&
      sd_bus_message_enter_container(message, 'r', "bba{ss}") > 0 &&
      sd_bus_message_read(message, "bb", &authorized, &challenge) > 0)
    permission = authorized != 0                           ? Permission::granted
                 : challenge != 0 && !question.interactive ? Permission::challenge
                                                           : Permission::refused;
  question.authority->finish(question, permission);
  return 0;
}

}  // namespace macsec::bus
