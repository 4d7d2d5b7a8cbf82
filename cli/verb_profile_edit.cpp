// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/settings.hpp"
#include "engine/base/handle.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

/// A file that is gone with this.
struct TemporaryFile {
  std::string path = "/tmp/macsecctl-XXXXXX.macsec";
  FileDescriptor fd{::mkostemps(path.data(), 7, O_CLOEXEC)};
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd) ::unlink(path.c_str());
  }
};

/// What a person makes of a text; nothing when it stayed the same.
Result<std::optional<WipedText>> edit(const std::string& text) {
  const TemporaryFile file;
  if (!file.fd) return fail(errno, fmt::format("cannot make a temporary file: {}", std::strerror(errno)));
  if (::write(file.fd.get(), text.data(), text.size()) != std::ssize(text))
    return fail(errno, "cannot write " + file.path);
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  if (std::system(fmt::format("{} {}", editor, file.path).c_str()) != 0)
    return fail(EINVAL, "the editor failed, nothing was changed");
  auto edited = read_file(file.path, IniDocument::max_file);  // by name: editors replace files
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
