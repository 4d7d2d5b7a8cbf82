// SPDX-License-Identifier: LGPL-2.1-or-later
/// The ports whose profile has an authenticator, and the RADIUS clients that those with the same servers share; the records of
/// their sessions.
#pragma once

#include "engine/adapters/netlink/macsec_kernel.hpp"
#include "engine/adapters/radius_link.hpp"
#include "engine/adapters/system/journal_trace.hpp"
#include "engine/core/pae/session_ledger.hpp"

#include <deque>
#include <map>

namespace macsec::os {

/// Ports are called by the name of their profile.
class RadiusPorts {
 public:
  /// Called from the loop only, and may call.
  struct Hooks {
    /// For the port's on_radius().
    std::function<void(const std::string& name, core::RadiusReport&& report)> report;
    /// What is known of the servers of a port may be different.
    std::function<void(const std::string& name)> changed;
    /// A port needs EAP from the wire, or none does any more.
    std::function<Result<void>(bool on)> hear;
    /// The kernel's counters of the port.
    std::function<Result<SecyCounters>(const std::string& name)> counters;
  };
  /// How long records that no server has confirmed are offered once nobody else needs their client.
  static constexpr Duration last_words = std::chrono::seconds{5};
  /// How long the end of the process is put off for records that are under way over TLS.
  static constexpr Duration farewell = std::chrono::seconds{1};
  /// All arguments outlive this.
  RadiusPorts(EventLoop& loop, TlsStreams& streams, Journal& journal, Random& random, Hooks hooks)
      : loop_{loop}, streams_{streams}, journal_{journal}, random_{random}, hooks_{std::move(hooks)} {}
  RadiusPorts(const RadiusPorts&) = delete;
  RadiusPorts& operator=(const RadiusPorts&) = delete;

  /// Who asks the servers that the port's profile names now; nothing where it names none any more, or no client can be had.
  std::shared_ptr<const RadiusLink> set(const ProfilePointer& profile);
  /// The session that a port resumed from the process before: its record goes on. Called before follow().
  void resume(const std::string& name, core::AccountedSession session);
  /// The session that is accounted, for the next process.
  [[nodiscard]] std::optional<core::AccountedSession> account_of(const std::string& name) const;
  /// The port ends, `for_good` or until the next process continues its session.
  void drop(const std::string& name, bool for_good);
  /// Hands on what the port asks for.
  void ask(const std::string& name, core::RadiusCommand command);
  /// Whether a host has the port now, and why the last one has not; to be called after each report and when that is different.
  void follow(const std::string& name, bool has_host, core::TerminateCause ended_by);
  /// Every port has ended: calls `done` once no record is under way over TLS any more, at once where none is. A datagram has
  /// left when it was sent.
  void finish(std::function<void()> done);
  /// The process before left sessions: nothing says to the servers that all are over.
  void continue_books() noexcept { continued_ = true; }

 private:
  struct Entry {
    core::RadiusOwner owner = 0;
    core::SessionLedger ledger;
    bool has_host = false;
    core::TerminateCause ended_by = core::TerminateCause::lost_service;  ///< of the last session
    ProfilePointer profile{};
    std::shared_ptr<RadiusLink> link{};
    std::optional<core::RadiusConversation> waiting{};  ///< that has no answer yet
  };
  [[nodiscard]] Result<void> start();
  /// That of a port with the same servers, else a new one; nothing where it cannot be had.
  [[nodiscard]] std::shared_ptr<RadiusLink> link_for(const ProfilePointer& profile);
  void hear(bool on);
  /// The port asks nothing more of its client, whose records still leave.
  void leave(Entry& entry);
  void on_timer();
  [[nodiscard]] bool is_delivering() const;
  /// The answer that a port waits for does not come: it is told so in the next turn.
  void disappoint(const std::string& name, Entry& entry, std::string words);
  void on_report(core::RadiusOwner owner, core::RadiusReport report);
  void on_event(const core::RadiusEvent& event);
  void tell();
  /// Records of sessions that are due leave.
  void account(const std::string& name, Entry& entry);
  void arm();
  /// Accounting-On to servers that none of our ports had so far, or Accounting-Off to those that none has any more.
  void tell_of_us(const Entry& entry, core::RadiusAccounting::Kind kind);

  EventLoop& loop_;
  TlsStreams& streams_;
  Journal& journal_;
  Random& random_;
  Hooks hooks_;
  std::map<std::string, Entry> entries_;
  std::vector<std::pair<std::string, core::RadiusReport>> untold_;
  std::deque<std::pair<Time, std::shared_ptr<RadiusLink>>> leaving_;  ///< until when
  EventSource tell_;                                                  ///< from the first authenticator on
  EventSource timer_;                                                 ///< of records
  std::function<void()> done_;                                        ///< of finish(), until it is called
  Time finish_by_{};
  core::RadiusOwner last_owner_ = 0;
  bool continued_ = false;
};

}  // namespace macsec::os
