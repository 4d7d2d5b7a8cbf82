// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/message.hpp"

#include "engine/base/text.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace macsec::bus {
namespace {

using CString = std::unique_ptr<char, Releases<std::free>>;

template <typename T>
int get_basic(sd_bus_message* message, char type, T& value) {
  const int r = sd_bus_message_read_basic(message, type, &value);
  return r == 0 ? -ENXIO : r;
}

int get_text(sd_bus_message* message, char type, std::string& value) {
  const char* text = nullptr;
  const int r = get_basic(message, type, text);
  if (r >= 0) value = text;
  return r;
}

/// Reads the content of a variant as the alternative `I` whose signature it has.
template <std::size_t I = 0>
int get_alternative(sd_bus_message* message, std::string_view contents, Variant& value) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return -EOPNOTSUPP;
  } else {
    using T = std::variant_alternative_t<I, Variant>;
    if (contents != signature<T>()) return get_alternative<I + 1>(message, contents, value);
    T read{};
    int r = sd_bus_message_enter_container(message, 'v', signature<T>());
    if (r >= 0) r = get(message, read);
    if (r >= 0) r = sd_bus_message_exit_container(message);
    if (r >= 0) value = std::move(read);
    return r;
  }
}

}  // namespace

int put(sd_bus_message* message, bool value) {
  const int wide = value ? 1 : 0;  // sd-bus wants an int
  return sd_bus_message_append_basic(message, 'b', &wide);
}
int put(sd_bus_message* message, std::uint8_t value) { return sd_bus_message_append_basic(message, 'y', &value); }
int put(sd_bus_message* message, std::int32_t value) { return sd_bus_message_append_basic(message, 'i', &value); }
int put(sd_bus_message* message, std::uint32_t value) { return sd_bus_message_append_basic(message, 'u', &value); }
int put(sd_bus_message* message, std::uint64_t value) { return sd_bus_message_append_basic(message, 't', &value); }
int put(sd_bus_message* message, double value) { return sd_bus_message_append_basic(message, 'd', &value); }
/// What we tell goes out whatever is in it: one text that sd-bus refuses would take every object with it. What we ask for with such
/// a text is not what was meant, and fails.
int put(sd_bus_message* message, const std::string& value) {
  std::uint8_t type = SD_BUS_MESSAGE_METHOD_CALL;
  static_cast<void>(sd_bus_message_get_type(message, &type));
  if (type == SD_BUS_MESSAGE_METHOD_CALL || is_utf8(value))
    return sd_bus_message_append_basic(message, 's', value.c_str());
  const Bytes octets{reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
  return sd_bus_message_append_basic(message, 's', printable_text(octets, octets.size()).c_str());
}
int put(sd_bus_message* message, const ObjectPath& value) {
  return sd_bus_message_append_basic(message, 'o', value.text.c_str());
}
int put(sd_bus_message* message, const Octets& value) {
  return sd_bus_message_append_array(message, 'y', value.data(), value.size());
}
int put(sd_bus_message* message, const Variant& value) {
  return std::visit(
      [message]<typename T>(const T& each) {
        int r = sd_bus_message_open_container(message, 'v', signature<T>());
        if (r >= 0) r = put(message, each);
        return r < 0 ? r : sd_bus_message_close_container(message);
      },
      value);
}

int get(sd_bus_message* message, bool& value) {
  int wide = 0;
  const int r = get_basic(message, 'b', wide);
  if (r >= 0) value = wide != 0;
  return r;
}
int get(sd_bus_message* message, std::uint8_t& value) { return get_basic(message, 'y', value); }
int get(sd_bus_message* message, std::int32_t& value) { return get_basic(message, 'i', value); }
int get(sd_bus_message* message, std::uint32_t& value) { return get_basic(message, 'u', value); }
int get(sd_bus_message* message, std::uint64_t& value) { return get_basic(message, 't', value); }
int get(sd_bus_message* message, double& value) { return get_basic(message, 'd', value); }
int get(sd_bus_message* message, std::string& value) { return get_text(message, 's', value); }
int get(sd_bus_message* message, ObjectPath& value) { return get_text(message, 'o', value.text); }
int get(sd_bus_message* message, Octets& value) {
  const void* data = nullptr;
  std::size_t size = 0;
  const int r = sd_bus_message_read_array(message, 'y', &data, &size);
  if (r == 0) return -ENXIO;
  if (r < 0) return r;
  value.resize(size);
  if (size > 0) std::memcpy(value.data(), data, size);
  return r;
}
int get(sd_bus_message* message, Variant& value) {
  char type = 0;
  const char* contents = nullptr;
  const int r = sd_bus_message_peek_type(message, &type, &contents);
  if (r < 0) return r;
  if (r == 0 || type != 'v') return -ENXIO;
  return get_alternative(message, contents, value);
}

ProblemRow to_row(const Problem& problem) {
  return {problem.error ? "error" : "warning", problem.file, problem.line, problem.setting, problem.text};
}

std::optional<Problem> from_row(ProblemRow row) {
  auto& [severity, file, line, setting, text] = row;
  if (severity != "error" && severity != "warning") return std::nullopt;
  return Problem{severity == "error", std::move(file), line, std::move(setting), std::move(text)};
}

std::string encode_path(const char* prefix, const std::string& name) {
  char* raw = nullptr;
  if (sd_bus_path_encode(prefix, name.c_str(), &raw) < 0) throw std::bad_alloc{};
  return CString{raw}.get();
}

std::optional<std::string> decode_path(const char* prefix, const char* path) {
  char* raw = nullptr;
  if (sd_bus_path_decode(path, prefix, &raw) <= 0) return std::nullopt;
  return std::string{CString{raw}.get()};
}

namespace {

constexpr std::size_t least_octets = 4;  ///< of a value and its padding, more or less

int add_octets(sd_bus_message* message, std::size_t limit, std::size_t& sum) noexcept;

int add_value(sd_bus_message* message, char type, const char* contents, std::size_t limit, std::size_t& sum) noexcept {
  sum += least_octets;
  const std::string_view of{contents == nullptr ? "" : contents};
  if (type == SD_BUS_TYPE_ARRAY && of.size() == 1 && std::string_view{"ynqiuxtd"}.contains(of[0])) {
    const void* at = nullptr;
    std::size_t size = 0;
    const int r = sd_bus_message_read_array(message, of[0], &at, &size);
    sum += size;
    return r;
  }
  if (contents != nullptr) {
    int r = sd_bus_message_enter_container(message, type, contents);
    if (r > 0) r = add_octets(message, limit, sum);
    return r < 0 || sum > limit ? r : sd_bus_message_exit_container(message);
  }
  if (type != SD_BUS_TYPE_STRING && type != SD_BUS_TYPE_OBJECT_PATH && type != SD_BUS_TYPE_SIGNATURE) {
    const char one[] = {type, '\0'};
    return sd_bus_message_skip(message, one);
  }
  const char* text = nullptr;
  const int r = sd_bus_message_read_basic(message, type, &text);
  if (r > 0) sum += std::string_view{text}.size();
  return r;
}

/// The values up to the end of the container.
int add_octets(sd_bus_message* message, std::size_t limit, std::size_t& sum) noexcept {
  while (sum <= limit) {
    char type = 0;
    const char* contents = nullptr;
    int r = sd_bus_message_peek_type(message, &type, &contents);
    if (r <= 0) return r;
    r = add_value(message, type, contents, limit, sum);
    if (r < 0) return r;
  }
  return 0;
}

}  // namespace

ssize_t body_octets(sd_bus_message* message, std::size_t limit) noexcept {
  std::size_t sum = 0;
  int r = sd_bus_message_rewind(message, 1);
  if (r >= 0) r = add_octets(message, limit, sum);
  if (r >= 0) r = sd_bus_message_rewind(message, 1);
  return r < 0 ? r : static_cast<ssize_t>(sum);
}

}  // namespace macsec::bus
