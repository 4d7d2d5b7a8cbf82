// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/event.hpp"

namespace macsec::core {

std::string_view to_string(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::state_changed:
      return "state-changed";
    case Event::Kind::peer_live:
      return "peer-live";
    case Event::Kind::peer_lost:
      return "peer-lost";
    case Event::Kind::sak_installed:
      return "sak-installed";
    case Event::Kind::rekey_started:
      return "rekey-started";
    case Event::Kind::key_server_changed:
      return "key-server-changed";
    case Event::Kind::principal_changed:
      return "principal-changed";
    case Event::Kind::key_active:
      return "key-active";
    case Event::Kind::key_draining:
      return "key-draining";
    case Event::Kind::key_retired:
      return "key-retired";
    case Event::Kind::key_kept:
      return "key-kept";
    case Event::Kind::key_overdue:
      return "key-overdue";
    case Event::Kind::key_expiring:
      return "key-expiring";
    case Event::Kind::key_mismatch:
      return "key-mismatch";
    case Event::Kind::identity_conflict:
      return "identity-conflict";
    case Event::Kind::clock_untrusted:
      return "clock-untrusted";
    case Event::Kind::unknown_ckn:
      return "unknown-ckn";
    case Event::Kind::authenticated:
      return "authenticated";
    case Event::Kind::authentication_failed:
      return "authentication-failed";
    case Event::Kind::reauthenticated:
      return "reauthenticated";
    case Event::Kind::authentication_lost:
      return "authentication-lost";
    case Event::Kind::certificate_expires:
      return "certificate-expires";
    case Event::Kind::insecure:
      return "insecure";
    case Event::Kind::other_host:
      return "other-host";
    case Event::Kind::secy_error:
      return "secy-error";
    case Event::Kind::snapshot_changed:
      return "snapshot-changed";
  }
  return {};
}

std::string named(const Sci& sci) { return to_string(sci.mac()) + " (SCI " + to_string(sci) + ")"; }

}  // namespace macsec::core
