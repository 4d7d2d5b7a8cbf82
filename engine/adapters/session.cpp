// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/session.hpp"

namespace macsec::os {

Session::Session(ProfilePointer profile, MacsecKernel& kernel, Journal& journal)
    : profile_{std::move(profile)}, trace_{journal, *profile_}, secy_{kernel, secy_device(*profile_)} {}

core::PortStatus Session::status() const {
  core::PortStatus status;
  if (const auto* port = std::get_if<core::Port>(&port_)) status = port->status();
  if (const auto* port = std::get_if<core::StaticPort>(&port_)) status = port->status();
  if (attach_error_ && enabled_) {
    status.state = core::PortState::failed;
    status.since = attach_error_since_;
    status.reason = core::Reason::secy_error;
    status.reason_text = attach_error_->message;
    status.last_error = attach_error_->message;
  }
  return status;
}

const std::string& Session::interface() const noexcept {
  return secy_.attached() ? secy_.name() : profile_->link.interface;
}

}  // namespace macsec::os
