// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/supplicant_text.hpp"

#include "cli/session_text.hpp"
#include "engine/base/text.hpp"
#include "engine/config/instant.hpp"

namespace macsec::cli {
namespace {

constexpr std::int64_t soon = std::int64_t{14} * 24 * 3600;  ///< a certificate that ends is shown as trouble

Style style_of_supplicant(const bus::SupplicantInfo& info) {
  if (info.reason == "authentication-failed" || info.reason == "eap-unavailable") return Style::bad;
  return info.state == "authenticated" && info.reason == "none" ? Style::plain : Style::pending;
}

/// "authenticated for 3min by 02:00:00:00:00:02: ..."
std::string state_text(const bus::SupplicantInfo& info) {
  std::string text = info.state;
  if (const std::string span = Context::since(info.since); !span.empty()) text += " for " + span;
  if (!info.authenticator.empty()) text += " by " + info.authenticator;
  const bool told_below = info.attempts != 0 && info.reason_text == info.last_failure_text;
  if (!info.reason_text.empty() && !told_below) text += ": " + info.reason_text;
  return text;
}

/// "tls, TLSv1.3, TLS_AES_256_GCM_SHA384, x25519, resumed; CAK of 128 bit"
std::string method_text(const bus::SupplicantInfo& info) {
  std::string text = info.method;
  for (const std::string& each : {info.inner_method, info.tls_version, info.tls_cipher, info.key_exchange})
    if (!each.empty()) text += ", " + each;
  if (info.resumed) text += ", resumed";
  if (info.cak_length != 0) text += fmt::format("; CAK of {} bit", info.cak_length);
  return text;
}

std::string failure_text(const bus::SupplicantInfo& info) {
  std::string text = info.last_failure_text;
  if (info.last_failure) text += fmt::format(", {} ago", Context::since(*info.last_failure));
  if (info.attempts > 1) text += fmt::format(", {} times since the last success", info.attempts);
  return text;
}

/// "subject, ends 2027-01-02"
std::string certificate_text(const bus::CertificateInfo& certificate) {
  return fmt::format("{}, ends {}", certificate.subject, format_instant(certificate.not_after));
}

void print_certificates(Context& context, const bus::SupplicantInfo& info) {
  const std::int64_t now = Context::unix_time();
  if (info.server) {
    std::string text = certificate_text(*info.server) + ", by " + info.server->issuer;
    if (!info.server->verified) text += ", not verified";
    print_line(context, "Server", text, info.server->verified ? Style::plain : Style::bad);
  }
  if (info.client)
    print_line(context, "Certificate",
               certificate_text(*info.client) + (info.client->key.empty() ? "" : ", key in " + info.client->key),
               info.client->not_after < now + soon ? Style::bad : Style::plain);
}

}  // namespace

void print_supplicant(Context& context, const bus::SupplicantInfo& info) {
  print_line(context, "802.1X", state_text(info), style_of_supplicant(info));
  if (!info.validated)
    print_line(context, "Attention", "nobody checks who is at the other end (ValidateServer=insecure-no)", Style::bad);
  if (!info.method.empty()) print_line(context, "Method", method_text(info));
  if (!info.identity.empty()) print_line(context, "Identity", info.identity);
  print_certificates(context, info);
  if (info.attempts != 0) print_line(context, "Failed", failure_text(info), Style::bad);
  if (info.next_attempt) print_line(context, "Next try", until(*info.next_attempt));
  if (info.cached_until) print_line(context, "Key kept", "ends " + until(*info.cached_until));
  if (!context.options.all) return;
  if (!info.notification.empty())
    print_line(context, "Notification", fmt::format("\"{}\" (of anybody on the cable)", info.notification));
  if (!info.access_status.empty())
    print_line(context, "Access", info.access_status + ", as announced (by anybody on the cable)");
  if (info.last_success) print_line(context, "Succeeded", Context::since(*info.last_success) + " ago");
}

}  // namespace macsec::cli
