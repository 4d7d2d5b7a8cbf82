// SPDX-License-Identifier: LGPL-2.1-or-later
/// A key of a profile of many ports: which of them have to prove that it may go, and how all of them begin to do without it.
#pragma once

#include "engine/base/result.hpp"
#include "engine/core/status.hpp"

#include <functional>
#include <span>

namespace macsec::bus {

/// A port that has the key, and what it says of it.
struct KeyPort {
  std::string name;
  bool carrier = true;
  core::ParticipantStatus key;

  [[nodiscard]] bool retired() const noexcept { return key.state == core::KeyState::retired; }
  /// Peers of it use another key, or will where it is drained.
  [[nodiscard]] bool proves() const noexcept { return retired() || (key.had_peer && !key.hopeless); }
};

/// Whether nothing can be told of the port and nothing has to be: nobody can be connected, and a port beside it proves that the
/// new key reached its peers, or has the time to. Of a profile whose ports prove nothing each port is asked.
[[nodiscard]] bool is_left_out(const KeyPort& port, std::span<const KeyPort> all, core::Retirement how);

/// What begin_everywhere() does to the port of that index.
struct PortCommands {
  std::function<Result<void>(std::size_t port)> retire;
  std::function<void(std::size_t port)> keep;  ///< takes `retire` back
};
/// Begins to retire a key at every port that has to prove it, or at none: all are asked before any moves. Returns how many
/// began. EBUSY: a port would lose a peer; else the error of `retire`; either begins with the port's name where it has one.
[[nodiscard]] Result<std::size_t> begin_everywhere(std::span<const KeyPort> ports, core::Retirement how,
                                                   const PortCommands& commands);

}  // namespace macsec::bus
