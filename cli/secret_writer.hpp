// SPDX-License-Identifier: LGPL-2.1-or-later
/// Texts that hold keys, on their way to a file.
#pragma once

#include "engine/base/file.hpp"
#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"

namespace macsec::cli {

using SecretWriter = WipedBuffer;

/// Writes to a new file of mode 0600, or to standard output where `path` is empty or "-". An existing file is left alone
/// (EEXIST).
[[nodiscard]] Result<void> write_secret(const std::string& path, std::string_view text);

/// 16 or 32 octets of hexadecimal digits with blanks and line ends around them. Errors say `what` it was.
[[nodiscard]] Result<Secret<32>> decode_key_text(std::string_view text, const std::string& what);
[[nodiscard]] Result<Secret<32>> read_key_file(const std::string& path);
[[nodiscard]] Result<Secret<32>> read_key_fd(int fd);
/// Asks on the terminal without echo. ENOTTY where there is none.
[[nodiscard]] Result<Secret<32>> ask_key(std::string_view question);
/// All of a descriptor, at most 1 MiB.
[[nodiscard]] Result<WipedText> read_all(int fd, const std::string& what);

}  // namespace macsec::cli
