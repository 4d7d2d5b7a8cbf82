// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/authentication_check.hpp"

#include "engine/base/file.hpp"
#include "engine/config/profile_keys.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

constexpr std::size_t most_words = 1U << 16U;
constexpr const char* service_user = "macsecd-eap";
constexpr const char* service_group = "macsecd";

bool needs_credentials(const EapProfile& eap) {
  for (const EapSource* source : {&eap.password, &eap.private_key, &eap.private_key_password})
    if (source->kind == EapSource::Kind::credential) return true;
  return false;
}

/// The profile as a file without a name, to be read from its beginning.
FileDescriptor as_file(const EapProfile& eap) {
  FileDescriptor file{::memfd_create("macsec-eap-profile", MFD_CLOEXEC)};
  const WipedBuffer octets = write_eap_profile(eap);
  if (!file || !write_all(file.get(), octets.view(), "the profile") || ::lseek(file.get(), 0, SEEK_SET) != 0) return {};
  return file;
}

/// The identity of macsec-eap, where it can be taken on.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};
std::optional<Identity> service_identity() {
  if (::geteuid() != 0) return std::nullopt;
  const passwd* const user = ::getpwnam(service_user);
  if (user == nullptr) return std::nullopt;
  Identity out{user->pw_uid, user->pw_gid};
  if (const group* const one = ::getgrnam(service_group); one != nullptr) out.group = one->gr_gid;
  return out;
}

[[noreturn]] void become(const std::string& program, int in, int out, const std::optional<Identity>& identity) {
  const bool changed = !identity || (::setgroups(1, &identity->group) == 0 && ::setgid(identity->group) == 0 &&
                                     ::setuid(identity->user) == 0);
  if (changed && ::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0)
    ::execl(program.c_str(), "macsec-eap", "--check", nullptr);
  ::_exit(127);
}

std::string read_words(int fd) {
  std::string out;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    if (out.size() < most_words) out.append(piece.data(), static_cast<std::size_t>(n));
  }
}

struct Outcome {
  int code = -1;
  std::string words;
};
Outcome run(const std::string& program, const FileDescriptor& in) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return {};
  const FileDescriptor read_end{ends[0]};
  FileDescriptor write_end{ends[1]};
  const std::optional<Identity> identity = service_identity();
  const pid_t child = ::fork();
  if (child < 0) return {};
  if (child == 0) become(program, in.get(), write_end.get(), identity);
  write_end = FileDescriptor{};
  Outcome out{-1, read_words(read_end.get())};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

/// "8021X.PrivateKey" where the words begin with that key.
std::string setting_of(std::string_view words) {
  const std::string_view key = words.substr(0, words.find('='));
  return find_profile_key("8021X", key) == nullptr ? "8021X" : fmt::format("8021X.{}", key);
}

}  // namespace

AuthenticationCheck check_authentication(const Profile& profile, const std::string& program) {
  AuthenticationCheck out;
  if (!profile.pae || profile.pae->role == PaeRole::authenticator) return out;
  const auto tell = [&](Severity severity, std::string_view text) {
    out.diagnostics.push_back({severity, profile.origin, 0, std::string{text}, setting_of(text)});
  };
  if (needs_credentials(profile.pae->eap)) {
    tell(Severity::warning, "[8021X] is not opened: credentials of macsec-eap.service are there for that service only");
    return out;
  }
  const FileDescriptor file = as_file(profile.pae->eap);
  if (::access(program.c_str(), X_OK) != 0 || !file) {
    tell(Severity::warning, fmt::format("[8021X] is not opened: {}: {}", program, std::strerror(errno)));
    return out;
  }
  const Outcome outcome = run(program, file);
  bool error = false;
  for (std::string_view rest = outcome.words; !rest.empty();) {
    constexpr std::string_view bad = "error: ";
    constexpr std::string_view doubtful = "warning: ";
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    error = error || line.starts_with(bad);
    if (line.starts_with(bad))
      tell(Severity::error, line.substr(bad.size()));
    else if (line.starts_with(doubtful))
      tell(Severity::warning, line.substr(doubtful.size()));
    else if (!line.empty())
      out.facts.emplace_back(line);
  }
  if (outcome.code != 0 && !error)
    tell(Severity::error, fmt::format("{} --check ended with {}", program, outcome.code));
  return out;
}

std::string eap_program() { return MACSEC_EAP_PROGRAM; }

}  // namespace macsec::cli
