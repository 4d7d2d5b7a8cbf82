// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/journal_trace.hpp"

#include "engine/base/text.hpp"

#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>
#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <systemd/sd-journal.h>

namespace macsec::os {
namespace {

/// Whether standard error is the journal's stream: then records can carry fields (systemd.exec(5), $JOURNAL_STREAM).
bool stderr_is_journal() noexcept {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat info{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &info) < 0) return false;
  const std::string_view text{stream};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  return parse_unsigned(text.substr(0, colon), UINT64_MAX) == std::uint64_t{info.st_dev} &&
         parse_unsigned(text.substr(colon + 1), UINT64_MAX) == std::uint64_t{info.st_ino};
}

struct Voice {
  LogLevel level;
  std::string_view id;
};

/// What is not said at all has no voice.
std::optional<Voice> voice_of(core::Event::Kind kind) noexcept {
  using Kind = core::Event::Kind;
  switch (kind) {
    case Kind::state_changed:
      return Voice{LogLevel::warning, {}};  // at most; the state decides
    case Kind::peer_live:
      return Voice{LogLevel::info, message_id::peer_live};
    case Kind::peer_lost:
      return Voice{LogLevel::warning, message_id::peer_lost};
    case Kind::sak_installed:
      return Voice{LogLevel::info, message_id::sak_installed};
    case Kind::rekey_started:
      return Voice{LogLevel::info, message_id::rekey_started};
    case Kind::key_server_changed:
      return Voice{LogLevel::info, message_id::key_server_changed};
    case Kind::principal_changed:
      return Voice{LogLevel::notice, message_id::principal_changed};
    case Kind::key_active:
      return Voice{LogLevel::info, message_id::key_active};
    case Kind::key_draining:
      return Voice{LogLevel::notice, message_id::key_draining};
    case Kind::key_retired:
      return Voice{LogLevel::notice, message_id::key_retired};
    case Kind::key_kept:
      return Voice{LogLevel::warning, message_id::key_kept};
    case Kind::key_overdue:
      return Voice{LogLevel::warning, message_id::key_overdue};
    case Kind::key_expiring:
      return Voice{LogLevel::warning, message_id::key_expiring};
    case Kind::key_mismatch:
      return Voice{LogLevel::warning, message_id::key_mismatch};
    case Kind::identity_conflict:
      return Voice{LogLevel::warning, message_id::identity_conflict};
    case Kind::clock_untrusted:
      return Voice{LogLevel::warning, message_id::clock_untrusted};
    case Kind::authenticated:
      return Voice{LogLevel::notice, message_id::authenticated};
    case Kind::authentication_failed:
      return Voice{LogLevel::warning, message_id::authentication_failed};
    case Kind::reauthenticated:
      return Voice{LogLevel::notice, message_id::reauthenticated};
    case Kind::authentication_lost:
      return Voice{LogLevel::warning, message_id::authentication_lost};
    case Kind::certificate_expires:
      return Voice{LogLevel::warning, message_id::certificate_expires};
    case Kind::insecure:
      return Voice{LogLevel::warning, message_id::insecure};
    case Kind::other_host:
      return Voice{LogLevel::warning, message_id::other_host};
    case Kind::secy_error:
      return Voice{LogLevel::warning, message_id::secy_error};
    case Kind::unknown_ckn:
    case Kind::snapshot_changed:
      return std::nullopt;
  }
  return std::nullopt;
}

Voice voice_of(core::PortState state) noexcept {
  using State = core::PortState;
  switch (state) {
    case State::secured:
      return {LogLevel::notice, message_id::secured};
    case State::failed:
      return {LogLevel::warning, message_id::failed};
    case State::unsecured:
      return {LogLevel::warning, message_id::not_secured};
    case State::down:
    case State::pending:
    case State::suspended:
      return {LogLevel::notice, message_id::not_secured};
  }
  return {LogLevel::notice, message_id::not_secured};
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::notice:
      return "notice";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      return "debug";
  }
  return "info";
}

