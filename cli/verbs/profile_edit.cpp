// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"
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
    if (!made_ || kept_) return;
    std::error_code ignored;
    for (const auto& each : std::filesystem::directory_iterator{path_, ignored}) overwrite(each.path());
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] bool made() const noexcept { return made_; }
  /// Leaves it, and what is in it, behind.
  void keep() noexcept { kept_ = true; }
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
  bool kept_ = false;
};

/// While it lives, a hang-up and the like end the editor or a question, but not us before the folder is seen to.
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
  static constexpr std::array signals{SIGHUP, SIGINT, SIGTERM};
  std::array<struct sigaction, signals.size()> before_{};
};

/// The editor a person has chosen; null where none was.
const char* chosen_editor() {
  for (const char* const name : {"VISUAL", "EDITOR"})
    if (const char* const editor = std::getenv(name); editor != nullptr && *editor != '\0') return editor;
  return nullptr;
}

/// What a person makes of the text in a file.
Result<WipedText> edit(const std::string& path) {
  const char* editor = chosen_editor();
  if (editor == nullptr) editor = "vi";
  if (std::system(fmt::format("{} {}", editor, path).c_str()) != 0)
    return fail(EINVAL, "the editor failed, nothing was changed");
  auto edited = read_file(path, IniDocument::max_file);  // by name: editors replace files
  if (!edited) return std::unexpected{edited.error()};
  return std::move(edited->text);
}

/// Whether a person wants to edit once more; nothing where nobody can be asked.
std::optional<bool> ask_again() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return std::nullopt;
  fmt::print(stderr, "Edit again? With n it is thrown away. [Y/n] ");
  std::array<char, 64> answer{};
  const ssize_t size = ::read(STDIN_FILENO, answer.data(), answer.size());
  if (size > 0) return answer[0] != 'n' && answer[0] != 'N';
  fmt::print(stderr, "\n");
  return std::nullopt;
}

Exit update(Context& context, const Context::Profile& profile, const bus::Settings& settings) {
  const bus::ProfileOptions options{.keep_secrets = true};
  const auto done = context.ask<bus::Nothing>(
      [&](const bus::Client& daemon) { return daemon.update_profile(profile.path, settings, options); });
  return done ? Exit::ok : context.status;
}

/// What was typed is lost by no mistake in it.
Exit edit_and_update(Context& context, const Context::Profile& profile, const bus::Settings& settings) {
  const Patience patience;
  PrivateFolder folder;
  if (!folder.made())
    return context.complain(Exit::failed, fmt::format("cannot make {}: {}", folder.path(), std::strerror(errno)));
  const std::string path = folder.path() + "/profile.macsec";
  const std::string before = "# Keys are not shown; a [Key] without one keeps what it has.\n" + to_text(settings);
  if (const auto written = write_secret(path, before); !written)
    return context.complain(Exit::failed, written.error().message);
  for (;;) {
    auto edited = edit(path);
    if (!edited) return context.complain(Exit::failed, edited.error().message);
    if (edited->view() == before) {
      context.warn("nothing was changed");
      return Exit::ok;
    }
    const auto sections = read_text(path, std::move(*edited));
    const Exit done =
        sections ? update(context, profile, *sections) : context.complain(Exit::failed, sections.error().message);
    if (done == Exit::ok) return done;
    const std::optional<bool> again = ask_again();
    if (again == false) return done;
    if (again) continue;
    folder.keep();
    context.warn(fmt::format("what was typed is kept in {}", path));
    return done;
  }
}

}  // namespace

Exit run_profile_edit(Context& context) {
  const auto profiles = context.profiles(std::span{context.arguments}.first(1));
  if (!profiles || !context.changed_here(*profiles, Context::Change::edit)) return context.status;
  const auto& profile = profiles->front();
  bus::Settings settings = to_settings(profile.info);
  const bool key_given = !context.options.key_file.empty() || context.options.key_fd;
  if (context.arguments.size() == 1 && !key_given && chosen_editor() == nullptr && ::isatty(STDIN_FILENO) == 0)
    return context.complain(Exit::usage,
                            fmt::format("there is no terminal to edit on; say what changes: macsecctl profile "
                                        "edit {} SETTING=VALUE",
                                        profile.info.name));
  if (context.arguments.size() == 1 && !key_given) return edit_and_update(context, profile, settings);
  for (const std::string& argument : std::span{context.arguments}.subspan(1))
    if (const auto applied = apply_setting(settings, argument); !applied)
      return context.complain(Exit::usage, applied.error().message);
  if (const auto key = add_key(context.options, settings, false); !key)
    return context.complain(Exit::failed, key.error().message);
  return update(context, profile, settings);
}

}  // namespace macsec::cli
