// SPDX-License-Identifier: LGPL-2.1-or-later
/// Small files as a whole, content perhaps secret: read, and replaced so that a crash leaves the old file or the new one.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"

#include <optional>
#include <string>
#include <sys/types.h>

namespace macsec {

struct FileText {
  WipedText text;
  mode_t mode = 0;  ///< of the open file, so it is the mode of what was read
};

/// The content of a regular file. Errors: those of open(2) and read(2), EFBIG beyond `max` octets, EINVAL for anything
/// that is not a regular file. The message is "cannot read PATH: why".
[[nodiscard]] Result<FileText> read_file(const std::string& path, std::size_t max);

/// Whether anybody besides owner and group may read or write a file of this mode.
[[nodiscard]] constexpr bool open_to_everybody(mode_t mode) noexcept { return (mode & 06U) != 0; }

/// How a file is written. Modes are exact: the umask does not count.
struct FileAttributes {
  mode_t mode = 0600;
  mode_t directory_mode =
      0750;  ///< of directories that are missing and created on the way; the setgid bit is inherited
  std::optional<uid_t> owner{};  ///< nothing: the process's own
  std::optional<gid_t> group{};
  bool durable = true;  ///< on the disk before the write is done; false for what ends with the system anyway
};

/// The new content of a file, complete beside it, for the caller to look at before it takes the file's place. Removed
/// again where commit() was not called or failed. Two that replace one file at a time are not supported.
class FileReplacement {
 public:
  /// Errors: those of mkdir(2), open(2), write(2), fchown(2) and fsync(2); the message is "cannot write PATH: why".
  [[nodiscard]] static Result<FileReplacement> write(const std::string& path, std::string_view text,
                                                     const FileAttributes& attributes);
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&&) = delete;
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  ~FileReplacement();

  /// Where the new content is until commit(): a name that starts with a dot, in the directory of the file.
  [[nodiscard]] const std::string& path() const noexcept { return temporary_; }
  /// Puts it in place of the file. Errors: those of rename(2) and fsync(2).
  [[nodiscard]] Result<void> commit();

 private:
  FileReplacement(std::string path, std::string temporary, bool durable)
      : path_{std::move(path)}, temporary_{std::move(temporary)}, durable_{durable} {}

  std::string path_;
  std::string temporary_;  ///< empty: committed or moved from
  bool durable_;
};

/// FileReplacement in one step.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text, const FileAttributes& attributes);

/// Has the name of a file that is new on the disk before it returns. Errors: those of open(2) and fsync(2).
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);

/// Writes all of `text`; errors of write(2), with "cannot write WHAT: why".
[[nodiscard]] Result<void> write_all(int fd, std::string_view text, const std::string& what);

}  // namespace macsec
