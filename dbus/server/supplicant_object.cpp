// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/supplicant_object.hpp"

#include "dbus/server/views.hpp"
#include "engine/config/eap_profile.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

using S = const SessionState&;

const core::SupplicantStatus& of(S session) { return *session.status.supplicant; }

/// Of an authentication that ended; what it says is empty where none did.
const EapVerdict& verdict(S session) {
  static const EapVerdict none;
  return of(session).verdict ? *of(session).verdict : none;
}

std::uint64_t time_of(const std::optional<Time>& time) { return time ? to_usec(*time) : 0; }

std::uint64_t date_of(std::int64_t seconds) { return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds); }

Dictionary server_certificate(S session) {
  const CertificateReport& report = verdict(session).server;
  if (report.empty()) return {};
  std::string sha256;
  for (const std::uint8_t octet : report.sha256) sha256 += fmt::format("{:02x}", octet);
  return {{"Subject", report.subject},
          {"Issuer", report.issuer},
          {"Names", Strings{report.names.begin(), report.names.end()}},
          {"NotBefore", date_of(report.not_before)},
          {"NotAfter", date_of(report.not_after)},
          {"Sha256", sha256},
          {"Verified", report.verified}};
}

Dictionary client_certificate(S session) {
  const CertificateReport& report = of(session).certificate;
  if (report.empty()) return {};
  return {{"Subject", report.subject}, {"NotAfter", date_of(report.not_after)}, {"Key", of(session).certificate_key}};
}

}  // namespace

std::span<const Property<SessionState>> supplicant_properties() noexcept {
  static constexpr std::array table{
      property<SessionState>("State", [](S s) { return std::string{to_string(of(s).state)}; }),
      property<SessionState>("Since", [](S s) { return to_usec(of(s).since); }),
      property<SessionState>("Reason", [](S s) { return std::string{to_string(of(s).reason)}; }),
      property<SessionState>("ReasonText", [](S s) { return of(s).reason_text; }),
      property<SessionState>("Method", [](S s) { return std::string{eap_method_name(verdict(s).method)}; }),
      property<SessionState>("InnerMethod", [](S s) { return verdict(s).inner; }),
      property<SessionState>("Identity", [](S s) { return of(s).identity; }),
      property<SessionState>("Authenticator",
                             [](S s) { return of(s).authenticator ? to_string(*of(s).authenticator) : std::string{}; }),
      property<SessionState>("TlsVersion", [](S s) { return verdict(s).tls.version; }),
      property<SessionState>("TlsCipher", [](S s) { return verdict(s).tls.cipher; }),
      property<SessionState>("KeyExchange", [](S s) { return verdict(s).tls.group; }),
      property<SessionState>("Resumed", [](S s) { return verdict(s).tls.resumed; }),
      property<SessionState>("Validated", [](S s) { return verdict(s).validated; }),
      property<SessionState>("ServerCertificate", [](S s) { return server_certificate(s); }),
      property<SessionState>("ClientCertificate", [](S s) { return client_certificate(s); }),
      property<SessionState>("LastSuccess", [](S s) { return time_of(of(s).last_success); }),
      property<SessionState>("LastFailure", [](S s) { return time_of(of(s).last_failure); }),
      property<SessionState>("LastFailureText", [](S s) { return of(s).last_failure_text; }),
      property<SessionState>("Attempts", [](S s) { return of(s).attempts; }),
      property<SessionState>("NextAttempt", [](S s) { return time_of(of(s).next_attempt); }),
      property<SessionState>("ReauthenticatedAt", [](S s) { return time_of(of(s).reauthenticated_at); }),
      property<SessionState>("CakLength", [](S s) { return std::uint32_t{of(s).cak_bits}; }),
      property<SessionState>("CachedUntil", [](S s) { return time_of(of(s).cached_until); }),
      property<SessionState>("Notification", [](S s) { return of(s).notification; }),
      property<SessionState>("AccessStatus",
                             [](S s) { return std::string{of(s).access ? to_string(*of(s).access) : ""}; }),
      property<SessionState>(
          "Counters", [](S s) { return to_counters(of(s).counters, core::supplicant_counter_names()); },
          Emits::nothing),
  };
  return table;
}

std::vector<sd_bus_vtable> SupplicantObject::vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Reauthenticate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                              entry<&SupplicantObject::reauthenticate>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Logoff", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&SupplicantObject::log_off>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, supplicant_properties());
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

}  // namespace macsec::bus
