// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/state_store.hpp"

#include "engine/base/file.hpp"
#include "engine/base/text.hpp"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <limits>
#include <unistd.h>

namespace macsec::os {
namespace {

constexpr std::string_view snapshot_header = "macsecd-snapshot 1";
constexpr std::string_view pn_header = "macsecd-packet-number 1";
constexpr std::string_view footer = "end";
constexpr std::size_t largest_file = 256 * 1024;

constexpr FileAttributes volatile_file{.mode = 0600, .directory_mode = 0700, .durable = false};
constexpr FileAttributes persistent_file{.mode = 0600, .directory_mode = 0700, .durable = true};

/// Splits at every `separator`, from the front.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

/// Reads the words of one line; like base's Reader, the first failure sticks.
class Line {
 public:
  explicit Line(std::string_view text) : rest_{text} {}

  std::string_view word() {
    if (rest_.empty()) ok_ = false;
    return next_part(rest_, ' ');
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> octets() {
    std::array<std::uint8_t, N> out{};
    if (from_hex(word(), out) != N) ok_ = false;
    return out;
  }
  template <typename T>
  T number(T max = std::numeric_limits<T>::max()) {
    const auto value = parse_unsigned(word(), max);
    if (!value) ok_ = false;
    return static_cast<T>(value.value_or(0));
  }
  bool boolean() { return number<unsigned>(1) == 1; }
  Ckn ckn() {
    const auto value = Ckn::from_hex(word());
    if (!value) ok_ = false;
    return value.value_or(Ckn{});
  }
  CipherSuite cipher_suite() {
    const auto value = cipher_suite_from_string(word());
    if (!value) ok_ = false;
    return value.value_or(CipherSuite::gcm_aes_128);
  }
  /// Everything read was well formed and nothing is left over.
  [[nodiscard]] bool whole() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

core::Snapshot::Key read_key(Line& line) {
  core::Snapshot::Key key;
  key.key.server = MemberId{line.octets<12>()};
  key.key.number = line.number<KeyNumber>();
  key.an = An{line.number<unsigned>(3)};
  key.cipher_suite = line.cipher_suite();
  key.encrypt = line.boolean();
  key.ckn = line.ckn();
  return key;
}

void append_key(std::string& out, std::string_view name, const core::Snapshot::Key& key) {
  fmt::format_to(std::back_inserter(out), "{} {} {} {} {} {:d} {}\n", name, to_string(key.key.server), key.key.number,
                 key.an.value(), to_string(key.cipher_suite), key.encrypt, to_string(key.ckn));
  for (const Sci& sci : key.members) fmt::format_to(std::back_inserter(out), "member {}\n", to_string(sci));
}

/// Applies one line; false when it does not fit.
bool read_line(std::string_view text, core::Snapshot& snapshot, core::Snapshot::Key*& key) {
  Line line{text};
  const std::string_view word = line.word();
  if (word == "sci") {
    snapshot.sci = Sci{line.octets<8>()};
  } else if (word == "last-kn") {
    snapshot.last_kn = line.number<KeyNumber>();
  } else if (word == "interruptions") {
    snapshot.interruptions = line.number<std::uint32_t>();
  } else if (word == "participant") {
    core::Snapshot::Participant participant;
    participant.ckn = line.ckn();
    participant.mi = MemberId{line.octets<12>()};
    participant.mn_limit = line.number<MessageNumber>();
    snapshot.participants.push_back(std::move(participant));
  } else if (word == "live" && !snapshot.participants.empty()) {
    core::Snapshot::Peer peer;
    peer.mi = MemberId{line.octets<12>()};
    peer.mn = line.number<MessageNumber>();
    peer.sci = Sci{line.octets<8>()};
    peer.priority = line.number<std::uint8_t>();
    peer.version = line.number<std::uint8_t>();
    peer.key_server = line.boolean();
    snapshot.participants.back().live.push_back(peer);
  } else if (word == "suspended" && !snapshot.participants.empty() && !snapshot.participants.back().live.empty()) {
    snapshot.participants.back().live.back().suspended = line.number<std::uint8_t>();
  } else if (word == "latest" || word == "old") {
    auto& to = word == "latest" ? snapshot.latest : snapshot.old;
    if (to) return false;
    key = &to.emplace(read_key(line));
  } else if (word == "used") {
    snapshot.used.push_back(line.octets<16>());
  } else if (word == "member" && key != nullptr) {
    key->members.push_back(Sci{line.octets<8>()});
  } else {
    return false;
  }
  return line.whole();
}

std::string snapshot_name(std::string_view profile) { return escape_file_name(profile) + ".snapshot"; }
std::string pn_name(const std::string& key) { return escape_file_name(key) + ".pn"; }

}  // namespace

std::string escape_file_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '@' || c == ':' || (c == '.' && !out.empty());
    if (plain)
      out.push_back(c);
    else
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string write_snapshot(const core::Snapshot& snapshot) {
  std::string out;
  fmt::format_to(std::back_inserter(out), "{}\nsci {}\nlast-kn {}\n", snapshot_header, to_string(snapshot.sci),
                 snapshot.last_kn);
  if (snapshot.interruptions != 0)
    fmt::format_to(std::back_inserter(out), "interruptions {}\n", snapshot.interruptions);
  for (const auto& participant : snapshot.participants) {
    fmt::format_to(std::back_inserter(out), "participant {} {} {}\n", to_string(participant.ckn),
                   to_string(participant.mi), participant.mn_limit);
    for (const auto& peer : participant.live) {
      fmt::format_to(std::back_inserter(out), "live {} {} {} {} {} {:d}\n", to_string(peer.mi), peer.mn,
                     to_string(peer.sci), peer.priority, peer.version, peer.key_server);
      // Programs before 0.2.0 know no such line.
      if (peer.suspended != 0) fmt::format_to(std::back_inserter(out), "suspended {}\n", peer.suspended);
    }
  }
  if (snapshot.latest) append_key(out, "latest", *snapshot.latest);
  if (snapshot.old) append_key(out, "old", *snapshot.old);
  for (const core::SakDigest& sak : snapshot.used) fmt::format_to(std::back_inserter(out), "used {}\n", to_hex(sak));
  out.append(footer).push_back('\n');
  return out;
}

Result<core::Snapshot> read_snapshot(std::string_view text) {
  core::Snapshot snapshot;
  core::Snapshot::Key* key = nullptr;
  if (next_part(text, '\n') != snapshot_header) return fail("line 1: not a snapshot of this version");
  for (std::size_t number = 2; !text.empty(); ++number) {
    const std::string_view line = next_part(text, '\n');
    if (line == footer && text.empty()) return snapshot;
    if (!read_line(line, snapshot, key)) return fail(fmt::format("line {}: damaged", number));
  }
  return fail("cut off");
}

StateStore::StateStore(std::string volatile_directory, std::string persistent_directory)
    : volatile_directory_{std::move(volatile_directory)}, persistent_directory_{std::move(persistent_directory)} {}

Result<void> StateStore::save(std::string_view profile, const core::Snapshot& snapshot) const {
  auto done = write_file(volatile_directory_ + "/" + snapshot_name(profile), write_snapshot(snapshot), volatile_file);
  // A process that believed what is there would use message numbers again: rather none.
  if (!done && !forget(profile)) done.error().code = EROFS;
  return done;
}

Result<std::optional<core::Snapshot>> StateStore::load(std::string_view profile) const {
  const std::string path = volatile_directory_ + "/" + snapshot_name(profile);
  const auto text = read_file(path, largest_file);
  if (!text && text.error().code == ENOENT) return std::nullopt;
  if (!text) return std::unexpected{text.error()};
  auto snapshot = read_snapshot(text->text.view());
  if (!snapshot) return fail(EBADMSG, path + ": " + snapshot.error().message);
  return std::move(*snapshot);
}

bool StateStore::forget(std::string_view profile) const {
  return ::unlink((volatile_directory_ + "/" + snapshot_name(profile)).c_str()) == 0 || errno == ENOENT ||
         errno == ENOTDIR;
}

Result<void> StateStore::reserve_pn(const std::string& key, Pn limit) const {
  const auto before = reserved_pn(key);
  if (!before) return std::unexpected{before.error()};
  if (*before && **before >= limit) return {};
  return write_file(persistent_directory_ + "/" + pn_name(key),
                    fmt::format("{}\nlimit {}\n{}\n", pn_header, limit, footer), persistent_file);
}

Result<std::optional<Pn>> StateStore::reserved_pn(const std::string& key) const {
  const std::string path = persistent_directory_ + "/" + pn_name(key);
  const auto text = read_file(path, largest_file);
  if (!text && text.error().code == ENOENT) return std::nullopt;
  if (!text) return std::unexpected{text.error()};
  std::string_view rest = text->text.view();
  const std::string_view header = next_part(rest, '\n');
  Line line{next_part(rest, '\n')};
  const bool named = line.word() == "limit";
  const Pn limit = line.number<Pn>();
  if (header != pn_header || !named || !line.whole() || rest != "end\n")
    return fail(EBADMSG, path + ": damaged; remove it only together with the key it belongs to");
  return limit;
}

}  // namespace macsec::os
