// SPDX-License-Identifier: LGPL-2.1-or-later
/// A LAN in simulated time: a discrete-event loop that carries frames between stations, badly where it is told so.
#pragma once

#include "tests/sim/fake_secy.hpp"
#include "tests/sim/pcap.hpp"
#include "tests/sim/sim_random.hpp"
#include "tests/sim/world.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace macsec::sim {

using Index = std::uint32_t;  ///< of a station on its LAN

/// Somebody on the LAN: the engine in a host, or a model of somebody else's.
class Station {
 public:
  Station(World& world, Index index, const MacAddress& mac, std::uint16_t port)
      : world_{world}, index_{index}, mac_{mac}, secy_{world, index, Sci::of(mac, port)} {}
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;
  virtual ~Station() = default;

  virtual void on_frame(Bytes frame) = 0;
  virtual void on_carrier(bool up) = 0;
  /// When to call on_wake().
  [[nodiscard]] virtual Instant wake() const = 0;
  virtual void on_wake() = 0;
  [[nodiscard]] virtual bool claims_secured() const = 0;

  [[nodiscard]] Index index() const noexcept { return index_; }
  [[nodiscard]] const MacAddress& mac() const noexcept { return mac_; }
  [[nodiscard]] const Sci& sci() const noexcept { return secy_.sci(); }
  [[nodiscard]] FakeSecy& secy() noexcept { return secy_; }
  [[nodiscard]] const FakeSecy& secy() const noexcept { return secy_; }
  [[nodiscard]] bool carrier() const noexcept { return carrier_; }

 protected:
  friend class VirtualLan;
  World& world_;
  Index index_;
  MacAddress mac_;
  FakeSecy secy_;
  bool carrier_ = false;
};

/// One direction between two stations.
struct Path {
  Instant latency = 200;
  Instant jitter = 0;       ///< up to this much more, at random: reorders
  Instant data_jitter = 0;  ///< the same for user frames
  unsigned loss = 0;        ///< percent, of MKPDUs only: user frames are lost to keys alone, which is what is counted
  unsigned duplicate = 0;   ///< percent, of MKPDUs
  bool cut = false;
};

/// What became of user frames, at their receiver.
struct Traffic {
  std::uint64_t offered = 0;  ///< sender's: times it wanted to send
  std::uint64_t unsent = 0;   ///< sender's: dormant, or no key to send with
  std::uint64_t delivered = 0;
  std::uint64_t delivered_clear = 0;
  std::uint64_t unknown_key = 0;  ///< lost because of a key change
  std::uint64_t late = 0;
  std::uint64_t refused_clear = 0;
  Traffic& operator+=(const Traffic& other) noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept { return unknown_key + late + refused_clear; }
};

class VirtualLan {
 public:
  explicit VirtualLan(std::uint64_t seed);
  ~VirtualLan();
  VirtualLan(const VirtualLan&) = delete;
  VirtualLan& operator=(const VirtualLan&) = delete;

  World world;
  Pcap pcap;
  SimRandom random;

  /// `make(index)` builds a station for the next index. Its carrier is off until plug().
  template <typename Make>
  auto& attach(Make make) {
    auto station = make(static_cast<Index>(stations_.size()));
    auto& out = *station;
    add(std::move(station));
    return out;
  }
  void plug(Index index, bool up);
  [[nodiscard]] Station& station(Index index) { return *stations_[index]; }
  [[nodiscard]] Index size() const noexcept { return static_cast<Index>(stations_.size()); }

  [[nodiscard]] Path& path(Index from, Index to) { return paths_[from][to]; }
  /// The same for every direction between stations.
  void set_paths(const Path& path);
  void cut(Index one, Index other, bool cut) { paths_[one][other].cut = paths_[other][one].cut = cut; }
  /// Each station hears what it sends.
  void set_reflection(bool on) noexcept { reflection_ = on; }

  /// A station sends an MKPDU.
  void transmit(Index from, Bytes frame);
  /// Somebody from outside sends `frame` to one station.
  void inject(Index to, Bytes frame);
  /// Sees every MKPDU when it is sent.
  std::function<void(Index from, Bytes frame)> tap;

  /// Every station sends a user frame to all others each `interval`; 0: nobody.
  void set_traffic(Instant interval);
  /// A user frame lost or not sent from here on is a violation.
  void set_lossless(bool lossless);
  [[nodiscard]] Traffic traffic() const noexcept;
  [[nodiscard]] const Traffic& traffic(Index receiver) const noexcept { return traffic_[receiver]; }
  void reset_traffic();
  /// Longest time without a delivery between two stations since reset_traffic(), the running one included.
  [[nodiscard]] Instant longest_gap(Index from, Index to) const;
  [[nodiscard]] Instant last_delivery(Index from, Index to) const { return last_delivery_[from][to]; }
  void send_data(Index from, const DataFrame& frame);
  void offer_data(Index from);
  /// As if `from` had sent, and all others received, frames up to `pn` with its encoding key.
  void warp_pn(Index from, Pn pn);

  void at(Instant when, std::function<void()> action);
  void after(Instant span, std::function<void()> action) { at(world.now + span, std::move(action)); }

  void run_for(Instant span);
  /// Whether `done` came true within `limit`; asked after each event.
  bool run_until(const std::function<bool()>& done, Instant limit);

  /// All of `members` send with one key and each receives it from all others.
  [[nodiscard]] bool secured(std::span<const Index> members) const;
  [[nodiscard]] bool secured() const;
  /// What secured() misses, in words; empty where nothing is.
  [[nodiscard]] std::string why_unsecured(std::span<const Index> members) const;
  [[nodiscard]] std::string why_unsecured() const;

 private:
  struct Pending {
    Instant at;
    std::uint64_t order;
    enum class Kind : std::uint8_t { frame, data, action } kind;
    Index from;
    Index to;
    std::uint32_t slot;
  };
  struct Later {
    bool operator()(const Pending& one, const Pending& other) const noexcept {
      return one.at != other.at ? one.at > other.at : one.order > other.order;
    }
  };
  struct Packet {
    std::vector<std::uint8_t> octets;
    unsigned references = 0;
  };
  struct InFlight {
    DataFrame frame;
    bool judged = false;
  };
  void add(std::unique_ptr<Station> station);
  void push(Instant when, Pending::Kind kind, Index from, Index to, std::uint32_t slot);
  std::uint32_t store(Bytes frame);
  void release(std::uint32_t slot);
  void deliver(const Pending& pending);
  void deliver_data(const Pending& pending);
  [[nodiscard]] Instant next_event() const;
  void step();

  std::vector<std::unique_ptr<Station>> stations_;
  std::vector<std::vector<Path>> paths_;
  std::vector<Pending> heap_;
  std::uint64_t order_ = 0;
  std::vector<Packet> packets_;
  std::vector<std::uint32_t> free_packets_;
  std::vector<InFlight> data_;
  std::vector<std::uint32_t> free_data_;
  std::vector<std::function<void()>> actions_;
  bool reflection_ = false;
  Instant traffic_interval_ = 0;
  Instant next_traffic_ = never;
  Instant lossless_since_ = never;
  std::vector<Traffic> traffic_;
  std::vector<std::vector<Instant>> last_delivery_;
  std::vector<std::vector<Instant>> gap_;
};

}  // namespace macsec::sim
