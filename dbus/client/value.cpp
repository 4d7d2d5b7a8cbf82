// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/client/value.hpp"

#include <cerrno>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

const std::string no_text;
const Value::List no_list;
const Value::Dict no_dict;
const Value no_value;

template <typename Wide, typename T>
int get_number(sd_bus_message* message, char type, Value& value) {
  T number{};
  const int r = sd_bus_message_read_basic(message, type, &number);
  if (r > 0) value = Value{Value::Data{static_cast<Wide>(number)}};
  return r;
}

int get_basic(sd_bus_message* message, char type, Value& value) {
  switch (type) {
    case 'b': {
      int flag = 0;
      const int r = sd_bus_message_read_basic(message, type, &flag);
      value = Value{Value::Data{flag != 0}};
      return r;
    }
    case 'y':
      return get_number<std::uint64_t, std::uint8_t>(message, type, value);
    case 'q':
      return get_number<std::uint64_t, std::uint16_t>(message, type, value);
    case 'u':
      return get_number<std::uint64_t, std::uint32_t>(message, type, value);
    case 't':
      return get_number<std::uint64_t, std::uint64_t>(message, type, value);
    case 'n':
      return get_number<std::int64_t, std::int16_t>(message, type, value);
    case 'i':
      return get_number<std::int64_t, std::int32_t>(message, type, value);
    case 'x':
      return get_number<std::int64_t, std::int64_t>(message, type, value);
    case 'd':
      return get_number<double, double>(message, type, value);
    case 's':
    case 'o':
    case 'g': {
      const char* text = nullptr;
      const int r = sd_bus_message_read_basic(message, type, &text);
      if (r > 0) value = Value{Value::Data{std::string{text}}};
      return r;
    }
    default:
      return -EOPNOTSUPP;
  }
}

std::string key_text(const Value& key) {
  return std::visit(
      []<typename T>(const T& each) -> std::string {
        if constexpr (std::is_same_v<T, std::string>)
          return each;
        else if constexpr (std::is_arithmetic_v<T>)
          return fmt::format("{}", each);
        else
          return {};
      },
      key.data());
}

int get_dict(sd_bus_message* message, const char* contents, Value& value) {
  Value::Dict dict;
  const std::string entry{contents + 1, std::string_view{contents}.size() - 2};
  int r = sd_bus_message_enter_container(message, 'a', contents);
  while (r >= 0) {
    if (r = sd_bus_message_at_end(message, 0); r != 0) break;
    Value key, held;
    r = sd_bus_message_enter_container(message, 'e', entry.c_str());
    if (r >= 0) r = get(message, key);
    if (r >= 0) r = get(message, held);
    if (r >= 0) r = sd_bus_message_exit_container(message);
    if (r >= 0) dict.insert_or_assign(key_text(key), std::move(held));
  }
  if (r >= 0) r = sd_bus_message_exit_container(message);
  value = Value{Value::Data{std::move(dict)}};
  return r;
}

int get_list(sd_bus_message* message, char type, const char* contents, Value& value) {
  Value::List list;
  int r = sd_bus_message_enter_container(message, type, contents);
  while (r >= 0) {
    if (r = sd_bus_message_at_end(message, 0); r != 0) break;
    Value each;
    if (r = get(message, each); r >= 0) list.push_back(std::move(each));
  }
  if (r >= 0) r = sd_bus_message_exit_container(message);
  value = Value{Value::Data{std::move(list)}};
  return r;
}

template <typename T>
const T* held(const Value& value) noexcept {
  return std::get_if<T>(&value.data());
}

}  // namespace

// sd-bus bounds the depth of a message (64 containers).
// NOLINTNEXTLINE(misc-no-recursion)
int get(sd_bus_message* message, Value& value) {
  char type = 0;
  const char* contents = nullptr;
  int r = sd_bus_message_peek_type(message, &type, &contents);
  if (r <= 0) return r < 0 ? r : -ENXIO;
  switch (type) {
    case 'a':
      return contents[0] == '{' ? get_dict(message, contents, value) : get_list(message, 'a', contents, value);
    case 'r':
      return get_list(message, 'r', contents, value);
    case 'v':
      r = sd_bus_message_enter_container(message, 'v', contents);
      if (r >= 0) r = get(message, value);
      return r < 0 ? r : sd_bus_message_exit_container(message);
    default:
      return get_basic(message, type, value);
  }
}

bool Value::boolean() const noexcept {
  const bool* flag = held<bool>(*this);
  return flag != nullptr && *flag;
}
std::uint64_t Value::number() const noexcept {
  if (const auto* value = held<std::uint64_t>(*this)) return *value;
  const auto* value = held<std::int64_t>(*this);
  return value == nullptr || *value < 0 ? 0 : static_cast<std::uint64_t>(*value);
}
std::int64_t Value::integer() const noexcept {
  if (const auto* value = held<std::int64_t>(*this)) return *value;
  const auto* value = held<std::uint64_t>(*this);
  return value == nullptr ? 0 : static_cast<std::int64_t>(*value);
}
double Value::real() const noexcept {
  const double* value = held<double>(*this);
  return value == nullptr ? 0 : *value;
}
const std::string& Value::text() const noexcept {
  const auto* value = held<std::string>(*this);
  return value == nullptr ? no_text : *value;
}
const Value::List& Value::list() const noexcept {
  const auto* value = held<List>(*this);
  return value == nullptr ? no_list : *value;
}
const Value::Dict& Value::dict() const noexcept {
  const auto* value = held<Dict>(*this);
  return value == nullptr ? no_dict : *value;
}
const Value& Value::operator[](const std::string& key) const noexcept {
  const Dict& entries = dict();
  const auto found = entries.find(key);
  return found == entries.end() ? no_value : found->second;
}
const Value& Value::at(std::size_t index) const noexcept {
  const List& elements = list();
  return index < elements.size() ? elements[index] : no_value;
}

}  // namespace macsec::bus
