// SPDX-License-Identifier: LGPL-2.1-or-later
/// NetworkManager's macsec connections that are not active, shown as profiles that are not enabled.
#pragma once

#include "plugin/networkmanager/connections.hpp"
#include "plugin/networkmanager/runs.hpp"

#include <set>

namespace macsec::nm {

class Listing {
 public:
  using Stored = std::function<std::vector<StoredConnection>()>;

  /// `runs` outlives this; `stored` tells all connections, active or not.
  Listing(sd_event* event, Runs& runs, Stored stored);
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;

  /// Something is another now; what is shown follows in the next turn of the loop.
  void update();

 private:
  [[nodiscard]] std::map<std::string, StoredConnection> wanted() const;
  void apply();
  void show(const std::string& name, const StoredConnection& stored);
  void show_problem(const std::string& name, const StoredConnection& stored, const std::string& text);
  void add(const std::string& name, const StoredConnection& stored, const bus::Settings& settings,
           std::vector<bus::Problem> problems);

  sd_event* event_;
  Runs& runs_;
  Stored stored_;
  std::map<std::string, StoredConnection> shown_;  ///< by profile
  std::set<std::string> taken_;                    ///< names others have
  Timer turn_;
};

}  // namespace macsec::nm
