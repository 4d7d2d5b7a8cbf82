// SPDX-License-Identifier: LGPL-2.1-or-later
/// A family of objects on the bus (profiles, sessions): found by path, published, compared with what was last told.
#pragma once

#include "dbus/server/calls.hpp"
#include "dbus/server/property.hpp"

#include <functional>
#include <memory>
#include <set>

namespace macsec::bus {

/// An interface of the objects of a family, read from the same view as the others.
template <typename View>
struct Interface {
  const char* name = nullptr;
  std::span<const Property<View>> table{};
  std::vector<sd_bus_vtable> vtable{};
  bool (*present)(const View&) = nullptr;  ///< whether an object has it now; null: each has it, always
};

template <typename View>
class Objects {
 public:
  /// How to learn what exists. `load` is asked only for what exists.
  struct Source {
    std::function<std::vector<std::string>()> names;
    std::function<bool(const std::string&)> exists;
    std::function<View(const std::string&)> load;
    std::function<std::uint64_t()> turn;  ///< of the loop: what was loaded in this one is new enough
  };

  /// Hears of every view that is published in place of another; null: there was, or is, none.
  using Watch = std::function<void(const View* before, const View* after)>;

  Objects(Calls& calls, const char* prefix, std::vector<Interface<View>> interfaces, Source source, Watch watch)
      : calls_{calls},
        prefix_{prefix},
        interfaces_{std::move(interfaces)},
        source_{std::move(source)},
        watch_{std::move(watch)} {}

  /// A negative errno value where that fails.
  int attach(sd_bus* bus) {
    detach();
    bus_ = bus;
    sd_bus_slot* slot = nullptr;
    for (const Interface<View>& each : interfaces_) {
      const int r = sd_bus_add_fallback_vtable(bus, &slot, prefix_, each.name, each.vtable.data(),
                                               callback<&Objects::find>, this);
      if (r < 0) return r;
      slots_.emplace_back(slot);
    }
    const int r = sd_bus_add_node_enumerator(bus, &slot, prefix_, callback<&Objects::enumerate>, this);
    if (r >= 0) slots_.emplace_back(slot);
    return r;
  }
  void detach() {
    slots_.clear();
    for (auto& [name, object] : objects_) publish(*object, std::nullopt);
    objects_.clear();
    dirty_.clear();
    bus_ = nullptr;
  }

  /// Who comes now asks for everything: nothing has to be told about what exists.
  void assume_published() {
    for (const std::string& name : source_.names()) {
      Object& object = object_of(name);
      publish(object, view(object));
    }
    dirty_.clear();
  }

  void touch(const std::string& name) {
    dirty_.insert(name);
    if (const auto found = objects_.find(name); found != objects_.end()) found->second->current.reset();
  }

  /// Tells what was touched and differs.
  void flush() {
    for (const std::string& name : std::exchange(dirty_, {})) settle(name);
  }
  /// The same of one object.
  void flush(const std::string& name) {
    if (dirty_.erase(name) != 0) settle(name);
  }

  /// What clients were told of it; null: they were told of no such object.
  [[nodiscard]] const View* published(const std::string& name) const {
    const auto found = objects_.find(name);
    return found != objects_.end() && found->second->published ? &*found->second->published : nullptr;
  }
  [[nodiscard]] std::string path_of(const std::string& name) const { return encode_path(prefix_, name); }

 private:
  struct Object final : Anchor {
    Object(Objects& whose, const std::string& name)
        : Anchor{whose.calls_, name}, family{whose}, path{whose.path_of(name)} {}
    int get(const char* interface, const char* name, sd_bus_message* reply) override {
      const Interface<View>* known = family.interface_called(interface);
      const Property<View>* each = known == nullptr ? nullptr : find_property(known->table, name);
      return each == nullptr ? -ENOENT : each->write(reply, family.view(*this));
    }

    Objects& family;
    std::string path;
    std::optional<View> current;  ///< as of loop turn `turn`
    std::uint64_t turn = 0;
    std::optional<View> published;  ///< what clients were told; nothing: they were told of no such object
    bool leaving = false;
  };

