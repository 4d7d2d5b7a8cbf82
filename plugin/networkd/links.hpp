// SPDX-License-Identifier: LGPL-2.1-or-later
/// The links of this host as far as they matter here: which macsec link lies on which parent.
#pragma once

#include "plugin/networkd/watcher.hpp"

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
  struct Link {
    std::string name;
    bool macsec = false;
    unsigned parent = 0;  ///< ifindex
    friend bool operator==(const Link&, const Link&) = default;
  };

  explicit Links(std::function<void()> changed) : changed_{std::move(changed)} {}
  Result<void> dump();
  bool read();
  bool take(const void* message, std::size_t size);
  static int on_readable(sd_event_source* source, int fd, std::uint32_t events, void* userdata) noexcept;

  std::function<void()> changed_;
  FileDescriptor socket_;
  std::map<unsigned, Link> links_;
  Source source_;
};

}  // namespace macsec::networkd
