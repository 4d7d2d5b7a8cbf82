// SPDX-License-Identifier: LGPL-2.1-or-later
/// A family of objects on the bus (profiles, sessions): found by path, published, compared with what was last told.
#pragma once

#include "dbus/server/property.hpp"

#include <functional>
#include <memory>
#include <set>

namespace macsec::bus {

class Server;

/// A further interface on some objects of a family: read from the same view, there while `present` says so.
template <typename View>
struct Facet {
  const char* interface = nullptr;
  std::span<const Property<View>> table{};
  bool (*present)(const View&) = nullptr;
};

/// What the userdata of every vtable points to.
struct Anchor {
  Server* server;
  std::string name;  ///< of profile or session; empty for the manager
};

template <typename View>
class Objects {
 public:
  /// How to learn what exists. `load` is asked only for what exists.
  struct Source {
    std::function<std::vector<std::string>()> names;
    std::function<bool(const std::string&)> exists;
    std::function<View(const std::string&)> load;
  };
  struct Object : Anchor {
    Objects* family;
    std::string path;
    std::optional<View> current;  ///< as of loop turn `turn`
    std::uint64_t turn = 0;
    std::optional<View> published;  ///< what clients were told; nothing: they were told of no such object
    bool leaving = false;
  };

  /// Hears of every view that is published in place of another; null: there was, or is, none.
  using Watch = std::function<void(const View* before, const View* after)>;

  Objects(Server* server, const char* prefix, const char* interface, std::span<const Property<View>> table,
          Source source, Watch watch, std::vector<Facet<View>> facets = {})
      : server_{server},
        prefix_{prefix},
        interface_{interface},
        table_{table},
        source_{std::move(source)},
        watch_{std::move(watch)},
        facets_{std::move(facets)} {}

  /// The vtables, those of the facets in their order, outlive the bus. `turn` counts the turns of the loop.
  int attach(sd_bus* bus, const sd_bus_vtable* vtable, std::function<std::uint64_t()> turn,
             std::span<const sd_bus_vtable* const> facets = {}) {
    detach();
    bus_ = bus;
    turn_ = std::move(turn);
    sd_bus_slot* slot = nullptr;
    int r = sd_bus_add_fallback_vtable(bus, &slot, prefix_, interface_, vtable, on_find, this);
    vtable_slot_.reset(slot);
    if (r < 0) return r;
    for (std::size_t i = 0; i < facets.size(); ++i) {
      slot = nullptr;
      r = sd_bus_add_fallback_vtable(bus, &slot, prefix_, facets_[i].interface, facets[i], on_find_facet, this);
      facet_slots_.emplace_back(slot);
      if (r < 0) return r;
    }
    slot = nullptr;
    r = sd_bus_add_node_enumerator(bus, &slot, prefix_, on_enumerate, this);
    enumerator_slot_.reset(slot);
    return r;
  }
  void detach() {
    enumerator_slot_.reset();
    facet_slots_.clear();
    vtable_slot_.reset();
    for (auto& [name, object] : objects_) publish(*object, std::nullopt);
    objects_.clear();
    dirty_.clear();
    bus_ = nullptr;
  }

  /// Whoever comes now asks for everything: nothing has to be told about what exists.
  void assume_published() {
    for (const std::string& name : source_.names()) {
      Object& object = entry(name);
      publish(object, view(object));
    }
    dirty_.clear();
  }

  void touch(const std::string& name) {
    dirty_.insert(name);
    if (const auto found = objects_.find(name); found != objects_.end()) found->second->current.reset();
  }
  [[nodiscard]] bool dirty() const noexcept { return !dirty_.empty(); }

  /// Tells what was touched and differs.
  void flush() {
    for (const std::string& name : std::exchange(dirty_, {})) settle(name);
  }
  /// The same of one object.
  void flush(const std::string& name) {
    if (dirty_.erase(name) != 0) settle(name);
  }

  [[nodiscard]] const View& view(Object& object) {
    const std::uint64_t turn = turn_();
    if (!object.current || object.turn != turn) {
      object.current = source_.load(object.name);
      object.turn = turn;
    }
    return *object.current;
  }
  [[nodiscard]] View look(const std::string& name) const { return source_.load(name); }
  [[nodiscard]] bool is_published(const std::string& name) const {
    const auto found = objects_.find(name);
    return found != objects_.end() && found->second->published;
  }
  [[nodiscard]] std::string path_of(const std::string& name) const { return encode_path(prefix_, name); }

