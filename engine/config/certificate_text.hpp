// SPDX-License-Identifier: LGPL-2.1-or-later
/// Certificates that a program hands over as octets. They are shown to everybody, so nothing else may be among them.
#pragma once

#include "engine/base/wiped.hpp"

#include <optional>

namespace macsec {

/// The certificates and revocation lists in `octets`: of PEM their blocks alone, without the text and the keys beside them;
/// DER as it is. Nothing where there are none.
[[nodiscard]] std::optional<WipedText> certificates_in(std::string_view octets);

}  // namespace macsec
