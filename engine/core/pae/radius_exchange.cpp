// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_exchange.hpp"

namespace macsec::core {

std::string_view to_string(RadiusProblem problem) noexcept {
  switch (problem) {
    case RadiusProblem::none:
      return "none";
    case RadiusProblem::silent:
      return "silent";
    case RadiusProblem::refused:
      return "refused";
    case RadiusProblem::blocked:
      return "blocked";
    case RadiusProblem::tls:
      return "tls";
    case RadiusProblem::secret:
      return "secret";
    case RadiusProblem::no_keys:
      return "no-keys";
    case RadiusProblem::no_session_id:
      return "no-session-id";
    case RadiusProblem::malformed:
      return "malformed";
    case RadiusProblem::internal:
      return "internal";
  }
  return {};
}

}  // namespace macsec::core
