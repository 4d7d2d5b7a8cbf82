// SPDX-License-Identifier: LGPL-2.1-or-later
/// The authenticator's port access control protocol (802.1X-2020 clause 8) and the pass-through of EAP (RFC 3748 2.3): which
/// host is asked, what of it goes to a RADIUS server and back, and how long to wait for either. Sans-I/O; knows nothing of
/// keys and links but what it is told. One host has the port at a time.
#pragma once

#include "engine/base/deadlines.hpp"
#include "engine/core/context.hpp"
#include "engine/core/pae/host_answer.hpp"
#include "engine/core/pae/radius_exchange.hpp"
#include "engine/wire/eapol.hpp"

namespace macsec::core {

class Authenticator {
 public:
  /// What became of an authentication, or of the session that one gave.
  struct Outcome {
    enum class Kind : std::uint8_t {
      accepted,      ///< `report` holds the keys
      rejected,      ///< by the server, or for what the server wants
      doubted,       ///< of a session: rejected once, perhaps for what another station said in the host's place
      unanswered,    ///< no server answered
      unusable,      ///< servers answer, and not this
      inconclusive,  ///< of a session: the host stopped answering, or another station answered in its place
      logged_off,    ///< the host ended its session
    };
    Kind kind = Kind::accepted;
    RadiusReport report{};
  };

  explicit Authenticator(Context& context) : context_{context} {}
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  /// Asks any host that is there for its identity, now and until one answers; a hold is over. Where a host has a session, that
  /// host is asked. Without carrier it is the same as stop().
  void ask(Time now);
  /// Nothing is sent or answered until ask(); there is no session any more.
  void stop(Time now);
  /// The carrier is away, perhaps for a moment: a conversation is given up, a session stays.
  void pause(Time now);
  /// The session is over: anybody may have the port. Unless held, asks after `wait`, or sooner where a Start comes, but not
  /// again and again. Without a `wait`, a conversation that runs continues.
  void release(Duration wait, Time now);
  /// Tells the host that it is not authenticated.
  void send_failure();
  /// The session of the process before.
  void resume(const MacAddress& host, std::string identity, Time now);

  /// An EAPOL frame that is no MKPDU. `held_by_mka`: MKA has a live peer in the session, which frames without protection
  /// therefore cannot end.
  void receive(const EapolFrame& frame, bool held_by_mka, Time now);
  /// What the RADIUS client says; reports of another conversation are ignored.
  void on_report(RadiusReport report, bool held_by_mka, Time now);
  /// Runs what is due.
  void step(Time now);
  [[nodiscard]] std::optional<Time> next() const noexcept { return deadlines_.next(); }
  [[nodiscard]] std::optional<RadiusCommand> poll();
  /// What the last call led to, once.
  [[nodiscard]] std::optional<Outcome> take_outcome() noexcept { return std::exchange(outcome_, std::nullopt); }

  [[nodiscard]] bool stopped() const noexcept { return phase_ == Phase::off; }
  /// A host has a session, and no conversation runs.
  [[nodiscard]] bool at_rest() const noexcept { return phase_ == Phase::authenticated; }
  [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
  [[nodiscard]] const std::optional<MacAddress>& host() const noexcept { return host_; }
  /// What keeps a host from being authenticated, or from being authenticated again; none where nothing does.
  [[nodiscard]] Reason reason() const noexcept;
  [[nodiscard]] std::string words() const;
  void fill(AuthenticatorStatus& status) const;
  /// Moves whenever what fill() says differs from before, times and counters aside.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

 private:
  /// PACP's UNAUTHENTICATED (off: not allowed to begin), AUTHENTICATING (asking: nobody answered yet), AUTHENTICATED, HELD.
  enum class Phase : std::uint8_t { off, asking, authenticating, authenticated, held };
  enum class Timer : std::uint8_t {
    retransmit,  ///< the request that the host has not answered
    silence,     ///< of the host, within a conversation
    server,      ///< of the RADIUS client
    again,       ///< a Start that came too soon after the last conversation
    held,
    count
  };

  void enter(Phase phase, Time now);
  void transmit(Time now);
  void send(Bytes packet);
  void end(EapCode code);
  void on_start(Time now);
  void on_logoff(bool held_by_mka, Time now);
  void on_eap(const EapolFrame& frame, Time now);
  [[nodiscard]] bool is_awaited(const EapPacket& packet) const noexcept;
  void note_other(const MacAddress& host, Time now);
  void meet(const EapPacket& identity, const EapolFrame& frame, Time now);
  void forward(const EapolFrame& frame, Time now);
  void challenge(RadiusReport& report, Time now);
  void accept(RadiusReport report, Time now);
  void reject(RadiusReport report, std::string words, Time now);
  void doubt(std::string words, Time now);
  void give_up(RadiusReport report, Time now);
  void on_silence(Time now);
  void leave_open(Time now);
  void fail_with(Reason reason, std::string words, Time now);
  void hold(Duration span, Time now);
  void forget_conversation() noexcept;
  /// Ends the conversation that runs, for us and for the RADIUS client.
  void abandon();
  [[nodiscard]] Duration server_patience() const noexcept;
  [[nodiscard]] std::string who() const;

  Context& context_;
  Phase phase_ = Phase::off;
  Time since_;
  Deadlines<Timer> deadlines_;
  std::deque<RadiusCommand> commands_;
  std::optional<Outcome> outcome_;

  std::optional<MacAddress> host_;  ///< that has the port, or had it last
  bool session_ = false;            ///< it is authenticated, whatever is under way beside it
  std::string identity_;            ///< as it may be shown; of the session, where there is one
  std::string claimed_;             ///< the same of the conversation that runs, which anybody can begin
  std::string user_name_;           ///< as the host said it in the conversation that runs

  RadiusConversation last_conversation_ = 0;
  std::optional<RadiusConversation> conversation_;  ///< the one that runs
  std::vector<std::uint8_t> request_;               ///< sent last, without a server's Success or Failure
  bool awaiting_ = false;                           ///< the host's answer to it
  HostAnswer answer_;
  std::size_t sends_ = 0;  ///< of `request_`
  Time sent_at_;
  Time began_at_;                 ///< the conversation that runs, or ran last
  bool wants_to_begin_ = false;   ///< the host sent a Start in the middle of a conversation
  unsigned answers_ = 0;          ///< of the host in this conversation
  std::uint8_t last_answer_ = 0;  ///< its identifier

  Reason failure_ = Reason::none;
  unsigned back_off_ = 0;  ///< times in a row that no server gave a usable answer
  std::optional<Time> other_told_at_;
  std::uint64_t revision_ = 0;
  AuthenticatorStatus facts_;  ///< what is shown and decides nothing
};

}  // namespace macsec::core
