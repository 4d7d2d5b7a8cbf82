// SPDX-License-Identifier: LGPL-2.1-or-later
/// Any value from the bus, for those who show it as it is.
#pragma once

#include "dbus/bus/message.hpp"

namespace macsec::bus {

class Value {
 public:
  using List = std::vector<Value>;            ///< arrays and structs
  using Dict = std::map<std::string, Value>;  ///< dictionaries; keys that are no text are written as text
  /// Unsigned types are u64, signed ones i64; object paths and signatures are strings; variants are what they hold.
  using Data = std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, List, Dict>;

  Value() = default;
  Value(Data data) : data_{std::move(data)} {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const Data& data() const noexcept { return data_; }

  // What is not of the type asked for reads as nothing.
  [[nodiscard]] bool boolean() const noexcept;
  [[nodiscard]] std::uint64_t number() const noexcept;  ///< negative ones read as 0
  [[nodiscard]] std::int64_t integer() const noexcept;  ///< of either sign
  [[nodiscard]] double real() const noexcept;
  [[nodiscard]] const std::string& text() const noexcept;
  [[nodiscard]] const List& list() const noexcept;
  [[nodiscard]] const Dict& dict() const noexcept;
  /// An entry of a dictionary.
  [[nodiscard]] const Value& operator[](const std::string& key) const noexcept;
  /// An element of a list.
  [[nodiscard]] const Value& at(std::size_t index) const noexcept;

  friend bool operator==(const Value& left, const Value& right) { return left.data_ == right.data_; }

 private:
  Data data_;
};

/// The next value of a message, whatever it is; descriptors are refused (-EOPNOTSUPP).
int get(sd_bus_message* message, Value& value);

}  // namespace macsec::bus
