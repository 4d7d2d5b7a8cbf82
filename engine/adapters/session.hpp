// SPDX-License-Identifier: LGPL-2.1-or-later
/// One running link: its device, its port and where it stands in the books (Sessions). Driver and its parts drive it;
/// everybody else reads.
#pragma once

#include "engine/adapters/backoff.hpp"
#include "engine/adapters/netlink/netlink_secy.hpp"
#include "engine/adapters/set_downs.hpp"
#include "engine/adapters/system/journal_trace.hpp"
#include "engine/adapters/system/timer_queue.hpp"
#include "engine/core/port.hpp"
#include "engine/core/static_port.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <variant>

namespace macsec::os {

class RadiusLink;

class Session {
 public:
  Session(ProfilePointer profile, MacsecKernel& kernel, Journal& journal);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const Profile& profile() const noexcept { return *profile_; }
  [[nodiscard]] const ProfilePointer& shared_profile() const noexcept { return profile_; }
  /// Of the port, or why there is nothing under it.
  [[nodiscard]] core::PortStatus status() const;
  /// Keys come from the profile, there is no MKA.
  [[nodiscard]] bool static_keys() const noexcept { return !profile_->static_keys.empty(); }
  /// The device's name; the profile's while there is no device.
  [[nodiscard]] const std::string& interface() const noexcept;
  [[nodiscard]] unsigned ifindex() const noexcept { return secy_.ifindex(); }                ///< 0: no device
  [[nodiscard]] unsigned parent_ifindex() const noexcept { return secy_.parent_ifindex(); }  ///< 0: none
  [[nodiscard]] const OffloadReport& offload() const noexcept { return secy_.offload(); }
  /// What keeps every frame of key agreement from the port, for people; empty: nothing known.
  [[nodiscard]] const std::string& obstacle() const noexcept { return link_.obstacle; }
  [[nodiscard]] bool enabled() const noexcept { return enabled_; }  ///< not taken down by an operator

 private:
  friend class Driver;
  friend class Devices;
  friend class Records;
  friend class Sampling;
  friend class Sessions;

  /// Under which interfaces the books have the session; 0: none.
  struct Place {
    unsigned device = 0;
    unsigned parent = 0;
  };
  /// A deadline of this session in the driver's queue.
  struct Alarm : TimerQueue::Entry {
    enum class What : std::uint8_t { protocol, attach, reassert };
    Alarm(Session& of, What why) : session{of}, what{why} {}
    Session& session;
    What what;
  };

  /// Why nobody hears this end; empty while its frames are sent.
  [[nodiscard]] std::string send_problem() const;
  [[nodiscard]] core::Port* mka() noexcept { return std::get_if<core::Port>(&port_); }
  /// Calls `function` with whichever port there is.
  template <typename Function>
  void with_port(Function function) {
    if (auto* port = std::get_if<core::Port>(&port_)) function(*port);
    if (auto* port = std::get_if<core::StaticPort>(&port_)) function(*port);
  }

  ProfilePointer profile_;
  JournalTrace trace_;
  NetlinkSecy secy_;
  std::variant<std::monostate, core::Port, core::StaticPort> port_;
  core::LinkState link_;
  SetDowns set_downs_;
  bool enabled_ = true;
  std::uint64_t access_revision_ = 0;         ///< of either role of 802.1X, as observers were told
  std::shared_ptr<const RadiusLink> radius_;  ///< of an authenticator: who asks its servers

  int send_error_ = 0;  ///< errno of what is sent on the parent
  std::optional<Error> attach_error_;
  Time attach_error_since_;
  Backoff attach_backoff_;
  Place placed_;
  bool missed_ = false;  ///< it was told that the parent does not exist
  bool joined_ = false;  ///< frames to the destination's group are let in

  bool changed_ = false;  ///< observers are told at the end of the turn
  bool snapshot_changed_ = false;
  int save_error_ = 0;     ///< errno of the last snapshot, told once
  bool reassert_ = false;  ///< what others changed is restored at the end of the turn
  Pace reassert_pace_;
  std::string reassert_error_;                                ///< of the last try, which failed
  std::optional<std::multiset<Duration>::iterator> sampled_;  ///< in Sampling
  Alarm protocol_alarm_{*this, Alarm::What::protocol};
  Alarm attach_alarm_{*this, Alarm::What::attach};
  Alarm reassert_alarm_{*this, Alarm::What::reassert};
};

}  // namespace macsec::os
