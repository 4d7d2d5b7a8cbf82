// SPDX-License-Identifier: LGPL-2.1-or-later
/// The way of a call from its vtable entry to its handler: past what it may weigh, and past who may do it.
#pragma once

#include "dbus/bus/callback.hpp"
#include "dbus/server/authority.hpp"
#include "dbus/server/call.hpp"
#include "dbus/server/shared.hpp"

namespace macsec::bus {

using Handler = void (*)(const Shared& shared, Call& call);

class Calls {
 public:
  /// `shared` outlives this; it is what handlers work with.
  Calls(const Shared& shared, Authority::Departed departed);

  /// Whose connection the calls come over; null: the bus went, and what waits goes unanswered.
  void use(sd_bus* bus) { authority_.use(bus); }
  /// Has `handler` answer the call: at once, when polkit has said yes, or not at all.
  void take(Call call, Handler handler);

 private:
  void run(Call& call, Handler handler);

  const Shared& shared_;
  Authority authority_;
};

/// What the userdata of every vtable points to: an object on the bus.
class Anchor {
 public:
  /// `name` of the profile or session; empty for the manager.
  Anchor(Calls& calls, std::string name) : calls_{calls}, name_{std::move(name)} {}
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;
  virtual ~Anchor() = default;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  template <Handler handler>
  int take(sd_bus_message* message) {
    calls_.take(Call{message, name_}, handler);
    return 1;
  }
  /// Writes a property into `reply`; -ENOENT where there is none of this name.
  virtual int get(const char* interface, const char* name, sd_bus_message* reply) = 0;

 private:
  Calls& calls_;
  std::string name_;
};

/// A member function of an interface's class, made for one call, as a Handler.
template <auto method>
void handle(const Shared& shared, Call& call) {
  ClassOf<method> object{shared, call};
  std::invoke(method, object);
}

/// The same as an entry of a vtable.
template <auto method>
inline constexpr auto entry = callback<&Anchor::take<&handle<method>>>;

}  // namespace macsec::bus
