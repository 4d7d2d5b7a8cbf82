// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/instant.hpp"

#include <chrono>

namespace macsec {
namespace {

constexpr std::int64_t end_of_year_9999 = 253402300799;

/// Takes fixed-width decimal fields and single characters off the front; sticky failure.
class Fields {
 public:
  explicit Fields(std::string_view text) noexcept : text_{text} {}

  int digits(std::size_t count) noexcept {
    int value = 0;
    if (text_.size() < count) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') ok_ = false;
      value = value * 10 + (text_[i] - '0');
    }
    if (ok_) text_.remove_prefix(count);
    return ok_ ? value : 0;
  }
  bool take(std::string_view what) noexcept {
    if (!ok_ || !text_.starts_with(what)) return false;
    text_.remove_prefix(what.size());
    return true;
  }
  void expect(std::string_view what) noexcept { ok_ = take(what); }
  [[nodiscard]] bool complete() const noexcept { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::optional<std::int64_t> parse_epoch(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 12) return std::nullopt;
  std::int64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return value <= end_of_year_9999 ? std::optional{value} : std::nullopt;
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string digits = std::to_string(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

}  // namespace

std::optional<std::int64_t> parse_instant(std::string_view text) noexcept {
  if (text.starts_with('@')) return parse_epoch(text.substr(1));
  Fields fields{text};
  const int year = fields.digits(4);
  fields.expect("-");
  const int month = fields.digits(2);
  fields.expect("-");
  const int day = fields.digits(2);
  int hour = 0;
  int minute = 0;
  int second = 0;
  // " UTC" may follow the date at once, so a blank alone does not announce a time.
  if (!fields.take(" UTC") && (fields.take("T") || fields.take(" "))) {
    hour = fields.digits(2);
    fields.expect(":");
    minute = fields.digits(2);
    if (fields.take(":")) second = fields.digits(2);
  }
  int offset = 0;
  const bool east = fields.take("+");
  if (east || fields.take("-")) {
    offset = fields.digits(2) * 60;
    fields.expect(":");
    offset = (offset + fields.digits(2)) * (east ? 1 : -1);
  } else if (!fields.take("Z")) {
    static_cast<void>(fields.take(" UTC"));
  }
  if (!fields.complete() || hour > 23 || minute > 59 || second > 59 || offset > 14 * 60 || offset < -14 * 60)
    return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + (minute - offset) * 60 + second;
  return seconds >= 0 && seconds <= end_of_year_9999 ? std::optional{seconds} : std::nullopt;
}

std::string format_instant(std::int64_t seconds) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{seconds / 86400}}};
  const std::int64_t rest = seconds % 86400;
  return padded(static_cast<int>(date.year()), 4) + "-" + padded(static_cast<unsigned>(date.month()), 2) + "-" +
         padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(rest / 3600, 2) + ":" + padded(rest / 60 % 60, 2) +
         ":" + padded(rest % 60, 2) + "Z";
}

}  // namespace macsec
