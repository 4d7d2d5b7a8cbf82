// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

Exit tell_plan(Context& context, Outcomes& outcomes, const std::string& profile, const bus::KeyInfo& key) {
  if (!key.ready_to_retire && !context.options.force)
    return context.complain(Exit::timeout, fmt::format("key {} of {} would stay: {}", key.ckn, profile, key.blocker));
  outcomes.tell(profile, key.ckn, "would be retired");
  if (!context.options.force) warn_left_out(context, key.ckn, key.left_out);
  return Exit::ok;
}

/// What has to be done, of the profiles that have the key; `status` is of those that have it no more, or only a plan is wanted for.
std::vector<Leaving> sort_out(Context& context, Outcomes& outcomes, std::vector<Context::Profile> profiles,
                              const std::string& ckn, Exit& status) {
  std::vector<Leaving> out;
  const bool is_one = profiles.size() == 1;
  for (Context::Profile& profile : profiles) {
    const std::string& name = profile.info.name;
    const bus::KeyInfo* const key = find_key(profile.info, ckn);
    if (key == nullptr) {
      if (is_one && !context.options.dry_run) out.push_back({std::move(profile), ckn});
    } else if (key->retired_at) {
      outcomes.tell(name, ckn, "retired already");
      if (!context.options.dry_run) forget_sealed(context, name, ckn, {});
    } else if (context.options.dry_run) {
      if (const Exit plan = tell_plan(context, outcomes, name, *key); status == Exit::ok) status = plan;
    } else {
      out.push_back({std::move(profile), ckn});
    }
  }
  return out;
}

}  // namespace

Exit run_key_retire(Context& context) {
  const std::string& name = context.arguments[0];
  const auto given = read_ckn(context, context.arguments[1]);
  if (!given) return context.status;
  const std::string& ckn = *given;
  auto profiles = context.profiles(std::span{&name, 1});
  if (!profiles) return context.status;
  const auto has = [&](const Context::Profile& each) { return find_key(each.info, ckn) != nullptr; };
  // Of one profile the daemon is asked all the same: it knows keys in memory that are not in use.
  if ((profiles->size() != 1 || context.options.dry_run) && std::ranges::none_of(*profiles, has))
    return context.complain(Exit::not_found, fmt::format("no profile {} has a key {} in use", name, ckn));
  Exit status = Exit::ok;
  Outcomes outcomes{context};
  std::vector<Leaving> keys = sort_out(context, outcomes, std::move(*profiles), ckn, status);
  if (context.options.force && !keys.empty())
    context.warn("--force: a peer that has no other key is cut off, and what is under way to it is lost");
  const Exit retired = retire_keys(context, outcomes, std::move(keys), context.options.wait.value_or(default_wait()));
  outcomes.finish();
  return status == Exit::ok ? retired : status;
}

}  // namespace macsec::cli
