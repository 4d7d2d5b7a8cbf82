// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/install.hpp"

#include "engine/base/file.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace macsec::cli {
namespace {

constexpr std::string_view user_section = "user";
constexpr std::uint32_t to_disk = 1;
constexpr std::uint64_t patience = 120'000'000;  // somebody may have to type a password

/// Type of a property on the bus; a keyfile does not say.
char type_of(std::string_view key) {
  constexpr std::array<std::string_view, 3> booleans{"autoconnect", "encrypt", "send-sci"};
  constexpr std::array<std::string_view, 3> numbers{"mode", "port", "validation"};
  if (std::ranges::find(booleans, key) != booleans.end()) return 'b';
  return std::ranges::find(numbers, key) != numbers.end() ? 'i' : 's';
}

/// Text that ends in a zero octet, as sd-bus wants it; wiped, for it may be the CAK.
int put_text(sd_bus_message* message, std::string_view value) {
  WipedText text{value.size() + 1};
  std::ranges::copy(value, text.data());
  return sd_bus_message_append_basic(message, 's', text.data());
}

int put_value(sd_bus_message* message, std::string_view key, std::string_view value) {
  const char type = type_of(key);
  const std::array<char, 2> signature{type, '\0'};
  int r = sd_bus_message_open_container(message, 'v', signature.data());
  if (r < 0) return r;
  if (type == 'b')
    r = bus::put(message, value == "true");
  else if (type == 'i')
    r = bus::put(message, static_cast<std::int32_t>(parse_unsigned(value, INT32_MAX).value_or(0)));
  else
    r = put_text(message, value);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

/// Makes a{sa{sv}} of a keyfile, line by line.
class Settings {
 public:
  explicit Settings(sd_bus_message* message) : message_{message} {}

  int put(std::string_view keyfile) {
    step(sd_bus_message_open_container(message_, 'a', "{sa{sv}}"));
    while (!keyfile.empty()) {
      const std::size_t end = std::min(keyfile.find('\n'), keyfile.size());
      line(keyfile.substr(0, end));
      keyfile.remove_prefix(std::min(end + 1, keyfile.size()));
    }
    end_section();
    step(sd_bus_message_close_container(message_));
    return result_;
  }

 private:
  void step(int r) { result_ = result_ < 0 ? result_ : r; }

  void line(std::string_view text) {
    if (text.starts_with('[')) {
      end_section();
      return begin_section(text.substr(1, text.size() - 2));
    }
    const std::size_t equals = text.find('=');
    if (text.starts_with('#') || equals == std::string_view::npos) return;
    const std::string_view key = text.substr(0, equals);
    step(sd_bus_message_open_container(message_, 'e', in_user_ ? "ss" : "sv"));
    step(put_text(message_, key));
    step(in_user_ ? put_text(message_, text.substr(equals + 1)) : put_value(message_, key, text.substr(equals + 1)));
    step(sd_bus_message_close_container(message_));
  }

  void begin_section(std::string_view name) {
    open_ = true;
    in_user_ = name == user_section;
    step(sd_bus_message_open_container(message_, 'e', "sa{sv}"));
    step(put_text(message_, name));
    step(sd_bus_message_open_container(message_, 'a', "{sv}"));
    if (!in_user_) return;
    // All of it is one property.
    step(sd_bus_message_open_container(message_, 'e', "sv"));
    step(put_text(message_, "data"));
    step(sd_bus_message_open_container(message_, 'v', "a{ss}"));
    step(sd_bus_message_open_container(message_, 'a', "{ss}"));
  }

  void end_section() {
    if (!std::exchange(open_, false)) return;
    for (int left = std::exchange(in_user_, false) ? 5 : 2; left > 0; --left)
      step(sd_bus_message_close_container(message_));
  }

  sd_bus_message* message_;
  int result_ = 0;
  bool open_ = false;
  bool in_user_ = false;
};

}  // namespace

bus::Outcome<bus::Nothing> install_networkmanager(sd_bus* bus, std::string_view keyfile) {
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_call(bus, &raw, "org.freedesktop.NetworkManager",
                                         "/org/freedesktop/NetworkManager/Settings",
                                         "org.freedesktop.NetworkManager.Settings", "AddConnection2");
  const bus::MessagePointer call{raw};
  if (r >= 0) r = sd_bus_message_sensitive(raw);
  if (r >= 0) r = sd_bus_message_set_allow_interactive_authorization(raw, 1);
  if (r >= 0) r = Settings{raw}.put(keyfile);
  if (r >= 0) r = bus::put_all(raw, to_disk, bus::Dictionary{});
  bus::BusError error;
  sd_bus_message* reply = nullptr;
  if (r >= 0) r = sd_bus_call(bus, raw, patience, error.get(), &reply);
  const bus::MessagePointer answer{reply};
  if (r >= 0) return bus::Nothing{};
  if (!error.name().empty()) return std::unexpected{bus::to_call_error(*error.get())};
  return std::unexpected{bus::CallError{bus::CallError::Kind::failed, {}, std::strerror(-r)}};
}

}  // namespace macsec::cli
