// SPDX-License-Identifier: LGPL-2.1-or-later
/// Errors as values.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace macsec {

/// What went wrong, for a machine (errno-like code) and for a person (words without secrets).
struct Error {
  int code = 0;         ///< errno value (positive), or 0 where none applies
  std::string message;  ///< complete sentence part: "cannot create macsec0: Operation not permitted"
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(int code, std::string message) {
  return std::unexpected<Error>{Error{code, std::move(message)}};
}
[[nodiscard]] inline std::unexpected<Error> fail(std::string message) { return fail(0, std::move(message)); }

}  // namespace macsec
