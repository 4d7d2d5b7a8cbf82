// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tells when somebody sets the wall clock.
#pragma once

#include "engine/adapters/system/event_loop.hpp"

namespace macsec::os {

class WallClock {
 public:
  /// `set` is called from the loop each time; with an error once where it cannot be watched any more. The loop outlives this.
  [[nodiscard]] Result<void> watch(EventLoop& loop, std::function<void(const Result<void>& watched)> set);

 private:
  [[nodiscard]] Result<void> arm();

  FileDescriptor timer_;
  EventSource source_;
};

}  // namespace macsec::os
