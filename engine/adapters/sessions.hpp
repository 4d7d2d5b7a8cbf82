// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sessions of the host and how they are found: by profile, by device, by parent, by name.
#pragma once

#include "engine/adapters/session.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace macsec::os {

class Sessions {
 public:
  using ByProfile = std::map<std::string, std::unique_ptr<Session>, std::less<>>;

  Session& add(std::unique_ptr<Session> session);
  /// Destroys it.
  void erase(Session& session);

  /// Notes the device and the parent that the session has now.
  void place(Session& session);
  /// Forgets them; they stay known as Session::placed().
  void displace(Session& session) noexcept;

  [[nodiscard]] const ByProfile& all() const noexcept { return by_profile_; }
  [[nodiscard]] bool empty() const noexcept { return by_profile_.empty(); }
  [[nodiscard]] Session* find(std::string_view profile) const noexcept;
  /// The session of the device, else that of the parent where it is the only one there.
  [[nodiscard]] Session* find_ifindex(unsigned ifindex) const noexcept;
  /// The session whose profile has this Interface=.
  [[nodiscard]] Session* find_interface(const std::string& interface) const noexcept;

  [[nodiscard]] bool has_device(unsigned ifindex) const noexcept { return by_device_.contains(ifindex); }
  // Copies, for what is done with them may change the books.
  [[nodiscard]] std::vector<Session*> on_device(unsigned ifindex) const;
  /// For each frame: `out` is emptied and filled.
  void on_parent(unsigned ifindex, std::vector<Session*>& out) const;
  /// Those whose profile names it as parent or device.
  [[nodiscard]] std::vector<Session*> named(const std::string& name) const;

 private:
  ByProfile by_profile_;
  std::unordered_multimap<unsigned, Session*> by_device_;  ///< several where profiles leave the device to others
  std::unordered_multimap<unsigned, Session*> by_parent_;
  std::unordered_multimap<std::string, Session*> by_name_;
};

}  // namespace macsec::os
