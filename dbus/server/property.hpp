// SPDX-License-Identifier: LGPL-2.1-or-later
/// Properties of an object as one table that writes them, compares them and makes their vtable entries.
#pragma once

#include "dbus/server/calls.hpp"

#include <algorithm>
#include <span>

namespace macsec::bus {

/// A row of a property aa{sv} of which some columns move all the time and are not worth a signal.
struct Row {
  Dictionary steady;
  Dictionary restless;
  friend bool operator==(const Row& left, const Row& right) { return left.steady == right.steady; }
};
using Rows = std::vector<Row>;

namespace detail {
template <>
struct TypeCode<Rows> {
  static constexpr auto text = TypeCode<std::vector<Dictionary>>::text;
};
}  // namespace detail

int put(sd_bus_message* message, const Rows& rows);

enum class Emits : std::uint8_t {
  changes,   ///< in PropertiesChanged
  constant,  ///< never changes
  nothing,   ///< changes all the time and is only read
};

template <typename View>
struct Property {
  const char* name;
  const char* signature;
  Emits emits;
  int (*write)(sd_bus_message* message, const View& view);
  bool (*same)(const View& left, const View& right);
};

/// A property read from a view by a captureless lambda; its result's type is the property's.
template <typename View, typename Read>
constexpr Property<View> property(const char* name, Read, Emits emits = Emits::changes) {
  using Type = std::decay_t<std::invoke_result_t<Read, const View&>>;
  return {name, signature<Type>(), emits,
          [](sd_bus_message* message, const View& view) { return put(message, Read{}(view)); },
          [](const View& left, const View& right) { return Read{}(left) == Read{}(right); }};
}

template <typename View>
[[nodiscard]] const Property<View>* find_property(std::span<const Property<View>> table, std::string_view name) {
  const auto found = std::ranges::find_if(table, [name](const Property<View>& each) { return name == each.name; });
  return found == table.end() ? nullptr : &*found;
}

/// Names of the properties to tell of, as sd-bus wants them: the last one is null.
template <typename View>
[[nodiscard]] std::vector<char*> changed_names(std::span<const Property<View>> table, const View& before,
                                               const View& after) {
  std::vector<char*> names;
  for (const Property<View>& each : table)
    if (each.emits == Emits::changes && !each.same(before, after)) names.push_back(const_cast<char*>(each.name));
  names.push_back(nullptr);
  return names;
}

/// What the rows of a table are in a vtable, whose userdata is an Anchor.
template <typename View>
void append_properties(std::vector<sd_bus_vtable>& vtable, std::span<const Property<View>> table) {
  for (const Property<View>& each : table) {
    sd_bus_vtable entry = SD_BUS_PROPERTY(each.name, each.signature, callback<&Anchor::get>, 0, 0);
    if (each.emits == Emits::changes) entry.flags = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
    if (each.emits == Emits::constant) entry.flags = SD_BUS_VTABLE_PROPERTY_CONST;
    vtable.push_back(entry);
  }
}

}  // namespace macsec::bus
