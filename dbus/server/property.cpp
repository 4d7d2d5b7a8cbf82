// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/property.hpp"

namespace macsec::bus {

int put(sd_bus_message* message, const Rows& rows) {
  std::vector<Dictionary> whole;
  for (const Row& row : rows) {
    whole.push_back(row.steady);
    whole.back().insert(row.restless.begin(), row.restless.end());
  }
  return put(message, whole);
}

}  // namespace macsec::bus
