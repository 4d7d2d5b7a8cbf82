// SPDX-License-Identifier: LGPL-2.1-or-later
/// The methods of org.macsecd1.Profile that are about its keys.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

class ProfileKeys : OfProfile {
 public:
  using OfProfile::OfProfile;

  void add();
  void retire();
  void replace();
  void cancel_retire();

 private:
  [[nodiscard]] std::optional<KeyAdded> put(const GivenKey& given, std::optional<KeyRole> default_role,
                                            const KeyOptions& options) const;
  [[nodiscard]] bool begin_retirement(const Ckn& ckn, core::Retirement how, Duration timeout) const;
};

}  // namespace macsec::bus
