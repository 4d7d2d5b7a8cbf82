// SPDX-License-Identifier: LGPL-2.1-or-later
/// Secrets that outlive the process in the service manager's descriptor store, each in a sealed memory file. They are in no
/// file of a disk, and gone with the service (systemd.service(5), FileDescriptorStoreMax=).
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"

#include <optional>
#include <string>
#include <vector>

namespace macsec::os {

/// A descriptor of the store and its name there.
struct KeptFile {
  std::string name;
  FileDescriptor descriptor;
};

/// What the service manager handed to this process, once.
[[nodiscard]] std::vector<KeptFile> inherited_files();

/// The files whose names in the store are PREFIX and a number. A name is never used twice.
class KeptFiles {
 public:
  explicit KeptFiles(std::string_view prefix) : prefix_{prefix} {}

  /// Takes out of `files` those with such names, the oldest first: the process before may have ended between putting one
  /// in and taking out the one that it replaces. Later names come after theirs.
  [[nodiscard]] std::vector<KeptFile> resume(std::vector<KeptFile>& files);
  /// Puts a file in and returns its name. Where there is no service manager nothing is kept, and that is no error.
  [[nodiscard]] Result<std::string> put(Bytes octets);
  static void remove(const std::string& name);

 private:
  [[nodiscard]] std::uint64_t number_of(std::string_view name) const;

  std::string prefix_;
  std::uint64_t last_number_ = 0;
};

/// What such a file holds; nothing where it cannot be one.
[[nodiscard]] std::optional<WipedText> read_kept_file(const FileDescriptor& file);

}  // namespace macsec::os
