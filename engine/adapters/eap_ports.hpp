// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sessions whose profile has a supplicant, and the one macsec-eap they share: whose conversation is whose.
#pragma once

#include "engine/adapters/eap_worker.hpp"
#include "engine/adapters/session.hpp"
#include "engine/adapters/wires.hpp"

#include <map>

namespace macsec::os {

class EapPorts {
 public:
  struct Hooks {
    /// After each call into the port of a session.
    std::function<void(Session&)> settle;
    /// At the end of each callback of the loop.
    std::function<void()> done;
  };
  /// All arguments outlive this. `socket` is where macsec-eap listens.
  EapPorts(EventLoop& loop, Journal& journal, Wires& wires, Hooks hooks, std::string socket = eap_worker_socket)
      : loop_{loop}, journal_{journal}, wires_{wires}, hooks_{std::move(hooks)}, socket_{std::move(socket)} {}
  EapPorts(const EapPorts&) = delete;
  EapPorts& operator=(const EapPorts&) = delete;

  /// Gives macsec-eap what the profile of the session says now, or takes it away where it says nothing any more.
  void set(Session& session);
  /// The session ends.
  void drop(Session& session);
  /// Hands on what the port asks for. `port` is that of the session.
  void follow(Session& session, core::Port& port);

 private:
  struct Owner {
    Session* session = nullptr;
    core::EapConversation conversation = 0;  ///< as the port calls it
  };
  struct Entry {
    std::uint32_t number = 0;
    ProfilePointer profile;  ///< what macsec-eap has is in its [8021X]
  };
  [[nodiscard]] EapWorker* worker();
  void on_report(core::EapReport report);
  void on_loaded(std::uint32_t number, const EapVerdict& verdict);
  [[nodiscard]] std::optional<core::EapConversation> find(const Session& session, core::EapConversation conversation);

  EventLoop& loop_;
  Journal& journal_;
  Wires& wires_;
  Hooks hooks_;
  std::string socket_;
  std::unique_ptr<EapWorker> worker_;  ///< from the first profile on
  std::map<Session*, Entry> entries_;
  std::map<core::EapConversation, Owner> conversations_;  ///< by the number that macsec-eap knows
  std::uint32_t last_number_ = 0;
  core::EapConversation last_conversation_ = 0;
};

}  // namespace macsec::os
