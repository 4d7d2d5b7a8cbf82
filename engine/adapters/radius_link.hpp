// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS client on the loop, with what brings records of sessions to the same servers: sockets and a timer.
#pragma once

#include "engine/adapters/radius_connection.hpp"
#include "engine/adapters/system/datagram_socket.hpp"
#include "engine/adapters/system/event_loop.hpp"
#include "engine/core/pae/radius_accountant.hpp"

#include <functional>
#include <memory>

namespace macsec::os {

/// Nothing here blocks, and nothing is told from inside a call: callbacks come from the loop only, and may call.
class RadiusLink {
 public:
  struct Receiver {
    std::function<void(core::RadiusOwner owner, core::RadiusReport&& report)> report;
    /// A server stopped answering, or answers again.
    std::function<void(const core::RadiusEvent& event)> event;
    /// Records may have been answered, or lost their connection. May not end the link.
    std::function<void()> settled{};
  };
  /// Loop, `streams` and `random` outlive this. The profile has [RadiusServer] sections; sockets are opened when first needed.
  [[nodiscard]] static Result<std::unique_ptr<RadiusLink>> open(EventLoop& loop, TlsStreams& streams, Receiver receiver,
                                                                ProfilePointer profile, std::string nas_identifier,
                                                                Random& random);
  RadiusLink(const RadiusLink&) = delete;
  RadiusLink& operator=(const RadiusLink&) = delete;
  ~RadiusLink();

  /// As of core::RadiusClient.
  void command(core::RadiusOwner owner, core::RadiusCommand command);
  void drop(core::RadiusOwner owner);
  /// As of core::RadiusAccountant. What is under way when the link ends was sent once.
  void account(core::RadiusAccounting record);
  [[nodiscard]] bool has_records() const noexcept { return accountant_.has_records(); }
  /// Whether a record is under way on a connection over TLS: macsec-eap may not have sealed it yet.
  [[nodiscard]] bool is_delivering() const noexcept;
  [[nodiscard]] std::vector<core::RadiusServerStatus> status() const;

 private:
  struct Socket {
    std::optional<DatagramSocket> socket{};
    EventSource source{};  ///< after the socket: destroyed before it
  };

  RadiusLink(EventLoop& loop, TlsStreams& streams, Receiver receiver, ProfilePointer profile,
             std::string nas_identifier, Random& random)
      : loop_{loop},
        streams_{streams},
        receiver_{std::move(receiver)},
        profile_{profile},
        client_{profile, nas_identifier, random},
        accountant_{std::move(profile), std::move(nas_identifier), random},
        sockets_(2 * profile_->pae->servers.size()) {}
  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::size_t servers() const noexcept { return profile_->pae->servers.size(); }
  void receive(std::size_t place, std::size_t at);
  /// Makes the connections over TLS that are wanted, and gives up those that are not.
  void follow_wishes();
  void connect(core::RadiusWay way);
  void on_packet(core::RadiusWay way, Bytes packet);
  /// No callback of it can run any more once the loop turned.
  void retire(core::RadiusWay way);
  /// Sends what waits, and has told what there is to tell.
  void settle();
  [[nodiscard]] Result<void> send(std::size_t place, const core::RadiusDatagram& datagram);
  [[nodiscard]] Result<DatagramSocket*> socket(std::size_t place, std::size_t at);
  void tell();

  EventLoop& loop_;
  TlsStreams& streams_;
  Receiver receiver_;
  ProfilePointer profile_;
  core::RadiusClient client_;
  core::RadiusAccountant accountant_;
  /// By place, then by number: the servers' places, then those of their accounting.
  std::vector<std::vector<std::unique_ptr<Socket>>> sockets_;
  std::map<std::size_t, std::uint32_t> tls_profiles_;  ///< of `streams_`, by the server's place
  std::map<core::RadiusWay, std::unique_ptr<RadiusConnection>> connections_;
  std::vector<std::unique_ptr<RadiusConnection>> ended_;
  EventSource timer_;
  EventSource tell_;
};

}  // namespace macsec::os
