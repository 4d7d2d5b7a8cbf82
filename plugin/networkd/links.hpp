// SPDX-License-Identifier: LGPL-2.1-or-later
/// The links of this host as far as they matter here: which macsec link lies on which parent.
#pragma once

#include "plugin/links/rtnetlink.hpp"

#include <map>

namespace macsec::networkd {

class Links {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Links>> open(sd_event* event, std::function<void()> changed);
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;
  ~Links() = default;

  /// Name of the link below the macsec link `name`; empty where there is no such link, or its parent is elsewhere.
  [[nodiscard]] std::string parent_of(const std::string& name) const;

 private:
  explicit Links(std::function<void()> changed) : changed_{std::move(changed)} {}
  void replace(const std::vector<LinkFacts>& links);

  std::function<void()> changed_;
  std::map<unsigned, LinkFacts> links_;  ///< by ifindex
  std::unique_ptr<LinkEvents> events_;
};

}  // namespace macsec::networkd
