// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"
#include "cli/sealed_key.hpp"
#include "cli/secret_writer.hpp"
#include "cli/verbs/table.hpp"
#include "engine/base/file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

constexpr std::size_t largest_profile = std::size_t{1} << 20U;

Error about(const std::string& path) {
  return {errno, fmt::format("cannot rewrite {}: {}", path, std::strerror(errno))};
}

/// Puts `text` in place of the file, and zeros over what the file held: its octets stay on the disk otherwise.
Result<void> replace(const std::string& path, std::string_view text) {
  const FileDescriptor before{::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
  struct stat facts{};
  if (!before || ::fstat(before.get(), &facts) < 0) return std::unexpected{about(path)};
  auto file =
      FileReplacement::write(path, text, {.mode = facts.st_mode & 0777U, .owner = facts.st_uid, .group = facts.st_gid});
  if (!file) return std::unexpected{file.error()};
  if (auto done = file->commit(); !done) return done;
  const std::string zeros(static_cast<std::size_t>(facts.st_size), '\0');
  if (auto done = write_all(before.get(), zeros, "zeros over " + path); !done) return done;
  if (::fsync(before.get()) < 0) return std::unexpected{about(path)};
  return {};
}

/// The key, wherever its section says that it is.
Result<KeySection> read_section(const KeyPlace& place, std::string_view ckn) {
  auto file = read_file(place.file, largest_profile);
  if (!file) return std::unexpected{file.error()};
  auto section = find_key_section(std::move(file->text), place, ckn);
  if (!section || section->sealed || section->key_file.empty()) return section;
  auto cak = read_key_file(section->key_file);
  if (!cak) return std::unexpected{cak.error()};
  section->cak = std::move(*cak);
  return section;
}

}  // namespace

Exit run_key_seal(Context& context) {
  // Files and credentials are this host's, whatever daemon is asked where they are.
  if (!context.options.host.empty())
    return context.complain(Exit::usage, "key seal works on the host that has the file: there, without --host=");
  const auto given = read_ckn(context, context.arguments[1]);
  if (!given) return context.status;
  const std::string& ckn = *given;
  const auto profile = find_profile(context, context.arguments[0]);
  if (!profile) return context.status;
  const std::string& name = profile->info.name;
  const bus::KeyInfo* const key = find_key(profile->info, ckn);
  if (key == nullptr || key->retired_at)
    return context.complain(Exit::not_found, fmt::format("{} has no key with CKN {} in use", name, ckn));
  if (::geteuid() != 0) return context.complain(Exit::refused, "key seal is for root: it rewrites the profile's file");
  const auto fail = [&](const Error& error) {
    return context.complain(Exit::failed, fmt::format("key {} of {} is not sealed: {}", ckn, name, error.message));
  };
  const auto place = key_place(key->origin);
  if (!place) return fail(place.error());
  const auto section = read_section(*place, ckn);
  if (!section) return fail(section.error());
  if (section->sealed) {
    context.print("{}: {} is sealed already\n", name, ckn);
    return Exit::ok;
  }
  const std::string credential = credential_name(name, ckn);
  const std::string with = context.options.with.empty() ? "auto" : context.options.with;
  if (const auto done = seal(section->cak, credential, with); !done) return fail(done.error());
  if (const auto again = read_file(place->file, largest_profile); !again || again->text.view() != section->text.view())
    return fail(Error{EAGAIN, place->file + " was changed meanwhile: the same command again"});
  const WipedText text = with_credential(*section, std::string{credential_prefix} + credential);
  if (const auto done = replace(place->file, text.view()); !done) return fail(done.error());
  if (!context.ask<bus::Nothing>([](const bus::Client& daemon) { return daemon.reload(); })) return context.status;
  context.print("{}: {} sealed in {}/{}\n", name, ckn, credential_store, credential);
  if (!section->key_file.empty())
    context.warn(fmt::format("the key still stands in {}: remove it there", section->key_file));
  context.warn("the next restart of macsecd.service reads the credential; until then the key in use stays");
  return Exit::ok;
}

}  // namespace macsec::cli
