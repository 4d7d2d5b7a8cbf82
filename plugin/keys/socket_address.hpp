// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/socket.h>

namespace macsec::keys {

/// Where a host can be reached: its address and port, of IPv4 or IPv6.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

}  // namespace macsec::keys
