// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reading small files whose content may be secret.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace macsec {

/// Text on the heap that is overwritten before it is given back. Move-only; views into it survive a move.
class WipedText {
 public:
  WipedText() noexcept = default;
  explicit WipedText(std::size_t size) : octets_{std::make_unique<char[]>(size)}, size_{size} {}
  explicit WipedText(std::string_view text);
  WipedText(WipedText&& other) noexcept;
  WipedText& operator=(WipedText&& other) noexcept;
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { clear(); }

  [[nodiscard]] std::string_view view() const noexcept { return {octets_.get(), size_}; }
  [[nodiscard]] char* data() noexcept { return octets_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  std::unique_ptr<char[]> octets_;
  std::size_t size_ = 0;
};

struct FileText {
  WipedText text;
  mode_t mode = 0;  ///< of the open file, so it is the mode of what was read
};

/// The content of a regular file. Errors: those of open(2) and read(2), EFBIG beyond `max` octets, EINVAL for anything
/// that is not a regular file. The message is "cannot read PATH: why".
[[nodiscard]] Result<FileText> read_file(const std::string& path, std::size_t max);

/// Whether somebody besides owner and group may read or write a file of this mode.
[[nodiscard]] constexpr bool open_to_everybody(mode_t mode) noexcept { return (mode & 06U) != 0; }

}  // namespace macsec
