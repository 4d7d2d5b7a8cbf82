// SPDX-License-Identifier: LGPL-2.1-or-later
/// The supplicant's port access control protocol (802.1X-2020 clause 8): when to ask for authentication, what of it goes to
/// macsec-eap and back, and how long to wait for either. Sans-I/O; knows nothing of keys and links but what it is told.
#pragma once

#include "engine/base/deadlines.hpp"
#include "engine/core/context.hpp"
#include "engine/core/pae/eap_exchange.hpp"
#include "engine/wire/eapol.hpp"

namespace macsec::core {

/// Octets of an EAP packet in an Ethernet frame of 1500 (RFC 3748 3.1 asks for 1020 at least).
inline constexpr std::uint16_t eap_mtu = 1496;

class Supplicant {
 public:
  /// An authentication that gave keys.
  struct Success {
    MethodKeys keys;
    MacAddress authenticator;  ///< source of the frames that were answered
    bool validated = true;     ///< it is known who is at the other end
  };

  explicit Supplicant(Context& context) : context_{context} {}
  Supplicant(const Supplicant&) = delete;
  Supplicant& operator=(const Supplicant&) = delete;

  /// Authenticates: EAPOL-Start leaves now, and again until somebody asks. A conversation that runs is given up; what is known
  /// of failures stays. Without carrier it is the same as stop().
  void connect(Time now);
  /// The same after a new carrier or an operator's wish: a back-off is over.
  void start(Time now);
  /// Forgets failures, and the pauses that they led to.
  void forgive() noexcept;
  /// Ends a logoff, and nothing else.
  void allow(Time now);
  /// Nothing is sent or answered until connect(); the session is over.
  void stop(Time now);
  /// EAPOL-Logoff, and held until start().
  void log_off(Time now);
  /// The carrier is away, perhaps for a moment: only what was authenticated stays so.
  void pause(Time now);

  /// An EAPOL frame of type EAP for us.
  void receive(const EapolFrame& frame, Time now);
  /// An EAPOL-Announcement. It is advice of anybody on the cable: shown, and nothing follows from it (802.1X-2020 11.12).
  void receive_announcement(const EapolFrame& frame, Time now);
  /// What macsec-eap says; reports of another conversation are ignored. Keys, where it gave some.
  [[nodiscard]] std::optional<Success> on_report(EapReport report, Time now);
  /// Runs what is due.
  void step(Time now);
  [[nodiscard]] std::optional<Time> next() const noexcept { return deadlines_.next(); }
  [[nodiscard]] std::optional<EapCommand> poll();

  /// Whether MKA has a live peer in a session of ours, told whenever that changes. It keeps a hold from being a stranger's doing:
  /// we begin nothing then, and answer who asks.
  void note_session(bool live) noexcept { session_live_ = live; }

  [[nodiscard]] bool stopped() const noexcept { return phase_ == Phase::off; }
  [[nodiscard]] bool is_authenticated() const noexcept { return phase_ == Phase::authenticated; }
  [[nodiscard]] bool logged_off() const noexcept { return logged_off_; }
  /// After an authentication that failed, until its pause is over.
  [[nodiscard]] bool is_held() const noexcept { return phase_ == Phase::held && !logged_off_; }
  /// Neither in the middle of an authentication nor held after one that failed.
  [[nodiscard]] bool may_start() const noexcept {
    return !logged_off_ && phase_ != Phase::authenticating && phase_ != Phase::held;
  }
  /// What keeps it from being authenticated, or from being authenticated again; none where nothing does.
  [[nodiscard]] Reason reason() const noexcept;
  [[nodiscard]] std::string words() const;
  void fill(SupplicantStatus& status) const;
  /// Moves whenever what fill() says differs from before, times and counters aside.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

 private:
  /// PACP's UNAUTHENTICATED (off: not allowed to begin), AUTHENTICATING (connecting: nobody asked yet), AUTHENTICATED, HELD.
  enum class Phase : std::uint8_t { off, connecting, authenticating, authenticated, held };
  enum class Timer : std::uint8_t {
    start,    ///< the next EAPOL-Start
    silence,  ///< a conversation in which nothing is asked any more
    held,
    access,  ///< what was announced last is shown
    count
  };
  struct Asked {
    MacAddress source;
    std::vector<std::uint8_t> packet;
  };

  void enter(Phase phase, Time now);
  void send_start(Time now);
  void send(EapolType type, Bytes body);
  void on_request(const EapPacket& packet, const EapolFrame& frame, Time now);
  void show_access(Time now);
  void note_notification(std::string text, Time now);
  void on_end(const EapPacket& packet, const EapolFrame& frame, Time now);
  [[nodiscard]] bool answers() const noexcept;
  [[nodiscard]] bool may_probe(Time now) noexcept;
  void forward(const EapolFrame& frame, Time now);
  void expect_more(bool of_method, Time now);
  void respond(const EapReport& report, Time now);
  [[nodiscard]] Success succeed(EapReport& report, Time now);
  void on_failure(const EapVerdict& verdict, Time now);
  void fail_with(Reason reason, const EapVerdict& verdict, Time now);
  void hold(const EapVerdict& verdict, Time now);
  void on_lost(Time now);
  void on_silence(Time now);
  /// Ends the conversation that runs, for us and for macsec-eap.
  void abandon();
  void forget_conversation() noexcept;
  /// Those of PACP.
  void stop_timers() noexcept;
  [[nodiscard]] Duration jittered(Duration span) const;

  Context& context_;
  Phase phase_ = Phase::off;
  Time since_;
  Deadlines<Timer> deadlines_;
  std::deque<EapCommand> commands_;

  EapConversation last_conversation_ = 0;
  std::optional<EapConversation> conversation_;  ///< the one that runs
  std::optional<EapConversation> silent_;        ///< ended for silence; its verdict is still to come
  std::deque<Asked> asked_;                      ///< what macsec-eap has not answered yet, oldest first
  std::vector<std::uint8_t> answered_;           ///< the request answered last
  std::vector<std::uint8_t> answer_;
  unsigned rounds_ = 0;  ///< requests of the method in this conversation
  MacAddress source_;    ///< of the method's request answered last

  std::size_t starts_ = 0;  ///< since somebody asked last
  bool logged_off_ = false;
  bool session_live_ = false;
  bool refused_ = false;  ///< held because our credentials were seen and refused
  Reason failure_ = Reason::none;
  std::uint32_t failures_ = 0;  ///< since the last success
  std::optional<Time> failed_at_;
  unsigned back_off_ = 0;  ///< failures that were not long apart: who forges them gets no attempt for each
  std::optional<Time> notified_at_;
  std::optional<Time> announced_at_;       ///< what is shown
  std::optional<AccessStatus> announced_;  ///< last, while it waits to be shown
  Time probe_at_;                          ///< when a question to an authenticated port costs nothing of those at once
  std::uint64_t revision_ = 0;
  SupplicantStatus facts_;  ///< what is shown and decides nothing
};

}  // namespace macsec::core
