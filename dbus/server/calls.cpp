// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/calls.hpp"

#include "dbus/bus/names.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

/// The profile a call to the manager names first; empty where it names none, or none that can be.
std::string name_in(sd_bus_message* message) {
  std::string name;
  const char* signature = sd_bus_message_get_signature(message, 1);
  if (signature != nullptr && *signature == 's' && (get(message, name) < 0 || !is_profile_name(name))) name.clear();
  sd_bus_message_rewind(message, 1);
  return name;
}

}  // namespace

Calls::Calls(const Shared& shared, Authority::Departed departed)
    : shared_{shared}, authority_{shared.options.authority, std::move(departed), [this](const std::string& text) {
                                    shared_.options.report(text);
                                  }} {}

void Calls::take(Call call, Handler handler) {
  const Guard* guard =
      guard_of(sd_bus_message_get_interface(call.message()), sd_bus_message_get_member(call.message()));
  if (guard == nullptr) return run(call, handler);
  const std::size_t most = shared_.options.octets_per_call;
  const ssize_t body = body_octets(call.message(), most);
  if (body < 0) return call.fail(error::invalid_argument, "the call cannot be read");
  const auto octets = static_cast<std::size_t>(body);
  if (octets > most) return call.fail(error::limit_exceeded, fmt::format("a call may have {} octets", most));
  // Who may only add keys could have the service use one that it may not read itself.
  if (guard->action == std::string_view{action::keys} && names_key(call.message())) guard = &guard_of_named_key();
  const auto shared = std::make_shared<Call>(std::move(call));
  const std::string name = shared->name().empty() ? name_in(shared->message()) : shared->name();
  authority_.ask(shared->message(), *guard, name, octets, [this, shared, handler](Permission permission) {
    switch (permission) {
      case Permission::granted:
        return run(*shared, handler);
      case Permission::refused:
        return shared->fail(error::not_authorized, "this needs the permission of an administrator");
      case Permission::challenge:
        return shared->fail(error::interactive, "this needs interactive authorization");
      case Permission::no_authority:
        return shared->fail(error::not_authorized, "polkit does not answer, so that only root may do this");
      case Permission::too_many:
        return shared->fail(error::limit_exceeded, "too many calls wait for an answer of polkit");
    }
  });
}

void Calls::run(Call& call, Handler handler) try { handler(shared_, call); } catch (const std::exception& exception) {
  call.fail(error::failed, exception.what());
}

}  // namespace macsec::bus
