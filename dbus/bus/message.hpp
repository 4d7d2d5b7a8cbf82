// SPDX-License-Identifier: LGPL-2.1-or-later
/// Ownership of sd-bus objects, and typed values into and out of messages.
///
/// put() and get() follow sd-bus: they return a negative errno value on failure and are safe to call after one. A value
/// of another type than asked for is -ENXIO or -EBADMSG. Text that no bus takes (UTF-8 without
/// noncharacters it is not) fails in a call and is told in digits in answers and signals.
#pragma once

#include "dbus/bus/types.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/handle.hpp"

#include <array>
#include <map>
#include <string>
#include <systemd/sd-bus.h>
#include <tuple>
#include <variant>
#include <vector>

namespace macsec::bus {

using BusPointer = std::unique_ptr<sd_bus, Releases<sd_bus_close_unref>>;
using SlotPointer = std::unique_ptr<sd_bus_slot, Releases<sd_bus_slot_unref>>;
using MessagePointer = std::unique_ptr<sd_bus_message, Releases<sd_bus_message_unref>>;

[[nodiscard]] inline MessagePointer share(sd_bus_message* message) noexcept {
  return MessagePointer{sd_bus_message_ref(message)};
}

/// About how many octets the body of a message has, counted up to the first that exceeds `limit`; negative: it is broken.
/// The message is read from its beginning afterwards.
[[nodiscard]] ssize_t body_octets(sd_bus_message* message, std::size_t limit) noexcept;

/// An error name and text; frees itself.
class BusError {
 public:
  BusError() noexcept = default;
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  ~BusError() { sd_bus_error_free(&error_); }
  [[nodiscard]] sd_bus_error* get() noexcept { return &error_; }
  [[nodiscard]] std::string_view name() const noexcept { return error_.name == nullptr ? "" : error_.name; }
  [[nodiscard]] std::string_view text() const noexcept { return error_.message == nullptr ? "" : error_.message; }

