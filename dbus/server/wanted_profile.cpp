// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/wanted_profile.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/clients.hpp"
#include "dbus/server/published.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::bus {

std::string complaint(std::span<const Problem> problems) {
  const std::string errors = errors_in(problems);
  return errors.empty() ? "the settings make no profile" : errors;
}

bool WantedProfile::read() {
  Result<std::vector<RawSection>> sections = read_sections(call_.message());
  if (!sections) {
    call_.fail(sections.error().code == EINVAL ? error::invalid_settings : error::invalid_argument,
               sections.error().message);
    return false;
  }
  Result<GivenOptions> options = read_options(call_.message());
  if (!options) {
    call_.fail(error::invalid_argument, options.error().message);
    return false;
  }
  sections_ = std::move(*sections);
  options_ = std::move(*options);
  return true;
}

bool WantedProfile::make(ClientProfile before, const Profile* keep) {
  record_ = std::move(before);
  if (options_.lifetime) record_.lifetime = *options_.lifetime;
  if (options_.grace) record_.grace = *options_.grace;
  if (options_.source) record_.source = *options_.source;
  if (options_.origin) record_.origin = *options_.origin;
  if (options_.description) record_.description = *options_.description;
  if (options_.problems) record_.problems = *options_.problems;
  const bool broken = std::ranges::any_of(record_.problems, &Problem::error);
  if (sections_.empty() && broken && record_.lifetime != Lifetime::file) return true;

  ProfileContext context = shared_.options.profiles;
  context.keep_secrets = keep;
  // Of a key that was sealed while this process runs the credential is not there yet.
  if (keep != nullptr)
    context.cak_in_use = [this, keep](std::string_view profile, const Ckn& ckn) -> const Secret<32>* {
      const auto key = std::ranges::find(keep->keys, ckn, &PreSharedKey::ckn);
      return profile == name_ && key != keep->keys.end() ? &key->cak : nullptr;
    };
  const ProfileSource source = record_.lifetime == Lifetime::file ? ProfileSource::file : record_.source;
  profile_ = make_profile({name_, record_.origin, source}, sections_, context, warnings_);
  if (profile_ != nullptr) return true;
  call_.fail(error::invalid_settings, complaint(warnings_));
  return false;
}

bool WantedProfile::may_claim() {
  const std::string sender = call_.sender();
  if (model_.has_profile(name_)) {
    const std::optional<ClientProfile> known = model_.profile(name_).client;
    const bool parked = known && known->parked_until && known->origin == record_.origin;
    const bool replaces = options_.replace && known && (known->owner.empty() || known->owner == sender);
    if ((parked || replaces) && record_.lifetime != Lifetime::file) return true;
    call_.fail(error::profile_exists, fmt::format("there is a profile {} already", name_));
    return false;
  }
  const std::size_t most = shared_.options.profiles_per_client;
  if (model_.profiles_of(sender) < most) return true;
  call_.fail(error::limit_exceeded, fmt::format("one client may have {} profiles", most));
  return false;
}

bool WantedProfile::put() {
  record_.warnings = std::move(warnings_);
  record_.parked_until.reset();
  record_.lost_owner.clear();
  record_.owner = record_.lifetime == Lifetime::memory ? "" : call_.sender();
  const Result<void> done = record_.lifetime == Lifetime::file ? model_.store_profile(*profile_)
                            : profile_ != nullptr              ? model_.put_profile(profile_, std::move(record_))
                                                               : model_.put_broken_profile(name_, std::move(record_));
  if (!done) {
    call_.fail(done.error(), error::no_such_profile);
    return false;
  }
  shared_.clients.arm_expiry();
  shared_.published.profile_changed(name_);
  shared_.published.flush();
  return true;
}

}  // namespace macsec::bus
