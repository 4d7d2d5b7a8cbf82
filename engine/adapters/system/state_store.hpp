// SPDX-License-Identifier: LGPL-2.1-or-later
/// What outlives the process: snapshots of ports (until the next boot) and the transmit PNs that static keys have used
/// up (for ever). Text files, one a port or key, mode 0600, replaced atomically. None of them holds a key.
#pragma once

#include "engine/base/result.hpp"
#include "engine/core/snapshot.hpp"

#include <optional>
#include <string>

namespace macsec::os {

/// The text of a snapshot file: a version line, one fact a line, and a last line that proves it is whole.
[[nodiscard]] std::string write_snapshot(const core::Snapshot& snapshot);
/// An error names what is wrong with which line.
[[nodiscard]] Result<core::Snapshot> read_snapshot(std::string_view text);

/// Names a file after a profile, whatever its name: everything but letters, digits, '-', '_', '@', ':' and '.' (not in
/// front) becomes "\xNN".
[[nodiscard]] std::string escape_file_name(std::string_view name);

class StateStore {
 public:
  /// `volatile_directory` for snapshots, `persistent_directory` for packet numbers; made (0700) when first written to.
  StateStore(std::string volatile_directory, std::string persistent_directory);

  /// Where that fails, the snapshot before is gone as well; error code EROFS where even that is not possible.
  [[nodiscard]] Result<void> save(std::string_view profile, const core::Snapshot& snapshot) const;
  /// Nothing when there is none; an error when it cannot be read or is damaged: report it and go on without.
  [[nodiscard]] Result<std::optional<core::Snapshot>> load(std::string_view profile) const;
  /// False where it stays.
  bool forget(std::string_view profile) const;

  /// Promises that no PN of `key` from `limit` on was ever sent: durable before it returns. `key` is a file name
  /// made from the key's digest. Never lowers what is there.
  [[nodiscard]] Result<void> reserve_pn(const std::string& key, Pn limit) const;
  /// The limit promised last, nothing when the key was never used; an error when the file is damaged: the key is then
  /// not safe to use.
  [[nodiscard]] Result<std::optional<Pn>> reserved_pn(const std::string& key) const;
  /// Where MadeDevices keeps its list, as long as a snapshot.
  [[nodiscard]] std::string devices_file() const { return volatile_directory_ + "/devices"; }

 private:
  std::string volatile_directory_;
  std::string persistent_directory_;
};

}  // namespace macsec::os
