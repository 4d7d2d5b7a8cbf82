// SPDX-License-Identifier: LGPL-2.1-or-later
/// Values of the bus as JSON, under the bus's own names.
#pragma once

#include "dbus/client/value.hpp"

namespace macsec::cli {

enum class JsonForm : std::uint8_t { off, compact, pretty };

/// Ends with a line end. `form` is not off.
[[nodiscard]] std::string to_json(const bus::Value& value, JsonForm form);

}  // namespace macsec::cli
