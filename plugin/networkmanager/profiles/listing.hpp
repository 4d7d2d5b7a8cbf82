// SPDX-License-Identifier: LGPL-2.1-or-later
/// NetworkManager's macsec connections that are not active, shown as profiles that are not enabled, and the devices that
/// have to be there before a connection comes up. Private connections are none of others' business, and take part in nothing.
#pragma once

#include "plugin/networkmanager/profiles/connections.hpp"
#include "plugin/networkmanager/profiles/runs.hpp"

#include <set>

namespace macsec::nm {

class Listing {
 public:
  /// Devices made in advance, of this host; who may add connections would have the kernel full of them.
  static constexpr std::size_t most_spare_devices = 16;

  using Stored = std::function<std::optional<std::vector<StoredConnection>>()>;
  using Devices = std::function<void(std::set<std::string>)>;

  /// `runs` outlives this; `stored` tells all connections, active or not, or nothing while NetworkManager does not run: its
  /// connections stay what they were. `spare` gets the devices that are made in advance.
  Listing(sd_event* event, Runs& runs, Stored stored, Devices spare);
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;

  /// Something is another now; what is shown follows in the next turn of the loop.
  void update();
  /// A profile that ran is shown from now on, or removed where it is nobody's: in one step, so that its device stays.
  void take_over(const std::string& profile);

 private:
  enum class Spare : std::uint8_t {
    none,        ///< no device is needed in advance
    made,        ///< its device is made in advance
    in_the_way,  ///< another connection wants another device in that place
    too_many,    ///< most_spare_devices are made
  };
  struct Entry {
    StoredConnection stored;
    Spare spare = Spare::none;
    std::string failure{};  ///< of its last activation
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  using Entries = std::map<std::string, Entry>;  ///< by profile

  [[nodiscard]] std::map<std::string, Spare> judge_devices() const;
  [[nodiscard]] Entries wanted(const std::map<std::string, Spare>& spare) const;
  void apply();
  void show(const std::string& name, const Entry& entry);
  void show_problem(const std::string& name, const Entry& entry, const std::string& text);
  void add(const std::string& name, const Entry& entry, const bus::Settings& settings,
           std::vector<bus::Problem> problems);

  sd_event* event_;
  Runs& runs_;
  Stored stored_;
  Devices spare_;
  std::vector<StoredConnection> known_;
  std::set<std::string> made_;  ///< devices made in advance
  Entries shown_;
  std::set<std::string> given_up_;
  std::set<std::string> taken_;  ///< names others have
  Timer turn_;
};

}  // namespace macsec::nm
