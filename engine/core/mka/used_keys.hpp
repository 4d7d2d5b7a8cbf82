// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which SAKs were in use here: none is ever installed a second time, or its packet numbers would start over.
#pragma once

#include "engine/wire/types.hpp"

#include <vector>

namespace macsec::core {

class UsedKeys {
 public:
  /// More key servers than this are remembered at no time; the one named first is forgotten for the next.
  static constexpr std::size_t max_servers = 256;

  /// A key server counts its keys upwards: a number up to the highest noted was used, or was passed over.
  [[nodiscard]] bool was_used(const KeyId& key) const noexcept;
  void note(const KeyId& key);

 private:
  struct Server {
    MemberId mi;
    KeyNumber highest = 0;
  };
  std::vector<Server> servers_;
};

}  // namespace macsec::core
