// SPDX-License-Identifier: LGPL-2.1-or-later
/// Member functions where sd-bus and sd-event want a C function and a pointer.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <type_traits>

namespace macsec::bus {

namespace detail {

template <typename Method>
struct ClassOf;
template <typename R, typename T, typename... A>
struct ClassOf<R (T::*)(A...)> : std::type_identity<T> {};
template <typename R, typename T, typename... A>
struct ClassOf<R (T::*)(A...) const> : std::type_identity<const T> {};

}  // namespace detail

/// The class of a member function, const where the function is.
template <auto method>
using ClassOf = typename detail::ClassOf<decltype(method)>::type;

/// Becomes any of the handlers that suit what the member function takes; userdata is the object. What returns nothing
/// returns 0; an exception is -ENOMEM: C code is no place to pass through.
template <auto method>
struct Callback {
  template <typename... A>
  static constexpr bool takes = std::is_invocable_v<decltype(method), ClassOf<method>&, A...>;

  operator sd_bus_message_handler_t() const noexcept
    requires takes<sd_bus_message*>
  {
    return [](sd_bus_message* message, void* object, sd_bus_error*) { return run(object, message); };
  }
  operator sd_bus_property_get_t() const noexcept
    requires takes<const char*, const char*, sd_bus_message*>
  {
    return [](sd_bus*, const char*, const char* interface, const char* name, sd_bus_message* reply, void* object,
              sd_bus_error*) { return run(object, interface, name, reply); };
  }
  operator sd_bus_object_find_t() const noexcept
    requires takes<const char*, void**>
  {
    return [](sd_bus*, const char* path, const char*, void* object, void** found, sd_bus_error*) {
      return run(object, path, found);
    };
  }
  operator sd_bus_object_find_t() const noexcept
    requires takes<const char*, const char*, void**>
  {
    return [](sd_bus*, const char* path, const char* interface, void* object, void** found, sd_bus_error*) {
      return run(object, path, interface, found);
    };
  }
  operator sd_bus_node_enumerator_t() const noexcept
    requires takes<char***>
  {
    return [](sd_bus*, const char*, void* object, char*** nodes, sd_bus_error*) { return run(object, nodes); };
  }
  operator sd_event_io_handler_t() const noexcept
    requires takes<>
  {
    return [](sd_event_source*, int, std::uint32_t, void* object) { return run(object); };
  }
  operator sd_event_io_handler_t() const noexcept
    requires takes<std::uint32_t>
  {
    return [](sd_event_source*, int, std::uint32_t events, void* object) { return run(object, events); };
  }
  operator sd_event_time_handler_t() const noexcept
    requires takes<>
  {
    return [](sd_event_source*, std::uint64_t, void* object) { return run(object); };
  }
  operator sd_event_handler_t() const noexcept
    requires takes<>
  {
    return [](sd_event_source*, void* object) { return run(object); };
  }
  operator sd_event_signal_handler_t() const noexcept
    requires takes<>
  {
    return [](sd_event_source*, const signalfd_siginfo*, void* object) { return run(object); };
  }
  operator sd_event_signal_handler_t() const noexcept
    requires takes<const signalfd_siginfo&>
  {
    return [](sd_event_source*, const signalfd_siginfo* info, void* object) { return run(object, *info); };
  }

 private:
  template <typename... A>
  static int run(void* object, A&&... arguments) noexcept try {
    ClassOf<method>& self = *static_cast<ClassOf<method>*>(object);
    if constexpr (std::is_void_v<std::invoke_result_t<decltype(method), ClassOf<method>&, A...>>)
      return std::invoke(method, self, arguments...), 0;
    else
      return std::invoke(method, self, arguments...);
  } catch (...) {
    return -ENOMEM;
  }
};

/// sd_event_add_time(event, &source, CLOCK_BOOTTIME, at, 0, callback<&Clients::expire>, this)
template <auto method>
inline constexpr Callback<method> callback{};

}  // namespace macsec::bus
