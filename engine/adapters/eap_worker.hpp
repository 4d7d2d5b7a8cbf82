// SPDX-License-Identifier: LGPL-2.1-or-later
/// The daemon's end of macsec-eap: one connection for all ports, made when there is a profile, remade when it breaks.
#pragma once

#include "engine/adapters/backoff.hpp"
#include "engine/adapters/system/event_loop.hpp"
#include "engine/config/eap_profile.hpp"
#include "engine/core/pae/eap_exchange.hpp"
#include "engine/wire/eap_worker.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace macsec::os {

/// Nothing here blocks, and nothing is told from inside a call: callbacks come from the loop only, and may call.
class EapWorker {
 public:
  /// What a TLS connection gave: established, sealed, opened or failure, after which it is over.
  struct StreamReport {
    WorkerKind kind = WorkerKind::failure;
    core::EapConversation stream = 0;
    Bytes octets{};       ///< of a message; valid during the call
    std::string words{};  ///< of a failure
  };
  struct Receiver {
    /// What a conversation gave. After success, failure and lost it is over.
    std::function<void(core::EapReport&& report)> report;
    /// What a profile is worth, after each set_profile() and each reconnection: a problem where no conversation can use it.
    std::function<void(std::uint32_t profile, const EapVerdict& verdict)> loaded;
    std::function<void(const StreamReport& report)> stream{};
    /// A connection to macsec-eap broke or could not be made. Each open conversation was told.
    std::function<void()> lost{};
    /// There is room again, after has_room() was false.
    std::function<void()> drained{};
  };
  /// Octets of packets that wait while macsec-eap does not read; one more, and it counts as hung.
  static constexpr std::size_t most_waiting = 8U << 20U;
  /// Octets of packets that wait before who sends many has to stop: far from what counts as hung.
  static constexpr std::size_t enough_waiting = 256U << 10U;

  /// The loop outlives this. Connects with the first profile only.
  [[nodiscard]] static Result<std::unique_ptr<EapWorker>> open(EventLoop& loop, Receiver receiver,
                                                               std::string path = eap_worker_socket);
  EapWorker(const EapWorker&) = delete;
  EapWorker& operator=(const EapWorker&) = delete;

  /// Adds or replaces the profile of this number. Conversations that run keep what they began with.
  void set_profile(std::uint32_t number, const EapProfile& profile);
  /// Without a profile there is no connection, and macsec-eap ends.
  void drop_profile(std::uint32_t number);

  /// The caller uses no number of a conversation twice. Where macsec-eap cannot be reached now it is reported lost.
  void begin(std::uint32_t number, core::EapConversation conversation, std::uint16_t mtu);
  /// An EAP packet from the wire. Ignored where the conversation is over.
  void request(core::EapConversation conversation, Bytes packet);
  /// Reported as a failure that says how far it came, or as what came before this was heard.
  void end(core::EapConversation conversation);

  /// A TLS connection with what the profile says, numbered as conversations are. Failure is reported where macsec-eap cannot be
  /// reached now.
  void open_stream(std::uint32_t number, core::EapConversation stream);
  /// Of WorkerKind::records or text. Ignored where the connection is over.
  void carry(WorkerKind kind, core::EapConversation stream, Bytes octets);
  /// False: what comes from a server is to wait where it is, until drained().
  [[nodiscard]] bool has_room() noexcept;
  /// Answered with failure, after all that was said of it before.
  void finish_stream(core::EapConversation stream);
  /// Nothing more is reported of it.
  void close_stream(core::EapConversation stream);

  [[nodiscard]] bool connected() const noexcept { return link_ != nullptr; }

 private:
  using Encoded = std::shared_ptr<const WipedBuffer>;
  struct Outgoing {
    WorkerKind kind = WorkerKind::request;
    std::uint32_t profile = 0;
    core::EapConversation conversation = 0;
    Encoded body{};      ///< nothing: no body
    std::size_t at = 0;  ///< octets that are sent
  };

  struct Link {
    FileDescriptor socket;
    FileDescriptor writing;  ///< the same: a loop watches a descriptor for one thing
    EventSource readable;    ///< after the socket: destroyed before it
    EventSource writable;
  };

  EapWorker(EventLoop& loop, Receiver receiver, std::string path)
      : loop_{loop}, receiver_{std::move(receiver)}, path_{std::move(path)} {}

  [[nodiscard]] Result<void> start();
  void connect();
  [[nodiscard]] Result<void> attach(FileDescriptor socket);
  void disconnect();
  void rest();
  void lose();
  void retry();
  [[nodiscard]] static bool counts(const Outgoing& out) noexcept;
  void queue(Outgoing out);
  void send();
  [[nodiscard]] bool send_part(Outgoing& out);
  void receive();
  /// False: the other end breaks the protocol.
  [[nodiscard]] bool take(const WorkerMessage& message);
  [[nodiscard]] bool take_of_stream(const WorkerMessage& message);
  void tell_loaded(const WorkerMessage& message, const EapVerdict& verdict);
  void tell_lost();

  EventLoop& loop_;
  Receiver receiver_;
  std::string path_;
  std::map<std::uint32_t, Encoded> profiles_;
  std::set<std::uint32_t> unanswered_;  ///< profiles whose verdict is to come on this connection
  std::set<core::EapConversation> open_;
  std::set<core::EapConversation> streams_;
  std::deque<Outgoing> outgoing_;
  std::size_t waiting_ = 0;                       ///< octets of packets in outgoing_
  std::vector<core::EapConversation> abandoned_;  ///< to be told that they are lost
  std::vector<core::EapConversation> abandoned_streams_;
  bool broken_ = false;                   ///< lost() is to be called
  bool full_ = false;                     ///< drained() is to be called once it is not
  WipedText buffer_{max_worker_message};  ///< of the message that came last, which is overwritten once it is taken
  Backoff backoff_;
  EventSource retry_;
  EventSource tell_;
  std::unique_ptr<Link> link_;                ///< nothing: not connected
  std::vector<std::unique_ptr<Link>> ended_;  ///< until no callback of theirs can run
};

}  // namespace macsec::os
