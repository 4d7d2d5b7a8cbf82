// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys that programs brought, kept for the next process of the service.
#pragma once

#include "engine/adapters/system/kept_files.hpp"
#include "engine/config/memory_keys.hpp"

#include <map>

namespace macsec::os {

class MemoryKeeper {
 public:
  /// Takes what the process before left out of `inherited`.
  explicit MemoryKeeper(std::vector<KeptFile>& inherited);

  /// What the process before kept, once.
  [[nodiscard]] std::vector<MemoryKeys> take() { return std::move(left_); }
  /// Puts the keys of a profile in the place of those before; where there are none, nor names of retired ones, they are
  /// forgotten.
  [[nodiscard]] Result<void> keep(const MemoryKeys& keys);

 private:
  KeptFiles files_;
  std::vector<MemoryKeys> left_;
  std::map<std::string, std::string> names_;  ///< in the store, by profile
};

}  // namespace macsec::os
