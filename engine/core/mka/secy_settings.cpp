// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/secy_settings.hpp"

#include "engine/core/mka/retry_gap.hpp"

namespace macsec::core {

bool SecySettings::set_parameters(const SecyParameters& parameters, Time now) {
  if (parameters_ == parameters) return true;
  if (!errors_.check(context_.secy.configure(parameters), &PortCounters::secy_failures, now)) return false;
  parameters_ = parameters;
  return true;
}

bool SecySettings::set_port(ControlledPort port, Time now) {
  if (controlled_ == port) return true;
  if (!errors_.check(context_.secy.set_controlled_port(port), &PortCounters::secy_failures, now)) return false;
  controlled_ = port;
  return true;
}

bool SecySettings::apply(const SecyParameters& wanted, ControlledPort port, Time now) {
  // Only what was refused waits, what is wanted instead does not.
  if (retry_when_ && now < *retry_when_ && refused_ == std::pair{wanted, port}) return false;
  // Closed before anything else, opened after all else is right.
  bool done = port == ControlledPort::up || set_port(port, now);
  done = set_parameters(wanted, now) && done;
  done = done && set_port(port, now);
  if (done) return std::exchange(retry_when_, std::nullopt).has_value();
  retry_when_ = now + retry_gap;
  refused_ = {wanted, port};
  return false;
}

void SecySettings::distrust() noexcept {
  parameters_.reset();
  controlled_.reset();
}

void SecySettings::start_over() noexcept {
  distrust();
  retry_when_.reset();
}

}  // namespace macsec::core
