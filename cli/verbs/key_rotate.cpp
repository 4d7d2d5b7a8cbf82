// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"
#include "engine/base/file.hpp"
#include "engine/base/text.hpp"
#include "engine/config/ini.hpp"
#include "engine/config/instant.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

bool fill(MutableBytes octets) {
  // Up to 256 octets come in one piece.
  return getrandom(octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size());
}

/// A new key, which takes the place of every one that began before.
Result<bus::Settings> make_section(std::size_t size) {
  std::array<std::uint8_t, 16> ckn{};
  Secret<32> cak;
  if (!fill(ckn) || !fill(cak.allocate(size))) return fail(EIO, "the kernel gives no random numbers");
  bus::Settings out;
  bus::SettingsSection& section = section_of(out, "Key");
  set_text(section, "Ckn", to_hex(ckn));
  set_text(section, "NotBefore", format_instant(Context::unix_time()));
  section.secrets.emplace_back("Cak", bus::to_secret(cak.expose()));
  return out;
}

/// Keys that the new one replaces: all primary ones that are in use or were.
std::vector<std::string> replaced(const bus::ProfileInfo& profile, const std::string& fresh) {
  std::vector<std::string> out;
  for (const bus::KeyInfo& key : profile.keys)
    if (key.ckn != fresh && key.role == "primary" && key.state != "waiting" && !key.retired_at) out.push_back(key.ckn);
  return out;
}

/// What is rotated to, and which keys that is to replace.
struct Rotation {
  bus::Settings settings;
  std::vector<std::string> old;
};

/// First line of the file: the keys its key is to replace.
constexpr std::string_view heading = "# Replaces";

/// Of `old`, those that the file names: another one came later, and is not this rotation's to end.
Result<std::vector<std::string>> named_in(const std::string& path, std::vector<std::string> old) {
  const auto file = read_file(path, IniDocument::max_file);
  if (!file) return std::unexpected{file.error()};
  const std::string_view first = file->text.view().substr(0, file->text.view().find('\n'));
  if (first.starts_with(heading))
    std::erase_if(
        old, [&](const std::string& ckn) { return !(std::string{first} + ' ').contains(fmt::format(" {} ", ckn)); });
  return old;
}

/// The rotation that was interrupted, or a new one, whose key is on the disk before anybody uses it.
Result<Rotation> prepare(const std::string& path, const bus::ProfileInfo& profile, std::size_t size) {
  if (::access(path.c_str(), F_OK) == 0) {
    auto settings = read_key_section(path);
    if (!settings) return std::unexpected{settings.error()};
    const std::string fresh = text_of(*settings, "Key", "Ckn").value_or("");
    auto old = named_in(path, replaced(profile, fresh));
    if (!old) return std::unexpected{old.error()};
    if (old->empty() && find_key(profile, fresh) != nullptr)
      return fail(EEXIST, path + " holds the key of a rotation that is done: remove it, then rotate");
    return Rotation{std::move(*settings), std::move(*old)};
  }
  auto settings = make_section(size);
  if (!settings) return std::unexpected{settings.error()};
  std::vector<std::string> old = replaced(profile, {});
  SecretWriter text;
  text.add(fmt::format("{} {}\n", heading, fmt::join(old, " ")));
  write_file(text, *settings);
  if (auto written = write_secret(path, text.view()); !written) return std::unexpected{written.error()};
  return Rotation{std::move(*settings), std::move(old)};
}

void tell_plan(Context& context, const bus::ProfileInfo& profile, const std::string& path) {
  const std::vector<std::string> old = replaced(profile, {});
  if (context.json()) {
    bus::Value::List replaces;
    for (const std::string& ckn : old) replaces.push_back(bus::Value{bus::Value::Data{ckn}});
    context.print_json(bus::Value{
        bus::Value::Data{bus::Value::Dict{{"Profile", bus::Value{bus::Value::Data{profile.name}}},
                                          {"Outcome", bus::Value{bus::Value::Data{std::string{"would be rotated"}}}},
                                          {"Output", bus::Value{bus::Value::Data{path}}},
                                          {"Replaces", bus::Value{bus::Value::Data{std::move(replaces)}}}}}});
    return;
  }
  context.print("{}: a new key would be added and written to {}", profile.name, path);
  for (const std::string& ckn : old) context.print(", {} retired", ckn);
  context.print("\n");
}

}  // namespace

Exit run_key_rotate(Context& context) {
  const auto profile = find_profile(context, context.arguments.front());
  if (!profile) return context.status;
  const std::string& name = profile->info.name;
  const std::string path = context.options.output.empty() ? name + ".newkey" : context.options.output;
  if (context.options.dry_run) {
    tell_plan(context, profile->info, path);
    return Exit::ok;
  }
  const auto rotation = prepare(path, profile->info, context.options.key_size.value_or(32));
  if (!rotation) return context.complain(Exit::failed, rotation.error().message);
  const std::string fresh = text_of(rotation->settings, "Key", "Ckn").value_or("");
  const std::vector<std::string>& old = rotation->old;
  const auto added = add_key(context, *profile, rotation->settings.front());
  if (!added) return context.status;
  Outcomes outcomes{context};
  outcomes.tell(name, fresh, *added);
  if (!context.json() && !old.empty())
    context.print("Give {0} to the other end, and there: macsecctl key add PROFILE {0}\n", path);
  context.flush(false);
  std::vector<Leaving> leaving;
  for (const std::string& ckn : old) leaving.push_back({*profile, ckn});
  const Exit retired = retire_keys(context, outcomes, std::move(leaving), context.options.wait);
  outcomes.finish();
  return retired;
}

}  // namespace macsec::cli
