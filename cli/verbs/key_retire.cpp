// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

Exit tell_plan(Context& context, const std::string& profile, const bus::KeyInfo& key) {
  if (!key.ready_to_retire && !context.options.force)
    return context.complain(Exit::timeout, fmt::format("key {} of {} would stay: {}", key.ckn, profile, key.blocker));
  print_outcome(context, profile, key.ckn, "would be retired");
  return Exit::ok;
}

}  // namespace

Exit run_key_retire(Context& context) {
  const auto profile = find_profile(context, context.arguments[0]);
  if (!profile) return context.status;
  const std::string& ckn = context.arguments[1];
  const bus::KeyInfo* const key = find_key(profile->info, ckn);
  if (key == nullptr)
    return context.complain(Exit::not_found, fmt::format("profile {} has no key {}", profile->info.name, ckn));
  if (key->retired_at) {
    print_outcome(context, profile->info.name, ckn, "retired already");
    return Exit::ok;
  }
  if (context.options.dry_run) return tell_plan(context, profile->info.name, *key);
  if (context.options.force)
    context.warn("--force: a peer that has no other key is cut off, and what is under way to it is lost");
  return retire_key(context, *profile, ckn, context.options.wait.value_or(bus::default_retirement));
}

}  // namespace macsec::cli
