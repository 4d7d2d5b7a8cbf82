// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/certificate_watch.hpp"

#include "engine/config/instant.hpp"

#include <array>

namespace macsec::core {
namespace {

constexpr std::array days_before{30, 14, 3, 1};
constexpr std::int64_t year_10000 = 253'402'300'800;  ///< what ends later ends never

}  // namespace

void CertificateWatch::set(CertificateReport own) {
  if (own.not_after != own_.not_after || own.subject != own_.subject) told_ = 0;
  own_ = std::move(own);
}

std::optional<Time> CertificateWatch::end(std::optional<Time> epoch) const {
  if (!epoch || own_.not_after <= 0 || own_.not_after >= year_10000) return std::nullopt;
  return *epoch + std::chrono::seconds{own_.not_after};
}

std::optional<std::string> CertificateWatch::take_due(Time now, std::optional<Time> epoch) {
  const std::optional<Time> end = this->end(epoch);
  if (!end || now >= *end) return std::nullopt;  // one that is over is told by the authentication that fails
  int due = 0;
  for (const int days : days_before)
    if (now >= *end - std::chrono::days{days}) due = days;
  if (due == 0 || (told_ != 0 && due >= told_)) return std::nullopt;
  told_ = due;
  const std::int64_t left = std::chrono::ceil<std::chrono::days>(*end - now).count();
  return "the certificate \"" + own_.subject + "\" ends in " + std::to_string(left) + (left == 1 ? " day" : " days") +
         ", on " + format_instant(own_.not_after);
}

std::optional<Time> CertificateWatch::next(Time now, std::optional<Time> epoch) const {
  const std::optional<Time> end = this->end(epoch);
  if (!end) return std::nullopt;
  for (const int days : days_before)
    if (const Time at = *end - std::chrono::days{days}; at > now && (told_ == 0 || days < told_)) return at;
  return std::nullopt;
}

}  // namespace macsec::core
