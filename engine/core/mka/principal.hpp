// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which of the participants is the principal actor, and who is key server of its CA (802.1X-2020 9.5, 12.2).
#pragma once

#include "engine/base/deadlines.hpp"
#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"

namespace macsec::core {

class Principal {
 public:
  explicit Principal(const Context& context) : context_{context} {}

  /// Chooses among `participants` by the same order on every member; `latest` is the SAK in use. True when another
  /// participant than before is the principal, or none is.
  bool choose(std::span<const Participant> participants, const std::optional<SakSlot>& latest, Time now);

  /// What an election brought.
  struct Election {
    bool became_self = false;  ///< we are key server and were not before
    bool moved = false;        ///< key_server() is another one, or nobody
  };
  /// Elects the key server of the principal's CA: `chosen`, or nullptr where there is none.
  Election elect(const Participant* chosen);
  /// Continues as what the participant `chosen` was before a restart.
  void resume(const Participant& chosen);

  /// Whether a SAK distributed in the CA of `participant` may be used: keys of lower role than the principal's decide
  /// nothing.
  [[nodiscard]] bool may_distribute(const Participant& participant,
                                    std::span<const Participant> participants) const noexcept;

  [[nodiscard]] const std::optional<Ckn>& ckn() const noexcept { return ckn_; }
  [[nodiscard]] bool is(const Participant& participant) const noexcept { return ckn_ == participant.ckn(); }
  [[nodiscard]] bool is_key_server() const noexcept { return self_; }
  [[nodiscard]] std::optional<Sci> key_server() const noexcept { return key_server_; }
  [[nodiscard]] std::optional<Time> next() const noexcept { return deadlines_.next(); }

 private:
  enum class Timer : std::uint8_t { outreached, count };
  [[nodiscard]] Participant::Elected elect_in(const Participant& participant) const noexcept;
  [[nodiscard]] bool usable(const Participant& participant) const noexcept;
  [[nodiscard]] const Participant* patiently(const Participant* best, const Participant* current, bool in_use,
                                             Time now);

  const Context& context_;
  std::optional<Ckn> ckn_;
  bool outreached_ = false;  ///< a CA of lower rank reaches more members than the principal
  Deadlines<Timer> deadlines_;
  bool self_ = false;
  std::optional<Sci> key_server_;
};

}  // namespace macsec::core
