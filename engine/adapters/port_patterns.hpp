// SPDX-License-Identifier: LGPL-2.1-or-later
/// Ports of profiles whose Parent= is a pattern: which interfaces there are decides which profiles run. One interface that
/// comes, goes or is renamed costs a look at each pattern, whatever the number of ports.
#pragma once

#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/config/port_pattern.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace macsec::os {

class PortPatterns {
 public:
  /// What keeps a profile, or a port of it, from running.
  struct Problem {
    std::string profile;
    std::string text;
    bool error = true;  ///< no: a port runs all the same, by another profile than one may think
    friend auto operator<=>(const Problem&, const Problem&) = default;
  };

  /// `wanted` are the profiles to run, `idle` all others. An interface that one of either names by itself has no port of a
  /// pattern.
  void configure(const std::vector<ProfilePointer>& wanted, const std::vector<IdleProfile>& idle,
                 const std::map<unsigned, Link>& links);
  /// Whether profiles() or problems() are others now.
  [[nodiscard]] bool on_link_change(const LinkChange& change);
  /// Whether they became others since configure() or the last call.
  [[nodiscard]] bool take_changed() noexcept { return std::exchange(changed_, false); }

  /// What runs: the profiles without a pattern, and one for each port. A port stays the same object as long as nothing about it
  /// changes.
  [[nodiscard]] std::vector<ProfilePointer> profiles() const;
  /// Interfaces that match and have no port, those with one reason together.
  [[nodiscard]] std::vector<Problem> problems() const;
  /// Whether an operator took a port down, which holds for its name until it is taken up or its pattern goes, wherever its
  /// interface is meanwhile. No port of a pattern: nothing is kept.
  void set_down(const Profile& port, bool down);
  [[nodiscard]] bool is_down(const Profile& port) const { return down_.contains(port.name); }
  /// `why` a profile that runs cannot: told of the profile as it is configured, with the interface where that has many.
  [[nodiscard]] static Problem problem_of(const Profile& profile, std::string why);

 private:
  struct Port {
    std::string name;        ///< of the interface
    ProfilePointer pattern;  ///< that it is a port of
    ProfilePointer profile;  ///< null: a problem says why
    std::vector<Problem> problems;
  };

  void reserve(const std::string& name, const std::string& parent);
  [[nodiscard]] bool may_be_port(const Link& link) const;
  /// False where the link is no port and was none.
  bool place(const Link& link);

  bool changed_ = false;
  std::vector<ProfilePointer> plain_;
  std::vector<ProfilePointer> patterns_;      ///< the one that counts first
  std::set<std::string, std::less<>> named_;  ///< Parent= of profiles without a pattern
  std::set<std::string, std::less<>> taken_;  ///< names of profiles
  std::map<std::string, std::string> down_;   ///< ports that were taken down, and their pattern's name
  std::map<unsigned, Port> ports_;            ///< by ifindex
};

}  // namespace macsec::os
