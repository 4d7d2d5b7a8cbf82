// SPDX-License-Identifier: LGPL-2.1-or-later
/// The SecY's parameters and its controlled port, as it last accepted them.
#pragma once

#include "engine/core/mka/secy_errors.hpp"

#include <utility>

namespace macsec::core {

class SecySettings {
 public:
  /// Refusals go to `errors`.
  SecySettings(Context& context, SecyErrors& errors) : context_{context}, errors_{errors} {}

  /// Sends what differs. What was refused is sent again a while later, something else at once. True when it was refused
  /// before, and is no more.
  bool apply(const SecyParameters& wanted, ControlledPort port, Time now);
  /// The SecY may have others by now: all are sent again.
  void distrust() noexcept;
  /// Those too that were refused just now.
  void start_over() noexcept;

  /// Nothing: none was accepted yet.
  [[nodiscard]] const std::optional<SecyParameters>& parameters() const noexcept { return parameters_; }
  [[nodiscard]] bool is_up() const noexcept { return controlled_ == ControlledPort::up; }
  [[nodiscard]] bool refused() const noexcept { return retry_when_.has_value(); }
  [[nodiscard]] std::optional<Time> next() const noexcept { return retry_when_; }

 private:
  [[nodiscard]] bool set_port(ControlledPort port, Time now);
  [[nodiscard]] bool set_parameters(const SecyParameters& parameters, Time now);

  Context& context_;
  SecyErrors& errors_;
  std::optional<SecyParameters> parameters_;
  std::optional<ControlledPort> controlled_;
  std::optional<Time> retry_when_;  ///< of the settings in `refused_`
  std::pair<SecyParameters, ControlledPort> refused_;
};

}  // namespace macsec::core
