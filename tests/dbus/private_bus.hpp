// SPDX-License-Identifier: LGPL-2.1-or-later
/// A bus of a test's own.
#pragma once

#include "tests/temporary_directory.hpp"

#include <string>
#include <sys/types.h>

namespace macsec::test {

/// dbus-daemon on a socket in a temporary directory; everybody may own and send everything.
class PrivateBus {
 public:
  PrivateBus();
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;
  ~PrivateBus() { stop(); }

  /// Where the bus is, or will be after start().
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// Returns when the bus answers. `policy` is what its default policy says besides.
  void start(std::string_view policy = {});
  void stop();

 private:
  TemporaryDirectory directory_;
  std::string address_;
  pid_t process_ = -1;
};

}  // namespace macsec::test
