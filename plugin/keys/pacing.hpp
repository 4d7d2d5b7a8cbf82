// SPDX-License-Identifier: LGPL-2.1-or-later
/// When one link asks for keys and lets them go: the initiator takes a new one in time, the responder fetches what it hears of, and
/// each end retires what the next one has replaced. No I/O: time is an argument, and actions are pulled out.
///
/// Nothing here can cost a frame: a key goes only where the daemon has proved that another has taken its place, or where no peer
/// was ever live under it.
#pragma once

#include "plugin/keys/server_state.hpp"

#include <deque>
#include <map>

namespace macsec::keys {

enum class Initiator : std::uint8_t {
  automatic,  ///< the end whose id comes first, and the other while no key of the source is live
  yes,
  no,
};

struct PacingSettings {
  Initiator initiator = Initiator::automatic;
  bool is_first = false;  ///< our id comes before the other end's, by octets
  Duration every = std::chrono::hours{1};
  std::size_t id_octets = 0;  ///< of every name this kind of server gives; 0: any
};

/// A key of the source that the daemon has.
struct HeldKey {
  Ckn ckn;
  bool live = false;      ///< it has a live peer
  bool draining = false;  ///< it is being retired
  Time since{};           ///< of its state
  bool had_peer = false;  ///< one was live under it, perhaps before our time
};

struct Action {
  enum class Kind : std::uint8_t {
    ask_new,
    look_up,  ///< `ckn`
    retire,   ///< `ckn`, once the daemon finds it ready
    drop,     ///< `ckn`, the same way: no peer was ever live under it
  };
  Kind kind = Kind::ask_new;
  Ckn ckn{};
  bool mismatch = false;  ///< of drop: the other end spoke under it, so it has another key of this name
};

/// What the daemon made of a key that was brought to it.
enum class Added : std::uint8_t {
  yes,
  known,   ///< the name is taken by another key, or by one that was retired
  failed,  ///< anything else
};

class Pacing {
 public:
  static constexpr std::size_t most_keys = 3;                      ///< two, and one in progress
  static constexpr Duration patience = std::chrono::seconds{20};   ///< for a key to get a live peer
  static constexpr Duration take_over = std::chrono::seconds{30};  ///< until the responder begins by itself
  static constexpr double look_ups_per_second = 2;
  static constexpr double look_up_burst = 8;
  static constexpr Duration refused_for = std::chrono::minutes{10};
  static constexpr std::size_t most_refused = 1024;
  static constexpr unsigned most_tries = 3;  ///< of one name, for the key may be late at our server
  static constexpr Duration try_again = std::chrono::seconds{3};
  static constexpr Duration retire_again = std::chrono::seconds{10};

  /// `server` outlives the pacing.
  Pacing(const PacingSettings& settings, const ServerState& server, std::uint32_t seed, Time now);

  /// Whether there is a session with carrier.
  void on_link(bool usable, Time now);
  /// All keys of the source that the daemon has now, and that speak.
  void on_keys(std::span<const HeldKey> keys, Time now);
  /// A frame names a key that the daemon does not have.
  void on_unknown_ckn(const Ckn& ckn, Time now);
  /// ask_new brought no key.
  void on_no_key();
  /// look_up brought no key.
  void on_no_such_key(const Ckn& ckn, const Refusal& refusal, Time now);
  /// What ask_new or look_up brought was told to the daemon, whose keys are in on_keys() before.
  void on_added(const Ckn& ckn, Added outcome, Time now);
  /// retire was refused, or the key was kept after all.
  void on_kept(const Ckn& ckn, Time now);

  [[nodiscard]] std::optional<Action> poll_action(Time now);
  /// When poll_action() may have something without a call before.
  [[nodiscard]] std::optional<Time> next_timeout(Time now) const;

  /// Keys that were dropped though the other end spoke under them: it has another key of this name.
  [[nodiscard]] std::uint64_t mismatches() const noexcept { return mismatches_; }

 private:
  struct Key {
    bool live = false;
    bool draining = false;
    bool ever_live = false;
    bool heard = false;     ///< the other end spoke under it first
    bool dropping = false;  ///< drop was given out
    bool given_up = false;  ///< drop was given out once, and counted
    Time live_since{};      ///< where ever_live
    Time silent_since{};    ///< where not live
    Time retire_at{};       ///< not before
  };
  struct Tried {
    unsigned tries = 0;
    Time first{};
    Time again_at{};
  };

  [[nodiscard]] bool initiates(Time now) const;
  [[nodiscard]] bool any_live() const;
  /// A key that may still get a live peer.
  [[nodiscard]] bool in_progress(const Key& key, Time now) const;
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] bool wants_new(Time now) const;
  [[nodiscard]] std::map<Ckn, Key>::iterator newest_live();
  std::optional<Action> drop_one(Time now);
  std::optional<Action> retire_one(Time now);
  void went_live(Key& key, Time since, Time now);
  void plan_after_failure(Time now);
  void give_up(Time now);
  void refuse(const Ckn& ckn, Time until);
  bool take_token(Time now);

  PacingSettings settings_;
  const ServerState& server_;
  std::minstd_rand random_;
  bool usable_ = false;
  bool known_ = false;  ///< on_keys() was called
  std::map<Ckn, Key> keys_;
  bool asking_ = false;
  std::map<Ckn, bool> looking_up_;  ///< true: not given out yet
  std::map<Ckn, Tried> tried_;
  std::deque<Ckn> tried_order_;
  unsigned failures_ = 0;  ///< keys in a row that never got a live peer
  Time next_new_{};
  Time silent_since_{};  ///< where no key is live
  double tokens_ = look_up_burst;
  Time tokens_at_{};
  std::uint64_t mismatches_ = 0;
};

}  // namespace macsec::keys
