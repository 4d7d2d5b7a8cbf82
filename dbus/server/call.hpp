// SPDX-License-Identifier: LGPL-2.1-or-later
/// One method call on its way.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/result.hpp"

namespace macsec::bus {

/// Kept until it is answered, wiped with its message.
class Call {
 public:
  Call(sd_bus_message* message, std::string name) : message_{share(message)}, name_{std::move(name)} {}

  [[nodiscard]] sd_bus_message* message() const noexcept { return message_.get(); }
  /// The profile or session it is about.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string sender() const;

  template <typename... T>
  void reply(const T&... values) {
    sd_bus_message* raw = nullptr;
    int r = sd_bus_message_new_method_return(message_.get(), &raw);
    const MessagePointer answer{raw};
    if (r >= 0) r = put_all(raw, values...);
    if (r >= 0) r = sd_bus_send(nullptr, raw, nullptr);
    if (r < 0) sd_bus_reply_method_errno(message_.get(), r, nullptr);
  }
  void fail(const char* error, const std::string& text);
  /// `missing` is what ENOENT means here.
  void fail(const Error& error, const char* missing);

 private:
  MessagePointer message_;
  std::string name_;
};

}  // namespace macsec::bus
