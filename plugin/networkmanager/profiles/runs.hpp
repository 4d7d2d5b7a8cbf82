// SPDX-License-Identifier: LGPL-2.1-or-later
/// The networks macsecd runs for NetworkManager, each a profile of org.macsecd1.
#pragma once

#include "dbus/client/mirror.hpp"
#include "plugin/networkmanager/profiles/mapping.hpp"
#include "plugin/networkmanager/timer.hpp"

namespace macsec::nm {

/// How far a network is.
enum class Progress : std::uint8_t {
  unknown,  ///< macsecd does not run it: not there, or it refused
  waiting,  ///< nothing wrong is known
  refused,  ///< a peer has another CAK under the same CKN, all that are heard have another CKN, or 802.1X failed
  failed,   ///< the kernel or the profile refused
  secured,
};

struct RunsOptions {
  std::string address{};                                      ///< of the bus; empty: the system bus
  std::chrono::microseconds grace = std::chrono::minutes{1};  ///< how long a parked network goes on
  /// What runs, or whether macsecd is there, is another now.
  std::function<void()> moved = [] {};
  /// Gets the name of a profile that runs no more, and removes or replaces it.
  std::function<void(const std::string& profile)> given_up{};
};

class Runs {
 public:
  using Answer = std::function<void(const std::optional<std::string>& error)>;

  /// `changed` gets the device whose progress may be another.
  [[nodiscard]] static Result<std::unique_ptr<Runs>> start(sd_event* event, RunsOptions options,
                                                           std::function<void(const std::string&)> changed);
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  /// Runs a network on its device, in place of what ran there. Answers once: an error is final, and its words are for
  /// people. Where macsecd is not there the network waits for it, which is no error.
  void run(Wanted wanted, Answer answer);
  /// NetworkManager let go: the network runs on for the grace period, to be claimed by run(). Meanwhile macsecd keeps
  /// addresses and routes: at once on a device that NetworkManager made, which it deletes with the connection; on another
  /// from keep() on. They stay where the same connection, unchanged, claims it.
  void park(const std::string& device);
  /// NetworkManager is gone from a device that is parked.
  void keep(const std::string& device);
  /// Ends what runs on a device.
  void remove(const std::string& device);
  /// The device is gone, and with it what ran there. 0: any may be gone.
  void device_gone(unsigned ifindex);

  /// A connection is given up: why, until it runs again.
  void note_failure(const std::string& device);
  /// Of the last activation of a connection; empty: it did not fail.
  [[nodiscard]] std::string failure(const std::string& uuid) const;

  /// Whether macsecd is there and all that runs was handed to it.
  [[nodiscard]] bool ready() const noexcept { return mirror_->ready(); }
  [[nodiscard]] bool has_connection(const std::string& uuid) const;
  [[nodiscard]] bool has_profile(const std::string& name) const;
  /// Whether macsecd runs a profile that an earlier process left.
  [[nodiscard]] bool is_parked(const std::string& profile) const;
  /// What uses it owns the same profiles.
  [[nodiscard]] bus::Client& client() const noexcept { return *client_; }

  [[nodiscard]] Progress progress(const std::string& device) const;
  /// Why a device is not secured, for people; empty where nothing is known.
  [[nodiscard]] std::string reason(const std::string& device) const;

 private:
  struct Run {
    Run(Runs& runs, Wanted what, std::string profile_name);
    Wanted wanted;
    std::string name;    ///< of the profile
    std::uint64_t turn;  ///< tells answers to this run from answers to another of the same device
    bool added = false;
    std::string error;
    Answer answer;
    Timer parking;
  };

  Runs(sd_event* event, RunsOptions options, std::function<void(const std::string&)> changed);
  void add(Run& run);
  void added(const std::string& device, std::uint64_t turn, const bus::Outcome<bus::ObjectPath>& outcome);
  void settle(Run& run, const std::optional<std::string>& error);
  void withdraw(const Run& run);
  void give_up(const Run& run);
  void keep_configuration(Run& run, KeepConfiguration how);
  void hear(const bus::Change& change);
  [[nodiscard]] std::optional<bus::SessionInfo> session(const Run& run) const;

  sd_event* event_;
  RunsOptions options_;
  std::function<void(const std::string&)> changed_;
  std::uint64_t turns_ = 0;
  std::unique_ptr<bus::Client> client_;
  std::map<std::string, std::unique_ptr<Run>> runs_;  ///< by device
  std::map<std::string, std::string> failures_;       ///< by the connection's UUID
  std::unique_ptr<bus::Mirror> mirror_;
};

}  // namespace macsec::nm
