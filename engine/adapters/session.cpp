// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/session.hpp"

#include "engine/adapters/radius_link.hpp"

#include <cerrno>
#include <cstring>

namespace macsec::os {

Session::Session(ProfilePointer profile, MacsecKernel& kernel, Journal& journal)
    : profile_{std::move(profile)}, trace_{journal, *profile_}, secy_{kernel, secy_device(*profile_)} {}

core::PortStatus Session::status() const {
  core::PortStatus status;
  if (const auto* port = std::get_if<core::Port>(&port_)) status = port->status();
  if (const auto* port = std::get_if<core::StaticPort>(&port_)) status = port->status();
  if (status.authenticator && radius_) status.authenticator->servers = radius_->status();
  if (attach_error_ && enabled_) {
    status.state = core::PortState::failed;
    status.since = attach_error_since_;
    status.reason = core::Reason::secy_error;
    status.reason_text = attach_error_->message;
    status.last_error = attach_error_->message;
  }
  if (send_error_ != 0 && status.last_error.empty()) status.last_error = send_problem();
  return status;
}

std::string Session::send_problem() const {
  if (send_error_ == 0) return {};
  std::string text = "cannot send key agreement on " + profile_->link.parent + ": " + std::strerror(send_error_);
  if (send_error_ == EMSGSIZE) text += " (its MTU is too small)";
  return text;
}

const std::string& Session::interface() const noexcept {
  return secy_.attached() ? secy_.name() : profile_->link.interface;
}

}  // namespace macsec::os
