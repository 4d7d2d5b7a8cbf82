// SPDX-License-Identifier: LGPL-2.1-or-later
/// What parents were found to offload: mode and cipher suite are tried together, once a parent, and remembered.
#pragma once

#include "engine/ports/secy.hpp"

#include <map>
#include <optional>
#include <tuple>

namespace macsec::os {

class OffloadTrials {
 public:
  /// Whether the interface encrypts so; nothing where that was not tried.
  [[nodiscard]] std::optional<bool> known(unsigned parent, OffloadMode mode, CipherSuite suite) const {
    const auto found = tried_.find({parent, mode, suite});
    return found == tried_.end() ? std::nullopt : std::optional{found->second};
  }
  /// Whether it does so with any suite.
  [[nodiscard]] std::optional<bool> known(unsigned parent, OffloadMode mode) const {
    std::optional<bool> any;
    for (const auto& [what, can] : tried_)
      if (std::get<0>(what) == parent && std::get<1>(what) == mode) any = any.value_or(false) || can;
    return any;
  }
  void note(unsigned parent, OffloadMode mode, CipherSuite suite, bool can) {
    tried_.insert_or_assign({parent, mode, suite}, can);
  }
  /// The interface is gone: another one may get its number.
  void forget(unsigned parent) {
    std::erase_if(tried_, [parent](const auto& one) { return std::get<0>(one.first) == parent; });
  }

 private:
  std::map<std::tuple<unsigned, OffloadMode, CipherSuite>, bool> tried_;
};

}  // namespace macsec::os
