// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the classes of the interfaces have in common: an object on the bus is made for one call, which its method answers.
#pragma once

#include "dbus/server/calls.hpp"

namespace macsec::bus {

class BusObject {
 public:
  BusObject(const Shared& shared, Call& call) : shared_{shared}, model_{shared.model}, call_{call} {}

 protected:
  const Shared& shared_;
  Model& model_;
  Call& call_;
};

/// One of the profiles: the call names it.
class OfProfile : protected BusObject {
 public:
  using BusObject::BusObject;

 protected:
  /// Whether there is such a profile; answers the call where not.
  [[nodiscard]] bool exists() const;
  /// Tells now what is other about it.
  void changed() const;
};

/// One of the sessions: the call names it.
class OfSession : protected BusObject {
 public:
  using BusObject::BusObject;

 protected:
  /// Whether there is such a session; answers the call where not.
  [[nodiscard]] bool exists() const;
  /// Tells now what is other about it, and answers the call.
  void finish(const Result<void>& done) const;
  /// All of that.
  void act(Result<void> (Model::*action)(const std::string& interface)) const;
};

}  // namespace macsec::bus