 private:
  sd_bus_error error_{nullptr, nullptr, 0};
};

/// An object path, type 'o'.
struct ObjectPath {
  std::string text;
  friend auto operator<=>(const ObjectPath&, const ObjectPath&) = default;
};

using Octets = std::vector<std::uint8_t>;
using Strings = std::vector<std::string>;
/// A Problem as it travels: severity, file, line, setting, text.
using ProblemRow = std::tuple<std::string, std::string, std::uint32_t, std::string, std::string>;
using ProblemRows = std::vector<ProblemRow>;
using Counters = std::map<std::string, std::uint64_t>;
/// What dictionaries a{sv} hold here.
using Variant = std::variant<bool, std::uint8_t, std::int32_t, std::uint32_t, std::uint64_t, double, std::string,
                             ObjectPath, Octets, Strings, ProblemRows, Counters>;
using Dictionary = std::map<std::string, Variant>;
/// Sections of a profile without secrets, a(sa{sv}).
using Sections = std::vector<std::tuple<std::string, Dictionary>>;

[[nodiscard]] ProblemRow to_row(const Problem& problem);
/// Nothing when the severity is neither "error" nor "warning".
[[nodiscard]] std::optional<Problem> from_row(ProblemRow row);

namespace detail {

template <std::size_t N>
struct Text {
  std::array<char, N + 1> data{};
};

template <std::size_t... Sizes>
constexpr auto join(const Text<Sizes>&... parts) {
  Text<(Sizes + ... + 0)> out;
  std::size_t at = 0;
  const auto add = [&](const auto& part) {
    for (std::size_t i = 0; i + 1 < part.data.size(); ++i) out.data[at++] = part.data[i];
  };
  (add(parts), ...);
  return out;
}

constexpr Text<1> letter(char c) { return {{c, '\0'}}; }

template <typename T>
struct TypeCode;
template <>
struct TypeCode<bool> {
  static constexpr auto text = letter('b');
};
template <>
struct TypeCode<std::uint8_t> {
  static constexpr auto text = letter('y');
};
template <>
struct TypeCode<std::int32_t> {
  static constexpr auto text = letter('i');
};
template <>
struct TypeCode<std::uint32_t> {
  static constexpr auto text = letter('u');
};
template <>
struct TypeCode<std::uint64_t> {
  static constexpr auto text = letter('t');
};
template <>
struct TypeCode<double> {
  static constexpr auto text = letter('d');
};
template <>
struct TypeCode<std::string> {
  static constexpr auto text = letter('s');
};
template <>
struct TypeCode<ObjectPath> {
  static constexpr auto text = letter('o');
};
template <>
struct TypeCode<Variant> {
  static constexpr auto text = letter('v');
};
template <typename T>
struct TypeCode<std::vector<T>> {
  static constexpr auto text = join(letter('a'), TypeCode<T>::text);
};
template <typename T>
struct TypeCode<std::map<std::string, T>> {
  static constexpr auto text = join(letter('a'), letter('{'), letter('s'), TypeCode<T>::text, letter('}'));
};
template <typename... T>
struct TypeCode<std::tuple<T...>> {
  static constexpr auto inner = join(TypeCode<T>::text...);
  static constexpr auto text = join(letter('('), inner, letter(')'));
};
template <typename T>
struct EntryCode {
  static constexpr auto text = join(letter('s'), TypeCode<T>::text);
};
template <typename T>
struct EntryInBracesCode {
  static constexpr auto text = join(letter('{'), EntryCode<T>::text, letter('}'));
};

}  // namespace detail

/// The D-Bus signature of a C++ type: "a{sv}".
template <typename T>
[[nodiscard]] constexpr const char* signature() noexcept {
  return detail::TypeCode<T>::text.data.data();
}

int put(sd_bus_message* message, bool value);
int put(sd_bus_message* message, std::uint8_t value);
int put(sd_bus_message* message, std::int32_t value);
int put(sd_bus_message* message, std::uint32_t value);
int put(sd_bus_message* message, std::uint64_t value);
int put(sd_bus_message* message, double value);
int put(sd_bus_message* message, const std::string& value);
int put(sd_bus_message* message, const ObjectPath& value);
int put(sd_bus_message* message, const Octets& value);
int put(sd_bus_message* message, const Variant& value);
void put(sd_bus_message* message, const char* value) = delete;  // would be a bool
template <typename T>
int put(sd_bus_message* message, const std::vector<T>& values);
template <typename T>
int put(sd_bus_message* message, const std::map<std::string, T>& values);
template <typename... T>
int put(sd_bus_message* message, const std::tuple<T...>& values);

int get(sd_bus_message* message, bool& value);
int get(sd_bus_message* message, std::uint8_t& value);
int get(sd_bus_message* message, std::int32_t& value);
int get(sd_bus_message* message, std::uint32_t& value);
int get(sd_bus_message* message, std::uint64_t& value);
int get(sd_bus_message* message, double& value);
int get(sd_bus_message* message, std::string& value);
int get(sd_bus_message* message, ObjectPath& value);
int get(sd_bus_message* message, Octets& value);
/// Alternatives of Variant only; any other type is -EOPNOTSUPP and is not consumed.
int get(sd_bus_message* message, Variant& value);
template <typename T>
int get(sd_bus_message* message, std::vector<T>& values);
template <typename T>
int get(sd_bus_message* message, std::map<std::string, T>& values);
template <typename... T>
int get(sd_bus_message* message, std::tuple<T...>& values);

template <typename T>
int put(sd_bus_message* message, const std::vector<T>& values) {
  int r = sd_bus_message_open_container(message, 'a', signature<T>());
  for (const T& value : values)
    if (r >= 0) r = put(message, value);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

template <typename T>
int put(sd_bus_message* message, const std::map<std::string, T>& values) {
  int r = sd_bus_message_open_container(message, 'a', detail::EntryInBracesCode<T>::text.data.data());
  for (const auto& [key, value] : values) {
    if (r >= 0) r = sd_bus_message_open_container(message, 'e', detail::EntryCode<T>::text.data.data());
    if (r >= 0) r = put(message, key);
    if (r >= 0) r = put(message, value);
    if (r >= 0) r = sd_bus_message_close_container(message);
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

template <typename... T>
int put(sd_bus_message* message, const std::tuple<T...>& values) {
  int r = sd_bus_message_open_container(message, 'r', detail::TypeCode<std::tuple<T...>>::inner.data.data());
  std::apply([&](const T&... each) { ((r = r < 0 ? r : put(message, each)), ...); }, values);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

template <typename T>
int get(sd_bus_message* message, std::vector<T>& values) {
  values.clear();
  int r = sd_bus_message_enter_container(message, 'a', signature<T>());
  if (r == 0) r = -ENXIO;
  while (r >= 0) {
    if (r = sd_bus_message_at_end(message, 0); r != 0) break;
    T value{};
    if (r = get(message, value); r >= 0) values.push_back(std::move(value));
  }
  return r < 0 ? r : sd_bus_message_exit_container(message);
}

template <typename T>
int get(sd_bus_message* message, std::map<std::string, T>& values) {
  values.clear();
  int r = sd_bus_message_enter_container(message, 'a', detail::EntryInBracesCode<T>::text.data.data());
  if (r == 0) r = -ENXIO;
  while (r >= 0) {
    if (r = sd_bus_message_at_end(message, 0); r != 0) break;
    std::string key;
    T value{};
    r = sd_bus_message_enter_container(message, 'e', detail::EntryCode<T>::text.data.data());
    if (r >= 0) r = get(message, key);
    if (r >= 0) r = get(message, value);
    if (r >= 0) r = sd_bus_message_exit_container(message);
    if (r >= 0) values.insert_or_assign(std::move(key), std::move(value));
  }
  return r < 0 ? r : sd_bus_message_exit_container(message);
}

template <typename... T>
int get(sd_bus_message* message, std::tuple<T...>& values) {
  int r = sd_bus_message_enter_container(message, 'r', detail::TypeCode<std::tuple<T...>>::inner.data.data());
  if (r == 0) r = -ENXIO;
  std::apply([&](T&... each) { ((r = r < 0 ? r : get(message, each)), ...); }, values);
  return r < 0 ? r : sd_bus_message_exit_container(message);
}

/// Several arguments, one after the other.
template <typename... T>
int put_all([[maybe_unused]] sd_bus_message* message, const T&... values) {
  int r = 0;
  ((r = r < 0 ? r : put(message, values)), ...);
  return r;
}

/// /org/macsecd1/profile/NAME with NAME encoded.
[[nodiscard]] std::string encode_path(const char* prefix, const std::string& name);
/// NAME of such a path; nothing for any other path.
[[nodiscard]] std::optional<std::string> decode_path(const char* prefix, const char* path);

}  // namespace macsec::bus
