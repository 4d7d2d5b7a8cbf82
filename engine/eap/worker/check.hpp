// SPDX-License-Identifier: LGPL-2.1-or-later
/// What `macsec-eap --check` says of a profile: its author learns the same that the service would say.
#pragma once

#include "engine/base/result.hpp"

#include <cstdio>
#include <string>

namespace macsec::eap {

struct Checked {
  bool usable = false;
  std::string words;  ///< lines: "error: ...", "warning: ...", or facts of the certificates
};

/// Reads what write_eap_profile() wrote, to the end of `in`, and opens everything it names. Errors: it is no such thing.
[[nodiscard]] Result<Checked> check_profile(std::FILE* in);

}  // namespace macsec::eap
