// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the daemon says: records in the journal with MACSEC_* fields and message ids (data/macsecd.catalog explains
/// them), or lines on standard error when nothing runs it as a service. Never a secret.
#pragma once

#include "engine/core/port.hpp"
#include "engine/ports/trace.hpp"

#include <optional>
#include <span>
#include <string>

namespace macsec::os {

/// The priorities of syslog(3) that are used here.
enum class LogLevel : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;  ///< "error", ... "debug"
[[nodiscard]] std::optional<LogLevel> log_level_from_string(std::string_view name) noexcept;

/// Journal MESSAGE_ID values, 32 hexadecimal digits.
namespace message_id {
inline constexpr std::string_view secured = "21ee2098f3f94f5a92407d8bbfe078dd";
inline constexpr std::string_view not_secured = "7d4f8638e955487f838e0dea836391c2";
inline constexpr std::string_view failed = "bceccfb109164f7891f72bb69dc3da15";
inline constexpr std::string_view peer_live = "2504b4776e2546b4b3f9e9641ac49672";
inline constexpr std::string_view peer_lost = "e8c6bbc4816d4f8a95c1038a5de59704";
inline constexpr std::string_view sak_installed = "e9c8dad1639841da860d125cb0393c6e";
inline constexpr std::string_view rekey_started = "5910c09f946647869f6f323290ff7512";
inline constexpr std::string_view key_server_changed = "35ebc728472448dea6bf6cb4bafddbd1";
inline constexpr std::string_view principal_changed = "14f46cfffb034eaf8043f7e731392605";
inline constexpr std::string_view key_active = "5b2d2a6694db44a7aaa11e60d7497f6c";
inline constexpr std::string_view key_draining = "94ac47956738415d934c1def9eeefb4f";
inline constexpr std::string_view key_retired = "9bf7e604db16450da31d7ea5eb74edd1";
inline constexpr std::string_view key_kept = "10b8443ff7d24a7fa42507fe2bcc259d";
inline constexpr std::string_view key_overdue = "b1c5bd88a1404eb495dc0af65e671ec5";
inline constexpr std::string_view key_added = "0c56e6965a600c1d8878f9f3f0d2a192";
inline constexpr std::string_view key_retire_refused = "9f50c5681e3e4aaedb0f10c7078704ea";
inline constexpr std::string_view key_expiring = "2ad368c9f17d5b18085092d3fa875411";
inline constexpr std::string_view key_mismatch = "80eea1a645cf9027c0346258edbc17c6";
inline constexpr std::string_view identity_conflict = "5fe1744accbd4265802bebcf5e8b5e31";
inline constexpr std::string_view clock_untrusted = "7f2bfff07ac1a1813eae04afd88267cb";
inline constexpr std::string_view authenticated = "5b96d4809bd34b4aa5833ca1a3765706";
inline constexpr std::string_view authentication_failed = "c8a6f18f79c74114bdd67c5797818d22";
inline constexpr std::string_view reauthenticated = "73b3f165089f42bdb3d157b3fe927d35";
inline constexpr std::string_view authentication_lost = "8e57718a0eb647c293a9d8a33ceadcb1";
inline constexpr std::string_view certificate_expires = "c1f0b7f1a35c4f0e8a4be5f1f8d07c2e";
inline constexpr std::string_view insecure = "17fb47de27964dbc90306c836125c5ed";
inline constexpr std::string_view server_dead = "bfa085aaf00c460fa8e793f2f9ba0cde";
inline constexpr std::string_view server_alive = "885859f9d8134554bd9809db2f281dc8";
inline constexpr std::string_view other_host = "af8ce63e49f54d62a7fe2e52c00ee2a8";
inline constexpr std::string_view secy_error = "978927b7c2eb433fa7461dc3096f2659";
inline constexpr std::string_view bad_profile = "c42deb422e094bcb9a1b67b199e54e0a";
inline constexpr std::string_view damaged_state = "1f52031ad03a40e2bbc9e9ed09426029";
inline constexpr std::string_view packet_numbers_used_up = "a050926649dd4f08915dfa3fbc3cb40a";
inline constexpr std::string_view device_recreated = "5d0d6f1f7a1c4b0e9a5b8a1d0c6c2f47";
inline constexpr std::string_view cannot_send = "c0a9b1e6d0a94f63b2f4a7f9be8d5312";
inline constexpr std::string_view parent_missing = "3f1b2a6a5f0e4c7f8d7be2c4f7a96b10";
inline constexpr std::string_view device_foreign = "622cc316229d4e5b8a5034d8b13398dd";
}  // namespace message_id

class Journal {
 public:
  /// One more field of a record: "MACSEC_PEER" and its value.
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  explicit Journal(LogLevel most);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void set_level(LogLevel most) noexcept { most_ = most; }
  [[nodiscard]] bool enabled(LogLevel level) const noexcept { return level <= most_; }
  /// `id` may be empty.
  void write(LogLevel level, std::string_view text, std::string_view id = {}, std::span<const Field> fields = {});

 private:
  LogLevel most_;
  bool to_journal_;
};

/// The voice of one link: names it in every record.
class JournalTrace final : public Trace {
 public:
  /// `journal` outlives the trace.
  JournalTrace(Journal& journal, const Profile& profile);

  /// Only at level debug; costs a comparison otherwise.
  void record(const TraceRecord& record) override;
  /// `status` of the port after the event.
  void event(const core::Event& event, const core::PortStatus& status);
  /// Whether event() would say anything, so that the status need not be made for nothing.
  [[nodiscard]] bool interested(core::Event::Kind kind) const noexcept;
  void message(LogLevel level, std::string_view text, std::string_view id = {});

 private:
  void write(LogLevel level, std::string_view text, std::string_view id, std::span<const Journal::Field> more);

  Journal& journal_;
  std::string profile_;
  std::string interface_;
  std::string parent_;
};

}  // namespace macsec::os