std::optional<LogLevel> log_level_from_string(std::string_view name) noexcept {
  for (const LogLevel level : {LogLevel::error, LogLevel::warning, LogLevel::notice, LogLevel::info, LogLevel::debug})
    if (name == to_string(level)) return level;
  return std::nullopt;
}

Journal::Journal(LogLevel most) : most_{most}, to_journal_{stderr_is_journal()} {}

void Journal::write(LogLevel level, std::string_view text, std::string_view id, std::span<const Field> fields) {
  if (!enabled(level)) return;
  if (!to_journal_) {
    const std::string line = fmt::format("{}\n", text);
    static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
    return;
  }
  std::vector<std::string> parts;
  parts.reserve(fields.size() + 4);
  parts.push_back(fmt::format("MESSAGE={}", text));
  parts.push_back(fmt::format("PRIORITY={}", static_cast<unsigned>(level)));
  parts.emplace_back("SYSLOG_IDENTIFIER=macsecd");
  if (!id.empty()) parts.push_back(fmt::format("MESSAGE_ID={}", id));
  for (const Field& field : fields)
    if (!field.value.empty()) parts.push_back(fmt::format("{}={}", field.name, field.value));
  std::vector<iovec> pieces;
  pieces.reserve(parts.size());
  for (std::string& part : parts) pieces.push_back({part.data(), part.size()});
  static_cast<void>(sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size())));
}

JournalTrace::JournalTrace(Journal& journal, const Profile& profile)
    : journal_{journal}, profile_{profile.name}, interface_{profile.link.interface}, parent_{profile.link.parent} {}

void JournalTrace::record(const TraceRecord& record) {
  if (!journal_.enabled(LogLevel::debug)) return;
  std::string text;
  if (record.from.empty())
    text = fmt::format("{}: {}", record.machine, record.to);
  else
    text = fmt::format("{}: {} -> {}", record.machine, record.from, record.to);
  if (!record.detail.empty()) fmt::format_to(std::back_inserter(text), " ({})", record.detail);
  const std::array fields{Journal::Field{"MACSEC_MACHINE", record.machine}, Journal::Field{"MACSEC_FROM", record.from},
                          Journal::Field{"MACSEC_TO", record.to}};
  write(LogLevel::debug, text, {}, fields);
}

bool JournalTrace::interested(core::Event::Kind kind) const noexcept {
  const auto voice = voice_of(kind);
  return voice && journal_.enabled(voice->level);
}

void JournalTrace::event(const core::Event& event, const core::PortStatus& status) {
  auto voice = voice_of(event.kind);
  if (!voice) return;
  std::string text = event.text;
  if (event.kind == core::Event::Kind::state_changed) {
    voice = voice_of(status.state);
    if (status.state == core::PortState::failed && status.reason == core::Reason::no_key)
      voice->id = message_id::packet_numbers_used_up;
    text = core::sentence(status.state, status.reason_text);
  } else if (text.empty()) {
    text = to_string(event.kind);
  }
  const std::array fields{Journal::Field{"MACSEC_EVENT", to_string(event.kind)},
                          Journal::Field{"MACSEC_STATE", to_string(status.state)},
                          Journal::Field{"MACSEC_REASON", to_string(status.reason)}};
  write(voice->level, text, voice->id, fields);
}

void JournalTrace::message(LogLevel level, std::string_view text, std::string_view id) { write(level, text, id, {}); }

void JournalTrace::write(LogLevel level, std::string_view text, std::string_view id,
                         std::span<const Journal::Field> more) {
  if (!journal_.enabled(level)) return;
  std::vector<Journal::Field> fields{
      {"MACSEC_PROFILE", profile_}, {"MACSEC_INTERFACE", interface_}, {"MACSEC_PARENT", parent_}};
  fields.insert(fields.end(), more.begin(), more.end());
  journal_.write(level, fmt::format("{}: {}", interface_.empty() ? profile_ : interface_, text), id, fields);
}

}  // namespace macsec::os
