// SPDX-License-Identifier: LGPL-2.1-or-later
/// Gathers what the doctor asks of a link: from the session, the kernel and the host around it.
#pragma once

#include "engine/adapters/driver.hpp"
#include "engine/doctor/facts.hpp"

namespace macsec::os {

/// The facts of this moment. What cannot be read is left out.
[[nodiscard]] doctor::Facts facts_about(Driver& driver, const Session& session);

/// All of a file of /proc, which has no size before it is read; nothing where it cannot be read.
[[nodiscard]] std::string read_kernel_file(const std::string& path);

/// Packet sockets for `ethertype` on the interface, of the text of /proc/net/packet.
[[nodiscard]] std::size_t count_listeners(std::string_view table, std::uint16_t ethertype, unsigned ifindex);

}  // namespace macsec::os
