// SPDX-License-Identifier: LGPL-2.1-or-later
/// Asks the RADIUS servers of a profile for the ports that have the same ones (RFC 2865, 3579, 5080, 5997, 6614). Sans-I/O:
/// commands, datagrams, errors and the time in; datagrams, reports and events out. A conversation is with one server
/// from its first challenge on: what identifies it there (State) means nothing to another.
#pragma once

#include "engine/core/pae/radius_access.hpp"
#include "engine/core/pae/radius_request.hpp"
#include "engine/core/pae/radius_server_book.hpp"
#include "engine/core/pae/radius_ways.hpp"

#include <map>
#include <set>

namespace macsec::core {

/// Numbers a port towards the client.
using RadiusOwner = std::uint64_t;

/// Over TLS a packet of a stream.
struct RadiusDatagram {
  std::size_t server = 0;
  std::size_t socket =
      0;  ///< of those to this server, counted from 0: each is a source port, or a connection, of its own
  RadiusOctets octets;
};

class RadiusClient {
 public:
  /// Of a profile with [RadiusServer] sections. `random` outlives the client.
  RadiusClient(ProfilePointer profile, std::string nas_identifier, Random& random);
  RadiusClient(const RadiusClient&) = delete;
  RadiusClient& operator=(const RadiusClient&) = delete;

  void command(RadiusOwner owner, RadiusCommand command, Time now);
  /// Nothing more is told to this owner.
  void drop(RadiusOwner owner);

  /// What came from the address and port of the server to this socket, and from nowhere else.
  void on_datagram(std::size_t server, std::size_t socket, Bytes octets, Time now);
  /// Receiving on this socket failed, as `error` says with its errno and in words: no request on it is answered any more.
  void on_error(std::size_t server, std::size_t socket, const Error& error, Time now);
  /// This datagram did not leave. What was sent before on its socket may be answered still.
  void on_unsent(const RadiusDatagram& datagram, const Error& error, Time now);
  void on_timeout(Time now);
  [[nodiscard]] std::optional<Time> next_timeout() const noexcept;

  /// A connection to a server over TLS is there, with a version as "TLSv1.3": what waits for an answer is sent, though it may have
  /// been sent on another.
  void on_connected(RadiusWay way, std::string version, Time now);
  /// It ended, or could not be made.
  void on_disconnected(RadiusWay way, RadiusProblem problem, const std::string& words, Time now);
  /// A connection that is to be made, or given up, which needs no on_disconnected().
  struct WayWish {
    RadiusWay way;
    bool connect = true;
  };
  [[nodiscard]] std::optional<WayWish> poll_wish();

  [[nodiscard]] std::optional<RadiusDatagram> poll_datagram();
  [[nodiscard]] std::optional<std::pair<RadiusOwner, RadiusReport>> poll_report();
  [[nodiscard]] std::optional<RadiusEvent> poll_event() { return book_.poll_event(); }
  [[nodiscard]] std::vector<RadiusServerStatus> status() const { return book_.status(); }

 private:
  /// An authentication of one owner.
  struct Conversation {
    RadiusCommand command;  ///< the last request
    Time begun;
    bool challenged = false;
    RadiusOctets state{};  ///< of the last challenge
    std::size_t server = 0;
    std::optional<RadiusSlot> slot{};  ///< of the request that is not answered
    std::vector<bool> tried{};         ///< by server: it gave no answer to the first request
    RadiusProblem problem = RadiusProblem::none;
    std::string words{};
  };
  enum class Purpose : std::uint8_t {
    access,
    abandoned,  ///< nobody waits for the answer, which still tells whether the server lives
    probe
  };
  struct Pending {
    RadiusRequest request;
    Purpose purpose = Purpose::access;
    RadiusOwner owner = 0;        ///< not of a probe
    Time sent{};                  ///< first
    unsigned copies = 0;          ///< that left
    std::optional<Time> doubt{};  ///< when Status-Server is to tell silence towards one host from a server that is dead
    Time due{};                   ///< its place in `due_`
  };
  struct Owner {
    std::optional<Conversation> conversation;
    std::deque<RadiusSlot> abandoned;
  };

  void begin(RadiusOwner owner, RadiusCommand command, Time now);
  /// What the host says means nothing without what it was asked: who asked it is not known here.
  void refuse(RadiusOwner owner, const RadiusCommand& command);
  /// Asks a server that was not asked before in this conversation, or gives up.
  void ask_next(RadiusOwner owner, Conversation& conversation, Time now);
  void send(RadiusOwner owner, Conversation& conversation, Time now);
  /// Asks whether the server is there; over TLS on this connection, otherwise on any socket.
  void probe(RadiusWay way, Time now);
  [[nodiscard]] bool is_over_tls(std::size_t server) const noexcept {
    return book_.server(server).transport == RadiusTransport::tls;
  }
  [[nodiscard]] std::vector<RadiusSlot> slots_on(RadiusWay way) const;
  /// One that was made for more requests than there are.
  [[nodiscard]] bool is_spare(RadiusWay way) const;
  void mind_ways(Time now);
  /// Whether another server may answer in place of the one that this request was sent to.
  [[nodiscard]] bool may_move(const Pending& pending) const;
  [[nodiscard]] RadiusHead new_head(const RadiusSlot& slot);
  void add(const RadiusSlot& slot, Pending pending);
  void schedule(const RadiusSlot& slot, Pending& pending);
  void abandon(Owner& owner);
  void release(const RadiusSlot& slot);

  /// Whether the server made this answer to this request; counted where it did not.
  [[nodiscard]] bool is_good(Pending& pending, const RadiusPacket& packet, const RadiusServer& server,
                             RadiusCounters& counters);
  void report(const Pending& pending, const RadiusPacket& packet);
  /// Asks whether the server is there where it has answered nothing since the request was sent.
  void doubt(const RadiusSlot& slot, Pending& pending, Time now);
  void on_silence(const RadiusSlot& slot, Time now);
  /// No answer comes any more to the request in this slot.
  void give_up(const RadiusSlot& slot, RadiusProblem problem, const std::string& words, Time now);
  void fail_with(RadiusOwner owner, RadiusProblem problem, std::string words);

  ProfilePointer profile_;
  std::string nas_identifier_;
  Random& random_;
  RadiusServerBook book_;
  RadiusWays ways_;
  std::deque<WayWish> wishes_;
  std::vector<RadiusIdentifiers> identifiers_;  ///< by server
  std::map<RadiusSlot, Pending> pending_;
  std::set<std::pair<Time, RadiusSlot>> due_;  ///< of `pending_`
  std::map<RadiusOwner, Owner> owners_;
  std::deque<RadiusSlot> outgoing_;
  std::deque<std::pair<RadiusOwner, RadiusReport>> reports_;
};

}  // namespace macsec::core
