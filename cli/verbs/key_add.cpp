// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

/// The section that the file, if any, and the options describe; its secret may be missing.
Result<bus::Settings> read_section(const Context& context) {
  const Options& options = context.options;
  bus::Settings settings;
  if (context.arguments.size() > 1) {
    auto file = read_key_section(context.arguments[1]);
    if (!file) return file;
    settings = std::move(*file);
  }
  for (const auto& [name, value] : {std::pair<std::string_view, const std::string&>{"Ckn", options.ckn},
                                    {"Role", options.role},
                                    {"NotBefore", options.not_before},
                                    {"NotAfter", options.not_after}})
    if (!value.empty())
      if (auto applied = apply_setting(settings, fmt::format("Key.{}={}", name, value)); !applied)
        return std::unexpected{applied.error()};
  if (!text_of(settings, "Key", "Ckn")) return fail(EINVAL, "a key needs --ckn=, its name on all ends, or a file");
  return settings;
}

/// One key is no list.
Exit tell(Context& context, const std::string& profile, const std::string& ckn, std::string_view outcome) {
  if (context.json())
    context.print_json(outcome_row(profile, ckn, outcome));
  else
    print_outcome(context, profile, ckn, outcome);
  return Exit::ok;
}

/// What the daemon would answer, as far as it can be told without the CAK it has.
Exit tell_plan(Context& context, const bus::ProfileInfo& profile, const std::string& ckn) {
  const bus::KeyInfo* const known = find_key(profile, ckn);
  if (known != nullptr && known->retired_at)
    return context.complain(Exit::failed, fmt::format("CKN {} was retired: a new key needs a new CKN", ckn));
  return tell(context, profile.name, ckn, known == nullptr ? "would be added" : "present");
}

}  // namespace

Exit run_key_add(Context& context) {
  if (context.arguments.size() > 1 && !context.options.key_file.empty())
    return context.complain(Exit::usage, "the key is in the file or in --key-file=, not in both");
  const auto profile = find_profile(context, context.arguments.front());
  if (!profile) return context.status;
  auto settings = read_section(context);
  if (!settings) return context.complain(Exit::usage, settings.error().message);
  const auto given = read_ckn(context, text_of(*settings, "Key", "Ckn").value_or(""));
  if (!given) return context.status;
  const std::string& ckn = *given;
  if (context.options.dry_run) return tell_plan(context, profile->info, ckn);
  if (const auto key = add_key(context.options, *settings, true); !key)
    return context.complain(Exit::failed, key.error().message);
  const auto outcome =
      add_key(context, *profile, settings->front(), {.memory = context.options.runtime, .key_source = {}});
  return outcome ? tell(context, profile->info.name, ckn, *outcome) : context.status;
}

}  // namespace macsec::cli
