// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/call.hpp"

#include "dbus/bus/names.hpp"

namespace macsec::bus {

std::string Call::sender() const {
  const char* sender = sd_bus_message_get_sender(message_.get());
  return sender == nullptr ? "" : sender;
}

void Call::fail(const char* error, const std::string& text) {
  if (sd_bus_reply_method_errorf(message_.get(), error, "%s", text.c_str()) < 0)
    sd_bus_reply_method_errorf(message_.get(), error, "no text");
}

void Call::fail(const Error& error, const char* missing) {
  switch (error.code) {
    case ENOENT:
      return fail(missing, error.message);
    case EEXIST:
      return fail(error::profile_exists, error.message);
    case EROFS:
    case EACCES:
      return fail(error::read_only, error.message);
    case EINVAL:
      return fail(error::invalid_settings, error.message);
    case ENOTSUP:
      return fail(error::not_supported, error.message);
    default:
      return fail(error::failed, error.message);
  }
}

}  // namespace macsec::bus
