// SPDX-License-Identifier: LGPL-2.1-or-later
/// The ports whose profile has a supplicant, and the one macsec-eap they share: whose conversation is whose.
#pragma once

#include "engine/adapters/eap_worker.hpp"
#include "engine/adapters/system/journal_trace.hpp"
#include "engine/adapters/tls_streams.hpp"
#include "engine/config/profile.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace macsec::os {

/// Ports are called by the name of their profile.
class EapPorts {
 public:
  /// Called from the loop only, and may call.
  struct Hooks {
    /// For the port's on_eap().
    std::function<void(const std::string& name, core::EapReport&& report)> report;
    /// What the port's profile is worth, each time macsec-eap has opened what it names; `asked`: for the first time since
    /// read_again().
    std::function<void(const std::string& name, const EapVerdict& verdict, bool asked)> loaded;
    /// A port needs EAP from the wire, or none does any more.
    std::function<Result<void>(bool on)> hear;
  };
  /// All arguments outlive this. `socket` is where macsec-eap listens.
  EapPorts(EventLoop& loop, Journal& journal, Hooks hooks, std::string socket = eap_worker_socket)
      : loop_{loop}, journal_{journal}, hooks_{std::move(hooks)}, socket_{std::move(socket)} {}
  EapPorts(const EapPorts&) = delete;
  EapPorts& operator=(const EapPorts&) = delete;

  /// Gives macsec-eap what the port's profile says now, or takes it away where it says nothing any more.
  void set(const ProfilePointer& profile);
  /// Has macsec-eap open again what all profiles name: certificates and keys in files may be others now.
  void read_again();
  /// The port ends.
  void drop(const std::string& name);
  /// TLS for RADIUS servers by the same macsec-eap.
  [[nodiscard]] TlsStreams& streams() noexcept { return streams_; }
  /// Hands on what the port asks for.
  void ask(const std::string& name, const core::EapCommand& command);

 private:
  struct Owner {
    std::string name;
    core::EapConversation conversation = 0;  ///< as the port calls it
  };
  struct Entry {
    std::uint32_t number = 0;
    ProfilePointer profile;  ///< what macsec-eap has is in its [8021X]
    bool asked = false;      ///< by read_again(), and not answered yet
  };
  [[nodiscard]] EapWorker* worker();
  void hear(bool on);
  void on_report(core::EapReport report);
  void on_loaded(std::uint32_t number, const EapVerdict& verdict);
  [[nodiscard]] std::optional<core::EapConversation> find(const std::string& name, core::EapConversation conversation);

  EventLoop& loop_;
  Journal& journal_;
  Hooks hooks_;
  std::string socket_;
  std::unique_ptr<EapWorker> worker_;  ///< from the first profile, or RADIUS server over TLS, on
  TlsStreams streams_{[this] { return worker(); }};
  std::map<std::string, Entry> entries_;
  std::map<core::EapConversation, Owner> conversations_;  ///< by the number that macsec-eap knows
  std::uint32_t last_number_ = 0;
  core::EapConversation last_conversation_ = 0;
};

}  // namespace macsec::os
