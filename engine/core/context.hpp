// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the machines of one port share: the ports to the outside, the queues to the caller and the counters.
#pragma once

#include "engine/core/event.hpp"
#include "engine/core/snapshot.hpp"
#include "engine/core/status.hpp"
#include "engine/ports/random.hpp"
#include "engine/ports/secy.hpp"
#include "engine/ports/trace.hpp"

#include <deque>

namespace macsec::core {

/// MKA Life Time and SAK Retire Time (802.1X-2020 Table 9-3).
inline constexpr Duration life_time = std::chrono::seconds{6};
inline constexpr Duration sak_retire_time = std::chrono::seconds{3};
inline constexpr Duration bounded_hello_time = std::chrono::milliseconds{500};

/// The link under the port, as the host sees it.
struct LinkState {
  bool present = false;              ///< parent and macsec device exist
  bool parent = false;               ///< the parent exists
  bool carrier = false;              ///< parent is up and has carrier; as the next one also without a macsec device
  MacAddress mac;                    ///< of the parent: source of EAPOL frames
  Sci sci;                           ///< of the macsec device
  std::uint64_t speed = 0;           ///< bit/s of the parent, 0 where unknown
  bool device_up = true;             ///< the macsec device is not set down
  std::uint32_t device_downs = 0;    ///< times the macsec device was set down, seen or found out later
  std::uint32_t carrier_losses = 0;  ///< of the parent since it exists
  std::uint32_t interruptions = 0;   ///< moves with every loss of carrier and every time the device is set down
  std::string obstacle{};  ///< what keeps every frame of key agreement from this port, for people; empty: nothing known
  friend bool operator==(const LinkState&, const LinkState&) = default;
};

/// A frame to send on the parent, from the destination address on.
using Frame = std::vector<std::uint8_t>;

struct Context {
  Secy& secy;
  Random& random;
  Trace& trace;
  ProfilePointer profile;
  LinkState link;
  PortCounters counters;
  SupplicantCounters supplicant{};
  AuthenticatorCounters authenticator{};
  bool strict = false;  ///< 802.1X lets no clear text pass: nobody is authenticated, or the RADIUS server wants MACsec
  std::deque<Frame> frames;
  std::deque<Event> events;

  /// The profile's, which an authenticator may tighten.
  [[nodiscard]] Policy policy() const noexcept { return strict ? Policy::must_secure : profile->macsec.policy; }

  void emit(Event::Kind kind, Time now, std::string text = {}) { events.push_back({kind, now, std::move(text)}); }
  void emit(Event::Kind kind, Time now, std::string text, const Ckn& ckn) {
    events.push_back({kind, now, std::move(text), ckn});
  }
  void emit(Event::Kind kind, Time now, std::string text, const Sci& sci) {
    events.push_back({.kind = kind, .at = now, .text = std::move(text), .ckn = {}, .sci = sci});
  }
};

}  // namespace macsec::core
