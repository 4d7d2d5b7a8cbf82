// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/dbus/polkit_mock.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/names.hpp"

#include <stdexcept>

namespace macsec::test {

PolkitMock::PolkitMock(sd_event* event, const std::string& address) {
  static const sd_bus_vtable vtable[] = {
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", bus::callback<&PolkitMock::on_check>,
                    SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD("CancelCheckAuthorization", "s", "", bus::callback<&PolkitMock::on_cancel>,
                    SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_VTABLE_END,
  };
  sd_bus* raw = nullptr;
  sd_bus_slot* slot = nullptr;
  int r = sd_bus_new(&raw);
  bus_.reset(raw);
  if (r >= 0) r = sd_bus_set_address(raw, address.c_str());
  if (r >= 0) r = sd_bus_set_bus_client(raw, 1);
  if (r >= 0) r = sd_bus_start(raw);
  if (r >= 0) r = sd_bus_add_object_vtable(raw, &slot, bus::polkit_path, bus::polkit_interface, vtable, this);
  slot_.reset(slot);
  if (r >= 0) r = sd_bus_request_name(raw, bus::polkit_service, 0);
  if (r >= 0) r = sd_bus_attach_event(raw, event, 0);
  if (r < 0) throw std::runtime_error{"the polkit mock does not start"};
}

void PolkitMock::reply(sd_bus_message* message, bool allow, bool challenge) {
  sd_bus_reply_method_return(message, "(bba{ss})", allow ? 1 : 0, challenge ? 1 : 0, 0);
}

int PolkitMock::on_check(sd_bus_message* message) {
  const char *kind = nullptr, *key = nullptr, *client = nullptr, *action = nullptr, *cancellation = nullptr;
  std::map<std::string, std::string> details;
  std::uint32_t flags = 0;
  if (sd_bus_message_read(message, "(sa{sv})", &kind, 1, &key, "s", &client) < 0 ||
      sd_bus_message_read(message, "s", &action) < 0 || bus::get(message, details) < 0 ||
      sd_bus_message_read(message, "us", &flags, &cancellation) < 0)
    return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_INVALID_ARGS, "not what polkit is asked");
  questions.push_back({client, action, flags == 1, std::move(details), cancellation});
  switch (answer) {
    case Answer::allow:
      reply(message, true, false);
      break;
    case Answer::refuse:
      reply(message, false, false);
      break;
    case Answer::challenge:
      reply(message, false, true);
      break;
    case Answer::none:
      kept_.push_back(bus::share(message));
      break;
    case Answer::error:
      sd_bus_reply_method_errorf(message, "org.freedesktop.PolicyKit1.Error.Failed", "no");
      break;
  }
  return 1;
}

int PolkitMock::on_cancel(sd_bus_message* message) {
  const char* cancellation = nullptr;
  if (sd_bus_message_read(message, "s", &cancellation) < 0) return -EINVAL;
  cancelled.emplace_back(cancellation);
  return sd_bus_reply_method_return(message, "");
}

void PolkitMock::answer_all(bool allow) {
  for (const bus::MessagePointer& message : kept_) reply(message.get(), allow, false);
  kept_.clear();
}

}  // namespace macsec::test