  Object& object_of(const std::string& name) {
    std::unique_ptr<Object>& slot = objects_[name];
    if (slot == nullptr) slot = std::make_unique<Object>(*this, name);
    return *slot;
  }

  [[nodiscard]] const View& view(Object& object) {
    const std::uint64_t turn = source_.turn();
    if (!object.current || object.turn != turn) {
      object.current = source_.load(object.name());
      object.turn = turn;
    }
    return *object.current;
  }

  void settle(const std::string& name) {
    if (source_.exists(name))
      tell(object_of(name));
    else if (const auto found = objects_.find(name); found != objects_.end())
      take_back(*found->second);
  }

  void publish(Object& object, std::optional<View> now) {
    watch_(object.published ? &*object.published : nullptr, now ? &*now : nullptr);
    object.published = std::move(now);
  }

  void tell(Object& object) {
    object.current.reset();
    const View& now = view(object);
    if (!object.published) {
      sd_bus_emit_object_added(bus_, object.path.c_str());
    } else {
      for (const Interface<View>& each : interfaces_) tell_interface(object, each, now);
    }
    publish(object, now);
  }

  void tell_interface(Object& object, const Interface<View>& interface, const View& now) {
    const bool was = interface.present == nullptr || interface.present(*object.published);
    const bool is = interface.present == nullptr || interface.present(now);
    if (was && is) tell_changes(object, interface, now);
    if (!was && is) sd_bus_emit_interfaces_added(bus_, object.path.c_str(), interface.name, nullptr);
    if (was && !is) sd_bus_emit_interfaces_removed(bus_, object.path.c_str(), interface.name, nullptr);
  }

  void tell_changes(const Object& object, const Interface<View>& interface, const View& now) {
    std::vector<char*> names = changed_names(interface.table, *object.published, now);
    if (names.front() != nullptr)
      sd_bus_emit_properties_changed_strv(bus_, object.path.c_str(), interface.name, names.data());
  }

  [[nodiscard]] const Interface<View>* interface_called(std::string_view name) const {
    const auto found = std::ranges::find(interfaces_, name, &Interface<View>::name);
    return found == interfaces_.end() ? nullptr : &*found;
  }

  void take_back(Object& object) {
    if (object.published) {
      object.leaving = true;  // sd-bus asks once more which interfaces it had
      sd_bus_emit_object_removed(bus_, object.path.c_str());
    }
    publish(object, std::nullopt);
    objects_.erase(std::string{object.name()});
  }

  int find(const char* path, const char* interface, void** found) {
    const std::optional<std::string> name = decode_path(prefix_, path);
    if (!name || name->empty()) return 0;
    const auto known = objects_.find(*name);
    const bool leaving = known != objects_.end() && known->second->leaving;
    if (!leaving && !source_.exists(*name)) return 0;
    Object& object = object_of(*name);
    *found = static_cast<Anchor*>(&object);
    const Interface<View>* asked = interface_called(interface);
    if (asked == nullptr || asked->present == nullptr) return 1;
    return asked->present(leaving ? *object.published : view(object)) ? 1 : 0;
  }

  int enumerate(char*** nodes) const {
    const std::vector<std::string> names = source_.names();
    char** list = static_cast<char**>(std::calloc(names.size() + 1, sizeof(char*)));  // sd-bus frees it
    if (list == nullptr) return -ENOMEM;
    for (std::size_t i = 0; i < names.size(); ++i) list[i] = ::strdup(path_of(names[i]).c_str());
    *nodes = list;
    return 0;
  }

  Calls& calls_;
  const char* prefix_;
  std::vector<Interface<View>> interfaces_;
  Source source_;
  Watch watch_;
  sd_bus* bus_ = nullptr;
  std::map<std::string, std::unique_ptr<Object>> objects_;
  std::set<std::string> dirty_;
  std::vector<SlotPointer> slots_;
};

}  // namespace macsec::bus
