// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/settings.hpp"
#include "engine/base/handle.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

/// A folder for nobody else, in memory where there is one, that is gone with this, and all an editor left in it too.
class PrivateFolder {
 public:
  PrivateFolder() {
    const std::array<const char*, 3> places{"/run", std::getenv("XDG_RUNTIME_DIR"), "/tmp"};
    for (const char* const where : places) {
      if (where == nullptr || *where == '\0') continue;
      path_ = fmt::format("{}/macsecctl-XXXXXX", where);
      made_ = ::mkdtemp(path_.data()) != nullptr;
      if (made_) return;
    }
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    if (!made_) return;
    std::error_code ignored;
    for (const auto& each : std::filesystem::directory_iterator{path_, ignored}) overwrite(each.path());
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] bool made() const noexcept { return made_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  static void overwrite(const std::filesystem::path& path) {
    const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    const std::string zeros(static_cast<std::size_t>(status.st_size), '\0');
    if (::pwrite(file.get(), zeros.data(), zeros.size(), 0) > 0) ::fsync(file.get());
  }

  std::string path_;
  bool made_ = false;
};

/// While it lives, a hang-up and the like end the editor but not us before the folder is gone.
class Patience {
 public:
  Patience() {
    struct sigaction wait{};
    wait.sa_handler = [](int) {};  // not SIG_IGN: the editor would inherit that
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &wait, &before_[i]);
  }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;
  ~Patience() {
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }

 private:
  static constexpr std::array signals{SIGHUP, SIGTERM};
  std::array<struct sigaction, signals.size()> before_{};
};

/// What a person makes of a text; nothing when it stayed the same.
Result<std::optional<WipedText>> edit(const std::string& text) {
  const Patience patience;
  const PrivateFolder folder;
  if (!folder.made()) return fail(errno, fmt::format("cannot make {}: {}", folder.path(), std::strerror(errno)));
  const std::string path = folder.path() + "/profile.macsec";
  if (const auto written = write_secret(path, text); !written) return std::unexpected{written.error()};
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  if (std::system(fmt::format("{} {}", editor, path).c_str()) != 0)
    return fail(EINVAL, "the editor failed, nothing was changed");
  auto edited = read_file(path, IniDocument::max_file);  // by name: editors replace files
  if (!edited) return std::unexpected{edited.error()};
  if (edited->text.view() == text) return std::nullopt;
  return std::optional{std::move(edited->text)};
}

}  // namespace

Exit run_profile_edit(Context& context) {
  const auto profiles = context.profiles(std::span{context.arguments}.first(1));
  if (!profiles) return context.status;
  const auto& profile = profiles->front();
  bus::Settings settings = to_settings(profile.info);
  for (const std::string& argument : std::span{context.arguments}.subspan(1))
    if (const auto applied = apply_setting(settings, argument); !applied)
      return context.complain(Exit::usage, applied.error().message);
  const bool key_given = !context.options.key_file.empty() || context.options.key_fd;
  if (context.arguments.size() == 1 && !key_given) {
    auto edited = edit("# Keys are not shown; a [Key] without one keeps what it has.\n" + to_text(settings));
    if (!edited) return context.complain(Exit::failed, edited.error().message);
    if (!*edited) {
      context.warn("nothing was changed");
      return Exit::ok;
    }
    auto sections = read_text(profile.info.name, std::move(**edited));
    if (!sections) return context.complain(Exit::failed, sections.error().message);
    settings = std::move(*sections);
  }
  if (const auto key = add_key(context.options, settings, false); !key)
    return context.complain(Exit::failed, key.error().message);
  const bus::ProfileOptions options{.keep_secrets = true};
  if (!context.ask<bus::Nothing>(
          [&](const bus::Client& daemon) { return daemon.update_profile(profile.path, settings, options); }))
    return context.status;
  return Exit::ok;
}

}  // namespace macsec::cli