  /// Getter of every property of this family.
  static int on_get(sd_bus*, const char*, const char* interface, const char* name, sd_bus_message* reply,
                    void* userdata, sd_bus_error*) noexcept try {
    Object& object = *static_cast<Object*>(static_cast<Anchor*>(userdata));
    const Objects& family = *object.family;
    const Facet<View>* facet = family.facet_called(interface);
    const Property<View>* each = find_property(facet != nullptr ? facet->table : family.table_, name);
    return each == nullptr ? -ENOENT : each->write(reply, object.family->view(object));
  } catch (...) {
    return -ENOMEM;
  }

 private:
  Object& entry(const std::string& name) {
    std::unique_ptr<Object>& slot = objects_[name];
    if (slot == nullptr) {
      slot = std::make_unique<Object>();
      static_cast<Anchor&>(*slot) = Anchor{server_, name};
      slot->family = this;
      slot->path = path_of(name);
    }
    return *slot;
  }

  void settle(const std::string& name) {
    if (source_.exists(name))
      tell(entry(name));
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
      tell_changes(object, interface_, table_, now);
      for (const Facet<View>& facet : facets_) tell_facet(object, facet, now);
    }
    publish(object, now);
  }

  void tell_changes(const Object& object, const char* interface, std::span<const Property<View>> table,
                    const View& now) {
    std::vector<char*> names = changed_names(table, *object.published, now);
    if (names.front() != nullptr)
      sd_bus_emit_properties_changed_strv(bus_, object.path.c_str(), interface, names.data());
  }

  void tell_facet(Object& object, const Facet<View>& facet, const View& now) {
    const bool was = facet.present(*object.published);
    const bool is = facet.present(now);
    if (was && is) tell_changes(object, facet.interface, facet.table, now);
    if (!was && is) sd_bus_emit_interfaces_added(bus_, object.path.c_str(), facet.interface, nullptr);
    if (was && !is) sd_bus_emit_interfaces_removed(bus_, object.path.c_str(), facet.interface, nullptr);
  }

  [[nodiscard]] const Facet<View>* facet_called(std::string_view interface) const {
    const auto found =
        std::ranges::find_if(facets_, [interface](const Facet<View>& each) { return interface == each.interface; });
    return found == facets_.end() ? nullptr : &*found;
  }

  void take_back(Object& object) {
    if (object.published) {
      object.leaving = true;  // sd-bus asks once more which interfaces it had
      sd_bus_emit_object_removed(bus_, object.path.c_str());
    }
    publish(object, std::nullopt);
    objects_.erase(std::string{object.name});
  }

  static int on_find(sd_bus*, const char* path, const char*, void* userdata, void** found, sd_bus_error*) noexcept try {
    Objects& family = *static_cast<Objects*>(userdata);
    const std::optional<std::string> name = decode_path(family.prefix_, path);
    if (!name || name->empty()) return 0;
    const auto known = family.objects_.find(*name);
    const bool leaving = known != family.objects_.end() && known->second->leaving;
    if (!leaving && !family.source_.exists(*name)) return 0;
    *found = static_cast<Anchor*>(&family.entry(*name));
    return 1;
  } catch (...) {
    return -ENOMEM;
  }

  static int on_find_facet(sd_bus* bus, const char* path, const char* interface, void* userdata, void** found,
                           sd_bus_error* error) noexcept try {
    const int r = on_find(bus, path, interface, userdata, found, error);
    if (r <= 0) return r;
    Objects& family = *static_cast<Objects*>(userdata);
    Object& object = *static_cast<Object*>(static_cast<Anchor*>(*found));
    const Facet<View>* facet = family.facet_called(interface);
    return facet != nullptr && facet->present(object.leaving ? *object.published : family.view(object)) ? 1 : 0;
  } catch (...) {
    return -ENOMEM;
  }

  static int on_enumerate(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) noexcept try {
    const Objects& family = *static_cast<Objects*>(userdata);
    const std::vector<std::string> names = family.source_.names();
    char** list = static_cast<char**>(std::calloc(names.size() + 1, sizeof(char*)));  // sd-bus frees it
    if (list == nullptr) return -ENOMEM;
    for (std::size_t i = 0; i < names.size(); ++i) list[i] = ::strdup(family.path_of(names[i]).c_str());
    *nodes = list;
    return 0;
  } catch (...) {
    return -ENOMEM;
  }

  Server* server_;
  const char* prefix_;
  const char* interface_;
  std::span<const Property<View>> table_;
  Source source_;
  Watch watch_;
  std::vector<Facet<View>> facets_;
  sd_bus* bus_ = nullptr;
  std::function<std::uint64_t()> turn_;
  std::map<std::string, std::unique_ptr<Object>> objects_;
  std::set<std::string> dirty_;
  SlotPointer vtable_slot_;
  std::vector<SlotPointer> facet_slots_;
  SlotPointer enumerator_slot_;
};

}  // namespace macsec::bus
