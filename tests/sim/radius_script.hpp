// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS client with its servers as a script: it speaks the EAP method that FakeWorker knows, with as many ports as there are.
#pragma once

#include "engine/core/pae/radius_exchange.hpp"
#include "tests/sim/access_switch.hpp"

#include <map>
#include <set>

namespace macsec::sim {

class RadiusScript {
 public:
  explicit RadiusScript(VirtualLan& lan) : lan_{lan} {}
  RadiusScript(const RadiusScript&) = delete;
  RadiusScript& operator=(const RadiusScript&) = delete;

  /// Answers what `port` asks.
  void serve(Host& port);

  // What it does.
  enum class Verdict : std::uint8_t { accept, reject, unusable };
  Verdict verdict = Verdict::accept;
  bool answers = true;              ///< no: each request fails after `patience`
  bool mute = false;                ///< the client itself says nothing
  bool others_hear = false;         ///< of requests that fail: others got answers meanwhile
  Instant patience = 4 * second;    ///< of the client with a server that is silent
  Instant delay = 2 * millisecond;  ///< until an answer is there
  std::optional<Duration> session_timeout{};
  bool reauthenticate = false;          ///< with Termination-Action
  std::optional<Duration> host_time{};  ///< Session-Timeout of challenges
  core::LinksecPolicy linksec = core::LinksecPolicy::none;

  [[nodiscard]] unsigned conversations() const noexcept { return conversations_; }
  [[nodiscard]] unsigned requests() const noexcept { return requests_; }
  [[nodiscard]] unsigned ends() const noexcept { return ends_; }
  [[nodiscard]] unsigned accepts() const noexcept { return accepts_; }
  /// The authentications that were accepted, by their numbers.
  [[nodiscard]] const std::set<std::uint8_t>& accepted() const noexcept { return accepted_; }
  [[nodiscard]] const core::RadiusCommand& last_request() const noexcept { return last_; }

 private:
  void take(Host& port, core::RadiusCommand command);
  [[nodiscard]] core::RadiusReport answer(const Host& port, const core::RadiusCommand& command);

  VirtualLan& lan_;
  core::RadiusCommand last_;
  std::uint8_t number_ = 0;  ///< of the authentication that began last
  std::map<std::pair<const Host*, core::RadiusConversation>, std::uint8_t> numbers_;  ///< what State is for
  unsigned conversations_ = 0;
  unsigned requests_ = 0;
  unsigned ends_ = 0;
  unsigned accepts_ = 0;
  std::set<std::uint8_t> accepted_;
};

}  // namespace macsec::sim
